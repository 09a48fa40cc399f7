//! The page of an order's states: what each command makes of each, as a table and as a diagram.

use std::collections::{BTreeMap, BTreeSet};

use super::COMMAND;
use crate::order::OrderStatus;
use crate::order::table::{Outcome, TABLE};

pub(super) fn page() -> String {
    let mut page = format!(
        "<!-- Written by `{COMMAND}` from shared/src/order/table.rs, which a test holds against the transitions. -->\n\n\
         # States of an order\n\n\
         An order's status is a function of its items and its hold; it is never stored. One pure function, `transition` in \
         [`shared/src/order/transition.rs`](../src/order/transition.rs), decides what a command makes of an order.\n\n\
         ## Commands\n\n\
         A cell names the statuses that the order can have afterwards; where there are several, it depends on its items. \
         *same*: it has its effect already, nothing is written, and whoever asked may take it as done. *refused*: the state does not \
         allow it, which is answered 422.\n\n| command |"
    );
    for status in OrderStatus::ALL {
        page.push_str(&format!(" {} |", status.as_str()));
    }
    page.push_str("\n|---|");
    page.push_str(&"---|".repeat(OrderStatus::ALL.len()));
    for row in TABLE {
        page.push_str(&format!("\n| {} |", row.command));
        for status in OrderStatus::ALL {
            let outcomes: Vec<&str> = row.outcomes(status).map(name).collect();
            page.push_str(&format!(" {} |", if outcomes.is_empty() { "-".to_owned() } else { outcomes.join(", ") }));
        }
    }
    page.push_str("\n\n| command | from | refused when |\n|---|---|---|\n");
    for row in TABLE {
        let refused = if row.refused.is_empty() { "never" } else { row.refused };
        page.push_str(&format!("| {} | {} | {refused} |\n", row.command, row.from));
    }
    page.push_str(&diagram());
    page
}

const fn name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::To(status) => status.as_str(),
        Outcome::AlreadySo => "*same*",
        Outcome::Refused => "*refused*",
    }
}

/// One arrow for each pair of statuses, with the commands that lead from the one to the other.
fn diagram() -> String {
    let mut arrows: BTreeMap<(OrderStatus, OrderStatus), BTreeSet<&str>> = BTreeMap::new();
    for row in TABLE {
        for from in OrderStatus::ALL {
            for outcome in row.outcomes(from) {
                if let Outcome::To(to) = outcome
                    && to != from
                {
                    arrows.entry((from, to)).or_default().insert(row.command);
                }
            }
        }
    }
    let mut diagram =
        "\n## Diagram\n\nWhat leads from one status to another.\n\n```mermaid\nstateDiagram-v2\n    [*] --> Open\n"
            .to_owned();
    for ((from, to), commands) in arrows {
        let commands: Vec<&str> = commands.into_iter().collect();
        diagram.push_str(&format!("    {} --> {}: {}\n", from.as_str(), to.as_str(), commands.join(", ")));
    }
    diagram.push_str("```\n");
    diagram
}
