mod ends;
mod laws;
mod table;

use super::{
    Assignment, CancelledLine, Command, DeadJob, Failure, Fulfilment, LineStatus, Lines, OrderState, Package, Port,
    Progress, Rejected, ShipmentStatus, Step, next_step, transition,
};
use crate::time::Timestamp;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(milliseconds)
}

fn state(letters: &str) -> OrderState {
    let lines = Lines::parse(letters).unwrap();
    OrderState { version: 7, lines, ..OrderState::accepted(Fulfilment::Vendors, 1, true, at(0)) }
}

/// Applies commands in sequence; each must change something.
fn after(mut order: OrderState, commands: &[Command]) -> OrderState {
    for command in commands {
        order = transition(&order, command, at(5)).unwrap_or_else(|error| panic!("{command:?}: {error}"));
    }
    order
}

fn give_up(reason: &str) -> Command {
    let dead = DeadJob { job: "j".to_owned(), message: "m".to_owned() };
    Command::GiveUp { reason: reason.to_owned(), dead: Some(dead) }
}

fn reject(number: u16) -> Command {
    Command::Report(number, Progress::Rejected { reason: "no blanks".to_owned() })
}

fn reason(failure: Option<&Failure>) -> Option<&str> {
    failure.map(|failure| failure.reason.as_str())
}

fn assign(ports: &[Port]) -> Command {
    let assignment = |(line, port): (usize, &Port)| Assignment { line, vendor: format!("{port:?}"), port: *port };
    Command::Assign(ports.iter().enumerate().map(assignment).collect())
}

fn parcel(lines: &[usize]) -> Package {
    let tracking = Some(format!("T{lines:?}"));
    Package { lines: lines.to_vec(), carrier: None, method: None, tracking, link: None, shipped_at: at(4) }
}

fn shipped(number: u16, lines: &[usize]) -> Command {
    Command::Report(number, Progress::Shipped(vec![parcel(lines)]))
}

#[test]
fn invalid_letters_are_located_but_not_shown() {
    for (letters, reason) in [
        ("OPQ", "line 3 of 3 has no known state"),
        ("secret", "line 1 of 6 has no known state"),
        ("", "line 1 of 0 has no known state"),
    ] {
        assert_eq!(Lines::parse(letters).unwrap_err().to_string(), reason);
    }
}

#[test]
fn order_status_follows_from_the_lines() {
    for (lines, status) in [
        ("O", "Open"),
        ("OC", "Open"),
        ("OX", "Open"),
        ("OP", "Processing"),
        ("PX", "Processing"),
        ("FP", "PartiallyFulfilled"),
        ("FO", "PartiallyFulfilled"),
        ("F", "Fulfilled"),
        ("FC", "Fulfilled"),
        ("FX", "Failed"),
        ("XC", "Failed"),
        ("CC", "Cancelled"),
    ] {
        assert_eq!(state(lines).status().as_str(), status, "{lines}");
        let held = OrderState { hold: Some("wait".to_owned()), ..state(lines) };
        let expected = if state(lines).status().has_ended() { status } else { "CustomerCareHold" };
        assert_eq!(held.status().as_str(), expected, "{lines}");
    }
}

#[test]
fn the_built_in_vendor_sends_the_first_line_then_the_rest() {
    let order = after(state("OOO"), &[assign(&[Port::Simulated; 3])]);
    assert_eq!((order.lines.letters().as_str(), order.version, order.updated_at), ("PPP", 8, at(5)));
    assert_eq!(next_step(&order), Some(Step::Ship(vec![(1, vec![0])])));
    let order = after(order, &[shipped(1, &[0])]);
    assert_eq!((order.lines.letters().as_str(), next_step(&order)), ("FPP", Some(Step::Ship(vec![(1, vec![1, 2])]))));
    let order = after(order, &[shipped(1, &[1, 2])]);
    assert_eq!((order.lines.letters().as_str(), next_step(&order)), ("FFF", None));
    assert_eq!(order.shipments[0].status, ShipmentStatus::Shipped);
}

