//! The authorizer: looks up the merchants behind the credentials of a request.
//!
//! It lets every request pass and names whom it found; the functions reject requests without a caller. So the rejection
//! has the shape of the called API (a gateway's own has one shape for both), and each handler's signature says which
//! caller it needs ([`crate::http::caller`]).

use aws_lambda_events::apigw::ApiGatewayV2CustomAuthorizerV2Request;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::store::credentials::{Credential, CredentialKind};
use crate::store::{StoreError, Table};

/// The response to the gateway (simple response of payload format 2.0).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Authorization {
    is_authorized: bool,
    context: Identity,
}

/// The context that the gateway passes to the function.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    pub(crate) token_merchant_id: Option<String>,
    pub(crate) api_key_merchant_id: Option<String>,
    pub(crate) vendor_merchant_id: Option<String>,
    pub(crate) vendor_id: Option<String>,
    /// Whether the lookup failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_unknown: bool,
}

/// Looks up both credentials in one read. A failed lookup is passed to the function, because an error here would become
/// the gateway's bare 500.
pub(crate) async fn authorize(request: &ApiGatewayV2CustomAuthorizerV2Request, table: &Table) -> Authorization {
    let context = identity(request, table).await.unwrap_or_else(|error| {
        tracing::error!(%error, "the credentials cannot be looked up");
        Identity { is_unknown: true, ..Identity::default() }
    });
    Authorization { is_authorized: true, context }
}

async fn identity(request: &ApiGatewayV2CustomAuthorizerV2Request, table: &Table) -> Result<Identity, StoreError> {
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
    let token = header("authorization").and_then(bearer);
    let api_key = header("x-api-key").filter(|key| !key.is_empty());
    let secrets: Vec<&str> = [token, api_key].into_iter().flatten().collect();
    let mut identity = Identity::default();
    if secrets.is_empty() {
        return Ok(identity);
    }
    let credentials = table.credentials(&secrets).await?;
    for (secret, credential) in secrets.iter().zip(credentials) {
        let Some(Credential { kind, merchant_id, vendor_id, .. }) = credential else { continue };
        let is_token = token == Some(*secret);
        match kind {
            CredentialKind::BearerToken if is_token => identity.token_merchant_id = Some(merchant_id),
            CredentialKind::VendorToken if is_token => {
                (identity.vendor_merchant_id, identity.vendor_id) = (Some(merchant_id), vendor_id);
            }
            CredentialKind::ApiKey if api_key == Some(*secret) => identity.api_key_merchant_id = Some(merchant_id),
            _ => {}
        }
    }
    Ok(identity)
}

/// The token of `Bearer <token>`; the scheme is case-insensitive (RFC 9110, section 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()).then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::bearer;

    #[test]
    fn bearer_tokens() {
        for (value, token) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc ", Some("abc")),
            ("Basic abc", None),
            ("Bearer", None),
            ("Bearer  ", None),
        ] {
            assert_eq!(bearer(value), token, "{value}");
        }
    }
}
