//! One short body for each code that a body alone can give, for the error page.

use serde::Deserialize;

use super::super::{Body, validate};
use crate::Code;
use crate::limits::{BODY_BYTES_MAX, BULK_ORDERS_MAX, DEPTH_MAX};

pub(super) struct Example {
    pub(super) code: Code,
    pub(super) body: Body,
    pub(super) input: Input,
    /// What `limit` holds for this code, if anything.
    pub(super) limit: Option<&'static str>,
}

pub(super) enum Input {
    Text(&'static str),
    Bytes(&'static [u8]),
    /// A text with a part that is repeated.
    Repeat {
        before: &'static str,
        unit: &'static str,
        count: usize,
        after: &'static str,
    },
}

impl Input {
    pub(super) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.as_bytes().to_vec(),
            Self::Bytes(bytes) => bytes.to_vec(),
            Self::Repeat { before, unit, count, after } => format!("{before}{}{after}", unit.repeat(*count)).into(),
        }
    }
}

/// A violation or a warning, as the package for JavaScript gives it.
#[derive(Debug, Deserialize)]
pub(super) struct Finding {
    pub(super) pointer: String,
    pub(super) code: String,
    pub(super) message: String,
    pub(super) limit: Option<String>,
    pub(super) value: Option<String>,
}

#[derive(Default, Deserialize)]
struct Verdict {
    violations: Vec<Finding>,
    orders: Vec<OrderVerdict>,
}

#[derive(Deserialize)]
struct OrderVerdict {
    violations: Vec<Finding>,
    warnings: Vec<Finding>,
}

impl Example {
    /// What the engine finds in it of its code.
    pub(super) fn finding(&self) -> Option<Finding> {
        self.findings().into_iter().find(|finding| finding.code == self.code.as_str())
    }

    fn findings(&self) -> Vec<Finding> {
        let json = validate(self.body, &self.input.bytes()).to_json();
        let verdict: Verdict = serde_json::from_str(&json).unwrap_or_default();
        let orders = verdict.orders.into_iter().flat_map(|order| order.violations.into_iter().chain(order.warnings));
        verdict.violations.into_iter().chain(orders).collect()
    }
}

pub(super) fn of(code: Code) -> Option<&'static Example> {
    EXAMPLES.iter().find(|example| example.code == code)
}

const fn instant(code: Code, text: &'static str, limit: Option<&'static str>) -> Example {
    Example { code, body: Body::InstantOrder, input: Input::Text(text), limit }
}

const fn bulk(code: Code, text: &'static str, limit: Option<&'static str>) -> Example {
    Example { code, body: Body::BulkOrder, input: Input::Text(text), limit }
}

const fn order(code: Code, text: &'static str, limit: Option<&'static str>) -> Example {
    Example { code, body: Body::Order, input: Input::Text(text), limit }
}

/// An order with one more member, or one more member in its only item.
macro_rules! order_with {
    ($member:literal) => {
        concat!(
            r#"{"shippingAddress":{"line1":"1 Main Street","city":"Austin","countryCode":"US"},"#,
            r#""items":[{"sku":"MUG-11","quantity":2}],"#,
            $member,
            "}"
        )
    };
    (item $member:literal) => {
        concat!(
            r#"{"shippingAddress":{"line1":"1 Main Street","city":"Austin","countryCode":"US"},"#,
            r#""items":[{"sku":"MUG-11","quantity":2,"#,
            $member,
            "}]}"
        )
    };
}

