//! A rate schedule: the first invocation comes after one period, as on AWS.

use serde_json::json;
use tokio::sync::watch;

use super::{Sources, sleep};
use crate::template::{ACCOUNT, REGION, Schedule};

pub(super) async fn run(sources: Sources, function: String, schedule: Schedule, mut stop: watch::Receiver<bool>) {
    while sleep(schedule.every, &mut stop).await {
        let event = json!({
            "version": "0",
            "id": uuid::Uuid::new_v4().to_string(),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": ACCOUNT,
            "region": REGION,
            "resources": [format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/{}", schedule.event)],
            "detail": {},
        });
        if let Err(error) = sources.functions.invoke(&function, event).await {
            tracing::error!(function, error, "scheduled function {function} failed");
        }
    }
}
