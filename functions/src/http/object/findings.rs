//! What is noticed while a body is read.

use shared::ids::MerchantId;
use shared::limits::VIOLATIONS_MAX;
use shared::network::problem::Violation;
use shared::validation;
use shared::{Code, card};

use super::first_look::place_of;
use super::value::{Members, Value};
use super::{MEMBERS_MAX, MERCHANT};
use crate::refusal::Refusal;

/// What is noticed while a body is read, told in its order: so many of each kind are listed, the others are counted. There are
/// not more than can be held, because every object and array that is read has a limit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    /// Each with its place ([`Value::at`]).
    violations: Vec<(usize, Violation)>,
    warnings: Vec<(usize, Violation)>,
    /// Violations that are not among them.
    omitted: usize,
    /// What is said of a body in the name of another merchant, once no rule is broken.
    another_merchant: Option<Box<Refusal>>,
}

impl Findings {
    /// Of a body in which members stand twice, at these places and so many others.
    pub(super) fn of(repeated: Vec<(usize, String)>, omitted: usize) -> Self {
        let mut findings = Self { omitted, ..Self::default() };
        for (at, pointer) in repeated {
            let message = "must stand at most once in its object".to_owned();
            findings.add(at, Violation::new(Code::DuplicateMember, pointer, message, None));
        }
        findings
    }

    fn add(&mut self, at: usize, violation: Violation) {
        self.violations.push((at, violation));
    }

    /// A rule that the value at `pointer` breaks: "must be …".
    pub(crate) fn broken(&mut self, code: Code, pointer: &str, rule: &str, value: Value<'_>) {
        self.add(value.at(), Violation::must_be(code, pointer.to_owned(), rule, &value.shown()));
    }

    /// The same in words of its own, which show no value.
    pub(crate) fn told(&mut self, code: Code, pointer: &str, message: String, value: Value<'_>) {
        self.add(value.at(), Violation::new(code, pointer.to_owned(), message, None));
    }

    /// Members of the object at `parent` that must be there: those that are not.
    pub(crate) fn require(&mut self, parent: &str, members: &Members<'_>, names: &[&str]) {
        for name in names.iter().filter(|name| members.get(name).is_none()) {
            self.absent(parent, members, name);
        }
    }

    /// A member of the object at `parent` that must be there, and is not, or says nothing.
    pub(crate) fn absent(&mut self, parent: &str, members: &Members<'_>, name: &str) {
        let (pointer, message) = (format!("{parent}/{name}"), "is required".to_owned());
        self.add(members.place_of(name), Violation::new(Code::Required, pointer, message, None));
    }

    /// A member of the object at `parent` that is none of those that are known.
    pub(crate) fn unknown(&mut self, parent: &str, (name, value): (&str, Value<'_>), known: &[&str]) {
        self.ignored(place_of(parent, name), value, &not_known_in(parent, name, known));
    }

    /// A member that was read and does nothing; `why` says so after its name.
    pub(crate) fn ignored(&mut self, pointer: String, value: Value<'_>, why: &str) {
        self.warnings.push((value.at(), Violation::new(Code::UnknownMember, pointer, why.to_owned(), None)));
    }

    /// An unknown member where ignoring it would do something else than what was asked for.
    pub(crate) fn refuse_unknown(&mut self, parent: &str, (name, value): (&str, Value<'_>), known: &[&str]) {
        let message = not_known_in(parent, name, known);
        self.add(value.at(), Violation::new(Code::UnknownMember, place_of(parent, name), message, None));
    }

    /// The member `merchantId`, which must name the merchant whose the credentials are.
    pub(super) fn merchant(&mut self, value: Value<'_>, merchant: &MerchantId) {
        let Some(named) = self.text(&format!("/{MERCHANT}"), value) else { return };
        self.another_merchant = Refusal::unless_own(merchant, &named).err().map(Box::new);
    }

    /// The warnings, unless there is a violation; `strict` makes every warning one.
    pub(crate) fn settle(mut self, strict: bool) -> Result<Vec<Violation>, Refusal> {
        if strict {
            self.violations.append(&mut self.warnings);
        }
        if self.violations.is_empty() {
            return self.another_merchant.map_or_else(|| Ok(first(self.warnings).0), |refusal| Err(*refusal));
        }
        let (violations, more) = first(self.violations);
        Err(Refusal::invalid_beyond(violations, self.omitted.saturating_add(more)))
    }

    /// The characters of a string.
    pub(crate) fn text(&mut self, pointer: &str, value: Value<'_>) -> Option<String> {
        let text = value.text();
        if text.is_none() {
            self.broken(Code::WrongType, pointer, "a string", value);
        }
        text
    }

    /// A boolean.
    pub(crate) fn flag(&mut self, pointer: &str, value: Value<'_>) -> Option<bool> {
        let flag = value.flag();
        if flag.is_none() {
            self.broken(Code::WrongType, pointer, "a boolean", value);
        }
        flag
    }

    /// The members of an object.
    pub(crate) fn object<'b>(&mut self, pointer: &str, value: Value<'b>) -> Option<Members<'b>> {
        let Some(members) = value.members() else {
            self.broken(Code::WrongType, pointer, "an object", value);
            return None;
        };
        if members.is_cut {
            self.told(Code::TooMany, pointer, format!("must have at most {MEMBERS_MAX} members"), value);
            return None;
        }
        Some(members)
    }

