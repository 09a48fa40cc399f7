//! Notes (`/note/v1`): what people write beside an order, one of its items, a shipment or a product.

use serde::{Deserialize, Serialize};

use crate::body::object;
use crate::ids::{NotAnId, OrderId, ShipmentId, hex_id, ids, read_hex};
use crate::keyword::{Keyword, keywords};
use crate::limits::{ID_CHARACTERS_MAX, NAME_CHARACTERS_MAX};
use crate::validation::table::{Choice, Rule};

const ID: Rule = Rule::Id { min: 1, max: ID_CHARACTERS_MAX };

ids! {
    /// A note: 24 lower-case hex digits.
    NoteId read read_hex, new hex_id, 12;
}

keywords! {
    /// What a note can be about.
    ResourceKind {
        /// An order of the order network API.
        Order,
        /// One of its items.
        OrderItem,
        /// One of its shipments.
        Shipment,
        /// A product of the catalog.
        Product,
    }
}

/// The subject of a note. The storage knows whether it exists and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "NoteResource", into = "NoteResource")]
pub enum Resource {
    /// An order.
    Order(OrderId),
    /// The item of an order at an index.
    OrderItem(OrderId, usize),
    /// A shipment.
    Shipment(ShipmentId),
    /// A product id: 1 to [`ID_CHARACTERS_MAX`] characters.
    Product(String),
}

impl Resource {
    /// Reads an id of that kind.
    pub fn parse(kind: ResourceKind, id: &str) -> Result<Self, NotAnId> {
        match kind {
            ResourceKind::Order => OrderId::parse(id).map(Self::Order),
            ResourceKind::OrderItem => {
                let order = OrderId::of_item(id)?;
                let index = order.item_index(id).ok_or(NotAnId)?;
                Ok(Self::OrderItem(order, index))
            }
            ResourceKind::Shipment => ShipmentId::parse(id).map(Self::Shipment),
            ResourceKind::Product => {
                let fits = (1..=ID_CHARACTERS_MAX).contains(&id.chars().count()) && !id.chars().any(char::is_control);
                if fits { Ok(Self::Product(id.to_owned())) } else { Err(NotAnId) }
            }
        }
    }
}

object! {
    /// What a note is about.
    NoteResource: Serialize {
        /// The kind of thing.
        "type" kind: ResourceKind = Rule::Choice(&Choice::of(ResourceKind::NAMES)), required;
        /// Its id.
        "id" id: String = ID, required;
    }
}

impl From<Resource> for NoteResource {
    fn from(resource: Resource) -> Self {
        let (kind, id) = match resource {
            Resource::Order(id) => (ResourceKind::Order, id.to_string()),
            Resource::OrderItem(order, index) => (ResourceKind::OrderItem, order.item_id(index)),
            Resource::Shipment(id) => (ResourceKind::Shipment, id.to_string()),
            Resource::Product(id) => (ResourceKind::Product, id),
        };
        Self { kind, id }
    }
}

impl TryFrom<NoteResource> for Resource {
    type Error = NotAnId;

    fn try_from(named: NoteResource) -> Result<Self, NotAnId> {
        Self::parse(named.kind, &named.id)
    }
}

keywords! {
    /// How a text is to be shown.
    #[derive(Default)]
    TextFormat {
        /// As it stands.
        #[default]
        PlainText,
        /// As Markdown; whoever shows it sanitises it.
        Markdown,
    }
}

object! {
    /// Who wrote a note.
    NoteAuthor: Serialize {
        /// An id of the merchant's choice.
        "id" id: String = ID, required;
        /// The name that readers see.
        "name" name: String = Rule::Prose { max: NAME_CHARACTERS_MAX, lines: false }, required;
    }
}

/// The members of a note that can change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "NoteContent"))]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// The text, as it was sent.
    pub text: String,
    /// How it is to be shown.
    pub format: TextFormat,
    /// Whether it is for the merchant's own people only.
    pub is_internal: bool,
    /// Who wrote it.
    pub author: NoteAuthor,
}

/// A note on the wire.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// Its id, which never changes.
    pub id: String,
    /// What it is about.
    pub resource: NoteResource,
    /// The members that can change; absent from the log entry of a deletion.
    #[serde(flatten)]
    pub content: Option<Content>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
}

#[cfg(test)]
mod tests {
    use super::{NoteId, NoteResource, Resource, ResourceKind};
    use crate::ids::{OrderId, ShipmentId};
    use crate::keyword::Keyword;

    #[test]
    fn ids_are_24_lower_case_digits() {
        let id = NoteId::new([0xab; 12]);
        assert_eq!(NoteId::parse(id.as_str()), Ok(id));
        for text in ["", "abc", "ABABABABABABABABABABABAB", "gbababababababababababab", "abababababababababababab0"] {
            assert!(NoteId::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_resource_has_one_id_of_its_kind() {
        let order = OrderId::parse("0898f154eef04ff51bbbc000").unwrap();
        let (item, shipment) = (order.item_id(4), ShipmentId::new(&order, 2).to_string());
        for (kind, id) in [
            (ResourceKind::Order, order.as_str()),
            (ResourceKind::OrderItem, &item),
            (ResourceKind::Shipment, &shipment),
            (ResourceKind::Product, "any id # at all"),
        ] {
            let resource = Resource::parse(kind, id).unwrap();
            assert_eq!(NoteResource::from(resource), NoteResource { kind, id: id.to_owned() });
            assert_eq!(ResourceKind::parse(kind.as_str()), Some(kind));
            let is_product = kind == ResourceKind::Product;
            for other in [order.as_str(), &item, &shipment].into_iter().filter(|other| *other != id) {
                assert_eq!(Resource::parse(kind, other).is_ok(), is_product, "{kind:?} {other}");
            }
        }
        let named = Resource::parse(ResourceKind::Shipment, &shipment.to_uppercase()).unwrap();
        assert_eq!(NoteResource::from(named).id, shipment);
        for id in [String::new(), "a\nb".to_owned(), "x".repeat(129)] {
            assert!(Resource::parse(ResourceKind::Product, &id).is_err(), "{id}");
        }
    }
}
