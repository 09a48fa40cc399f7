//! Pages of a list, by number or by cursor.
//!
//! [`List`] is a list query: its filters and its page. It makes a [`Page`], which ends early if more rows would exceed the
//! size of an answer. A page requested by number is either complete or refused: the next number would skip the rows that
//! were cut off. Without a number, the list continues from its cursor.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use shared::order_network::problem::Violation;

use super::App;
use super::answer::{Rows, Shown};
use super::query::{Parameter, Parameters, Query, Reader, Token, Unreadable, query};
use crate::outbound::signature::Secret;
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::entity::{Entity, Stored};
use crate::store::page::List as Place;

/// Entries that can be reached by page number; later ones need a cursor.
const ROWS_MAX: usize = 10_000;

/// A number from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count<const MAX: usize>(pub(crate) usize);

impl<const MAX: usize> Parameter for Option<Count<MAX>> {
    fn read<'v>(values: &[&'v str]) -> Result<Self, Unreadable<'v>> {
        let Some(text) = values.first() else { return Ok(None) };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok());
        let number = digits.flatten().filter(|number| (1..=MAX).contains(number));
        number
            .map(|number| Some(Count(number)))
            .ok_or_else(|| Unreadable::new(text, format!("a number from 1 to {MAX}")))
    }

    #[cfg(feature = "openapi")]
    fn describe() -> super::openapi::ParameterType {
        super::openapi::ParameterType::count(MAX)
    }
}

query! {
    /// The parameters of a page.
    PageParameters {
        /// The page, from 1. Pages cover the first 10,000 rows; `cursor` continues after them.
        "page" page: Option<Count<ROWS_MAX>>;
        /// Rows per page; 50 by default.
        "pageSize" size: Option<Count<200>>;
        /// The `nextCursor` of the previous page. Takes precedence over `page`.
        "cursor" cursor: Option<Token>;
    }
}

const PAGE_SIZE_DEFAULT: usize = 50;

/// The filters of a list, read together with its page.
#[derive(Clone, Debug)]
pub(super) struct ListParameters<F> {
    filters: F,
    page: PageRequest,
}

impl<F: Parameters> Parameters for ListParameters<F> {
    fn names() -> Vec<(&'static str, bool)> {
        [F::names(), PageParameters::names()].concat()
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let (filters, page) = (F::read(reader), PageParameters::read(reader));
        Some(Self { filters: filters?, page: PageRequest::of(page?, reader)? })
    }

    #[cfg(feature = "openapi")]
    fn describe() -> Vec<(&'static str, &'static str, super::openapi::ParameterType)> {
        [F::describe(), PageParameters::describe()].concat()
    }
}

/// The requested page.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PageRequest {
    /// From 1; `None` with a cursor.
    number: Option<usize>,
    /// Whether the client gave the number.
    is_numbered: bool,
    size: usize,
    cursor: Option<String>,
}

impl PageRequest {
    /// The page of the parameters; a cursor takes precedence over a number.
    fn of(parameters: PageParameters, reader: &mut Reader<'_>) -> Option<Self> {
        let size = parameters.size.map_or(PAGE_SIZE_DEFAULT, |Count(size)| size);
        if let Some(Token(cursor)) = parameters.cursor {
            return Some(Self { number: None, is_numbered: false, size, cursor: Some(cursor) });
        }
        let number = parameters.page.map(|Count(number)| number);
        let page = Self { number: number.or(Some(1)), is_numbered: number.is_some(), size, cursor: None };
        if page.skip().saturating_add(size) > ROWS_MAX {
            let message = format!("pages reach {ROWS_MAX} entries: go on with `cursor`");
            reader.add("page", message, number.map(|number| number.to_string()).as_deref());
            return None;
        }
        Some(page)
    }

    /// Rows to skip, from the cursor if there is one.
    fn skip(&self) -> usize {
        self.number.map_or(0, |number| number.saturating_sub(1).saturating_mul(self.size))
    }

    /// Refuses a page that was requested by number and had to end early.
    fn require_whole(&self, rows: usize, has_more: bool) -> Result<(), Refusal> {
        if self.is_numbered && has_more && rows < self.size {
            let message = "the page cannot be given whole: leave `page` out and go on with `cursor`";
            return Err(Refusal::parameter("page", message, None));
        }
        Ok(())
    }
}

/// A list query.
#[derive(Clone, Debug)]
pub(crate) struct List<F> {
    pub(crate) filters: F,
    page: PageRequest,
    warnings: Vec<Violation>,
    cursors: Cursors,
}

