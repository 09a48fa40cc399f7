use serde_json::json;

use super::*;

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(milliseconds)
}

fn begun() -> Delivery {
    let job: DeliveryJob = serde_json::from_value(json!({
        "merchant": "b234ee56-7890-4f12-a123-4567890abcde", "subscription": "ffffffff-ffff-4fff-bfff-ffffffffffff",
        "order": {"pk": "a", "sk": "order"}, "version": 3, "event": "ShipmentCreated", "shipment": "s",
        "at": 1_000, "request_id": "r", "attempt": 0,
    }))
    .unwrap();
    Delivery::begun(job, Some("o".to_owned()), "{}".to_owned(), at(5_000))
}

fn answered(status: u16) -> Attempt {
    Attempt { at: at(6_000), status: Some(status), error: None, duration_ms: 7 }
}

#[test]
fn items_read_back() {
    for delivery in
        [begun(), begun().after(answered(500), Some(Next::Sweep(at(9_000)))), begun().after(answered(200), None)]
    {
        assert_eq!(from_item::<Delivery>(to_item(&delivery).unwrap()).unwrap(), delivery);
    }
}

#[test]
fn a_delivery_is_in_the_index_only_while_an_attempt_is_to_come() {
    let first = begun();
    assert!(first.awaits(0) && !first.awaits(1));
    assert_eq!((first.due_at, first.held_until), (Some(5 + GRACE_SECONDS), Some(at(5_000 + HOLD_MS))));

    let by_message = first.clone().after(answered(500), Some(Next::Message(at(11_000))));
    assert!(by_message.awaits(1));
    assert_eq!((by_message.due_at, by_message.held_until), (Some(11 + GRACE_SECONDS), None));
    assert_eq!(by_message.next_job().unwrap().attempt, 1);

    let by_sweep = by_message.after(answered(500), Some(Next::Sweep(at(2_000_000))));
    assert_eq!(by_sweep.due_at, Some(2_000));
    assert!(by_sweep.is_due(at(2_000_000)) && !by_sweep.is_due(at(1_999_999)));

    for (over, state) in [
        (first.clone().after(answered(204), None), DeliveryState::Delivered),
        // Even if the caller has planned another.
        (first.clone().after(answered(204), Some(Next::Message(at(1)))), DeliveryState::Delivered),
        (first.after(answered(410), None), DeliveryState::Failed),
    ] {
        assert_eq!(
            (over.delivery_state, over.due_at, &over.due_shard, over.next_attempt_at),
            (state, None, &None, None)
        );
        assert!(!over.awaits(over.attempts));
    }
}

#[test]
fn the_last_ten_attempts_are_kept() {
    let mut delivery = begun();
    for status in 500..515 {
        delivery = delivery.after(answered(status), Some(Next::Message(at(1))));
    }
    let kept: Vec<_> = delivery.last_attempts.iter().filter_map(|attempt| attempt.status).collect();
    assert_eq!((kept, delivery.attempts), ((505..515).collect(), 15));
}
