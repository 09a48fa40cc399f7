//! Notes (`/note/v1`): what people write beside an order, one of its items, a shipment or a product.

use crate::keyword::keywords;
use serde::{Deserialize, Serialize};

use crate::ids::{NotAnId, OrderId, ShipmentId, hex_id, ids, read_hex};
use crate::limits::ID_CHARACTERS_MAX;

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

/// What a note is about. Whether it is there, and whose it is, is for the storage to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ResourceReference", into = "ResourceReference")]
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

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> ResourceKind {
        match self {
            Self::Order(_) => ResourceKind::Order,
            Self::OrderItem(..) => ResourceKind::OrderItem,
            Self::Shipment(_) => ResourceKind::Shipment,
            Self::Product(_) => ResourceKind::Product,
        }
    }

    /// Its id, in the one form that it has.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::Order(id) => id.to_string(),
            Self::OrderItem(order, index) => order.item_id(*index),
            Self::Shipment(id) => id.to_string(),
            Self::Product(id) => id.clone(),
        }
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

/// Who wrote a note, in the words of whoever sent it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "NoteAuthor"))]
pub struct Author {
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
}

/// What of a note can change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    pub author: Author,
}

/// A note on the wire.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// Names it for ever.
    pub id: String,
    /// What it is about.
    pub resource: ResourceReference,
    /// The rest; nothing of it once the note is deleted, as its log has it.
    #[serde(flatten)]
    pub content: Option<Content>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
}

/// What a note is about, on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "NoteResource"))]
pub struct ResourceReference {
    /// Its kind.
    #[serde(rename = "type")]
    pub kind: ResourceKind,
    /// Its id.
    pub id: String,
}

impl From<&Resource> for ResourceReference {
    fn from(resource: &Resource) -> Self {
        Self { kind: resource.kind(), id: resource.id() }
    }
}

impl From<Resource> for ResourceReference {
    fn from(resource: Resource) -> Self {
        (&resource).into()
    }
}

impl TryFrom<ResourceReference> for Resource {
    type Error = NotAnId;

    fn try_from(reference: ResourceReference) -> Result<Self, NotAnId> {
        Self::parse(reference.kind, &reference.id)
    }
}

#[cfg(test)]
mod tests {
    use super::{NoteId, Resource, ResourceKind};
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
            assert_eq!((resource.kind(), resource.id().as_str()), (kind, id));
            assert_eq!(ResourceKind::parse(kind.as_str()), Some(kind));
            let is_product = kind == ResourceKind::Product;
            for other in [order.as_str(), &item, &shipment].into_iter().filter(|other| *other != id) {
                assert_eq!(Resource::parse(kind, other).is_ok(), is_product, "{kind:?} {other}");
            }
        }
        assert_eq!(Resource::parse(ResourceKind::Shipment, &shipment.to_uppercase()).unwrap().id(), shipment);
        for id in [String::new(), "a\nb".to_owned(), "x".repeat(129)] {
            assert!(Resource::parse(ResourceKind::Product, &id).is_err(), "{id}");
        }
    }
}
