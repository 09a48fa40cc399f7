//! The first byte selects the kind of body, the rest is the body. Asserts the invariants of every verdict, and compares
//! well-formedness with `serde_json`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use serde_json::Value;
use shared::Code;
use shared::validation::{Body, validate};

fuzz_target!(|data: &[u8]| {
    let Some((first, bytes)) = data.split_first() else { return };
    let body = Body::ALL[usize::from(*first) % Body::ALL.len()];
    let verdict = validate(body, bytes);

    let json: Value = serde_json::from_str(&verdict.to_json()).expect("a verdict is JSON");
    assert_eq!(json["valid"], verdict.is_valid());
    assert!(verdict.violations().len() == 0 || verdict.orders().len() == 0);
    for order in verdict.orders() {
        assert!(std::str::from_utf8(&bytes[order.span()]).is_ok());
        assert_eq!(order.is_valid(), order.violations().len() == 0);
    }

    // Both must agree, except for what the validator rejects on purpose: lone surrogates and deep nesting. (`serde_json`
    // does not check that ignored strings are UTF-8, so check that first.)
    let fault =
        verdict.violations().find(|found| matches!(found.code(), Code::NotJson | Code::InvalidUtf8 | Code::TooDeep));
    let is_json = std::str::from_utf8(bytes).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok());
    match fault {
        None => assert!(is_json, "only the validator accepts it"),
        Some(fault) if fault.code() == Code::TooDeep || fault.message().contains("surrogate") => {}
        Some(fault) => assert!(!is_json, "only the validator rejects it: {}", fault.message()),
    }

    // A second run gives the same verdict.
    assert_eq!(validate(body, bytes).to_json(), verdict.to_json());
});
