//! Transformations of inbound orders.
//!
//! No earlier version is kept: every receipt holds the rules that it was received with ([`super::receipts`]).

use serde::{Deserialize, Serialize};
use shared::ids::MerchantId;
use shared::order_network::inbound::TransformationId;
use shared::order_network::transform::Transformation;

use super::entity::Entity;
use super::keys::Key;
use super::{Table, body};
use crate::context::NoRandomness;

/// A transformation under a name of its owner's. (`name` is a reserved word of DynamoDB.)
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct NamedTransformation {
    #[serde(rename = "title")]
    pub(crate) name: String,
    #[serde(rename = "transformation_rules", with = "body::json")]
    pub(crate) transformation: Transformation,
}

impl Entity for NamedTransformation {
    type Id = TransformationId;
    const NAME: &'static str = "transformation";

    fn draw_id(table: &Table) -> Result<TransformationId, NoRandomness> {
        table.bytes(Self::NAME, 0).map(TransformationId::new)
    }

    fn parse_id(text: &str) -> Option<TransformationId> {
        TransformationId::parse(text).ok()
    }

    fn key(merchant: &MerchantId, id: &TransformationId) -> Key {
        Key::transformation(merchant, id)
    }
}
