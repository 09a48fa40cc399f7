//! Examples of requests and answers, taken from recorded conversations.

use shared::validation::generate::Json;

/// One recorded exchange.
#[derive(Clone, Debug)]
pub struct Example {
    /// What it shows.
    pub title: String,
    /// Of the request; none where it has no body.
    pub request: Option<Json>,
    /// Status of the answer.
    pub status: u16,
    /// Body of the answer; none where it has none.
    pub answer: Option<Json>,
}

impl Example {
    /// Whether nothing was wrong or odd about the request, or about any part of it.
    pub(super) fn is_flawless(&self) -> bool {
        let answer = self.answer.as_ref().map(Json::document).unwrap_or_default();
        !answer.contains("\"errorCode\"") && !answer.contains("\"valid\": false")
    }
}

/// The recorded exchanges of each operation, in the order of their file.
#[derive(Clone, Debug, Default)]
pub struct Examples(pub Vec<(String, Vec<Example>)>);

impl Examples {
    /// Those of the route that `METHOD path` names.
    pub(super) fn of(&self, route: &str) -> &[Example] {
        self.0.iter().find(|(name, _)| name == route).map(|(_, examples)| examples.as_slice()).unwrap_or_default()
    }
}
