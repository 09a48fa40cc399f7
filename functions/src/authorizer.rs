//! The authorizer: turns the credentials of a request into the merchants behind them.
//!
//! It authorizes every request and names whom it found; the functions refuse those without a caller. So a refusal has the
//! shape of the API that was called (a gateway's own refusal has one shape for both), and each handler says in its
//! signature which caller it needs ([`crate::http::caller`]).

use aws_lambda_events::apigw::ApiGatewayV2CustomAuthorizerV2Request;
use serde::{Deserialize, Serialize};

use crate::store::credentials::{Credential, CredentialKind};
use crate::store::{StoreError, Table};

/// The answer to the gateway (simple response of payload format 2.0).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Authorization {
    is_authorized: bool,
    context: Identity,
}

/// What the gateway hands on to the function that the route names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    /// Merchant of the bearer token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token_merchant_id: Option<String>,
    /// Merchant of the API key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) api_key_merchant_id: Option<String>,
    /// Merchant of the vendor's token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) vendor_merchant_id: Option<String>,
    /// The vendor of that merchant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) vendor_id: Option<String>,
    /// Whether the credentials could not be looked up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_unknown: bool,
}

/// Looks the credentials up, both in one read; none where there are none. When they cannot be looked up the function is
/// told so, because an error here would be the gateway's bare 500.
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

/// The token of `Bearer <token>`; the scheme in any case (RFC 9110, section 11.1).
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
