//! JSON Schemas (draft 2020-12) from the tables.
//!
//! A schema accepts whatever the engine accepts. Where it cannot express a rule, a `$comment` names it;
//! `edge-wasm/tests/schema.test.mjs` has the list of all such rules and compares both.

use super::super::Body;
use super::super::extension::Choice;
use super::super::field::Field;
use super::super::format::Format;
use super::super::rules::BodyRules;
use super::super::table::{Array, Check, Map, Object, Rule, Sign};
use super::json::{Json, count, object, text, texts};
use super::{COMMAND, fields, pattern, request, words};
use crate::limits::{AMOUNT_MAX, BODY_BYTES_MAX, DEPTH_MAX, ORDER_BYTES_MAX};

/// The schema of a body as a file of its own.
pub(super) fn document(body: Body) -> String {
    let mut models = Models::new("#/$defs/");
    let root = models.root(body);
    let name = match body {
        Body::BulkOrder => "create-bulk-order",
        Body::InstantOrder => "create-instant-order",
        Body::Order => "create-order",
        Body::Orders => "create-orders",
    };
    let document = object([
        ("$schema", text("https://json-schema.org/draft/2020-12/schema")),
        ("$id", text(format!("urn:ordermill:{name}"))),
        ("title", text(format!("Body of {}", request(body)))),
        ("$comment", text(format!("Written by `{COMMAND}`. {}", beyond(body.rules())))),
    ]);
    let document = match root {
        Json::Object(members) => {
            members.into_iter().fold(document, |document, (name, value)| document.with(&name, value))
        }
        other => document.with("allOf", Json::List(vec![other])),
    };
    document.with("$defs", Json::Object(models.finish())).document()
}

/// What a schema cannot express about a number.
const EXACT: &str = "read by its digits, not as a binary float; too many decimals are refused";

/// What a schema cannot express about a whole body.
fn beyond(rules: &BodyRules) -> String {
    let unknown = if rules.warns_of_unknown_members { " and named in a warning" } else { "" };
    format!(
        "Not said here: a member stands at most once in its object; a body has at most {BODY_BYTES_MAX} bytes and an \
         order {ORDER_BYTES_MAX}; arrays and objects nest at most {DEPTH_MAX} deep; escapes of lone surrogates are \
         refused. Members that are not listed are ignored{unknown}."
    )
}

/// The models of one or more bodies, in the order of first use.
pub struct Models {
    /// The prefix of a model's name in a reference.
    prefix: &'static str,
    models: Vec<(&'static Object, Json)>,
}

impl Models {
    /// Models to which references begin with `prefix`.
    #[must_use]
    pub const fn new(prefix: &'static str) -> Self {
        Self { prefix, models: Vec::new() }
    }

    /// Adds the models of a body and returns the schema of its root.
    pub(super) fn root(&mut self, body: Body) -> Json {
        self.body(body.rules())
    }

    /// Adds the models of a body that has these rules and gives the schema of its root.
    pub fn body(&mut self, rules: &BodyRules) -> Json {
        self.rule(rules, rules.root, Absence::Refused)
    }

    /// The models by their names.
    #[must_use]
    pub fn finish(self) -> Vec<(String, Json)> {
        self.models.into_iter().map(|(object, schema)| (object.name.to_owned(), schema)).collect()
    }

    fn member(&mut self, rules: &BodyRules, field: &Field) -> Json {
        let absence = match (field.required, field.takes_empty(rules)) {
            (true, _) => Absence::Refused,
            (false, false) => Absence::Null,
            (false, true) => Absence::NullOrEmpty,
        };
        let absence = if field.not_null { Absence::Refused } else { absence };
        let schema = self.rule(rules, field.rule, absence);
        let about = Some(field.about.to_owned()).filter(|about| !about.is_empty());
        schema.with_some("description", about.or_else(|| words::description(field.rule)).map(Json::Text))
    }

