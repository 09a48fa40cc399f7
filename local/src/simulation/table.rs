//! What a world's table holds, and what it went through, for those who check it.

use dynoxide::Database;
use serde_json::{Map, Value, json};

use super::world::World;
use crate::aws::blocking::Blocking;
use crate::aws::dynamodb::{SequenceNumber, StreamError, StreamReader};

/// An item of the table: numbers and texts as texts, the rest as it is.
pub type Item = Map<String, Value>;

/// A write, as the table's stream tells it.
#[derive(Clone, Debug)]
pub struct Change {
    /// The item before; empty where there was none.
    pub before: Item,
    /// The item after; empty where it was deleted.
    pub after: Item,
}

/// Records of the stream that are read at a time.
const RECORDS_MAX: usize = 1_000;

impl World {
    /// Every item of the table.
    #[must_use]
    pub fn items(&self) -> Vec<Item> {
        self.scan(None)
    }

    pub(super) fn scan(&self, index: Option<&str>) -> Vec<Item> {
        let mut items = Vec::new();
        for table in &self.stack.tables {
            let mut start = Value::Null;
            loop {
                let mut request = json!({"TableName": table.name});
                if let Some(members) = request.as_object_mut() {
                    members.extend(index.map(|index| ("IndexName".to_owned(), index.into())));
                    if !start.is_null() {
                        members.insert("ExclusiveStartKey".to_owned(), start);
                    }
                }
                let answer = serde_json::from_value(request).ok().and_then(|request| self.database.scan(request).ok());
                let Some(Value::Object(mut answer)) = answer.and_then(|answer| serde_json::to_value(answer).ok())
                else {
                    break;
                };
                let found = answer.remove("Items").and_then(|found| found.as_array().cloned()).unwrap_or_default();
                items.extend(found.iter().map(plain_item));
                start = answer.remove("LastEvaluatedKey").unwrap_or_default();
                if start.is_null() {
                    break;
                }
            }
        }
        items
    }

    /// Every write to the table since the world began, the oldest first.
    ///
    /// # Errors
    /// The stream cannot be read.
    pub async fn changes(&self) -> Result<Vec<Change>, StreamError> {
        let mut changes = Vec::new();
        for table in &self.stack.tables {
            let reader = StreamReader::open(Database::clone(&self.database), &table.name)?.reading(Blocking::InPlace);
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

/// An item of the SDK as the service's JSON.
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

/// An item without the names of its types.
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
