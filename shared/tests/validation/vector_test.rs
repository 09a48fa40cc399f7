//! Every vector gives exactly the violations that it lists.

use shared::validation::{Verdict, Violation, validate};

use crate::vectors;

fn lines<'v>(violations: impl Iterator<Item = Violation<'v>>) -> Vec<String> {
    let mut lines: Vec<_> = violations.map(|found| format!("{} {}", found.code(), found.pointer())).collect();
    lines.sort();
    lines
}

fn violations(verdict: &Verdict<'_>) -> Vec<String> {
    lines(verdict.violations().chain(verdict.orders().flat_map(|order| order.violations())))
}

fn warnings(verdict: &Verdict<'_>) -> Vec<String> {
    lines(verdict.orders().flat_map(|order| order.warnings()))
}

#[test]
fn every_vector_gives_its_expected_verdict() {
    let cases = vectors::all();
    assert!(cases.len() > 800, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let verdict = validate(case.body, &case.bytes);
        let expected = (&case.expect, case.warn.as_ref());
        let (violations, warnings) = (violations(&verdict), warnings(&verdict));
        if expected != (&violations, case.warn.as_ref().map(|_| &warnings)) {
            wrong.push(format!(
                "{} ({:?})\n  expected {:?} {:?}\n  found    {violations:?} {warnings:?}",
                case.name, case.body, case.expect, case.warn
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {} vectors:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn no_verdict_shows_a_card_number() {
    let mut found = 0;
    for case in vectors::all() {
        let json = validate(case.body, &case.bytes).to_json();
        found += usize::from(json.contains("CARD_NUMBER"));
        assert!(!shared::card::is_in(&json.replace("\\u00", "")), "{}: {json}", case.name);
    }
    assert!(found > 60, "only {found} vectors contain one");
}

#[test]
fn messages_are_lower_case_without_a_full_stop() {
    for case in vectors::all() {
        let verdict = validate(case.body, &case.bytes);
        let orders = verdict.orders().flat_map(|order| order.violations().chain(order.warnings()));
        for violation in verdict.violations().chain(orders) {
            let message = violation.message();
            assert!(message.starts_with(|c: char| c.is_ascii_lowercase()), "{message}");
            assert!(!message.ends_with('.'), "{message}");
        }
    }
}
