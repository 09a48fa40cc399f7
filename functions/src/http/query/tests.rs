use super::{Query, Since};
use crate::refusal::Refusal;

query! {
    /// Two filters.
    Filters {
        /// A flag.
        "isTest" is_test: Option<bool>;
        /// A text.
        "email" email: Option<String>;
        /// A time.
        "createdFrom" created_from: Option<Since>;
    }
}

fn read(query: &[(&str, &str)], strict: bool) -> Result<Query<Filters>, Refusal> {
    Query::read(query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(), strict)
}

#[test]
fn unknown_parameters_are_named_with_the_nearest_known_one() {
    let query = read(&[("istest", "true"), ("email", "a@b"), ("colour", "red")], false).unwrap();
    let said: Vec<&str> = query.warnings.iter().map(|warning| warning.error_message.as_str()).collect();
    assert_eq!(
        said,
        ["the parameter `istest` is not known; did you mean `isTest`", "the parameter `colour` is not known"]
    );
    assert_eq!((query.value.email.as_deref(), query.value.is_test), (Some("a@b"), None));
    assert!(query.value.created_from.is_none());
    let refusal = read(&[("istest", "3")], true).unwrap_err();
    assert_eq!(refusal.message, "the parameter `istest` is not known; did you mean `isTest`");
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let refusal =
        read(&[("isTest", "yes"), ("createdFrom", "soon"), ("email", "a"), ("email", "b")], false).unwrap_err();
    assert_eq!(refusal.message, "the query breaks 3 rules");
    let said: Vec<&str> = refusal.violations.iter().map(|violation| violation.error_message.as_str()).collect();
    assert_eq!(
        said,
        [
            "`email` comes more than once",
            "`isTest` is `true` or `false`, not `yes`",
            "`createdFrom` is a date, or a date and time of RFC 3339, not `soon`"
        ]
    );
}

#[test]
fn card_numbers_are_not_shown() {
    const CARD: &str = "4111 1111 1111 1111";
    let query = read(&[(CARD, "1")], false).unwrap();
    let wrong = [read(&[("isTest", CARD)], false).unwrap_err(), read(&[(CARD, "1"), (CARD, "2")], false).unwrap_err()];
    for found in query.warnings.into_iter().chain(wrong.into_iter().flat_map(|refusal| refusal.violations)) {
        let shown = serde_json::to_string(&found).unwrap();
        assert!(!shown.contains("4111"), "{shown}");
    }
}

#[test]
fn an_empty_parameter_is_an_absent_one() {
    assert_eq!(read(&[("isTest", ""), ("email", "")], true).unwrap().value.email, None);
    for name in ["email", "colour"] {
        assert!(read(&[(name, "1"), (name, "2")], false).is_err(), "{name}");
    }
}

#[test]
fn a_text_has_a_length_that_a_key_can_hold() {
    let text = |characters: usize| "\u{1f600}".repeat(characters);
    assert!(read(&[("email", &text(256))], false).is_ok());
    let refusal = read(&[("email", &text(257))], false).unwrap_err();
    assert!(refusal.message.starts_with("`email` is at most 256 characters long, not `"), "{}", refusal.message);
}