#[test]
fn each_vendor_has_one_shipment() {
    let order = after(state("OOO"), &[assign(&[Port::Http, Port::Manual, Port::Http])]);
    let lines: Vec<_> = order.shipments.iter().map(|shipment| shipment.lines.clone()).collect();
    assert_eq!(lines, [vec![0, 2], vec![1]]);
    assert_eq!(next_step(&order), Some(Step::Submit(vec![1])));
    let order = after(order, &[Command::Accept(vec![1])]);
    assert_eq!(next_step(&order), None, "both vendors report by themselves");
}

#[test]
fn a_hold_stops_our_steps_but_not_vendor_reports() {
    let order = after(state("O"), &[assign(&[Port::Http]), Command::Hold("fraud?".to_owned())]);
    assert_eq!((order.status().as_str(), next_step(&order)), ("CustomerCareHold", None));
    let again = transition(&order, &Command::Hold("fraud?".to_owned()), at(6));
    assert_eq!(again, Err(Rejected::AlreadySo));
    let order = after(order, &[Command::Hold("no, the address".to_owned())]);
    assert_eq!(order.hold.as_deref(), Some("no, the address"), "the latest reason is reported");
    let order = after(order, &[Command::Accept(vec![1])]);
    let released = after(order.clone(), &[Command::Release]);
    assert_eq!(released.status().as_str(), "Processing");
    assert_eq!(after(order, &[shipped(1, &[])]).status().as_str(), "Fulfilled");
}

#[test]
fn orders_that_wait_have_no_next_step() {
    let order = OrderState { automatic: false, unready: vec![0], ..state("OO") };
    assert_eq!(next_step(&order), None);
    let order = after(order, &[Command::Start]);
    assert_eq!((next_step(&order), order.unready.len()), (Some(Step::Assign), 0));
    let unready = OrderState { unready: vec![1], ..state("OO") };
    let order = after(unready, &[assign(&[Port::Http, Port::Http])]);
    assert_eq!(next_step(&order), None, "a line of the shipment is not ready");
    assert_eq!(next_step(&after(order, &[Command::Ready(vec![1])])), Some(Step::Submit(vec![1])));
}

#[test]
fn a_vendor_that_accepts_late_is_told_of_a_cancel() {
    let order = after(state("OO"), &[assign(&[Port::Http, Port::Http]), Command::Cancel(None)]);
    assert_eq!((order.lines.letters().as_str(), next_step(&order)), ("CC", Some(Step::Recall(vec![1]))));
    assert_eq!(order.shipments[0].status, ShipmentStatus::Cancelled);
    let recalled = after(order, &[Command::Recalled(vec![(1, vec![0, 1])])]);
    assert_eq!(next_step(&recalled), None);
    // The submission was in flight all the time.
    let late = after(recalled, &[Command::Accept(vec![1])]);
    assert_eq!(next_step(&late), Some(Step::Recall(vec![1])));
    assert_eq!(transition(&late, &Command::Cancel(None), at(6)), Err(Rejected::AlreadySo));
}

#[test]
fn shipped_lines_cannot_be_cancelled_and_cancelled_lines_cannot_ship() {
    let order = after(state("OO"), &[assign(&[Port::Manual; 2]), shipped(1, &[0])]);
    let refused = transition(&order, &Command::Cancel(Some(vec![CancelledLine::whole(0)])), at(6));
    assert!(matches!(refused, Err(Rejected::NotAllowed(reason)) if reason == "item 1 of the order is Fulfilled"));
    let order = after(order, &[Command::Cancel(None)]);
    assert_eq!((order.lines.letters().as_str(), order.status().as_str()), ("FC", "Fulfilled"));
    assert_eq!(order.shipments[0].status, ShipmentStatus::Shipped);
    assert!(matches!(transition(&order, &shipped(1, &[1]), at(6)), Err(Rejected::NotAllowed(_))));
    assert_eq!(transition(&order, &shipped(1, &[0]), at(6)), Err(Rejected::AlreadySo), "reported twice");
}

