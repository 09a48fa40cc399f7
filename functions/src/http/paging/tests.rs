use super::super::query::{NoParameters, Query};
use super::{Cursors, ListParameters, PageRequest};

fn read(page: &str, page_size: &str, cursor: &str) -> Option<PageRequest> {
    let pairs = [("page", page), ("pageSize", page_size), ("cursor", cursor)];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Query::<ListParameters<NoParameters>>::read(pairs, true).ok().map(|query| query.value.page)
}

#[test]
fn pages_are_bounded_and_a_cursor_wins() {
    assert_eq!(read("", "", ""), Some(PageRequest { number: Some(1), is_numbered: false, size: 50, cursor: None }));
    assert_eq!(read("50", "200", "").unwrap().skip(), 9_800);
    let from_cursor = PageRequest { number: None, is_numbered: false, size: 2, cursor: Some("c".to_owned()) };
    assert_eq!(read("3", "2", "c"), Some(from_cursor));
    for (page, size) in [("0", ""), ("", "201"), ("", "0"), ("51", "200"), ("+1", ""), ("1.0", "")] {
        assert_eq!(read(page, size, ""), None, "{page} {size}");
    }
}

#[test]
fn a_page_asked_for_by_number_is_whole_or_refused() {
    let is_given = |page: &str, cursor: &str, rows, has_more| {
        read(page, "2", cursor).unwrap().require_whole(rows, has_more).is_ok()
    };
    assert!(is_given("3", "", 2, true) && is_given("3", "", 1, false) && is_given("3", "", 0, false));
    assert!(is_given("", "", 1, true) && is_given("3", "c", 0, true));
    assert!(!is_given("1", "", 1, true) && !is_given("3", "", 0, true));
}

#[test]
fn a_cursor_holds_for_its_list_only_and_cannot_be_edited() {
    let (one, two) = (Cursors::signed_with("one"), Cursors::signed_with("two"));
    let cursor = one.seal("deliveries", "0001697533200042#msg_a");
    assert_eq!(one.open("deliveries", &cursor).unwrap(), "0001697533200042#msg_a");
    assert!(two.open("deliveries", &cursor).is_err());
    assert!(one.open("subscriptions", &cursor).is_err());
    for index in 0..cursor.len() {
        let mut edited = cursor.clone();
        edited.replace_range(index..=index, if cursor.as_bytes()[index] == b'A' { "B" } else { "A" });
        assert!(one.open("deliveries", &edited).is_err(), "{index}");
    }
    for cursor in ["", "!", "AA", &"A".repeat(10_000)] {
        assert!(one.open("deliveries", cursor).is_err());
    }
}