/// In the order of the catalogue.
static EXAMPLES: &[Example] = &[
    instant(Code::NotJson, r#"{"sku":"MUG-11""#, None),
    Example {
        code: Code::InvalidUtf8,
        body: Body::InstantOrder,
        input: Input::Bytes(b"{\"sku\":\"MUG-\xff\"}"),
        limit: None,
    },
    Example {
        code: Code::TooDeep,
        body: Body::InstantOrder,
        input: Input::Repeat { before: r#"{"sku":"MUG-11","notes":"#, unit: "[", count: DEPTH_MAX, after: "" },
        limit: Some("how deep arrays and objects may nest"),
    },
    instant(Code::DuplicateMember, r#"{"sku":"MUG-11","sku":"MUG-15"}"#, None),
    instant(Code::Required, r#"{"clientOrderNumber":"1001"}"#, None),
    instant(Code::WrongType, r#"{"sku":11}"#, Some("the type that is asked for")),
    instant(Code::TooShort, r#"{"sku":""}"#, Some("the least number of characters")),
    Example {
        code: Code::TooLong,
        body: Body::InstantOrder,
        input: Input::Repeat { before: r#"{"sku":""#, unit: "x", count: 65, after: r#""}"# },
        limit: Some("the greatest number of characters"),
    },
    bulk(Code::TooFew, r#"{"products":[]}"#, Some("the least number of entries")),
    Example {
        code: Code::TooMany,
        body: Body::BulkOrder,
        input: Input::Repeat {
            before: r#"{"products":["#,
            unit: r#"{"sku":"MUG-11","quantity":1},"#,
            count: 100,
            after: r#"{"sku":"MUG-11","quantity":1}]}"#,
        },
        limit: Some("the greatest number of entries"),
    },
    bulk(
        Code::OutOfRange,
        r#"{"products":[{"sku":"MUG-11","quantity":0}]}"#,
        Some("the range, both ends included; `<` at an end excludes it"),
    ),
    order(Code::TooManyDecimals, order_with!(r#""customerTotal":12.34567"#), Some("the greatest number of decimals")),
    order(
        Code::InvalidFormat,
        order_with!(r#""safeId":"2024/1001""#),
        Some("the name of the form, see [RULES.md](RULES.md)"),
    ),
    instant(Code::ControlCharacter, r#"{"sku":"MUG\n11"}"#, None),
    order(Code::CardNumber, order_with!(r#""meta":{"note":"pay with 4111 1111 1111 1111"}"#), None),
    instant(Code::ClientOrderNumberRequired, r#"{"sku":"MUG-11","enableClientOrderNumberDupCheck":true}"#, None),
    order(Code::UnknownMember, order_with!(r#""custmerTotal":25"#), None),
    order(
        Code::TotalMismatch,
        order_with!(item r#""customerPrice":12.50,"customerSubtotal":12.50"#),
        Some("the amount that is expected"),
    ),
    Example {
        code: Code::DuplicateSafeId,
        body: Body::Orders,
        input: Input::Text(concat!(
            r#"{"bulk":["#,
            r#"{"safeId":"1001","shippingAddress":{"line1":"1 Main Street","city":"Austin","countryCode":"US"},"#,
            r#""items":[{"sku":"MUG-11","quantity":2}]},"#,
            r#"{"safeId":"1001","shippingAddress":{"line1":"1 Main Street","city":"Austin","countryCode":"US"},"#,
            r#""items":[{"sku":"MUG-15","quantity":1}]}]}"#
        )),
        limit: None,
    },
    Example {
        code: Code::PayloadTooLarge,
        body: Body::InstantOrder,
        input: Input::Repeat { before: "", unit: " ", count: BODY_BYTES_MAX, after: r#"{"sku":"MUG-11"}"# },
        limit: Some("the greatest number of bytes, of the body or of one order"),
    },
    Example {
        code: Code::TooManyOrders,
        body: Body::Orders,
        input: Input::Repeat { before: r#"{"bulk":["#, unit: "{},", count: BULK_ORDERS_MAX, after: "{}]}" },
        limit: Some("the greatest number of orders"),
    },
];

#[cfg(test)]
mod tests {
    use super::EXAMPLES;

    #[test]
    fn an_example_shows_its_code_and_nothing_else() {
        assert!(EXAMPLES.is_sorted_by_key(|example| example.code));
        for example in EXAMPLES {
            let findings = example.findings();
            assert_eq!(findings.len(), 1, "{}: {findings:?}", example.code);
            assert_eq!(findings[0].code, example.code.as_str());
            assert_eq!(findings[0].limit.is_some(), example.limit.is_some(), "{}", example.code);
        }
    }
}
