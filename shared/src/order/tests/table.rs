//! Compares the table with the transitions of every state that an order of two lines reaches.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::super::table::{Outcome, TABLE};
use super::super::{
    Allocation, AskedRefund, Assignment, CancelledLine, Command, Fulfilment, ItemUpdate, OrderState, OrderStatus, Port,
    Progress, Refund, Rejected, Units, Update, transition,
};
use super::{assign, at, shipped};

type Seen = BTreeMap<(&'static str, OrderStatus), BTreeSet<Outcome>>;

/// One command of each kind, with arguments that reach every branch of an order of two lines.
fn commands(fulfilment: Fulfilment) -> Vec<Command> {
    let mut commands = vec![
        Command::Start,
        Command::Ready(vec![0]),
        Command::Cancel(None),
        Command::Cancel(Some(vec![CancelledLine::whole(0)])),
        Command::Hold("stop".to_owned()),
        Command::Hold("other".to_owned()),
        Command::Release,
        Command::GiveUp { reason: "no".to_owned(), dead: None },
        Command::Restart,
    ];
    if fulfilment == Fulfilment::Stock {
        let allocation = |line| Allocation { line, first: 0, count: 1 };
        commands.extend([vec![allocation(0)], vec![allocation(0), allocation(1)]].map(Command::Allocate));
        return commands;
    }
    commands.extend([
        assign(&[Port::Http]),
        assign(&[Port::Http, Port::Http]),
        assign(&[Port::Manual, Port::Simulated]),
        Command::Accept(vec![1]),
        Command::Recalled(vec![(1, vec![0, 1])]),
        shipped(1, &[]),
        shipped(1, &[0]),
        shipped(2, &[]),
        Command::Report(1, Progress::InProduction),
        Command::Report(1, Progress::Delivered),
        Command::Report(1, Progress::Rejected { reason: "no".to_owned() }),
        Command::Cancel(Some(vec![CancelledLine { line: 0, units: Some(Units { count: 1, ordered: 2 }) }])),
    ]);
    let item = ItemUpdate { line: 0, body: true, amounts: true, ready: false };
    commands.extend([
        Command::Update(Update::default()),
        Command::Update(Update { addresses: true, ..Update::default() }),
        Command::Update(Update { order: true, ..Update::default() }),
        Command::Update(Update { items: vec![item], ..Update::default() }),
    ]);
    let refund = |id: &str, amount: u32| {
        let refund = Refund {
            line: 0,
            is_shipping: false,
            amount: amount.into(),
            reason: String::new(),
            transaction_id: id.to_owned(),
            at: at(0),
        };
        Command::Refund(vec![AskedRefund { refund, paid: 1_u32.into() }])
    };
    commands.extend([refund("a", 1), refund("b", 2)]);
    commands
}

fn note(order: &OrderState, command: &Command, seen: &mut Seen) -> Option<OrderState> {
    let (outcome, next) = match transition(order, command, at(0)) {
        Ok(next) => (Outcome::To(next.status()), Some(OrderState { version: 7, ..next })),
        Err(Rejected::AlreadySo) => (Outcome::AlreadySo, None),
        Err(Rejected::NotAllowed(_) | Rejected::ExceedsBalance(_)) => (Outcome::Refused, None),
    };
    seen.entry((command.name(), order.status())).or_default().insert(outcome);
    next
}

/// Visits every reachable state; orders with more than two shipments add nothing new.
fn explore(first: OrderState, seen: &mut Seen) {
    let commands = commands(first.fulfilment);
    let (mut known, mut open) = (HashSet::new(), vec![first]);
    while let Some(order) = open.pop() {
        for command in &commands {
            let Some(next) = note(&order, command, seen) else { continue };
            if next.shipments.len() <= 2 && known.insert(format!("{next:?}")) {
                open.push(next);
            }
        }
    }
}

/// One step from every combination of three lines, each with its own vendor: cases that need more than two lines.
fn explore_three(seen: &mut Seen) {
    let vendor =
        |line: usize| Command::Assign(vec![Assignment { line, vendor: format!("v{line}"), port: Port::Manual }]);
    let reject = |number| Command::Report(number, Progress::Rejected { reason: "no".to_owned() });
    for combination in 0..125_usize {
        let mut order = OrderState::accepted(Fulfilment::Vendors, 3, true, at(0));
        let mut numbers = 0;
        for line in 0..3 {
            let letter = combination / 5_usize.pow(u32::try_from(line).unwrap()) % 5;
            let steps = match letter {
                0 => vec![],
                1 => vec![vendor(line)],
                2 => vec![vendor(line), shipped(numbers + 1, &[])],
                3 => vec![vendor(line), reject(numbers + 1)],
                _ => vec![Command::Cancel(Some(vec![CancelledLine::whole(line)]))],
            };
            numbers += u16::from(matches!(letter, 1..=3));
            for step in steps {
                // A line that ends the order keeps the rest from being cancelled; fewer lines cover that combination.
                order = transition(&order, &step, at(0)).unwrap_or(order);
            }
        }
        for hold in [None, Some("stop".to_owned())] {
            let order = OrderState { hold, ..order.clone() };
            for command in commands(Fulfilment::Vendors) {
                note(&order, &command, seen);
            }
            for line in 0..3 {
                note(&order, &Command::Cancel(Some(vec![CancelledLine::whole(line)])), seen);
            }
            for number in 1..=3 {
                note(&order, &shipped(number, &[]), seen);
                note(&order, &reject(number), seen);
            }
        }
    }
}

#[test]
fn transitions_match_the_table() {
    let mut seen = Seen::new();
    for fulfilment in [Fulfilment::Vendors, Fulfilment::Stock] {
        let first = OrderState { version: 7, ..OrderState::accepted(fulfilment, 2, false, at(0)) };
        explore(OrderState { unready: vec![0], ..first }, &mut seen);
    }
    explore_three(&mut seen);
    let mut table = Seen::new();
    for row in TABLE {
        for status in OrderStatus::ALL {
            let outcomes: BTreeSet<Outcome> = row.outcomes(status).collect();
            if !outcomes.is_empty() {
                table.insert((row.command, status), outcomes);
            }
        }
    }
    let differs: Vec<_> = seen.iter().filter(|(place, outcomes)| table.get(*place) != Some(*outcomes)).collect();
    assert!(differs.is_empty(), "differs from the table: {differs:#?}");
    assert_eq!(seen.len(), table.len());
}
