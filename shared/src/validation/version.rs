//! A fingerprint of the tables, so that a client can tell whether its copy of the rules is the one of the server.

use super::Body;
use super::table::{Object, Rule, Sign};

/// The version of this crate and a hash over every table, for example `0.1.0+5f3c9a1e`.
///
/// Changes whenever a member, a type, a bound or the name of a form changes.
#[must_use]
pub fn rules_version() -> String {
    let mut hash = Hash(0x811c_9dc5);
    for body in Body::ALL {
        let dialect = body.dialect();
        hash.number(usize::from(dialect.warns_of_unknown_members) * 2 + usize::from(dialect.empty_is_absent));
        hash.rule(dialect.root);
    }
    format!("{}+{:08x}", env!("CARGO_PKG_VERSION"), hash.0)
}

/// FNV-1a.
struct Hash(u32);

impl Hash {
    fn text(&mut self, text: &str) {
        // The byte 0xff stands in no text and so ends each.
        for byte in text.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
    }

    fn number(&mut self, number: usize) {
        self.text(&number.to_string());
    }

    fn range(&mut self, min: i64, max: i64) {
        self.text(&min.to_string());
        self.text(&max.to_string());
    }

    fn rule(&mut self, rule: Rule) {
        self.text(rule.type_name());
        match rule {
            Rule::Text { min, max } | Rule::Lines { min, max } => {
                self.number(usize::from(matches!(rule, Rule::Lines { .. })));
                self.number(min);
                self.number(max);
            }
            Rule::Format(format) => {
                self.text(format.is);
                self.number(format.max);
            }
            Rule::Boolean => {}
            Rule::Integer { min, max } => self.range(min, max),
            Rule::Amount(sign) => {
                self.number(usize::from(sign == Sign::Any));
                self.range(i64::from(crate::limits::AMOUNT_DECIMALS_MAX), crate::limits::AMOUNT_MAX);
            }
            Rule::Degrees { max } => self.range(-max, max),
            Rule::Object(object) | Rule::Order(object) => self.object(object),
            Rule::Array(array) => {
                self.number(array.min);
                self.number(array.max);
                self.rule(array.entry);
            }
            Rule::Map(map) => {
                self.number(map.entries_max);
                self.number(map.name_max);
                self.number(map.value_max);
            }
        }
    }

    fn object(&mut self, object: &'static Object) {
        self.text(object.name);
        for (_, field) in object.members() {
            self.text(field.name);
            self.number(usize::from(field.required));
            self.rule(field.rule);
        }
        // The end of the object.
        self.text("");
    }
}
