//! The bodies of inbound orders and their transformations.

use serde_json::value::RawValue;

use crate::Code;
use crate::card;
use crate::limits::{
    DESCRIPTION_CHARACTERS_MAX, INBOUND_BYTES_MAX, TRANSFORMATION_BYTES_MAX, TRANSFORMATION_POINTER_BYTES_MAX,
    TRANSFORMATION_RULES_MAX,
};
use crate::order_network::inbound::TransformationId;
use crate::order_network::transform::{self, Convert, Parts, Pointer, RuleFault, Transformation, Tree};
use crate::validation::Context;
use crate::validation::table::{Any, Array, Choice, Issue, Parsed, Rule, UUID, Wrong};

/// JSON as it was sent.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(transparent)]
pub struct Foreign(pub Box<RawValue>);

impl PartialEq for Foreign {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

body! {
    /// An order in another system's form.
    InboundOrder {
        /// The order, any JSON.
        "body" foreign: Foreign = Rule::Any(&Any { bytes_max: INBOUND_BYTES_MAX }), required;
        /// The transformation that makes an order of it; without one the body must be an order already.
        "transformationId" transformation_id: TransformationId = UUID, optional;
    }
}

const POINTER: Rule = Rule::Parsed(&Parsed {
    name: "json-pointer",
    is: "a JSON Pointer (RFC 6901), in which `*` is each element of an array",
    max: TRANSFORMATION_POINTER_BYTES_MAX,
    check: check_pointer,
});
const CONSTANT: Rule = Rule::Any(&Any { bytes_max: TRANSFORMATION_BYTES_MAX });

fn check_pointer(text: &str, _: &Context) -> Result<(), Wrong> {
    Pointer::parse(text).map(drop).map_err(|fault| Wrong { code: fault.code(), rule: fault.rule() })
}

object! {
    /// A rule: a target place in the order and the source of its value. Unknown members are violations: a misspelt default would be missed only when it is
    /// needed.
    TransformationRule [rejects_unknown_members] [check goes_together] {
        /// The place in the order.
        "to" to: String = POINTER, required;
        /// The place in the foreign body.
        "from" from: String = POINTER, optional;
        /// The value to use if the source has none.
        "default" default: Tree = CONSTANT, optional;
        /// What the value is converted to.
        "as" convert: Convert = Rule::Choice(&Choice::of(&Convert::NAMES)), optional;
        /// A value for every order, instead of `from`.
        "constant" constant: Tree = CONSTANT, optional;
    }
}

body! {
    /// A transformation, whole.
    PutTransformation [check fits] {
        /// A line for people.
        "name" name: String = Rule::Text { min: 1, max: DESCRIPTION_CHARACTERS_MAX }, required;
        /// The rules, applied in this order.
        "rules" rules: Vec<TransformationRule> = Rule::Array(&Array::between(1, TRANSFORMATION_RULES_MAX, Rule::Object(&TransformationRule::OBJECT))), required;
    }
}

impl TransformationRule {
    /// The rule that its members make.
    ///
    /// # Errors
    /// They do not go together.
    fn made(self) -> Result<transform::Rule, RuleFault> {
        let pointer = |text: &str| Pointer::parse(text).map_err(|_| RuleFault::NoSource);
        let from = self.from.as_deref().map(pointer).transpose()?;
        let parts = Parts { from, default: self.default, convert: self.convert, constant: self.constant };
        transform::Rule::new(pointer(&self.to)?, parts.source()?)
    }
}

impl TryFrom<PutTransformation> for Transformation {
    type Error = RuleFault;

    fn try_from(body: PutTransformation) -> Result<Self, RuleFault> {
        let rules = body.rules.into_iter().map(TransformationRule::made).collect::<Result<_, _>>()?;
        Ok(Self { rules })
    }
}

/// Checks the members of a rule against each other, and the target against the order. A pointer that cannot be parsed has
/// a violation of its own; here it only counts as given.
fn goes_together(text: &str) -> Vec<Issue> {
    let Ok(sent) = serde_json::from_str::<TransformationRule>(text) else { return Vec::new() };
    let fault = |member, fault: RuleFault| Issue::violation(member, Code::InvalidFormat, fault.rule());
    let texts = [("constant", &sent.constant), ("default", &sent.default)];
    let with_card = texts.map(|(name, tree)| (name, tree.as_ref().is_some_and(holds_card_number)));
    let to = Pointer::parse(&sent.to).ok();
    let parsed = sent.from.as_deref().map(|from| Pointer::parse(from).ok());
    let is_from_valid = parsed.as_ref().is_none_or(Option::is_some);
    let from = parsed.map(Option::unwrap_or_default);
    let source = Parts { from, default: sent.default, convert: sent.convert, constant: sent.constant }.source();
    let mut issues: Vec<Issue> = source.as_ref().err().map(|broken| fault("", *broken)).into_iter().collect();
    let Some(to) = to else { return issues };
    match (transform::Rule::target(&to), source) {
        (Err(broken), _) => issues.push(fault("to", broken)),
        (Ok(target), source) => {
            if let Ok(source) = source
                && is_from_valid
                && let Err(broken) = transform::Rule::new(to, source)
            {
                issues.push(fault("", broken));
            }
            if !target.is_known() {
                issues.push(Issue::warning("to", "leads to no member that an order has"));
            }
            let found = with_card.into_iter().filter(|(_, found)| *found && target.is_searched());
            issues.extend(found.map(|(name, _)| Issue::violation(name, Code::CardNumber, "must hold no card number")));
        }
    }
    issues
}

fn holds_card_number(tree: &Tree) -> bool {
    tree.text()
        .map_or_else(|| serde_json::to_string(tree).is_ok_and(|json| card::is_in(&json)), |text| card::is_in(&text))
}

/// The rules are stored together.
fn fits(text: &str) -> Vec<Issue> {
    const MESSAGE: &str = "must have at most 65536 bytes together";
    const _: () = assert!(TRANSFORMATION_BYTES_MAX == 65_536);
    let Ok(body) = serde_json::from_str::<PutTransformation>(text) else { return Vec::new() };
    let rules = Transformation::try_from(body).ok().and_then(|rules| serde_json::to_string(&rules).ok());
    let is_too_large = rules.is_some_and(|json| json.len() > TRANSFORMATION_BYTES_MAX);
    if is_too_large { vec![Issue::violation("rules", Code::PayloadTooLarge, MESSAGE)] } else { Vec::new() }
}