    fn rule(&mut self, rules: &BodyRules, rule: Rule, absence: Absence) -> Json {
        match rule {
            Rule::Id { min, max } | Rule::Text { min, max } => strings(absence, min, max, pattern::TEXT),
            Rule::Lines { min, max } => strings(absence, min, max, pattern::LINES),
            Rule::Format(format) => formatted(absence, format),
            Rule::Prose { max, lines } => strings(absence, 1, max, if lines { pattern::LINES } else { pattern::TEXT }),
            Rule::Choice(choice) => choices(absence, choice),
            Rule::Parsed(parsed) => object([("type", absence.types("string")), ("maxLength", count(parsed.max))]),
            Rule::Any(_) => object([]),
            Rule::Boolean => absence.or_empty(object([("type", absence.types("boolean"))])),
            Rule::Integer { min, max } => absence.or_empty(object([
                ("type", absence.types("integer")),
                ("minimum", Json::Number(min.into())),
                ("maximum", Json::Number(max.into())),
                ("$comment", text("forms such as 1.0 and 1e2 are refused")),
            ])),
            Rule::Amount(sign) => amount(absence, sign),
            Rule::Degrees { max } => absence.or_empty(object([
                ("type", absence.types("number")),
                ("minimum", Json::Number((-max).into())),
                ("maximum", Json::Number(max.into())),
                ("$comment", text(EXACT)),
            ])),
            Rule::Object(object) | Rule::Order(object) => absence.or_absent(self.model(rules, object)),
            Rule::Array(array) => absence.or_empty(self.array(rules, array, absence)),
            Rule::Map(map) => absence.or_empty(self.map(rules, map, absence)),
        }
    }

    fn array(&mut self, rules: &BodyRules, array: &Array, absence: Absence) -> Json {
        object([("type", absence.types("array"))])
            .with_some("minItems", (array.min > 0).then(|| count(array.min)))
            .with("maxItems", count(array.max))
            .with("items", self.rule(rules, array.entry, Absence::Refused))
    }

    fn map(&mut self, rules: &BodyRules, map: &Map, absence: Absence) -> Json {
        object([
            ("type", absence.types("object")),
            ("maxProperties", count(map.entries_max)),
            ("propertyNames", self.rule(rules, map.name, Absence::Refused)),
            ("additionalProperties", self.rule(rules, map.value, Absence::Null)),
        ])
    }

    /// A reference to a model, which is added if it is new.
    fn model(&mut self, rules: &BodyRules, model: &'static Object) -> Json {
        let reference = object([("$ref", text(format!("{}{}", self.prefix, model.name)))]);
        if self.models.iter().any(|(known, _)| known.name == model.name) {
            return reference;
        }
        // Models stand before those that they use.
        let place = self.models.len();
        self.models.push((model, Json::Null));
        let schema = self.members(rules, model);
        if let Some((_, empty)) = self.models.get_mut(place) {
            *empty = schema;
        }
        reference
    }

    fn members(&mut self, rules: &BodyRules, model: &'static Object) -> Json {
        let members = fields(model).map(|field| (field.name().to_owned(), self.member(rules, field)));
        let members = members.collect();
        let required: Vec<_> = fields(model).filter(|field| field.required).map(|field| field.name()).collect();
        object([("title", text(model.name)), ("type", text("object"))])
            .with_some("$comment", words::check(model.check).map(text))
            .with("properties", Json::Object(members))
            .with_some("required", (!required.is_empty()).then(|| texts(required)))
            .with_check(model.check)
    }
}

impl Json {
    /// The rule between members, if a schema can express it.
    fn with_check(self, check: Check) -> Self {
        if !matches!(check, Check::DuplicateCheckHasNumber) {
            return self;
        }
        let asked = object([("enableClientOrderNumberDupCheck", object([("const", Self::Boolean(true))]))]);
        let given = object([("clientOrderNumber", object([("type", text("string"))]))]);
        self.with("if", object([("properties", asked), ("required", texts(["enableClientOrderNumberDupCheck"]))]))
            .with("then", object([("properties", given), ("required", texts(["clientOrderNumber"]))]))
    }
}

/// What counts as absent besides absence.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Absence {
    Refused,
    Null,
    NullOrEmpty,
}

impl Absence {
    /// A type, or null.
    fn types(self, name: &str) -> Json {
        if self == Self::Refused { text(name) } else { texts([name, "null"]) }
    }

    /// A schema that is not about strings but takes null itself, or the empty string.
    fn or_empty(self, schema: Json) -> Json {
        if self == Self::NullOrEmpty { any_of([schema, object([("const", text(""))])]) } else { schema }
    }

