//! What the rules say of a place in an order, for those who write orders by pointers.

use super::Body;
use super::table::Rule;

/// A place in the body of an order of the order network API.
///
/// ```
/// use shared::validation::Place;
///
/// let items = Place::order().member("items");
/// assert!(items.is_array() && items.element().has_members());
/// assert!(!Place::order().member("itms").is_known());
/// ```
#[derive(Clone, Copy)]
pub struct Place(Option<Rule>);

impl Place {
    /// The whole order.
    #[must_use]
    pub const fn order() -> Self {
        Self(Some(Body::Order.rules().root))
    }

    /// Whether a rule knows of it.
    #[must_use]
    pub const fn is_known(self) -> bool {
        self.0.is_some()
    }

    /// Whether a text of people stands there, in which no card number may be.
    #[must_use]
    pub fn is_searched(self) -> bool {
        self.0.is_some_and(|rule| rule.is_searched())
    }

    /// Whether an array stands there.
    #[must_use]
    pub const fn is_array(self) -> bool {
        matches!(self.0, Some(Rule::Array(_)))
    }

    /// Whether what stands there has members: an object, or a map with names of the client's own.
    #[must_use]
    pub const fn has_members(self) -> bool {
        matches!(self.0, Some(Rule::Object(_) | Rule::Order(_) | Rule::Map(_)))
    }

    /// The member of that name.
    #[must_use]
    pub fn member(self, name: &str) -> Self {
        match self.0 {
            Some(Rule::Object(object) | Rule::Order(object)) => {
                Self(object.fields.iter().find(|field| field.name() == name).map(|field| field.rule))
            }
            Some(Rule::Map(map)) => Self(Some(map.value)),
            _ => Self(None),
        }
    }

    /// An element of the array.
    #[must_use]
    pub const fn element(self) -> Self {
        match self.0 {
            Some(Rule::Array(array)) => Self(Some(array.entry)),
            _ => Self(None),
        }
    }
}
