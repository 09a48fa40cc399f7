//! The caller of a request, as identified by the authorizer. A handler that takes one cannot run without it.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use lambda_http::request::RequestContext;
use shared::Code;
use shared::ids::MerchantId;

use crate::authorizer::Identity;
use crate::refusal::Refusal;

/// A caller of the order network API: a bearer token.
#[derive(Clone, Debug)]
pub(crate) struct NetworkCaller(pub(crate) MerchantId);

/// A caller of the bulk order API: an API key and a bearer token of one account.
#[derive(Clone, Debug)]
pub(crate) struct BulkCaller(pub(crate) MerchantId);

/// A caller of the shipment service: a merchant, or one of its vendors.
#[derive(Clone, Debug)]
pub(crate) struct ShipmentCaller {
    /// The merchant whose orders it may see.
    pub(crate) merchant: MerchantId,
    /// The vendor; `None` for the merchant.
    pub(crate) vendor: Option<String>,
}

impl ShipmentCaller {
    /// Whether it may see a shipment of that vendor.
    pub(crate) fn may_see(&self, vendor: &str) -> bool {
        self.vendor.as_deref().is_none_or(|own| own == vendor)
    }
}

impl<S: Sync> FromRequestParts<S> for ShipmentCaller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let identity = identity(parts)?;
        // A vendor without an id is rejected: it must not act as the merchant.
        let vendor_id = identity.vendor_id.filter(|id| !id.is_empty());
        let (merchant, vendor) = match (identity.token_merchant_id, identity.vendor_merchant_id.zip(vendor_id)) {
            (Some(merchant), _) => (Some(merchant), None),
            (None, Some((merchant, vendor))) => (Some(merchant), Some(vendor)),
            (None, None) => (None, None),
        };
        let merchant = merchant.and_then(|id| MerchantId::parse(&id).ok());
        merchant
            .map(|merchant| Self { merchant, vendor })
            .ok_or_else(|| Refusal::new(Code::Unauthorized, "the request needs a valid `Authorization: Bearer` token"))
    }
}

impl<S: Sync> FromRequestParts<S> for NetworkCaller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let identity = identity(parts)?;
        let merchant = identity.token_merchant_id.and_then(|id| MerchantId::parse(&id).ok());
        merchant.map(Self).ok_or_else(|| match identity.vendor_merchant_id {
            // Another token would not help, so this is not 401.
            Some(_) => Refusal::new(Code::Forbidden, "a vendor's token is for its shipments"),
            None => Refusal::new(Code::Unauthorized, "the request needs a valid `Authorization: Bearer` token"),
        })
    }
}

impl<S: Sync> FromRequestParts<S> for BulkCaller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let Identity { token_merchant_id, api_key_merchant_id, .. } = identity(parts)?;
        let merchant = token_merchant_id.filter(|merchant| api_key_merchant_id.as_ref() == Some(merchant));
        merchant.and_then(|id| MerchantId::parse(&id).ok()).map(Self).ok_or_else(|| {
            Refusal::new(
                Code::Unauthorized,
                "the request needs a valid `x-api-key` and `Authorization: Bearer` of one account",
            )
        })
    }
}

/// The authorizer's result, passed on by the gateway. A request that did not come through the gateway has no identity.
fn identity(parts: &Parts) -> Result<Identity, Refusal> {
    let Some(RequestContext::ApiGatewayV2(context)) = parts.extensions.get::<RequestContext>() else {
        return Ok(Identity::default());
    };
    let fields = context.authorizer.as_ref().map(|authorizer| authorizer.fields.clone()).unwrap_or_default();
    let identity: Identity = serde_json::from_value(fields.into_iter().collect()).unwrap_or_default();
    if identity.is_unknown { Err(Refusal::rule(Code::TryAgain)) } else { Ok(identity) }
}
