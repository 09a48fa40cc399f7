//! The query of a list (docs/http.md#lists-pages-and-cursors): a page, filters, and what no list knows;
//! and the query of the few other calls that have one.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Serialize;
use shared::Code;
use shared::limits::VIOLATIONS_MAX;
use shared::network::problem::Violation;

use super::network::is_strict;
use super::object::not_known;
use super::paging::{Page, PageParameters};
use super::parameters::QueryParameters;
use crate::refusal::{Refusal, shown};

/// Parameters as pairs, because one may come several times.
pub(crate) type Pairs = Vec<(String, String)>;

/// What every list knows beside its filters.
const PAGE: [&str; 3] = ["page", "pageSize", "cursor"];
/// The parameters that may come several times.
const SEVERAL: [&str; 2] = ["status", "ids"];

/// A query that has not been read.
#[derive(Clone, Debug)]
pub(crate) struct RawQuery {
    pairs: Pairs,
    is_strict: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for RawQuery {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let QueryParameters(pairs) = QueryParameters::from_request_parts(parts, state).await?;
        Ok(Self { pairs, is_strict: is_strict(&parts.headers) })
    }
}

impl RawQuery {
    /// Reads the query of a list that has these filters. An empty parameter is an absent one; one that the list does not
    /// know is named in a warning, because without its filter the list is longer than was meant, or else refused where the
    /// client is strict.
    pub(crate) fn read(self, filters: &[&str]) -> Result<Asked, Refusal> {
        let (pairs, warnings) = self.known(&[filters, &PAGE].concat())?;
        let owned = |name: &str| text(&pairs, name).map(str::to_owned);
        let [page, page_size, cursor] = PAGE.map(owned);
        let page = PageParameters { page, page_size, cursor }.read()?;
        Ok(Asked { page, pairs, warnings })
    }

    /// Reads the query of a call that is no list and has these parameters: their pairs, and the same warnings.
    pub(crate) fn known(self, known: &[&str]) -> Result<(Pairs, Vec<Violation>), Refusal> {
        let pairs: Pairs = self.pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        for (name, _) in pairs.iter().filter(|(name, _)| !SEVERAL.contains(&name.as_str())) {
            if pairs.iter().filter(|(other, _)| other == name).count() > 1 {
                return Err(Refusal::parameter(name, format!("`{}` comes more than once", shown(name)), None));
            }
        }
        let warnings = unknown(&pairs, known);
        if let Some(first) = warnings.first().filter(|_| self.is_strict) {
            let message = first.error_message.clone();
            return Err(Refusal { violations: warnings, ..Refusal::new(Code::InvalidParameter, message) });
        }
        Ok((pairs, warnings))
    }
}

fn unknown(pairs: &Pairs, known: &[&str]) -> Vec<Violation> {
    let unknown = pairs.iter().filter(|(name, _)| !known.contains(&name.as_str()));
    let warning = |(name, _): &(String, String)| {
        let message = format!("the parameter `{}` {}", shown(name), not_known(name, known));
        Violation::of_parameter(Code::UnknownMember, name, message, None)
    };
    unknown.take(VIOLATIONS_MAX).map(warning).collect()
}

fn text<'p>(pairs: &'p Pairs, name: &str) -> Option<&'p str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// What is asked of a list.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) page: Page,
    pairs: Pairs,
    warnings: Vec<Violation>,
}

impl Asked {
    /// The value of a filter, if there is one.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        text(&self.pairs, name)
    }

    /// The values of `status`, each a parameter of its own or with commas between.
    pub(crate) fn statuses(&self) -> impl Iterator<Item = &str> {
        let named = self.pairs.iter().filter(|(name, _)| name == "status");
        named.flat_map(|(_, value)| value.split(',')).map(str::trim)
    }

    /// What the answer says of its page.
    pub(crate) fn answered(self, next_cursor: Option<String>) -> PageAnswer {
        PageAnswer { page: self.page.number, page_size: self.page.size, next_cursor, warnings: self.warnings }
    }
}

/// What every answer of a list has beside its rows.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageAnswer {
    /// None behind a cursor, which knows no number.
    page: Option<usize>,
    page_size: usize,
    /// None at the end.
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Violation>,
}

/// The refusal of a parameter: "`name` is …".
pub(crate) fn refuse(name: &str, rule: &str, value: &str) -> Refusal {
    Refusal::parameter(name, format!("`{name}` is {rule}, not `{}`", shown(value)), Some(value))
}

#[cfg(test)]
mod tests {
    use super::{Pairs, RawQuery};

    fn read(query: &[(&str, &str)], is_strict: bool) -> Result<super::Asked, crate::refusal::Refusal> {
        let pairs: Pairs = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        RawQuery { pairs, is_strict }.read(&["status", "email"])
    }

    #[test]
    fn what_no_list_knows_is_named_with_what_is_nearest() {
        let asked = read(&[("pagesize", "3"), ("email", "a@b"), ("colour", "red")], false).unwrap();
        let said: Vec<&str> = asked.warnings.iter().map(|warning| warning.error_message.as_str()).collect();
        assert_eq!(
            said,
            ["the parameter `pagesize` is not known; did you mean `pageSize`", "the parameter `colour` is not known"]
        );
        assert_eq!(asked.text("email"), Some("a@b"));
        let refusal = read(&[("pagesize", "3")], true).unwrap_err();
        assert_eq!(refusal.message, "the parameter `pagesize` is not known; did you mean `pageSize`");
    }

    #[test]
    fn a_card_number_is_not_shown() {
        const CARD: &str = "4111 1111 1111 1111";
        let asked = read(&[(CARD, "1")], false).unwrap();
        let wrong = [super::refuse("page", "a number", CARD), read(&[(CARD, "1"), (CARD, "2")], false).unwrap_err()];
        let refused = wrong.into_iter().flat_map(|refusal| refusal.violations);
        for found in asked.warnings.into_iter().chain(refused) {
            let shown = serde_json::to_string(&found).unwrap();
            assert!(!shown.contains("4111"), "{shown}");
        }
    }

    #[test]
    fn only_a_status_comes_several_times() {
        let asked = read(&[("status", "Open,Processing"), ("status", "Failed"), ("email", "")], true).unwrap();
        assert_eq!(asked.statuses().collect::<Vec<_>>(), ["Open", "Processing", "Failed"]);
        assert_eq!(asked.text("email"), None);
        for name in ["email", "page", "cursor", "colour"] {
            assert!(read(&[(name, "1"), (name, "2")], false).is_err(), "{name}");
        }
    }
}
