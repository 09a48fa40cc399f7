//! Finds the function of a request: an exact segment takes precedence over a parameter, a parameter over a greedy one,
//! and the `$default` route comes last.

use std::collections::BTreeMap;

use axum::http::request::Parts;

use crate::template::{Function, Route};

/// The routes of all functions, most specific first.
pub(super) struct Routes(Vec<(String, Route)>);

/// The route of a request.
pub(super) struct Match<'a> {
    /// Logical id of its function.
    pub(super) function: &'a str,
    pub(super) route: &'a Route,
    /// `POST /v2/orders`, or `$default`.
    pub(super) route_key: String,
    pub(super) path_parameters: BTreeMap<String, String>,
}

impl Routes {
    pub(super) fn new(functions: &[Function]) -> Self {
        let of_function = |function: &Function| {
            let logical_id = function.logical_id.clone();
            function.routes.clone().into_iter().map(move |route| (logical_id.clone(), route))
        };
        let mut routes: Vec<_> = functions.iter().flat_map(of_function).collect();
        routes.sort_by_key(|(_, route)| generality(route));
        Self(routes)
    }

    pub(super) fn find(&self, parts: &Parts) -> Option<Match<'_>> {
        self.0.iter().find_map(|(function, route)| {
            let path_parameters = match (&route.method, &route.path) {
                (Some(method), Some(path)) => {
                    let fits = method == "ANY" || method == parts.method.as_str();
                    if fits { parameters(path, parts.uri.path())? } else { return None }
                }
                _ => BTreeMap::new(),
            };
            let route_key = match (&route.method, &route.path) {
                (Some(method), Some(path)) => format!("{method} {path}"),
                _ => "$default".to_owned(),
            };
            Some(Match { function, route, route_key, path_parameters })
        })
    }
}

/// Number of greedy and plain parameters of a route; the `$default` route ranks last.
fn generality(route: &Route) -> (usize, usize, usize) {
    let Some(path) = &route.path else { return (usize::MAX, 0, 0) };
    let any = usize::from(route.method.as_deref() == Some("ANY"));
    let greedy = path.matches("+}").count();
    (greedy, path.matches('{').count(), any)
}

/// The parameters of a path that matches a template.
fn parameters(template: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let (mut expected, mut rest) = (template.split('/'), path.split('/'));
    loop {
        match (expected.next(), rest.next()) {
            (None, None) => return Some(found),
            (Some(name), Some(segment)) => match name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                None if name == segment => {}
                Some(name) => match name.strip_suffix('+') {
                    Some(name) => {
                        let tail: Vec<&str> = std::iter::once(segment).chain(rest).collect();
                        found.insert(name.to_owned(), tail.join("/"));
                        return Some(found);
                    }
                    None if !segment.is_empty() => {
                        found.insert(name.to_owned(), segment.to_owned());
                    }
                    None => return None,
                },
                None => return None,
            },
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parameters;

    #[test]
    fn paths_fit_templates() {
        assert_eq!(parameters("/a/{b}", "/a/1").unwrap().get("b").unwrap(), "1");
        assert_eq!(parameters("/a/{b+}", "/a/1/2").unwrap().get("b").unwrap(), "1/2");
        assert!(parameters("/a/{b}", "/a/").is_none());
        assert!(parameters("/a/{b}", "/a/1/2").is_none());
        assert!(parameters("/a", "/b").is_none());
    }
}
