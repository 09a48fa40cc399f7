//! The catalogue of errors: every code that either API can answer, with its HTTP status and the rule it states.
//!
//! Codes are stable: clients match on them, so a code is never renamed or reused. The wire form is the upper-case
//! name. Two kinds share one table: a *problem* is the answer to a whole request; a *violation* is one place in a body
//! and is always reported inside a problem (or, as a warning, beside a success).

/// What a code says something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// One place in a body, which is refused.
    Violation,
    /// One place in a body, which is accepted.
    Warning,
    /// A whole request, which is refused.
    Problem,
}

/// Declares [`Code`] from the table below; one line is one code, under the heading of its kind.
macro_rules! catalogue {
    ($([$kind:ident] $($(#[doc = $doc:literal])+ $variant:ident $name:literal $status:literal $title:literal;)+)+) => {
        /// One entry of the catalogue.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($($(#[doc = $doc])+ $variant,)+)+ }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$($(Self::$variant,)+)+];

            /// What the code says something about.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $($(Self::$variant => Kind::$kind,)+)+ }
            }

            /// The name on the wire, for example `SAFE_ID_EXISTS`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $($(Self::$variant => $name,)+)+ }
            }

            /// The HTTP status of an answer that carries this code.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $($(Self::$variant => $status,)+)+ }
            }

            /// The rule, as a sentence without a full stop.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $($(Self::$variant => $title,)+)+ }
            }

            /// What happened, in a sentence or two: the comment of the table.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $($(Self::$variant => concat!($($doc),+).trim_ascii(),)+)+ }
            }
        }
    };
}

