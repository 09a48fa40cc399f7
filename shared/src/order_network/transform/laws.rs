//! Laws of transformations, whatever the body and the rules.

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_assume, prop_oneof, proptest};
use serde_json::{Value, json};

use super::{Transformation, Tree};

/// Few names, so that bodies and rules overlap.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("a"), Just("b"), Just("c~/d"), Just("0"), Just("1"), Just("")].prop_map(str::to_owned)
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("\"\"".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        (any::<u32>(), 1..40_usize).prop_map(|(number, zeros)| format!("{number}.{}", "0".repeat(zeros))),
        any::<String>().prop_map(|text| Value::from(text).to_string()),
    ]
}

fn tree() -> impl Strategy<Value = Tree> {
    scalar().prop_map(Tree::Scalar).prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Tree::Array),
            proptest::collection::btree_map(name(), inner, 0..5)
                .prop_map(|map| Tree::Object(map.into_iter().collect())),
        ]
    })
}

fn pointer(token: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let escape = |token: String| format!("/{}", token.replace('~', "~0").replace('/', "~1"));
    proptest::collection::vec(token.prop_map(escape), 0..5).prop_map(|tokens| tokens.concat())
}

fn rule() -> impl Strategy<Value = Value> {
    let token = || prop_oneof![3 => name(), 1 => Just("*".to_owned())];
    let value = || tree().prop_map(|tree| serde_json::from_str::<Value>(&tree.to_string()).unwrap());
    let convert = prop_oneof![Just(None), Just(Some("string")), Just(Some("number"))];
    prop_oneof![
        (pointer(token()), value()).prop_map(|(to, constant)| json!({"to": to, "constant": constant})),
        (pointer(token()), pointer(token()), value(), convert).prop_map(
            |(to, from, default, convert)| json!({"to": to, "from": from, "default": default, "as": convert})
        ),
    ]
}

fn transformation(rules: &[Value]) -> Transformation {
    // Rules that do not go together are rejected when they are written.
    let rules = rules.iter().filter_map(|rule| serde_json::from_str(&rule.to_string()).ok());
    Transformation { rules: rules.collect() }
}

/// The value at a pointer without `*`.
fn at<'t>(tree: &'t Tree, pointer: &str) -> Option<&'t Tree> {
    let mut tokens = pointer.split('/').skip(1);
    tokens.try_fold(tree, |tree, token| tree.get(&token.replace("~1", "/").replace("~0", "~")))
}

proptest! {
    #[test]
    fn the_whole_body_comes_over_as_it_is(foreign in tree()) {
        prop_assume!(!foreign.is_nothing());
        let made = transformation(&[json!({"to": "", "from": ""})]).apply(&foreign);
        prop_assert_eq!(&made.findings, &[]);
        prop_assert_eq!(made.body.to_string(), foreign.to_string());
        prop_assert_eq!(Tree::read(&made.body.to_string()).unwrap(), foreign);
    }

    #[test]
    fn every_member_by_itself_is_the_whole(foreign in proptest::collection::btree_map(name(), tree(), 1..5)) {
        let rules: Vec<Value> = foreign.keys().map(|name| {
            let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            json!({"to": format!("/x{pointer}"), "from": pointer})
        }).collect();
        // An existing object keeps names that look like indexes.
        let rules = [vec![json!({"to": "/x", "constant": {}})], rules].concat();
        let made = transformation(&rules).apply(&Tree::Object(foreign.clone().into_iter().collect()));
        prop_assert_eq!(&made.findings, &[]);
        let expected = foreign.into_iter().filter(|(_, value)| !value.is_nothing()).collect();
        prop_assert_eq!(made.body.get("x"), Some(&Tree::Object(expected)));
    }

    #[test]
    fn a_constant_stands_where_it_is_written_whatever_the_body(foreign in tree(), to in pointer(name()), value in tree()) {
        prop_assume!(!value.is_null());
        let text = format!("[{{\"to\": {}, \"constant\": {value}}}]", json!(to));
        let made = serde_json::from_str::<Transformation>(&text).unwrap().apply(&foreign);
        prop_assert_eq!(&made.findings, &[]);
        prop_assert_eq!(at(&made.body, &to), Some(&value));
    }

    #[test]
    fn a_default_stands_in_for_what_is_not_there_and_for_nothing_else(foreign in tree(), from in pointer(name()), default in tree()) {
        let text = format!("[{{\"to\": \"/p/q\", \"from\": {}, \"default\": {default}}}]", json!(from));
        let made = serde_json::from_str::<Transformation>(&text).unwrap().apply(&foreign);
        prop_assert_eq!(&made.findings, &[]);
        let there = at(&foreign, &from).filter(|value| !value.is_nothing());
        let expected = there.or(Some(&default).filter(|default| !default.is_null()));
        prop_assert_eq!(at(&made.body, "/p/q"), expected);
    }

    #[test]
    fn elements_one_by_one_are_the_array(elements in proptest::collection::vec(tree(), 0..20)) {
        let foreign = Tree::Object(vec![("l".to_owned(), Tree::Array(elements.clone()))]);
        let made = transformation(&[json!({"to": "/m/*/v", "from": "/l/*"})]).apply(&foreign);
        prop_assert_eq!(&made.findings, &[]);
        let made = match made.body.get("m") {
            Some(Tree::Array(made)) => made.clone(),
            other => { prop_assert!(other.is_none()); Vec::new() }
        };
        prop_assert_eq!(made.len(), elements.len());
        for (made, element) in made.iter().zip(&elements) {
            prop_assert_eq!(made.get("v"), Some(element).filter(|element| !element.is_nothing()));
        }
    }

    #[test]
    fn nothing_panics_and_everything_is_readable(foreign in tree(), rules in proptest::collection::vec(rule(), 0..12)) {
        let rules = transformation(&rules);
        let made = rules.apply(&foreign);
        prop_assert_eq!(Tree::read(&made.body.to_string()).unwrap(), made.body);
        for found in &made.findings {
            let _ = rules.source_of(&found.violation.pointer);
        }
        let again: Transformation = serde_json::from_str(&serde_json::to_string(&rules).unwrap()).unwrap();
        prop_assert_eq!(again, rules);
    }

    #[test]
    fn any_text_is_a_pointer_or_none_and_reads_back(text in "[/*~01a-]{0,12}") {
        if let Ok(pointer) = super::Pointer::parse(&text) {
            prop_assert_eq!(pointer.to_string(), text);
        }
    }
}