impl<F: Parameters> FromRequestParts<App> for List<F> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let query = Query::<ListParameters<F>>::from_request_parts(parts, app).await?;
        let ListParameters { filters, page } = query.value;
        Ok(Self { filters, page, warnings: query.warnings, cursors: app.cursors.clone() })
    }
}

impl<F> List<F> {
    /// Rows per page.
    pub(crate) const fn size(&self) -> usize {
        self.page.size
    }

    /// Rows to skip, from the cursor if there is one.
    pub(crate) fn skip(&self) -> usize {
        self.page.skip()
    }

    /// How many rows to skip, and how many to read: one more than the page has, to know whether more follow.
    pub(crate) fn rows(&self) -> (usize, usize) {
        (self.skip(), self.size().saturating_add(1))
    }

    /// The place after which the page starts. A cursor of another list is refused.
    pub(crate) fn after(&self, list: &str) -> Result<Option<String>, Refusal> {
        self.page.cursor.as_deref().map(|cursor| self.cursors.open(list, cursor)).transpose()
    }

    /// One page of a list of entities; an empty page for `None`.
    pub(crate) async fn entities<E: Entity, T: Shown>(
        self,
        table: &Table,
        name: &str,
        list: Option<Place>,
        shown: impl Fn(&Stored<E>) -> T,
    ) -> Result<Page<T>, Refusal> {
        let after = self.after(name)?;
        let Some(list) = list else { return self.answer_to(name, Vec::new(), None) };
        let found = table.page(list, after.as_deref(), (self.skip(), self.size())).await?;
        let rows = found.rows.iter().map(|(stored, place)| (shown(stored), place.clone())).collect();
        self.answer_to(name, rows, found.next)
    }

    /// The page with these rows, each with its place in the list. `has_more`: rows follow the given ones.
    pub(crate) fn answer<T: Shown>(
        self,
        list: &str,
        mut rows: Vec<(T, String)>,
        has_more: bool,
    ) -> Result<Page<T>, Refusal> {
        let has_more = has_more || rows.len() > self.page.size;
        rows.truncate(self.page.size);
        let end = rows.last().map(|(_, place)| place.clone()).filter(|_| has_more);
        self.answer_to(list, rows, end)
    }

    /// The same, but the next page starts after the place `end`; there is none without it. A search may stop at a place
    /// after its last row.
    pub(crate) fn answer_to<T: Shown>(
        self,
        list: &str,
        rows: Vec<(T, String)>,
        mut end: Option<String>,
    ) -> Result<Page<T>, Refusal> {
        let (rows, places): (Vec<T>, Vec<String>) = rows.into_iter().unzip();
        let (rows, is_whole) = Rows::written(rows)?;
        if !is_whole {
            end = places.into_iter().nth(rows.0.len().saturating_sub(1));
        }
        self.page.require_whole(rows.0.len(), end.is_some())?;
        let next_cursor = end.map(|place| self.cursors.seal(list, &place));
        Ok(Page { rows, number: self.page.number, size: self.page.size, next_cursor, warnings: self.warnings })
    }
}

/// 200 with one page of a list.
#[derive(Debug)]
pub(crate) struct Page<T> {
    rows: Rows<T>,
    /// `None` with a cursor.
    number: Option<usize>,
    size: usize,
    /// `None` on the last page.
    next_cursor: Option<String>,
    warnings: Vec<Violation>,
}

impl<T: Shown> Serialize for Page<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(T::PLURAL, &self.rows)?;
        map.serialize_entry("page", &self.number)?;
        map.serialize_entry("pageSize", &self.size)?;
        map.serialize_entry("nextCursor", &self.next_cursor)?;
        if !self.warnings.is_empty() {
            map.serialize_entry("warnings", &self.warnings)?;
        }
        map.end()
    }
}

impl<T: Shown> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        axum::Json(self).into_response()
    }
}

/// Version of the cursor format.
const VERSION: u8 = 1;
/// Bytes of a cursor's MAC.
const MAC_BYTES: usize = 16;

/// Writes and reads cursors: a version, a MAC, and the place after which the next page starts. A cursor is valid only for
/// the list that issued it. It does not contain the merchant, who is always the caller.
#[derive(Clone, Debug)]
pub(crate) struct Cursors(Secret);

impl Cursors {
    /// Cursors signed with a key.
    pub(crate) fn signed_with(key: &str) -> Self {
        Self(Secret::of(key))
    }

    /// Writes the cursor for a place in a list.
    pub(crate) fn seal(&self, list: &str, position: &str) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend(self.mac(list, position));
        bytes.extend(position.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads the place of a cursor of this list.
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

#[cfg(test)]
mod tests;
