//! Invariants of quantities and refunds under random commands.

use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use rust_decimal::Decimal;

use super::super::{
    AskedRefund, CancelledLine, Command, Fulfilment, ItemUpdate, LineStatus, OrderState, Refund, Rejected, Units,
    Update, refund_id, transition,
};
use super::{at, command};

const ORDERED: u32 = 5;
/// Amount paid for the price and for the shipping of every line, in cents.
const PAID: [i64; 2] = [1_000, 250];

fn refund_of(rows: Vec<(usize, bool, i64)>, seed: u8) -> Command {
    let row = |(index, (line, is_shipping, cents)): (usize, (usize, bool, i64))| AskedRefund {
        refund: Refund {
            line,
            is_shipping,
            amount: Decimal::new(cents, 2),
            reason: "x".to_owned(),
            transaction_id: refund_id(&[seed; 16], index),
            at: at(1),
        },
        paid: Decimal::new(PAID[usize::from(is_shipping)], 2),
    };
    Command::Refund(rows.into_iter().enumerate().map(row).collect())
}

fn change() -> impl Strategy<Value = Command> {
    let units = (0..4_usize, 1..ORDERED + 2)
        .prop_map(|(line, count)| CancelledLine { line, units: Some(Units { count, ordered: ORDERED }) });
    let item = (0..4_usize, any::<[bool; 3]>()).prop_map(|(line, [body, amounts, ready])| ItemUpdate {
        line,
        body,
        amounts: body && amounts,
        ready,
    });
    let update = (any::<[bool; 2]>(), proptest::collection::vec(item, 0..3))
        .prop_map(|([addresses, order], items)| Command::Update(Update { addresses, order, items }));
    prop_oneof![
        command(),
        proptest::collection::vec(units, 1..4).prop_map(|lines| Command::Cancel(Some(lines))),
        (proptest::collection::vec((0..4_usize, any::<bool>(), 1..600_i64), 1..4), any::<u8>())
            .prop_map(|(rows, seed)| refund_of(rows, seed)),
        update,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn balances_and_quantities_stay_within_bounds(commands in proptest::collection::vec(change(), 0..40)) {
        let mut order = OrderState::accepted(Fulfilment::Vendors, 4, true, at(0));
        for (step, command) in commands.into_iter().enumerate() {
            let now = at(i64::try_from(step).unwrap() + 1);
            let next = match transition(&order, &command, now) {
                Ok(next) => next,
                Err(Rejected::ExceedsBalance(excesses)) => {
                    prop_assert!(excesses.iter().all(|excess| excess.balance >= Decimal::ZERO));
                    continue;
                }
                Err(_) => continue,
            };
            // Refunds are never taken back, and never exceed the amount paid.
            prop_assert!(next.refunds.starts_with(&order.refunds));
            for line in 0..4 {
                for is_shipping in [false, true] {
                    let paid = Decimal::new(PAID[usize::from(is_shipping)], 2);
                    prop_assert!(next.refunded(line, is_shipping) <= paid, "{command:?}");
                }
                // A line in progress has units left; cancelled units never return; and only lines in progress lose
                // units.
                let (before, after) = (order.units_cancelled(line), next.units_cancelled(line));
                prop_assert!(after < ORDERED && after >= before);
                prop_assert_eq!(next.units_left(line, ORDERED) + after, ORDERED);
                let status = next.lines.get(line).unwrap();
                prop_assert!(after == before || matches!(status, LineStatus::Open | LineStatus::Processing));
                // A line's time changes with it, and a cancelled line's time no longer changes.
                if order.lines.get(line) != next.lines.get(line) || after != before {
                    prop_assert_eq!(next.line_changed_at(line), Some(now));
                }
                if order.lines.get(line) == Some(LineStatus::Cancelled) {
                    prop_assert_eq!(next.line_cancelled_at(line), order.line_cancelled_at(line));
                }
                prop_assert_eq!(next.line_cancelled_at(line).is_some(), status == LineStatus::Cancelled);
            }
            order = next;
        }
    }

    /// A retried call with the same seed changes nothing.
    #[test]
    fn refunds_with_one_seed_are_made_once(rows in proptest::collection::vec((0..4_usize, any::<bool>(), 1..60_i64), 1..4), seed in any::<u8>()) {
        let order = OrderState::accepted(Fulfilment::Vendors, 4, true, at(0));
        let command = refund_of(rows, seed);
        let refunded = transition(&order, &command, at(1)).unwrap();
        prop_assert_eq!(transition(&refunded, &command, at(2)), Err(Rejected::AlreadySo));
    }
}

#[test]
fn a_call_makes_all_its_refunds_or_none() {
    let order = OrderState::accepted(Fulfilment::Vendors, 1, true, at(0));
    let Err(Rejected::ExceedsBalance(excesses)) =
        transition(&order, &refund_of(vec![(0, false, 600), (0, false, 401)], 1), at(1))
    else {
        panic!("the second refund exceeds what the first one leaves");
    };
    assert_eq!((excesses.len(), excesses[0].index, excesses[0].balance), (1, 1, Decimal::from(4)));
}
