//! Partially completed batches: some entries are removed from the request and reported in the answer as unprocessed.

use serde_json::{Map, Value, json};

/// The removed entries, to report in the answer.
pub(crate) enum Leftover {
    /// Statements of `BatchExecuteStatement`, by position.
    Statements(Vec<usize>),
    /// Keys of `BatchGetItem`, or writes of `BatchWriteItem`: the member of the answer and its value.
    Unprocessed(&'static str, Value),
    /// Entries of an SQS batch, by id.
    Entries(Vec<Value>),
}

/// Removes each entry of a batch for which `takes` returns true, but never the last one left; does nothing to other
/// calls.
pub(crate) fn reduce(operation: &str, body: &mut Value, mut takes: impl FnMut() -> bool) -> Option<Leftover> {
    match operation {
        "BatchExecuteStatement" => {
            let positions = take(body.get_mut("Statements")?.as_array_mut()?, &mut takes).0;
            (!positions.is_empty()).then_some(Leftover::Statements(positions))
        }
        "BatchGetItem" => unprocessed(body, "UnprocessedKeys", Some("Keys"), takes),
        "BatchWriteItem" => unprocessed(body, "UnprocessedItems", None, takes),
        "SendMessageBatch" | "DeleteMessageBatch" | "ChangeMessageVisibilityBatch" => {
            let entries = take(body.get_mut("Entries")?.as_array_mut()?, &mut takes).1;
            let ids: Vec<Value> = entries.iter().filter_map(|entry| entry.get("Id").cloned()).collect();
            (!ids.is_empty()).then_some(Leftover::Entries(ids))
        }
        _ => None,
    }
}

fn unprocessed(
    body: &mut Value,
    member: &'static str,
    list: Option<&str>,
    mut takes: impl FnMut() -> bool,
) -> Option<Leftover> {
    let mut left = Map::new();
    for (table, request) in body.get_mut("RequestItems")?.as_object_mut()? {
        let mut rest = request.clone();
        let entries = member_of(request, list)?.as_array_mut()?;
        let taken = take(entries, &mut takes).1;
        if taken.is_empty() {
            continue;
        }
        *member_of(&mut rest, list)? = taken.into();
        left.insert(table.clone(), rest);
    }
    (!left.is_empty()).then(|| Leftover::Unprocessed(member, left.into()))
}

fn member_of<'a>(value: &'a mut Value, member: Option<&str>) -> Option<&'a mut Value> {
    match member {
        Some(member) => value.get_mut(member),
        None => Some(value),
    }
}

/// The positions and entries that were removed.
fn take(entries: &mut Vec<Value>, takes: &mut impl FnMut() -> bool) -> (Vec<usize>, Vec<Value>) {
    let (mut positions, mut taken, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    let count = entries.len();
    for (position, entry) in std::mem::take(entries).into_iter().enumerate() {
        let is_last_left = kept.is_empty() && position.saturating_add(1) == count;
        if !is_last_left && takes() {
            positions.push(position);
            taken.push(entry);
        } else {
            kept.push(entry);
        }
    }
    *entries = kept;
    (positions, taken)
}

impl Leftover {
    /// Writes the removed entries into the answer.
    pub(crate) fn report_in(self, answer: &mut Value) {
        match self {
            Self::Statements(positions) => {
                let Some(responses) = answer.get_mut("Responses").and_then(Value::as_array_mut) else { return };
                for position in positions {
                    let error = json!({"Error": {"Code": "ThrottlingError", "Message": "simulated"}});
                    responses.insert(position.min(responses.len()), error);
                }
            }
            Self::Unprocessed(member, left) => {
                if let Some(members) = answer.as_object_mut() {
                    members.insert(member.to_owned(), left);
                }
            }
            Self::Entries(ids) => {
                let Some(members) = answer.as_object_mut() else { return };
                let failed = members.entry("Failed").or_insert_with(|| json!([]));
                let Some(failed) = failed.as_array_mut() else { return };
                failed.extend(ids.into_iter().map(
                    |id| json!({"Id": id, "Code": "InternalError", "Message": "simulated", "SenderFault": false}),
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::reduce;
    use serde_json::json;

    #[test]
    fn removed_entries_are_reported() {
        let mut odd = false;
        let mut alternating = move || {
            odd = !odd;
            odd
        };
        let mut body = json!({"Statements": [0, 1, 2]});
        let left = reduce("BatchExecuteStatement", &mut body, &mut alternating).unwrap();
        assert_eq!(body, json!({"Statements": [1]}));
        let mut answer = json!({"Responses": [{"TableName": "t"}]});
        left.report_in(&mut answer);
        assert_eq!(answer["Responses"].as_array().unwrap().len(), 3);
        assert!(answer["Responses"][1]["TableName"].is_string());

        let mut body = json!({"RequestItems": {"t": {"Keys": [0, 1], "ConsistentRead": true}}});
        let mut answer = json!({"Responses": {}});
        reduce("BatchGetItem", &mut body, || true).unwrap().report_in(&mut answer);
        assert_eq!(body["RequestItems"]["t"]["Keys"], json!([1]));
        assert_eq!(answer["UnprocessedKeys"], json!({"t": {"Keys": [0], "ConsistentRead": true}}));

        let mut body = json!({"Entries": [{"Id": "a"}, {"Id": "b"}]});
        let mut answer = json!({"Successful": [{"Id": "b"}]});
        reduce("SendMessageBatch", &mut body, || true).unwrap().report_in(&mut answer);
        assert_eq!(answer["Failed"][0]["Id"], "a");
        assert!(reduce("GetItem", &mut json!({}), || true).is_none());
        assert!(reduce("SendMessageBatch", &mut json!({"Entries": [{"Id": "a"}]}), || true).is_none());
    }
}