    /// A schema that allows neither or one of them.
    fn or_absent(self, schema: Json) -> Json {
        match self {
            Self::Refused => schema,
            Self::Null => any_of([schema, object([("type", text("null"))])]),
            Self::NullOrEmpty => any_of([schema, object([("enum", Json::List(vec![Json::Null, text("")]))])]),
        }
    }
}

fn any_of<const N: usize>(schemas: [Json; N]) -> Json {
    object([("anyOf", Json::List(schemas.into()))])
}

/// A string of limited length; an empty one may count as absent.
fn strings(absence: Absence, min: usize, max: usize, pattern: &str) -> Json {
    let min = if absence == Absence::NullOrEmpty { 0 } else { min };
    object([("type", absence.types("string"))])
        .with_some("minLength", (min > 0).then(|| count(min)))
        .with("maxLength", count(max))
        .with("pattern", text(pattern))
}

fn formatted(absence: Absence, format: &'static Format) -> Json {
    let schema = object([("type", absence.types("string"))]);
    if let Some(values) = pattern::values_of(format) {
        let absent = match absence {
            Absence::Refused => Vec::new(),
            Absence::Null => vec![Json::Null],
            Absence::NullOrEmpty => vec![Json::Null, text("")],
        };
        return schema.with("enum", Json::List(values.map(text).chain(absent).collect()));
    }
    let pattern = pattern::of(format).map(|form| pattern::anchored(&form, absence == Absence::NullOrEmpty));
    schema.with("maxLength", count(format.max)).with_some("pattern", pattern.map(Json::Text))
}

/// A closed set of names, or of the numbers that stand for them.
fn choices(absence: Absence, choice: &Choice) -> Json {
    let absent: &[Json] = match absence {
        Absence::Refused => &[],
        Absence::Null => &[Json::Null],
        Absence::NullOrEmpty => &[Json::Null, Json::Text(String::new())],
    };
    let numbers = choice.numbers.iter().map(|number| Json::Number(i64::from(*number)));
    let names = choice.names.iter().map(|name| text(*name));
    object([("enum", Json::List(names.chain(numbers).chain(absent.iter().cloned()).collect()))])
}

fn amount(absence: Absence, sign: Sign) -> Json {
    let number = object([("type", absence.types("number"))]);
    let number = match sign {
        Sign::NotNegative => number.with("minimum", Json::Number(0)),
        Sign::Positive => number.with("exclusiveMinimum", Json::Number(0)),
        Sign::Any => number.with("exclusiveMinimum", Json::Number(-AMOUNT_MAX)),
    };
    let number = number.with("exclusiveMaximum", Json::Number(AMOUNT_MAX)).with("$comment", text(EXACT));
    let written = pattern::anchored(&pattern::amount(sign), absence == Absence::NullOrEmpty);
    let string = object([
        ("type", text("string")),
        ("pattern", text(written)),
        ("$comment", text("the limits hold also for amounts with an exponent")),
    ]);
    any_of([number, string])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::super::Body;
    use super::super::super::table::{Object, Rule};
    use super::super::{fields, pattern};
    use super::Models;

    fn formats(object: &'static Object, check: &mut impl FnMut(&'static crate::validation::format::Format)) {
        for field in fields(object) {
            rule(field.rule, check);
        }
    }

    fn rule(of: Rule, check: &mut impl FnMut(&'static crate::validation::format::Format)) {
        match of {
            Rule::Format(format) => check(format),
            Rule::Object(object) | Rule::Order(object) => formats(object, check),
            Rule::Array(array) => rule(array.entry, check),
            _ => {}
        }
    }

    #[test]
    fn every_form_can_be_said() {
        let mut names = BTreeSet::new();
        for body in Body::ALL {
            rule(body.rules().root, &mut |format| {
                names.insert(format.name);
                let said = pattern::of(format).is_some() || pattern::values_of(format).is_some();
                assert!(said, "`pattern::of` does not know the form `{}`", format.name);
            });
        }
        assert_eq!(names.len(), 10);
    }

    #[test]
    fn models_have_names_of_their_own() {
        let mut models = Models::new("");
        for body in Body::ALL {
            models.root(body);
        }
        let models = models.finish();
        let names: BTreeSet<_> = models.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), models.len());
    }
}
