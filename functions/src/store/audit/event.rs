use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use shared::ids::MerchantId;
use shared::order_network::audit;
use shared::time::Timestamp;

use crate::store::cause::Cause;
use crate::store::keys::Key;
use crate::store::{StoreError, Table};

/// Bytes of the changes in an event. An event is one item of at most 400 KB, which a reason repeated by every item of a
/// large order would exceed. The limit still fits the status of 500 items.
const LISTED_BYTES_MAX: usize = 40 * 1024;

/// A stored event. Absent members did not change.
#[skip_serializing_none]
#[derive(Serialize)]
pub(crate) struct Event {
    #[serde(flatten)]
    key: Key,
    at: i64,
    action: String,
    actor: String,
    reason: Option<String>,
    request_id: Option<String>,
    /// JSON list of changes; absent if there are none.
    changes: Option<String>,
    /// Number of changes that are left out; absent if none are.
    omitted: Option<usize>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct StoredEvent {
    sk: String,
    at: i64,
    action: String,
    actor: String,
    reason: Option<String>,
    request_id: Option<String>,
    /// JSON list of changes.
    changes: Option<String>,
    omitted: Option<usize>,
}

impl Event {
    /// The event of a change, with as many of the changes as fit.
    pub(crate) fn new(key: Key, at: Timestamp, cause: &Cause, changes: &[audit::Change]) -> Self {
        let listed = listed(changes);
        let omitted = changes.len().saturating_sub(listed.len());
        Self {
            key,
            at: at.milliseconds(),
            action: cause.action.clone().unwrap_or_else(|| "Create".to_owned()),
            actor: cause.actor.clone().unwrap_or_else(|| "merchant".to_owned()),
            reason: cause.reason.clone(),
            request_id: cause.request_id.clone(),
            changes: serde_json::to_string(&listed).ok().filter(|_| !listed.is_empty()),
            omitted: (omitted > 0).then_some(omitted),
        }
    }
    /// Bytes of its long texts.
    pub(super) fn bytes(&self) -> usize {
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        length(&self.changes).saturating_add(length(&self.reason))
    }
}

impl StoredEvent {
    /// Its position in the log.
    pub(crate) fn place(&self) -> &str {
        &self.sk
    }

    /// The version after the change.
    pub(crate) fn version(&self) -> &str {
        self.sk.trim_start_matches('0')
    }

    pub(crate) fn told(self, id: String, merchant: &MerchantId, resource: audit::Reference) -> audit::AuditEvent {
        audit::AuditEvent {
            id,
            at: Timestamp::from_milliseconds(self.at).to_rfc3339_milliseconds(),
            actor: audit::Reference::of_actor(&self.actor, merchant.as_str()),
            action: self.action,
            resource,
            changes: self.changes.and_then(|changes| serde_json::from_str(&changes).ok()).unwrap_or_default(),
            omitted_changes: self.omitted,
            reason: self.reason,
            request_id: self.request_id,
        }
    }
}

/// The changes that fit into an event: the shortest ones, in their original order.
fn listed(changes: &[audit::Change]) -> Vec<&audit::Change> {
    let bytes = |change: &audit::Change| serde_json::to_string(change).map_or(usize::MAX, |json| json.len());
    let mut sizes: Vec<(usize, usize)> =
        changes.iter().map(bytes).enumerate().map(|(index, size)| (size, index)).collect();
    sizes.sort_unstable();
    let mut room = LISTED_BYTES_MAX;
    let fits = |(size, index): (usize, usize)| {
        room = room.checked_sub(size.saturating_add(1))?;
        Some(index)
    };
    let kept: BTreeSet<usize> = sizes.into_iter().map_while(fits).collect();
    changes.iter().enumerate().filter(|(index, _)| kept.contains(index)).map(|(_, change)| change).collect()
}

impl Table {
    /// The newest events of a log below the position `before`.
    pub(crate) async fn audit_events(
        &self,
        partition: &str,
        before: Option<&str>,
        events_max: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let items = self.query_below(partition, before, events_max).await?;
        let event = |item| serde_dynamo::from_item(item).map_err(StoreError::fault);
        items.into_iter().map(event).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::to_raw_value;
    use shared::order_network::audit::changes;

    use super::{LISTED_BYTES_MAX, listed};

    #[test]
    fn an_event_lists_the_shortest_changes_in_their_order() {
        let items = |status: &str, reason: &str| {
            let item = serde_json::json!({"status": status, "statusDesc": reason});
            to_raw_value(&serde_json::json!({"items": vec![item; 500], "status": status})).unwrap()
        };
        let short = changes(&items("Open", "a"), &items("Failed", "b"));
        assert!(short.len() == 1001 && listed(&short[..400]) == short[..400].iter().collect::<Vec<_>>());
        let long = changes(&items("Open", ""), &items("Failed", &"x".repeat(1_000)));
        let kept = listed(&long);
        let statuses = kept.iter().filter(|change| change.pointer.ends_with("/status")).count();
        assert_eq!((long.len(), statuses), (1001, 501));
        assert!(serde_json::to_string(&kept).unwrap().len() <= LISTED_BYTES_MAX + 1);
        assert!(kept.is_sorted_by_key(|change| long.iter().position(|other| other == *change)));
    }
}
