//! Credentials: who a secret belongs to. Only a secret's hash is stored.

use serde::{Deserialize, Serialize};

use super::keys::Key;
use super::{StoreError, Table};

/// What a secret is accepted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CredentialKind {
    /// `x-api-key`.
    ApiKey,
    /// `Authorization: Bearer`.
    BearerToken,
}

/// A stored credential.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Credential {
    pk: String,
    pub(crate) kind: CredentialKind,
    pub(crate) merchant_id: String,
}

impl Table {
    /// The merchant of each secret that is known and of the asked kind, in one read.
    pub(crate) async fn merchants(
        &self,
        secrets: &[(CredentialKind, &str)],
    ) -> Result<Vec<Option<String>>, StoreError> {
        let keys: Vec<Key> = secrets.iter().map(|(_, secret)| Key::credential(secret)).collect();
        let mut found = Vec::new();
        for item in self.get_many(&keys, false).await? {
            let credential: Credential = serde_dynamo::from_item(item)
                .map_err(|error| StoreError::Fault(format!("a credential is unreadable: {error}")))?;
            found.push(credential);
        }
        let merchant = |((kind, _), key): (&(CredentialKind, &str), &Key)| {
            let belongs = |credential: &&Credential| credential.pk == key.pk && credential.kind == *kind;
            found.iter().find(belongs).map(|credential| credential.merchant_id.clone())
        };
        Ok(secrets.iter().zip(&keys).map(merchant).collect())
    }
}
