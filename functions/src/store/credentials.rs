//! Credentials: the owner of a secret. Only the hash of a secret is stored.

use serde::{Deserialize, Serialize};

use super::keys::Key;
use super::table::from_item;
use super::{StoreError, Table};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CredentialKind {
    /// `x-api-key`.
    ApiKey,
    /// `Authorization: Bearer` of a merchant.
    BearerToken,
    /// `Authorization: Bearer` of one of its vendors.
    VendorToken,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Credential {
    pk: String,
    pub(crate) kind: CredentialKind,
    pub(crate) merchant_id: String,
    /// For vendor tokens.
    #[serde(default)]
    pub(crate) vendor_id: Option<String>,
}

impl Table {
    /// The credential of each secret, if known, in one read.
    pub(crate) async fn credentials(&self, secrets: &[&str]) -> Result<Vec<Option<Credential>>, StoreError> {
        let keys: Vec<Key> = secrets.iter().map(|secret| Key::credential(secret)).collect();
        let items = self.get_many(&keys, false).await?.into_iter();
        let found: Vec<Credential> = items.map(from_item).collect::<Result<_, _>>()?;
        let of = |key: &Key| found.iter().find(|credential| credential.pk == key.pk).cloned();
        Ok(keys.iter().map(of).collect())
    }
}