#[test]
fn a_report_counts_entirely_or_not_at_all() {
    let report = |parcels: &[&[usize]]| {
        Command::Report(1, Progress::Shipped(parcels.iter().map(|lines| parcel(lines)).collect()))
    };
    let order = after(state("OOOO"), &[assign(&[Port::Manual, Port::Manual, Port::Manual, Port::Http])]);
    // The fourth line belongs to another shipment.
    let refused = transition(&order, &report(&[&[0], &[1], &[3]]), at(6));
    assert!(
        matches!(refused, Err(Rejected::NotAllowed(reason)) if reason == "item 4 of the order is not of this shipment")
    );
    let part = after(order, &[report(&[&[0], &[1]])]);
    assert_eq!((part.version, part.lines.letters().as_str(), part.shipments[0].packages.len()), (9, "FFPP", 2));
    assert_eq!(transition(&part, &report(&[&[1], &[0]]), at(6)), Err(Rejected::AlreadySo), "reported twice");
    let whole = after(part, &[report(&[&[0], &[2]])]);
    assert_eq!((whole.version, whole.shipments[0].packages.len()), (10, 3), "new parcels count");
    assert_eq!(whole.shipments[0].status, ShipmentStatus::Shipped);
}

#[test]
fn giving_up_fails_our_pending_lines_and_a_restart_revives_them() {
    let ports = [Port::Http, Port::Manual, Port::Simulated];
    let give_up = give_up("vendor Http: 500");
    let order = after(state("OOO"), &[assign(&ports), give_up.clone()]);
    assert_eq!((order.lines.letters().as_str(), next_step(&order)), ("XPX", None));
    assert_eq!(order.failure.as_ref().unwrap().dead.as_ref().unwrap().job, "j");
    let restarted = after(order.clone(), &[Command::Restart]);
    assert_eq!((restarted.lines.letters().as_str(), next_step(&restarted)), ("PPP", Some(Step::Submit(vec![1]))));
    // The vendor had it after all.
    let sent = after(order, &[shipped(1, &[])]);
    assert_eq!(sent.lines.letters(), "FPX");
    let open = after(state("OF"), &[give_up]);
    assert_eq!((open.status().as_str(), after(open, &[Command::Restart]).lines.letters().as_str()), ("Failed", "OF"));
}

#[test]
fn a_recall_that_is_given_up_is_kept_for_a_restart() {
    let order = after(state("O"), &[assign(&[Port::Http]), Command::Cancel(None)]);
    let order = after(order, &[give_up("no answer")]);
    assert_eq!((order.status().as_str(), next_step(&order)), ("Cancelled", None));
    let order = after(order, &[Command::Restart]);
    assert_eq!(next_step(&order), Some(Step::Recall(vec![1])));
    assert_eq!(after(order, &[Command::Recalled(vec![(1, vec![0])])]).recall_failure, None);
}

/// A vendor that could not be told of a cancelled line and a failed line are separate failures.
#[test]
fn a_recall_that_is_given_up_does_not_hide_a_failure() {
    let order = after(
        state("OO"),
        &[assign(&[Port::Http; 2]), Command::Accept(vec![1]), Command::Cancel(Some(vec![CancelledLine::whole(0)]))],
    );
    let order = after(order, &[give_up("no answer"), reject(1)]);
    assert_eq!(reason(order.failure.as_ref()), Some("no blanks"));
    assert_eq!(reason(order.recall_failure.as_ref()), Some("no answer"));
    let order = after(order, &[Command::Restart]);
    assert_eq!((&order.failure, &order.recall_failure), (&None, &None));
    assert_eq!(next_step(&order), Some(Step::Recall(vec![1])));
}

