//! Validation of request bodies: one engine for the Lambda functions, for WebAssembly and for tests.
//!
//! [`validate`] reads the bytes once. A strict JSON scanner (`scan`) hands tokens to the engine (`engine`), which holds
//! them against constant tables (`rules`, written in the vocabulary of `table`) and collects everything that is broken,
//! in document order. Adding a member or a rule is one line in `rules`.
//!
//! What is known from the body alone is decided here; whether a SKU exists or a `safeId` was used before is not.
//!
//! ```
//! use shared::validation::{Body, validate};
//! use shared::Code;
//!
//! let body = br#"{"products":[{"sku":"8PX-UF-Y5U","quantity":0}]}"#;
//! let verdict = validate(Body::BulkOrder, body);
//!
//! assert!(!verdict.is_valid());
//! let violation = &verdict.orders[0].violations[0];
//! assert_eq!(violation.pointer, "/products/0/quantity");
//! assert_eq!(violation.code, Code::OutOfRange);
//! assert_eq!(violation.message, "must be an integer from 1 to 10000, not `0`");
//! ```

mod broken;
mod calendar;
mod engine;
mod facts;
mod findings;
mod format;
mod iso;
mod json;
mod members;
mod rules;
mod scan;
mod suggest;
mod table;
mod text;
mod values;
mod version;

use std::ops::Range;

use broken::Broken;
use engine::Engine;
use findings::{Path, violation};
use scan::Fault;

use crate::{Code, limits};

pub use version::rules_version;

/// Which body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Body {
    /// `POST /v2/orders`: one order of the bulk API.
    BulkOrder,
    /// `POST /order/v1/orders`: one order of the order network API.
    Order,
    /// `POST /order/v1/orders/bulk`: `{"bulk":[…]}` of such orders.
    Orders,
}

impl Body {
    /// Every body.
    pub const ALL: [Self; 3] = [Self::BulkOrder, Self::Order, Self::Orders];

    const fn dialect(self) -> &'static rules::Dialect {
        match self {
            Self::BulkOrder => &rules::BULK_ORDER_BODY,
            Self::Order => &rules::ORDER_BODY,
            Self::Orders => &rules::ORDERS_BODY,
        }
    }
}

/// What a body breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Of the body as a whole: it is not JSON, too large, or its envelope is wrong. If there is one, the body is refused
    /// whole and `orders` is empty.
    pub violations: Vec<Violation>,
    /// One per order, in document order; exactly one for the bodies of a single order.
    pub orders: Vec<OrderVerdict>,
    /// Findings, violations and warnings alike, that are not listed: those beyond [`limits::VIOLATIONS_MAX`] of their
    /// kind, and those in the orders of a body that is refused whole. The first violation and the first warning of each
    /// order are always listed, so an order without violations is valid whatever this says.
    pub omitted: usize,
}

/// What one order breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderVerdict {
    /// The bytes of the order in the body.
    pub span: Range<usize>,
    /// Why it is refused.
    pub violations: Vec<Violation>,
    /// What is odd about it; never a reason to refuse it.
    pub warnings: Vec<Violation>,
}

/// One place in a body that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which kind of rule.
    pub code: Code,
    /// The place, as a JSON pointer (RFC 6901) from the root of the body, for example `/bulk/0/items/1/quantity`; of an
    /// absent member, where it should be. A pointer ends before a name of more than [`limits::POINTER_NAME_BYTES_MAX`].
    pub pointer: String,
    /// The rule in words, lower case, without a full stop.
    pub message: String,
    /// The bound of the rule: a number, a range such as `1..10000` (`..<` excludes the end), the JSON type or the name
    /// of the form that is asked for, or the amount that is expected.
    pub limit: Option<String>,
    /// The attempted value as JSON text, cut to [`limits::ATTEMPTED_VALUE_BYTES_MAX`] bytes. Left out for objects and
    /// arrays, for unknown and repeated members, and for digits of cards.
    pub value: Option<String>,
}

/// Checks a body; never fails, never panics, and takes time and memory in proportion to the bytes.
#[must_use]
pub fn validate(body: Body, bytes: &[u8]) -> Verdict {
    if bytes.len() > limits::BODY_BYTES_MAX {
        return refused(&Broken::BodyTooLarge { bytes: bytes.len() });
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let fault = Fault { code: Code::InvalidUtf8, at: error.valid_up_to(), wants: "UTF-8" };
            return refused(&Broken::Fault(fault));
        }
    };
    Engine::new(body.dialect(), text).run().unwrap_or_else(|fault| refused(&Broken::Fault(fault)))
}

/// The verdict on a body of which nothing was taken.
fn refused(broken: &Broken<'_>) -> Verdict {
    Verdict { violations: vec![violation(&Path::Root, broken, None)], orders: Vec::new(), omitted: 0 }
}

impl Verdict {
    /// Whether the body and every order in it may be accepted.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.violations.is_empty() && self.orders.iter().all(OrderVerdict::is_valid)
    }

    /// The verdict as JSON, in one stable byte form:
    /// `{"valid","violations":[{"pointer","code","message","limit","value"}],"orders":[{"index","violations","warnings"}],"omitted"}`,
    /// without `limit` and `value` where there is none.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::verdict(self)
    }
}

impl OrderVerdict {
    /// Whether the order may be accepted.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.violations.is_empty()
    }
}
