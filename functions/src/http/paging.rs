//! Pages of a list (docs/http.md#lists-pages-and-cursors): by number, or on from a cursor.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::App;
use super::query::refuse;
use crate::outbound::signature::Secret;
use crate::refusal::Refusal;

/// Entries that can be reached by page number; deeper ones by cursor.
const ROWS_MAX: usize = 10_000;
const PAGE_SIZE_DEFAULT: usize = 50;
const PAGE_SIZE_MAX: usize = 200;

/// Parameters of a list. Texts, so that each that cannot be read is named.
#[derive(Debug)]
pub(crate) struct PageParameters {
    pub(crate) page: Option<String>,
    pub(crate) page_size: Option<String>,
    pub(crate) cursor: Option<String>,
}

/// The page that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// From 1; a cursor knows no number.
    pub(crate) number: Option<usize>,
    /// Whether the number was asked for, not assumed.
    is_numbered: bool,
    pub(crate) size: usize,
    pub(crate) cursor: Option<String>,
}

impl Page {
    /// Refuses a page that was asked for by its number and ended before it was full, with more to come: the next number
    /// would begin behind rows that nobody has seen. A list without a number goes on from its cursor.
    pub(crate) fn require_whole(&self, rows: usize, has_more: bool) -> Result<(), Refusal> {
        if self.is_numbered && has_more && rows < self.size {
            let message = "the page cannot be given whole: leave `page` out and go on with `cursor`";
            return Err(Refusal::parameter("page", message, None));
        }
        Ok(())
    }

    /// Entries before it, counted from the cursor if there is one.
    pub(crate) fn skip(&self) -> usize {
        self.number.map_or(0, |number| number.saturating_sub(1).saturating_mul(self.size))
    }
}

impl PageParameters {
    /// Reads them; a cursor wins over a page.
    pub(crate) fn read(self) -> Result<Page, Refusal> {
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let size = number("pageSize", filled(self.page_size), PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)?;
        if let Some(cursor) = filled(self.cursor) {
            return Ok(Page { number: None, is_numbered: false, size, cursor: Some(cursor) });
        }
        let page = filled(self.page);
        let is_numbered = page.is_some();
        let page = Page { number: Some(number("page", page, 1, ROWS_MAX)?), is_numbered, size, cursor: None };
        if page.skip().saturating_add(size) > ROWS_MAX {
            let message = format!("pages reach {ROWS_MAX} entries: go on with `cursor`");
            return Err(Refusal::parameter("page", message, page.number.map(|number| number.to_string()).as_deref()));
        }
        Ok(page)
    }
}

fn number(name: &str, value: Option<String>, default: usize, max: usize) -> Result<usize, Refusal> {
    let Some(text) = value else { return Ok(default) };
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok());
    let parsed = digits.flatten().filter(|number| (1..=max).contains(number));
    parsed.ok_or_else(|| refuse(name, &format!("a number from 1 to {max}"), &text))
}

/// Version of the form of cursors.
const VERSION: u8 = 1;
/// Bytes of its signature.
const MAC_BYTES: usize = 16;

/// Writes and reads cursors: version, MAC, and the place after which a list goes on. A cursor only holds for the list that
/// gave it; the tenant is not in it, but always the caller.
#[derive(Clone, Debug)]
pub(crate) struct Cursors(Secret);

impl Cursors {
    /// Cursors that whoever knows the key can sign.
    pub(crate) fn signed_with(key: &str) -> Self {
        Self(Secret::of(key))
    }

    /// The cursor of a place in a list.
    pub(crate) fn seal(&self, list: &str, position: &str) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend(self.mac(list, position));
        bytes.extend(position.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place of a cursor of this list.
    pub(crate) fn open(&self, list: &str, cursor: &str) -> Result<String, Refusal> {
        let position = || {
            let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
            let (&[VERSION], rest) = bytes.split_first_chunk::<1>()? else { return None };
            let (signature, position) = rest.split_at_checked(MAC_BYTES)?;
            let position = std::str::from_utf8(position).ok()?;
            (self.mac(list, position) == signature).then(|| position.to_owned())
        };
        position().ok_or_else(|| {
            let message = "`cursor` is not one of this list, or not any more: start without it";
            Refusal::parameter("cursor", message, Some(cursor))
        })
    }

    fn mac(&self, list: &str, position: &str) -> Vec<u8> {
        self.0.mac(&[b"cursor", list.as_bytes(), position.as_bytes()]).into_iter().take(MAC_BYTES).collect()
    }
}

/// The function's own.
impl FromRequestParts<App> for Cursors {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(_: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(app.cursors.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{Cursors, Page, PageParameters};

    fn read(page: &str, page_size: &str, cursor: &str) -> Option<Page> {
        let text = |text: &str| Some(text.to_owned());
        PageParameters { page: text(page), page_size: text(page_size), cursor: text(cursor) }.read().ok()
    }

    #[test]
    fn pages_are_bounded_and_a_cursor_wins() {
        assert_eq!(read("", "", ""), Some(Page { number: Some(1), is_numbered: false, size: 50, cursor: None }));
        assert_eq!(read("50", "200", "").unwrap().skip(), 9_800);
        assert_eq!(
            read("x", "2", "c"),
            Some(Page { number: None, is_numbered: false, size: 2, cursor: Some("c".to_owned()) })
        );
        for (page, size) in [("0", ""), ("", "201"), ("", "0"), ("51", "200"), ("+1", ""), ("1.0", "")] {
            assert_eq!(read(page, size, ""), None, "{page} {size}");
        }
    }

    #[test]
    fn a_page_asked_for_by_number_is_whole_or_none() {
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
}
