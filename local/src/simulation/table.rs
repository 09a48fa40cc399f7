//! The content of a world's table and its history, for checks.

use serde_json::{Map, Value, json};

use super::world::World;
use crate::aws::blocking::Blocking;
use crate::aws::dynamodb::{SequenceNumber, StreamError};

/// An item of the table: strings and numbers as strings, other values unchanged.
pub type Item = Map<String, Value>;

/// A write, as the table's stream reports it.
#[derive(Clone, Debug)]
pub struct Change {
    /// The item before; empty if there was none.
    pub before: Item,
    /// The item after; empty if it was deleted.
    pub after: Item,
}

/// Stream records per read.
const RECORDS_MAX: usize = 1_000;

impl World {
    /// Every item of the table.
    #[must_use]
    pub fn items(&self) -> Vec<Item> {
        self.scan(None)
    }

    pub(super) fn scan(&self, index: Option<&str>) -> Vec<Item> {
        let tables = self.stack.tables.iter();
        tables.flat_map(|table| self.tables.items(&table.name, index)).map(|item| plain_item(&item)).collect()
    }

    /// Every write to the table since the start of the world, oldest first.
    ///
    /// # Errors
    ///
    /// The stream cannot be read.
    pub async fn changes(&self) -> Result<Vec<Change>, StreamError> {
        let mut changes = Vec::new();
        for table in &self.stack.tables {
            let reader = self.tables.stream(&table.name)?.reading(Blocking::InPlace);
            let mut place = None;
            loop {
                let records = reader.records(place.clone(), RECORDS_MAX).await?;
                let Some(last) = records.last().and_then(SequenceNumber::of) else { break };
                place = Some(last);
                let image = |record: &Value, name: &str| {
                    record.get("dynamodb").and_then(|change| change.get(name)).map(plain_item).unwrap_or_default()
                };
                changes.extend(
                    records
                        .iter()
                        .map(|record| Change { before: image(record, "OldImage"), after: image(record, "NewImage") }),
                );
            }
        }
        Ok(changes)
    }
}

/// An SDK item as DynamoDB's JSON.
pub(crate) fn item_json(item: &crate::demo::Item) -> Value {
    use aws_sdk_dynamodb::types::AttributeValue;
    let value = |value: &AttributeValue| match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::Bool(flag) => json!({ "BOOL": flag }),
        _ => json!({ "NULL": true }),
    };
    item.iter().map(|(name, attribute)| (name.clone(), value(attribute))).collect::<Map<String, Value>>().into()
}

/// An item without its type descriptors.
fn plain_item(item: &Value) -> Item {
    item.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), plain(value))).collect()
}

fn plain(value: &Value) -> Value {
    let Some((kind, content)) = value.as_object().and_then(|members| members.iter().next()) else {
        return Value::Null;
    };
    match kind.as_str() {
        "L" => content.as_array().into_iter().flatten().map(plain).collect(),
        "M" => plain_item(content).into(),
        "NULL" => Value::Null,
        _ => content.clone(),
    }
}