catalogue! {
    // ------------------------------------------------------------ one place in a body
    [Violation]
    /// The bytes are not JSON (RFC 8259).
    NotJson "NOT_JSON" 400 "the body must be JSON";
    /// The bytes are not UTF-8.
    InvalidUtf8 "INVALID_UTF8" 400 "the body must be UTF-8";
    /// Arrays and objects nest deeper than the limit.
    TooDeep "TOO_DEEP" 400 "arrays and objects nest at most this deep";
    /// An object has the same member twice.
    DuplicateMember "DUPLICATE_MEMBER" 400 "a member stands at most once in an object";
    /// A required member is absent or null.
    Required "REQUIRED" 400 "this member is required";
    /// The value has another JSON type than the rule asks for.
    WrongType "WRONG_TYPE" 400 "the value must be of this JSON type";
    /// A string is shorter than the limit, in characters.
    TooShort "TOO_SHORT" 400 "the string has at least this many characters";
    /// A string is longer than the limit, in characters.
    TooLong "TOO_LONG" 400 "the string has at most this many characters";
    /// An array or map has fewer entries than the limit.
    TooFew "TOO_FEW" 400 "there are at least this many entries";
    /// An array or map has more entries than the limit.
    TooMany "TOO_MANY" 400 "there are at most this many entries";
    /// A number is outside its range.
    OutOfRange "OUT_OF_RANGE" 400 "the number lies within this range";
    /// An amount has more decimals than the limit.
    TooManyDecimals "TOO_MANY_DECIMALS" 400 "an amount has at most this many decimals";
    /// A string is not of the form that its member asks for.
    InvalidFormat "INVALID_FORMAT" 400 "the string must be of this form";
    /// A string holds a control character.
    ControlCharacter "CONTROL_CHARACTER" 400 "a string holds no control characters";
    /// A text holds a card number: 14 to 19 digits, also with single spaces or hyphens among them, that begin like those of a
    /// card network, have a length that it uses, and pass Luhn's check. No answer shows it. `cardFirst4` and `cardLast4` are
    /// all of a card that is kept.
    CardNumber "CARD_NUMBER" 400 "a text holds no card number";
    /// The duplicate check is on, but there is nothing to check.
    ClientOrderNumberRequired "CLIENT_ORDER_NUMBER_REQUIRED" 400 "the duplicate check needs a clientOrderNumber";
    /// No product has this SKU.
    UnknownSku "UNKNOWN_SKU" 400 "the SKU must be in the catalogue";
    /// The product is not sold at present.
    InactiveSku "INACTIVE_SKU" 400 "the product must be on sale";
    /// No price covers the quantity.
    NoPrice "NO_PRICE" 400 "the product must have a price for the quantity";
    /// A total or a line exceeds what an amount can hold.
    AmountTooLarge "AMOUNT_TOO_LARGE" 400 "the amount must be below the limit";

    /// The order has no such item.
    NoSuchItem "NO_SUCH_ITEM" 400 "the id must be that of an item of the order";
    /// An update brings a member that stays as the order was created with it.
    NotUpdatable "NOT_UPDATABLE" 400 "the member stays as it is";

    // ------------------------------------------------------------ one place in a body, no reason to refuse it but where the
    // client asks for that, or where to pass over a member would do what was not asked for (cancels, refunds)
    [Warning]
    /// No rule knows the member; it is kept out of the order.
    UnknownMember "UNKNOWN_MEMBER" 400 "the member is not known";
    /// The answer to a bulk would be too long: this order is answered in short.
    AnswerShortened "ANSWER_SHORTENED" 400 "the order is stored whole and answered in short: read it by its id";
    /// Amounts of the body do not add up.
    TotalMismatch "TOTAL_MISMATCH" 400 "the amounts should add up";
    /// An earlier order of the same bulk has this safe id; whether it is a replay or a conflict is decided on creation.
    DuplicateSafeId "DUPLICATE_SAFE_ID" 400 "a safeId should stand once in a bulk";

    // ------------------------------------------------------------ the answer to a request
    [Problem]
    /// At least one violation; the answer lists them.
    ValidationFailed "VALIDATION_FAILED" 400 "the body breaks at least one rule";
    /// A query parameter or a header cannot be read.
    InvalidParameter "INVALID_PARAMETER" 400 "the parameter must be of this form";
    /// The lines of a bulk API order have more than one currency.
    MixedCurrency "MIXED_CURRENCY" 400 "all products of an order share one currency";
    /// Credentials are missing or wrong.
    Unauthorized "UNAUTHORIZED" 401 "the request must carry valid credentials";
    /// The wallet holds less than the order costs.
    InsufficientFunds "INSUFFICIENT_FUNDS" 402 "the wallet must cover the order";
    /// The body names another merchant than the credentials.
    MerchantMismatch "MERCHANT_MISMATCH" 403 "merchantId must be the merchant of the credentials";
    /// The credentials are valid, and for other calls.
    Forbidden "FORBIDDEN" 403 "the credentials must be of those that the call is for";
    /// Nothing is there, or it is another merchant's.
    NotFound "NOT_FOUND" 404 "there is no such thing";
    /// The path exists, but not for this method.
    MethodNotAllowed "METHOD_NOT_ALLOWED" 405 "the path does not take this method";
    /// The merchant has an order with this client order number.
    ClientOrderNumberDuplicate "CLIENT_ORDER_NUMBER_DUPLICATE" 409 "the clientOrderNumber must be new";
    /// The merchant has another order with this safe id.
    SafeIdExists "SAFE_ID_EXISTS" 409 "the safeId must be new";
    /// The merchant has another order with this external id.
    ExternalIdExists "EXTERNAL_ID_EXISTS" 409 "the externalId must be new unless allowExternalOrderIdDuplication is true";
    /// A request with this idempotency key is being worked.
    IdempotencyKeyInUse "IDEMPOTENCY_KEY_IN_USE" 409 "the first request with the Idempotency-Key must have ended";
    /// The thing has changed since the client read it.
    PreconditionFailed "PRECONDITION_FAILED" 412 "the If-Match must be the present ETag";
    /// The body, or one order in it, is larger than the limit.
    PayloadTooLarge "PAYLOAD_TOO_LARGE" 413 "the body must be within the limit";
    /// A bulk holds more orders than the limit.
    TooManyOrders "TOO_MANY_ORDERS" 413 "a bulk holds at most this many orders";
    /// The body is not declared as JSON.
    UnsupportedMediaType "UNSUPPORTED_MEDIA_TYPE" 415 "the Content-Type must be application/json";
    /// No wallet can pay in the currency.
    UnsupportedCurrency "UNSUPPORTED_CURRENCY" 422 "the account must have a wallet in the currency";
    /// The order, or the shipment, is not in a state that allows it; the message says in which it is.
    StateNotAllowed "STATE_NOT_ALLOWED" 422 "the state of the order must allow this";
    /// A refund is more than what is left of the item's price or shipping; the message says how much that is.
    RefundExceedsBalance "REFUND_EXCEEDS_BALANCE" 422 "a refund must be within the balance";
    /// The merchant has as many subscriptions as it may.
    TooManySubscriptions "TOO_MANY_SUBSCRIPTIONS" 422 "a merchant has at most this many subscriptions";
    /// An earlier request with this idempotency key was another one.
    IdempotencyKeyReused "IDEMPOTENCY_KEY_REUSED" 422 "an Idempotency-Key stands for one request";
    /// A fault of ours; the log has the reason under the request id.
    Internal "INTERNAL" 500 "the service failed";
    /// A service that this one needs did not answer in time; the same request may be sent again.
    TryAgain "TRY_AGAIN" 503 "the service is busy: send the same request again";
}

impl core::fmt::Display for Code {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(feature = "domain")]
impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn codes_are_upper_snake_and_unique() {
        let names: std::collections::BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for name in names {
            assert!(
                name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_'),
                "{name}"
            );
        }
    }

    #[test]
    fn titles_are_lower_case_rules_without_a_full_stop() {
        for code in Code::ALL {
            assert!(!code.title().ends_with('.'), "{code}");
            assert!((400..=599).contains(&code.status()), "{code}");
        }
    }
}
