//! Transformations: from another system's JSON to the body of an order
//! (docs/apis/order-network-api.md#transformations).
//!
//! A [`Transformation`] is a list of rules, applied in order. Each rule names a place in the order (`to`) and its
//! value: one from the foreign body (`from`, with an optional `default`) or a `constant`. Both places are JSON Pointers
//! (RFC 6901); the pointer `""` is the whole body.
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
//! A token `*` stands for each element of an array (so a member named `*` cannot be addressed). If `from` and `to` have
//! equally many, each element is mapped to the same index, also in nested arrays. No line is lost: an element without a
//! value at `from` and without a default still gets its place in the order, and validation reports what it lacks. If
//! `from` has no `*`, and for constants, the value is written to every element that the order has at that point: such a
//! rule comes after those that create the elements.
//!
//! # Missing values
//!
//! A member that is absent, null or an empty string counts as missing, as it does in an order. Without a default its
//! place in the order stays as it is. Defaults apply to single values: a missing array has no elements, and none gets a
//! default.
//!
//! # Written values
//!
//! Values are copied digit by digit; `as` converts a string of digits to a number, or a number to a string. Missing
//! objects and arrays on the way to `to` are created as the order has them: after `/items` a token is an index or `*`,
//! after `/meta` it is a name, even if it consists of digits. At places unknown to the order, a token of digits creates
//! an array. Elements before an index are null until a rule writes them. A later rule may write into the output of an
//! earlier one, or overwrite it.
//!
//! Each failure is a [`Finding`]; the remaining rules are still applied, so that all errors are reported at once.

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

/// The result of a transformation.
#[derive(Clone, Debug, PartialEq)]
pub struct Transformed {
    /// The body of an order, as far as it could be built.
    pub body: Tree,
    /// The failures.
    pub findings: Vec<Finding>,
}

/// A failure of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What is wrong, at its place in the order.
    pub violation: Violation,
    /// The place in the foreign body.
    pub source: Option<String>,
}

impl Transformation {
    /// Builds an order's body from a foreign one. Time and memory are proportional to the limits of both, whatever the
    /// rules.
    #[must_use]
    pub fn apply(&self, foreign: &Tree) -> Transformed {
        let mut build = Build::new(foreign);
        for rule in &self.rules {
            build.apply(rule);
        }
        build.finish()
    }

    /// The place in the foreign body that the value at a place of the order comes from, by the rule nearest above the
    /// place. `None` if it is a constant or no rule writes it.
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