#[test]
fn a_late_acceptance_revives_failed_lines() {
    let given_up = after(state("O"), &[assign(&[Port::Http]), give_up("vendor Http: no answer")]);
    for news in [Command::Accept(vec![1]), Command::Report(1, Progress::InProduction)] {
        let order = after(given_up.clone(), &[news]);
        assert_eq!((order.lines.letters().as_str(), &order.failure), ("P", &None));
        assert_eq!(order.shipments[0].status, ShipmentStatus::InProduction);
    }
    // If the vendor rejects it, it stays failed, and the dead job can still restart it.
    let order = after(given_up, &[reject(1)]);
    let failure = order.failure.as_ref().unwrap();
    assert_eq!((failure.reason.as_str(), failure.dead.is_some()), ("no blanks", true));
}

#[test]
fn a_line_that_one_vendor_ships_is_recalled_from_the_other() {
    let restarted = [Command::Accept(vec![1]), reject(1), Command::Restart, assign(&[Port::Http; 2])];
    let order = after(after(state("OO"), &[assign(&[Port::Http; 2])]), &restarted);
    let order = after(order, &[Command::Accept(vec![2]), shipped(1, &[0])]);
    assert_eq!((order.lines.letters().as_str(), next_step(&order)), ("FP", Some(Step::Recall(vec![2]))));
    assert_eq!(order.shipments[0].status, ShipmentStatus::Rejected, "the rest is with the other vendor");
    let order = after(order, &[shipped(1, &[1])]);
    assert_eq!((&order.shipments[1].recall, order.shipments[1].status), (&vec![0, 1], ShipmentStatus::Cancelled));
    // A late acceptance is recalled again.
    let recalled = after(order, &[Command::Recalled(vec![(2, vec![0, 1])])]);
    assert_eq!(next_step(&recalled), None);
}

#[test]
fn only_lines_that_may_have_been_sent_are_recalled() {
    let unready = OrderState { unready: vec![0], ..state("O") };
    let order = after(unready.clone(), &[assign(&[Port::Http]), Command::Cancel(None)]);
    assert_eq!((order.status().as_str(), next_step(&order)), ("Cancelled", None));
    let ready = after(unready, &[assign(&[Port::Http]), Command::Ready(vec![0]), Command::Cancel(None)]);
    assert_eq!(next_step(&ready), Some(Step::Recall(vec![1])));
}

#[test]
fn the_built_in_vendor_waits_for_artwork() {
    let unready = OrderState { unready: vec![1], ..state("OO") };
    let order = after(unready, &[assign(&[Port::Simulated; 2]), shipped(1, &[0])]);
    assert_eq!(next_step(&order), None);
    assert_eq!(next_step(&after(order, &[Command::Ready(vec![1])])), Some(Step::Ship(vec![(1, vec![1])])));
}

#[test]
fn a_rejected_shipment_fails_its_lines_and_a_restart_reassigns_them() {
    let reject = reject(1);
    let order = after(state("OO"), &[assign(&[Port::Http, Port::Http]), Command::Accept(vec![1]), reject.clone()]);
    assert_eq!((order.status().as_str(), order.shipments[0].status), ("Failed", ShipmentStatus::Rejected));
    let expected = Failure { reason: "no blanks".to_owned(), dead: None };
    assert_eq!(order.failure, Some(expected));
    assert_eq!(transition(&order, &reject, at(6)), Err(Rejected::AlreadySo));
    let order = after(order, &[Command::Restart, assign(&[Port::Manual, Port::Manual])]);
    assert_eq!((order.shipments.len(), order.shipments[1].number), (2, 2));
}

fn port() -> impl Strategy<Value = Port> {
    prop_oneof![Just(Port::Http), Just(Port::Manual), Just(Port::Simulated)]
}

