//! Codes that the body alone does not tell: when an endpoint answers them.

use crate::Code;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    /// `/v2`.
    Bulk,
    /// `/order/v1` and its sisters.
    Network,
}

impl Api {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Bulk => "the bulk order API",
            Self::Network => "the order network API",
        }
    }
}

/// A code that an endpoint answers.
pub(super) struct Answer {
    pub(super) code: Code,
    pub(super) apis: &'static [Api],
    /// Whether it is the code of the whole answer.
    pub(super) whole: bool,
    pub(super) when: &'static str,
}

const BOTH: &[Api] = &[Api::Bulk, Api::Network];
const BULK: &[Api] = &[Api::Bulk];
const NETWORK: &[Api] = &[Api::Network];

const fn place(code: Code, apis: &'static [Api], when: &'static str) -> Answer {
    Answer { code, apis, whole: false, when }
}

const fn whole(code: Code, apis: &'static [Api], when: &'static str) -> Answer {
    Answer { code, apis, whole: true, when }
}

/// Every problem, and the violations and warnings that need more than the body, in the order of the catalogue.
pub(super) static ANSWERS: &[Answer] = &[
    place(Code::UnknownSku, BULK, "The products are looked up when the order is priced, and this SKU is none of them."),
    place(Code::InactiveSku, BULK, "The products are looked up when the order is priced, and this one is not on sale."),
    place(Code::NoPrice, BULK, "The order is priced, and no price of the product covers the quantity."),
    whole(
        Code::AmountTooLarge,
        BULK,
        "The order is priced, and a line or the total is beyond what an amount can hold.",
    ),
    place(
        Code::NoSuchItem,
        NETWORK,
        "An order is changed or a shipment reported, and this id is of none of its items.",
    ),
    place(
        Code::NotUpdatable,
        NETWORK,
        "An order is updated, and the patch has this member; or a note is replaced, and the body has another value of it.",
    ),
    place(
        Code::AnswerShortened,
        NETWORK,
        "A bulk was stored, and this order no longer fits into the answer: its entry is short.",
    ),
    whole(Code::ValidationFailed, BOTH, "The body was read, and the answer lists the violations."),
    whole(
        Code::InvalidParameter,
        BOTH,
        "A query parameter of a list, or the header `Idempotency-Key`, cannot be read.",
    ),
    whole(Code::MixedCurrency, BULK, "The order is priced, and its products do not share one currency."),
    whole(Code::Unauthorized, BOTH, "Before the body is read: the credentials are missing or wrong."),
    whole(
        Code::InsufficientFunds,
        BULK,
        "The order is placed, and the wallet holds less than it costs; nothing was charged.",
    ),
    whole(Code::MerchantMismatch, NETWORK, "The body was read, and its `merchantId` is not that of the credentials."),
    whole(
        Code::Forbidden,
        NETWORK,
        "Before the body is read: the token is that of a vendor, and the call is its merchant's.",
    ),
    whole(
        Code::NotFound,
        BOTH,
        "Nothing has this path or this id, or it belongs to another merchant; also at a place in a body that names an order, an item or a shipment.",
    ),
    whole(Code::MethodNotAllowed, BOTH, "The path exists; the header `Allow` names its methods."),
    whole(
        Code::ClientOrderNumberDuplicate,
        BULK,
        "The order asks for the duplicate check, and an earlier order has its `clientOrderNumber`.",
    ),
    whole(Code::SafeIdExists, NETWORK, "An earlier order has this `safeId` and another content."),
    whole(
        Code::ExternalIdExists,
        NETWORK,
        "An earlier order has this `externalId`, and `allowExternalOrderIdDuplication` is not true.",
    ),
    whole(
        Code::IdempotencyKeyInUse,
        BOTH,
        "The first request with this `Idempotency-Key` is being worked; the header `Retry-After` says when to send again.",
    ),
    whole(Code::PreconditionFailed, NETWORK, "The request has an `If-Match`, and the thing has another `ETag` by now."),
    whole(Code::PayloadTooLarge, BOTH, "The body is not read to its end, or one order in it is too large."),
    whole(Code::TooManyOrders, NETWORK, "The bulk was counted, and none of its orders was created."),
    whole(Code::UnsupportedMediaType, BOTH, "Before the body is read: its `Content-Type` is not JSON."),
    whole(Code::UnsupportedCurrency, BULK, "The order is priced, and no wallet of the account pays in the currency."),
    whole(
        Code::StateNotAllowed,
        NETWORK,
        "An order or a shipment is changed, and it is in a state that does not allow it; the message says in which.",
    ),
    whole(
        Code::RefundExceedsBalance,
        NETWORK,
        "A refund is asked for, and its item has less than that left; none of the call's refunds was made.",
    ),
    whole(
        Code::TooManySubscriptions,
        NETWORK,
        "A subscription to webhooks is made, and the merchant has as many as it may.",
    ),
    whole(
        Code::IdempotencyKeyReused,
        BOTH,
        "An earlier request with this `Idempotency-Key` had another method, path or body.",
    ),
    whole(Code::Internal, BOTH, "Something failed that is no fault of the request."),
    whole(Code::TryAgain, BOTH, "A service did not answer in time; the header `Retry-After` says when to send again."),
];

pub(super) fn answer(code: Code) -> Option<&'static Answer> {
    ANSWERS.iter().find(|answer| answer.code == code)
}

#[cfg(test)]
mod tests {
    use super::super::examples;
    use super::{ANSWERS, answer};
    use crate::Code;
    use crate::catalogue::Kind;

    #[test]
    fn answers_stand_in_the_order_of_the_catalogue() {
        assert!(ANSWERS.is_sorted_by_key(|answer| answer.code));
    }

    #[test]
    fn every_code_is_of_the_body_or_of_an_endpoint() {
        for code in Code::ALL {
            assert!(examples::of(*code).is_some() || answer(*code).is_some(), "{code} has neither example nor answer");
            assert!(code.kind() != Kind::Problem || answer(*code).is_some_and(|answer| answer.whole), "{code}");
        }
    }
}
