//! Transformations: from another system's JSON to the body of an order
//! (docs/apis/order-network-api.md#transformations).
//!
//! A [`Transformation`] is a list of rules, worked in their order. Each rule names a place of the order (`to`) and what
//! comes there: a value of the foreign body (`from`, with a `default` for when it is not there) or a `constant`. Both
//! places are JSON Pointers (RFC 6901); the pointer `""` is the whole body.
//!
//! ```json
//! [
//!   { "to": "/externalId", "from": "/id", "as": "string" },
//!   { "to": "/shippingAddress/countryCode", "from": "/delivery/country", "default": "US" },
//!   { "to": "/items/*/sku", "from": "/lines/*/article" },
//!   { "to": "/items/*/quantity", "from": "/lines/*/count", "default": 1 },
//!   { "to": "/items/*/skipSkuValidation", "constant": true }
//! ]
//! ```
//!
//! # Each element
//!
//! A token `*` stands for each element of an array (so a member that is named `*` cannot be addressed). With as many of
//! them in `from` as in `to`, the element at an index comes to the same index, nested arrays too. A line is never lost on
//! the way: where an element has nothing at `from` and there is no default, its place in the order is made all the same,
//! and the validation of the order says what is missing there. Where `from` has no `*`, and in a constant, the value
//! comes to every element that the order has by then: such a rule stands behind those that make the elements.
//!
//! # What is there
//!
//! A member that is absent, null or an empty string counts as not there, as it does in an order. Without a default its
//! place in the order is left as it is. A default is for single values: where a whole array is not there it has no
//! elements, and none gets a default.
//!
//! # What is written
//!
//! Values come over as they are written, digit by digit; `as` makes a number of a string of digits, or a string of a
//! number. Objects and arrays on the way to `to` are made where nothing is, as the order has them: behind `/items` a token is an
//! index or `*`, behind `/meta` it is a name, also one of digits. Where the order has no such place a token of digits
//! makes an array. Elements before an index are null until a rule writes them. A later rule may write into what an earlier one wrote, or over it.
//!
//! What cannot be done is a [`Finding`], of which there may be many; the rest is done all the same, so that all that is
//! wrong can be told at once.

mod build;
mod pointer;
mod rule;
mod tree;

pub use pointer::{Pointer, PointerFault};
pub use rule::{Convert, Parts, Rule, RuleFault, Source};
pub use tree::{Tree, Unreadable};

use serde::{Deserialize, Serialize};

use super::problem::Violation;
use build::Build;

/// An ordered list of rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Transformation {
    /// The rules, worked one after the other.
    pub rules: Vec<Rule>,
}

/// What has become of a foreign body.
#[derive(Clone, Debug, PartialEq)]
pub struct Transformed {
    /// The body of an order, as far as it could be made.
    pub body: Tree,
    /// What could not be done.
    pub findings: Vec<Finding>,
}

/// Something that a rule could not do.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What is wrong, at its place in the order.
    pub violation: Violation,
    /// The place in the foreign body.
    pub source: Option<String>,
}

impl Transformation {
    /// Makes an order's body of a foreign one. It takes time and memory in proportion to the limits of both, whatever the
    /// rules.
    #[must_use]
    pub fn apply(&self, foreign: &Tree) -> Transformed {
        let mut build = Build::new(foreign);
        for rule in &self.rules {
            build.apply(rule);
        }
        build.finish()
    }

    /// Where in the foreign body the value at a place of the order comes from: by the rule that is nearest above the
    /// place. None where it comes from a constant, or no rule writes it.
    #[must_use]
    pub fn source_of(&self, place: &str) -> Option<String> {
        let above = self.rules.iter().filter(|rule| rule.to().is_above(place));
        above.max_by_key(|rule| rule.to().depth())?.source_of(place)
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