fn command() -> impl Strategy<Value = Command> {
    let lines = || proptest::collection::vec(0..4_usize, 0..4);
    prop_oneof![
        Just(Command::Start),
        lines().prop_map(Command::Ready),
        proptest::collection::vec((0..4_usize, port()), 0..4).prop_map(|lines| {
            let assignment = |(line, port)| Assignment { line, vendor: format!("{port:?}"), port };
            Command::Assign(lines.into_iter().map(assignment).collect())
        }),
        proptest::collection::vec(1..4_u16, 0..3).prop_map(Command::Accept),
        (1..4_u16, lines()).prop_map(|recall| Command::Recalled(vec![recall])),
        (1..4_u16, lines(), lines()).prop_map(|(number, one, other)| {
            Command::Report(number, Progress::Shipped(vec![parcel(&one), parcel(&other)]))
        }),
        (1..4_u16).prop_map(|number| Command::Report(number, Progress::InProduction)),
        (1..4_u16).prop_map(|number| Command::Report(number, Progress::Delivered)),
        (1..4_u16).prop_map(|number| Command::Report(number, Progress::Rejected { reason: "no".to_owned() })),
        proptest::option::of(lines()).prop_map(|lines| Command::Cancel(
            lines.map(|lines| lines.into_iter().map(CancelledLine::whole).collect())
        )),
        Just(Command::Hold("stop".to_owned())),
        Just(Command::Release),
        Just(give_up("no")),
        Just(Command::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever happens in whatever order: shipped lines stay shipped, cancelled lines stay cancelled and are in no
    /// parcel, each line is in at most one live shipment and one parcel, and versions rise by one.
    #[test]
    fn the_aggregate_keeps_its_invariants(commands in proptest::collection::vec(command(), 0..30), automatic in any::<bool>()) {
        let mut order = OrderState::accepted(Fulfilment::Vendors, 4, automatic, at(0));
        for command in commands {
            let Ok(next) = transition(&order, &command, at(1)) else { continue };
            prop_assert_eq!(next.version, order.version + 1);
            for (before, after) in order.lines.iter().zip(next.lines.iter()) {
                let is_final = matches!(before, LineStatus::Fulfilled | LineStatus::Cancelled);
                prop_assert!(!is_final || before == after, "{:?}", command);
            }
            for line in 0..4 {
                let live = next.shipments.iter().filter(|shipment| shipment.status.is_live() && shipment.lines.contains(&line));
                prop_assert!(live.count() <= 1);
                let parcels = next.shipments.iter().flat_map(|shipment| &shipment.packages).filter(|parcel| parcel.lines.contains(&line));
                prop_assert_eq!(parcels.count(), usize::from(next.lines.get(line) == Some(LineStatus::Fulfilled)));
            }
            order = next;
        }
    }

    /// Without interference, and with vendors that comply, every order reaches its end, and each step changes it.
    #[test]
    fn our_steps_end_every_order(commands in proptest::collection::vec(command(), 0..20), ports in proptest::collection::vec(port(), 4)) {
        let mut order = OrderState::accepted(Fulfilment::Vendors, 4, true, at(0));
        for command in commands.iter().chain(&[Command::Release, Command::Start]) {
            order = transition(&order, command, at(1)).unwrap_or(order);
        }
        let mut steps = 0;
        loop {
            let command = match next_step(&order) {
                Some(Step::Assign) => assign(&ports),
                Some(Step::Submit(numbers)) => Command::Accept(numbers),
                Some(Step::Recall(numbers)) => {
                    let recalls = numbers.iter().map(|number| (*number, order.shipment(*number).unwrap().recall.clone()));
                    Command::Recalled(recalls.collect())
                }
                Some(Step::Ship(parcels)) => shipped(parcels[0].0, &parcels[0].1),
                Some(Step::Allocate) => panic!("network orders have no stock"),
                None => match order.shipments.iter().find(|shipment| shipment.status.is_live() && shipment.lines.iter().any(|line| order.lines.get(*line) == Some(LineStatus::Processing))) {
                    Some(shipment) if !order.unready.is_empty() => { let _ = shipment; Command::Start }
                    Some(shipment) => shipped(shipment.number, &[]),
                    None => break,
                },
            };
            order = transition(&order, &command, at(2)).unwrap_or_else(|error| panic!("{command:?}: {error}"));
            steps += 1;
            prop_assert!(steps <= 40);
        }
        prop_assert!(order.lines.status().has_ended());
    }

    #[test]
    fn letters_round_trip(letters in "[OPFCX]{1,12}") {
        prop_assert_eq!(Lines::parse(&letters).unwrap().letters(), letters);
    }
}
