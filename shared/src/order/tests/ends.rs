//! Holds, releases and cancels that come too late.

use super::super::{CancelledLine, Command, Port, Rejected, Units, next_step, transition};
use super::{after, assign, at, reject, shipped, state};

#[test]
fn ended_orders_cannot_be_held() {
    let held = after(state("OO"), &[assign(&[Port::Manual; 2]), Command::Hold("who?".to_owned())]);
    for end in [shipped(1, &[]), Command::Cancel(None)] {
        let order = after(held.clone(), &[end]);
        assert_eq!((&order.hold, next_step(&order)), (&None, None));
        for command in [Command::Release, Command::Restart, Command::Start] {
            let refused = transition(&order, &command, at(6));
            assert!(matches!(refused, Err(Rejected::NotAllowed(_))), "{command:?} {refused:?}");
        }
    }
    // A failed order may be restarted, and must not run past its hold.
    let failed = after(held, &[reject(1)]);
    assert_eq!((failed.status().as_str(), failed.hold.as_deref()), ("Failed", Some("who?")));
    assert_eq!(after(failed, &[Command::Restart]).status().as_str(), "CustomerCareHold");
}

#[test]
fn partly_delivered_orders_cannot_be_stopped() {
    let order = after(state("OO"), &[assign(&[Port::Manual; 2])]);
    let hold = |reason: &str| Command::Hold(reason.to_owned());
    let refused = transition(&after(order.clone(), &[shipped(1, &[0])]), &hold("who?"), at(6));
    assert_eq!(refused, Err(Rejected::NotAllowed("the order is PartiallyFulfilled".to_owned())));
    let held = after(order, &[hold("who?"), shipped(1, &[0]), hold("no answer")]);
    assert_eq!((held.status().as_str(), held.hold.as_deref()), ("CustomerCareHold", Some("no answer")));
    assert_eq!(after(held, &[Command::Release]).status().as_str(), "PartiallyFulfilled");
}

#[test]
fn units_of_a_cancelled_line_cannot_be_cancelled_again() {
    let line = |count| CancelledLine { line: 0, units: Some(Units { count, ordered: 3 }) };
    let order = after(state("OO"), &[Command::Cancel(Some(vec![line(2)])), Command::Cancel(Some(vec![line(1)]))]);
    assert_eq!(order.lines.letters(), "CO");
    let refused = transition(&order, &Command::Cancel(Some(vec![line(1)])), at(6));
    assert_eq!(refused, Err(Rejected::NotAllowed("item 1 of the order has 0 units left, not 1".to_owned())));
    let whole = Command::Cancel(Some(vec![CancelledLine::whole(0)]));
    assert_eq!(transition(&order, &whole, at(6)), Err(Rejected::AlreadySo));
}