    /// The entries of an array of at least `min` and at most `max`.
    pub(crate) fn array<'b>(
        &mut self,
        pointer: &str,
        value: Value<'b>,
        (min, max): (usize, usize),
    ) -> Option<Vec<Value<'b>>> {
        let Some(entries) = value.entries() else {
            self.broken(Code::WrongType, pointer, "an array", value);
            return None;
        };
        let (code, bound) = match entries.len() {
            has if has < min => (Code::TooFew, format!("at least {min}")),
            has if has > max => (Code::TooMany, format!("at most {max}")),
            _ => return Some(entries),
        };
        let unit = if bound.ends_with(" 1") { "entry" } else { "entries" };
        self.told(code, pointer, format!("must have {bound} {unit}, but has {}", entries.len()), value);
        None
    }

    /// What is read of each entry of such an array; `read` gets its pointer.
    pub(crate) fn rows<'b, T>(
        &mut self,
        pointer: &str,
        value: Value<'b>,
        bounds: (usize, usize),
        read: impl Fn(&mut Self, &str, Value<'b>) -> Option<T>,
    ) -> Vec<T> {
        let entries = self.array(pointer, value, bounds).unwrap_or_default().into_iter().enumerate();
        entries.filter_map(|(index, entry)| read(self, &format!("{pointer}/{index}"), entry)).collect()
    }

    /// Whether a card number stands in a text of people, which is a violation that shows nothing of it.
    pub(crate) fn card_number(&mut self, pointer: &str, value: Value<'_>) -> bool {
        let found = value.text().map_or_else(|| card::is_in(value.json()), |text| card::is_in(&text));
        if found {
            self.told(Code::CardNumber, pointer, "must hold no card number".to_owned(), value);
        }
        found
    }
}

/// So many as are listed, the first of the document, and how many others there are.
fn first(mut found: Vec<(usize, Violation)>) -> (Vec<Violation>, usize) {
    found.sort_by_key(|(at, _)| *at);
    let others = found.len().saturating_sub(VIOLATIONS_MAX);
    found.truncate(VIOLATIONS_MAX);
    (found.into_iter().map(|(_, violation)| violation).collect(), others)
}

/// The same of a name in the object at `parent`; every body knows one name more.
fn not_known_in(parent: &str, name: &str, known: &[&str]) -> String {
    if parent.is_empty() { not_known(name, &[known, &[MERCHANT]].concat()) } else { not_known(name, known) }
}

/// What is said of a name that is not known: the nearest one that is, if there is one.
pub(crate) fn not_known(name: &str, known: &[&str]) -> String {
    match validation::nearest_of(name, known.iter().copied()) {
        Some(nearest) => format!("is not known; did you mean `{nearest}`"),
        None => "is not known".to_owned(),
    }
}
