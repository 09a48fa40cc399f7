//! What is noticed while a body is read.

use serde_json::Value;
use shared::ids::MerchantId;
use shared::limits::VIOLATIONS_MAX;
use shared::network::merge::Members;
use shared::network::problem::{Violation, in_document_order};
use shared::validation;
use shared::{Code, card};

use super::first_look::place_of;
use crate::refusal::Refusal;

/// What is noticed while a body is read: so many of each kind are listed, the others are counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    pub(crate) violations: Vec<Violation>,
    pub(crate) warnings: Vec<Violation>,
    /// Violations that are not listed.
    omitted: usize,
    /// What is said of a body in the name of another merchant, once no rule is broken.
    another_merchant: Option<Box<Refusal>>,
    /// The body: what was found in it is told in its order.
    document: String,
}

impl Findings {
    /// Of a body in which members stand twice, at these places and so many others.
    pub(super) fn of(bytes: &[u8], repeated: Vec<String>, omitted: usize) -> Self {
        let document = String::from_utf8_lossy(bytes).into_owned();
        let mut findings = Self { omitted, document, ..Self::default() };
        for pointer in repeated {
            let message = "must stand at most once in its object".to_owned();
            findings.add(Violation::new(Code::DuplicateMember, pointer, message, None));
        }
        findings
    }

    /// A rule that the value at `pointer` breaks: "must be …".
    pub(crate) fn broken(&mut self, code: Code, pointer: &str, rule: &str, value: &Value) {
        self.add(Violation::must_be(code, pointer.to_owned(), rule, &value.to_string()));
    }

    /// A violation in words of its own.
    pub(crate) fn add(&mut self, violation: Violation) {
        if self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(violation);
        } else {
            self.omitted = self.omitted.saturating_add(1);
        }
    }

    /// A member that must be there.
    pub(crate) fn required(&mut self, pointer: &str) {
        self.add(Violation::new(Code::Required, pointer.to_owned(), "is required".to_owned(), None));
    }

    /// A member of the body itself that is none of those that are known.
    pub(crate) fn unknown(&mut self, name: &str, known: &[&str]) {
        self.unknown_in("", name, known);
    }

    /// The same of the object at `parent`.
    pub(crate) fn unknown_in(&mut self, parent: &str, name: &str, known: &[&str]) {
        self.ignored(place_of(parent, name), &not_known(name, known));
    }

    /// A member that was read and does nothing; `why` says so after its name.
    pub(crate) fn ignored(&mut self, pointer: String, why: &str) {
        if self.warnings.len() < VIOLATIONS_MAX {
            self.warnings.push(Violation::new(Code::UnknownMember, pointer, why.to_owned(), None));
        }
    }

    /// The same where ignoring it would do something else than what was asked for.
    pub(crate) fn refuse_unknown_in(&mut self, parent: &str, name: &str, known: &[&str]) {
        self.add(Violation::new(Code::UnknownMember, place_of(parent, name), not_known(name, known), None));
    }

    /// The member `merchantId`, which must name the merchant whose the credentials are.
    pub(super) fn merchant(&mut self, value: &Value, merchant: &MerchantId) {
        let Some(named) = self.text("/merchantId", value) else { return };
        self.another_merchant = Refusal::unless_own(merchant, named).err().map(Box::new);
    }

    /// The warnings, unless there is a violation; `strict` makes every warning one.
    pub(crate) fn settle(mut self, strict: bool) -> Result<Vec<Violation>, Refusal> {
        if strict {
            std::mem::take(&mut self.warnings).into_iter().for_each(|warning| self.add(warning));
        }
        if !(self.violations.is_empty() && self.warnings.is_empty()) {
            let document = Members::read(&self.document).unwrap_or_default();
            in_document_order(&document, &mut self.violations);
            in_document_order(&document, &mut self.warnings);
        }
        if self.violations.is_empty() {
            return self.another_merchant.map_or(Ok(self.warnings), |refusal| Err(*refusal));
        }
        Err(Refusal::invalid_beyond(self.violations, self.omitted))
    }

    /// A string; `rule` says what is asked for when it is none.
    pub(crate) fn text<'v>(&mut self, pointer: &str, value: &'v Value) -> Option<&'v str> {
        if value.is_string() {
            return value.as_str();
        }
        self.broken(Code::WrongType, pointer, "a string", value);
        None
    }

    /// Whether a card number stands in a text of people, which is a violation that shows nothing of it.
    pub(crate) fn card_number(&mut self, pointer: &str, text: &str) -> bool {
        let found = card::is_in(text);
        if found {
            let message = "must hold no card number".to_owned();
            self.add(Violation::new(Code::CardNumber, pointer.to_owned(), message, None));
        }
        found
    }

    /// A boolean.
    pub(crate) fn flag(&mut self, pointer: &str, value: &Value) -> Option<bool> {
        if value.is_boolean() {
            return value.as_bool();
        }
        self.broken(Code::WrongType, pointer, "a boolean", value);
        None
    }
}

/// What is said of a name that is not known: the nearest one that is, if there is one.
pub(crate) fn not_known(name: &str, known: &[&str]) -> String {
    match validation::nearest_of(name, known.iter().copied()) {
        Some(nearest) => format!("is not known; did you mean `{nearest}`"),
        None => "is not known".to_owned(),
    }
}
