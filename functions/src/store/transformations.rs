//! Transformations of inbound orders.
//!
//! No earlier version is kept: every receipt holds the rules that it was received with ([`super::receipts`]).

use serde::{Deserialize, Serialize};
use shared::ids::MerchantId;
use shared::order_network::inbound::TransformationId;
use shared::order_network::transform::Transformation;

use super::body;
use super::entity::Entity;
use super::keys::Key;

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

    fn key(merchant: &MerchantId, id: &TransformationId) -> Key {
        Key::transformation(merchant, id)
    }
}
