//! Creates tables as the template declares them.

use crate::template::{Index, KeyAttribute, Projection, Table};
use dynoxide::{Database, DynoxideError};
use serde_json::{Value, json};

/// A table that cannot be created as declared.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The database returned an error.
    #[error("table {table}: {error}")]
    Refused {
        /// The table's name.
        table: String,
        /// The database's message.
        error: DynoxideError,
    },
    /// A table with that name but another shape exists. CloudFormation would replace it; here its items are kept, and
    /// the developer decides what to do with them.
    #[error("table {table} exists with another {part}: remove the stack's data directory to begin with an empty one")]
    Differs {
        /// The table's name.
        table: String,
        /// What differs.
        part: &'static str,
    },
    /// The declaration, or the database's description of the table, has an unexpected form.
    #[error("table {table}: {error}")]
    Shape {
        /// The table's name.
        table: String,
        /// The mismatch.
        error: serde_json::Error,
    },
}

/// Creates a table with its indexes, stream and expiry. An existing table with the same shape is left as it is.
///
/// # Errors
///
/// A table with another shape has that name, or the database fails.
pub fn create_table(database: &Database, table: &Table) -> Result<(), TableError> {
    let refused = |error| TableError::Refused { table: table.name.clone(), error };
    let shape = |error| TableError::Shape { table: table.name.clone(), error };
    let wanted = declaration(table);
    match database.create_table(serde_json::from_value(wanted.clone()).map_err(shape)?) {
        Ok(_) => {}
        Err(DynoxideError::ResourceInUseException(_)) => compare(database, table, &wanted)?,
        Err(error) => return Err(refused(error)),
    }
    if let Some(attribute) = &table.time_to_live {
        let name = json!({"TableName": table.name});
        let state = database
            .describe_time_to_live(serde_json::from_value(name).map_err(shape)?)
            .map_err(refused)
            .and_then(|state| serde_json::to_value(state).map_err(shape))?;
        let current = state.pointer("/TimeToLiveDescription/AttributeName").and_then(Value::as_str);
        if current != Some(attribute) {
            let update = json!({
                "TableName": table.name,
                "TimeToLiveSpecification": {"AttributeName": attribute, "Enabled": true},
            });
            database.update_time_to_live(serde_json::from_value(update).map_err(shape)?).map_err(refused)?;
        }
    }
    Ok(())
}

fn declaration(table: &Table) -> Value {
    let attributes: Vec<Value> = table
        .attributes
        .iter()
        .map(|(name, scalar)| json!({"AttributeName": name, "AttributeType": scalar.as_str()}))
        .collect();
    let mut declaration = json!({
        "TableName": table.name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": attributes,
        "KeySchema": key(&table.key),
    });
    if let Some(members) = declaration.as_object_mut() {
        if !table.indexes.is_empty() {
            members.insert("GlobalSecondaryIndexes".to_owned(), table.indexes.iter().map(index).collect());
        }
        if let Some(view) = &table.stream_view {
            let stream = json!({"StreamEnabled": true, "StreamViewType": view});
            members.insert("StreamSpecification".to_owned(), stream);
        }
    }
    declaration
}

fn key(key: &[KeyAttribute]) -> Value {
    key.iter()
        .map(|attribute| json!({"AttributeName": attribute.name, "KeyType": attribute.key_type.as_str()}))
        .collect()
}

fn index(index: &Index) -> Value {
    let projection = match &index.projection {
        Projection::All => json!({"ProjectionType": "ALL"}),
        Projection::KeysOnly => json!({"ProjectionType": "KEYS_ONLY"}),
        Projection::Include(names) => json!({"ProjectionType": "INCLUDE", "NonKeyAttributes": names}),
    };
    json!({"IndexName": index.name, "KeySchema": key(&index.key), "Projection": projection})
}

/// Compares the existing table with the declared one.
fn compare(database: &Database, table: &Table, wanted: &Value) -> Result<(), TableError> {
    let shape = |error| TableError::Shape { table: table.name.clone(), error };
    let name = json!({"TableName": table.name});
    let found = database
        .describe_table(serde_json::from_value(name).map_err(shape)?)
        .map_err(|error| TableError::Refused { table: table.name.clone(), error })?;
    let found = serde_json::to_value(found).map_err(shape)?;
    let found = found.get("Table").unwrap_or(&Value::Null);
    for (part, member, id) in [
        ("key", "KeySchema", "AttributeName"),
        ("set of key attributes", "AttributeDefinitions", "AttributeName"),
        ("set of indexes", "GlobalSecondaryIndexes", "IndexName"),
        ("stream", "StreamSpecification", ""),
    ] {
        if comparable(found, member, id) != comparable(wanted, member, id) {
            return Err(TableError::Differs { table: table.name.clone(), part });
        }
    }
    Ok(())
}

/// A member without the fields that only descriptions have, sorted where the order has no meaning.
fn comparable(of: &Value, member: &str, id: &str) -> Vec<Value> {
    const DECLARED: &[&str] = &[
        "AttributeName",
        "AttributeType",
        "IndexName",
        "KeySchema",
        "KeyType",
        "Projection",
        "StreamEnabled",
        "StreamViewType",
    ];
    let mut items = match of.get(member) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items.clone(),
        Some(other) => vec![other.clone()],
    };
    for item in &mut items {
        if let Some(members) = item.as_object_mut() {
            members.retain(|name, _| DECLARED.contains(&name.as_str()));
        }
    }
    items.sort_by_key(|item| item.get(id).and_then(Value::as_str).unwrap_or_default().to_owned());
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{KeyType, ScalarType};
    use std::collections::BTreeMap;

    fn table() -> Table {
        let attribute = |name: &str, key_type| KeyAttribute { name: name.to_owned(), key_type };
        Table {
            logical_id: "T".to_owned(),
            name: "stack-T".to_owned(),
            attributes: BTreeMap::from([
                ("pk".to_owned(), ScalarType::S),
                ("due_shard".to_owned(), ScalarType::S),
                ("due_at".to_owned(), ScalarType::N),
            ]),
            key: vec![attribute("pk", KeyType::Hash)],
            indexes: vec![Index {
                name: "due".to_owned(),
                key: vec![attribute("due_shard", KeyType::Hash), attribute("due_at", KeyType::Range)],
                projection: Projection::KeysOnly,
            }],
            stream_view: Some("NEW_AND_OLD_IMAGES".to_owned()),
            point_in_time_recovery: false,
            time_to_live: Some("expires".to_owned()),
        }
    }

    #[test]
    fn an_existing_table_is_kept_and_another_shape_is_rejected() {
        let database = Database::memory().expect("a database");
        create_table(&database, &table()).expect("created");
        create_table(&database, &table()).expect("left as it is");

        let other = Table { stream_view: None, ..table() };
        assert_eq!(
            create_table(&database, &other).expect_err("refused").to_string(),
            "table stack-T exists with another stream: remove the stack's data directory to begin with an empty one"
        );
        let mut other = table();
        other.indexes[0].projection = Projection::All;
        let error = create_table(&database, &other).expect_err("refused").to_string();
        assert!(error.contains("another set of indexes"), "{error}");
    }
}
