//! CORS as an HTTP API implements it: answers preflight requests itself, and adds headers to the functions' responses.

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, request::Parts};
use axum::response::{IntoResponse, Response};

use crate::template::Cors;

/// The answer to a preflight request; `None` for any other request.
pub(super) fn preflight(cors: &Cors, parts: &Parts) -> Option<Response> {
    let asks = parts.method == Method::OPTIONS && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let origin = parts.headers.get(ORIGIN).filter(|_| asks)?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    if allow(cors, origin, response.headers_mut()) {
        let age = cors.max_age_seconds.to_string();
        for (name, value) in [
            (ACCESS_CONTROL_ALLOW_METHODS, cors.allow_methods.join(",")),
            (ACCESS_CONTROL_ALLOW_HEADERS, cors.allow_headers.join(",")),
            (ACCESS_CONTROL_MAX_AGE, age),
        ] {
            insert(response.headers_mut(), name, &value);
        }
    }
    Some(response)
}

/// Adds the headers that let a page of this origin read a response; returns whether the origin is allowed.
pub(super) fn allow(cors: &Cors, origin: &HeaderValue, headers: &mut HeaderMap) -> bool {
    let is_any = cors.allow_origins.iter().any(|allowed| allowed == "*");
    let is_allowed = is_any || cors.allow_origins.iter().any(|allowed| origin == allowed.as_str());
    if is_allowed {
        let origin = if is_any { HeaderValue::from_static("*") } else { origin.clone() };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        insert(headers, ACCESS_CONTROL_EXPOSE_HEADERS, &cors.expose_headers.join(","));
    }
    if !is_any {
        headers.append(VARY, HeaderValue::from_static("origin"));
    }
    is_allowed
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn cors(origin: &str) -> Cors {
        let texts = |text: &str| text.split(' ').map(str::to_owned).collect();
        Cors {
            allow_origins: texts(origin),
            allow_methods: texts("GET PATCH"),
            allow_headers: texts("authorization if-match"),
            expose_headers: texts("etag"),
            max_age_seconds: 600,
        }
    }

    fn asked(cors: &Cors, method: &str, headers: &[(&str, &str)]) -> Option<Response> {
        let request = Request::builder().method(method).uri("/v2/orders");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        preflight(cors, &request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn a_question_before_a_call_is_answered_here() {
        let question = [("origin", "https://desk.example"), ("access-control-request-method", "PATCH")];
        let answer = asked(&cors("*"), "OPTIONS", &question).unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("access-control-allow-origin"), "*");
        assert_eq!(header("access-control-allow-methods"), "GET,PATCH");
        assert_eq!(header("access-control-allow-headers"), "authorization,if-match");
        assert_eq!(header("access-control-max-age"), "600");
        assert!(asked(&cors("*"), "OPTIONS", &question[..1]).is_none(), "it asks for no method");
        assert!(asked(&cors("*"), "GET", &question).is_none());
    }

    #[test]
    fn only_the_origins_that_are_named_are_allowed() {
        let cors = cors("https://desk.example");
        for (origin, is_allowed) in [("https://desk.example", true), ("https://desk.example.net", false)] {
            let mut headers = HeaderMap::new();
            assert_eq!(allow(&cors, &origin.parse().unwrap(), &mut headers), is_allowed);
            let told = headers.get("access-control-allow-origin").map(|value| value.to_str().unwrap());
            assert_eq!(told, is_allowed.then_some(origin));
            assert_eq!(headers.contains_key("access-control-expose-headers"), is_allowed);
            assert_eq!(headers["vary"], "origin");
        }
    }
}
