//! The rules about places in an order, for code that writes orders by pointers.

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

    /// Whether there is a rule for it.
    #[must_use]
    pub const fn is_known(self) -> bool {
        self.0.is_some()
    }

    /// Whether it is a free text, which may not contain a card number.
    #[must_use]
    pub fn is_searched(self) -> bool {
        self.0.is_some_and(|rule| rule.is_searched())
    }

    /// Whether it is an array.
    #[must_use]
    pub const fn is_array(self) -> bool {
        matches!(self.0, Some(Rule::Array(_)))
    }

    /// Whether it has members: an object, or a map with free names.
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
