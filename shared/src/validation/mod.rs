//! Validation of request bodies: one engine for the Lambda functions, for WebAssembly and for tests.
//!
//! [`validate`] reads the bytes once. A strict JSON scanner (`scan`) passes tokens to the engine (`engine`), which
//! checks them against constant tables (`rules`, in the vocabulary of `table`) and collects violations in document
//! order. A new member or rule is one line in `rules`.
//!
//! Only rules about the body itself are checked here, not whether a SKU exists or a `safeId` was used before.
//!
//! ```
//! use shared::validation::{Body, validate};
//! use shared::Code;
//!
//! let body = br#"{"products":[{"sku":"8PX-UF-Y5U","quantity":0}]}"#;
//! let verdict = validate(Body::BulkOrder, body);
//!
//! assert!(!verdict.is_valid());
//! let violation = verdict.order(0).and_then(|order| order.violations().next()).expect("one is listed");
//! assert_eq!(violation.pointer(), "/products/0/quantity");
//! assert_eq!(violation.code(), Code::OutOfRange);
//! assert_eq!(violation.message(), "must be an integer from 1 to 10000, not `0`");
//! ```

mod block;
mod broken;
mod calendar;
mod classes;
mod cursor;
mod engine;
#[cfg(feature = "domain")]
mod extension;
mod facts;
#[cfg(not(feature = "domain"))]
mod field;
#[cfg(feature = "domain")]
pub(crate) mod field;
mod findings;
mod format;
#[cfg(feature = "domain")]
pub mod generate;
mod hosts;
mod iso;
mod json;
mod members;
#[cfg(feature = "domain")]
mod place;
mod rules;
mod safe_ids;
mod scan;
mod sentence;
mod suggest;
#[cfg(not(feature = "domain"))]
mod table;
#[cfg(feature = "domain")]
pub(crate) mod table;
mod text;
mod values;
mod verdict;
mod version;
mod wide;

use broken::Broken;
use engine::Engine;
use findings::Findings;
use scan::Fault;

use crate::{Code, limits};

#[cfg(feature = "domain")]
pub use extension::{Context, Wrong};
#[cfg(feature = "domain")]
pub use place::Place;
#[cfg(feature = "domain")]
pub use rules::BodyRules;
pub use verdict::{OrderVerdict, Verdict, Violation, Violations};
pub use version::rules_version;

/// The kinds of bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Body {
    /// `POST /v2/orders`: one order of the bulk API.
    BulkOrder,
    /// `POST /v2/orders/instant`: one unit of one SKU of the bulk API.
    InstantOrder,
    /// `POST /order/v1/orders`: one order of the order network API.
    Order,
    /// `POST /order/v1/orders/bulk`: `{"bulk":[…]}` of such orders.
    Orders,
}

impl Body {
    /// Every body.
    pub const ALL: [Self; 4] = [Self::BulkOrder, Self::InstantOrder, Self::Order, Self::Orders];

    /// The rules of the body.
    #[must_use]
    pub const fn rules(self) -> &'static rules::BodyRules {
        match self {
            Self::BulkOrder => &rules::BULK_ORDER_BODY,
            Self::InstantOrder => &rules::INSTANT_ORDER_BODY,
            Self::Order => &rules::ORDER_BODY,
            Self::Orders => &rules::ORDERS_BODY,
        }
    }
}

/// Checks a body. Never fails or panics; time and memory are proportional to its length.
#[must_use]
pub fn validate(body: Body, bytes: &[u8]) -> Verdict<'_> {
    if bytes.len() > limits::BODY_BYTES_MAX {
        return refuse_length(bytes.len());
    }
    verdict(Engine::new(body.rules(), bytes), bytes)
}

/// Checks a body that only the functions read; `context` is what its rules depend on besides the bytes.
#[cfg(feature = "domain")]
pub(crate) fn validate_by<'b>(rules: &'static BodyRules, context: &'b Context, bytes: &'b [u8]) -> Verdict<'b> {
    if bytes.len() > limits::BODY_BYTES_MAX {
        return refuse_length(bytes.len());
    }
    verdict(Engine::within(context, rules, bytes), bytes)
}

fn verdict<'b>(engine: Engine<'b>, bytes: &'b [u8]) -> Verdict<'b> {
    match engine.run() {
        Ok(findings) => Verdict::new(bytes, findings),
        Err(fault) => Verdict::new(&[], Findings::refused(Broken::Fault(not_utf8(bytes).unwrap_or(fault)))),
    }
}

/// The verdict on a body longer than [`limits::BODY_BYTES_MAX`], without its bytes.
#[must_use]
pub fn refuse_length(bytes: usize) -> Verdict<'static> {
    Verdict::new(&[], Findings::refused(Broken::BodyTooLarge { bytes }))
}

/// The known name nearest to a misspelt one: at most two typos away, at most one in short names.
#[cfg(feature = "domain")]
#[must_use]
pub fn nearest_of<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    suggest::nearest_of(name, known)
}

/// A body that is not UTF-8 is rejected as such, whatever else is wrong with it.
fn not_utf8(bytes: &[u8]) -> Option<Fault> {
    let error = core::str::from_utf8(bytes).err()?;
    Some(Fault { code: Code::InvalidUtf8, at: error.valid_up_to(), wants: "UTF-8" })
}
