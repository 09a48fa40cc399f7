//! A fingerprint of the tables, with which a client can check that its rules are the server's.

use super::Body;
use super::table::{Object, Rule, Sign};
use crate::limits;

/// Length of `0.1.0+5f3c9a1e`.
const LENGTH: usize = env!("CARGO_PKG_VERSION").len() + 9;

/// Computed by the compiler, so that the module contains only the text.
static TEXT: [u8; LENGTH] = text();

/// The version of this crate and a hash over every table, for example `0.1.0+5f3c9a1e`.
///
/// Changes whenever a member, a type, a bound or the name of a form changes.
#[must_use]
pub fn rules_version() -> &'static str {
    core::str::from_utf8(&TEXT).unwrap_or_default()
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
const fn text() -> [u8; LENGTH] {
    let mut hash = Hash(0x811c_9dc5);
    let mut index = 0;
    while index < Body::ALL.len() {
        let rules = Body::ALL[index].rules();
        hash.number(
            rules.searches_texts as i64 * 4 + rules.warns_of_unknown_members as i64 * 2 + rules.empty_is_absent as i64,
        );
        hash.rule(&rules.root);
        index += 1;
    }
    let version = env!("CARGO_PKG_VERSION").as_bytes();
    let mut text = [b'+'; LENGTH];
    let mut at = 0;
    while at < version.len() {
        text[at] = version[at];
        at += 1;
    }
    let mut digit = 0;
    while digit < 8 {
        text[at + 1 + digit] = b"0123456789abcdef"[(hash.0 >> (28 - 4 * digit) & 0xf) as usize];
        digit += 1;
    }
    text
}

/// FNV-1a.
struct Hash(u32);

impl Hash {
    const fn byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ byte as u32).wrapping_mul(0x0100_0193);
    }

    #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
    const fn bytes(&mut self, bytes: &[u8]) {
        let mut at = 0;
        while at < bytes.len() {
            self.byte(bytes[at]);
            at += 1;
        }
    }

    const fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
        // No text contains the byte 0xff, so it terminates each.
        self.byte(0xff);
    }

    const fn number(&mut self, number: i64) {
        self.bytes(&number.to_le_bytes());
    }

    const fn range(&mut self, min: i64, max: i64) {
        self.number(min);
        self.number(max);
    }

    const fn rule(&mut self, rule: &Rule) {
        self.text(rule.type_name());
        match rule {
            Rule::Id { min, max } => self.range(*min as i64, *max as i64),
            Rule::Text { min, max } => {
                self.number(2);
                self.range(*min as i64, *max as i64);
            }
            Rule::Lines { min, max } => {
                self.number(3);
                self.range(*min as i64, *max as i64);
            }
            Rule::Format(format) => {
                self.text(format.is);
                self.number(format.max as i64);
            }
            Rule::Boolean => {}
            Rule::Integer { min, max } => self.range(*min as i64, *max as i64),
            Rule::Amount(sign) => {
                self.number(matches!(sign, Sign::Any) as i64);
                self.range(limits::AMOUNT_DECIMALS_MAX as i64, limits::AMOUNT_MAX);
            }
            Rule::Degrees { max } => self.number(*max as i64),
            Rule::Object(object) | Rule::Order(object) => self.object(object),
            Rule::Array(array) => {
                self.range(array.min as i64, array.max as i64);
                self.rule(&array.entry);
            }
            Rule::Map(map) => {
                self.number(map.entries_max as i64);
                self.rule(&map.name);
                self.rule(&map.value);
            }
            // Bodies that only the functions read do not affect the version.
            #[cfg(feature = "domain")]
            Rule::Prose { .. } | Rule::Choice(_) | Rule::Parsed(_) | Rule::Any(_) => {}
        }
    }

    #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
    const fn object(&mut self, object: &'static Object) {
        let mut place = 0;
        while place < object.fields.len() {
            let field = &object.fields[place];
            self.text(field.name());
            self.number(field.required as i64);
            self.rule(&field.rule);
            place += 1;
        }
        // The end of the object.
        self.text("");
    }
}
