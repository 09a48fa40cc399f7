//! Pages beside the API: the bulk upload page at `/upload/` and the API reference at `/docs/`.
//!
//! Both are folders of static files that any web server could hold. `up` builds them in the background, because the API
//! must be there at once while a page needs a WebAssembly module or npm. Until a page is built, its address says so and
//! looks again. Texts that need no build are served from memory from the start.

use std::collections::BTreeMap;
use std::path::PathBuf;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use tokio::sync::watch;
use tower_http::services::ServeDir;

/// How far a page is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is being built.
    Building,
    /// Its folder is complete.
    Ready,
    /// It could not be built.
    Failed(String),
}

/// A text that is served from memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Its media type.
    pub content_type: &'static str,
    /// What it says.
    pub text: String,
}

/// A page and what belongs to it.
#[derive(Clone, Debug)]
pub struct Site {
    /// Where the page is, as in `/upload`.
    pub path: &'static str,
    /// What its notices are titled.
    pub title: &'static str,
    /// Where the files are.
    pub folder: PathBuf,
    /// Changes while the page is built.
    pub progress: watch::Receiver<Progress>,
    /// Texts by their whole paths, as in `/openapi.json`.
    pub texts: BTreeMap<String, Text>,
}

/// Serves a site for reading, each answer with `headers`.
pub(crate) fn router(site: Site, headers: HeaderMap) -> Router {
    let with_slash = format!("{}/", site.path);
    let redirect = Redirect::permanent(&with_slash);
    let page = Router::new()
        .nest_service(&with_slash, ServeDir::new(&site.folder))
        .layer(from_fn_with_state((site.title, site.progress), when_ready));
    let mut router = Router::new().route(site.path, get(async || redirect)).merge(page);
    for (path, Text { content_type, text }) in site.texts {
        let answer = ([(header::CONTENT_TYPE, content_type)], text);
        router = router.route(&path, get(async || answer));
    }
    router.layer(from_fn_with_state(headers, with_headers))
}

async fn with_headers(State(headers): State<HeaderMap>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().extend(headers);
    // A page that was built again is the page that is seen.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

type Page = (&'static str, watch::Receiver<Progress>);

async fn when_ready(State((title, progress)): State<Page>, request: Request, next: Next) -> Response {
    let progress = progress.borrow().clone();
    match progress {
        Progress::Ready => next.run(request).await,
        Progress::Building => {
            let text = "The page is being built, which takes a minute the first time. This page reloads by itself.";
            (StatusCode::SERVICE_UNAVAILABLE, [("Retry-After", "2"), ("Refresh", "2")], notice(title, text))
                .into_response()
        }
        Progress::Failed(reason) => {
            let text = format!("The page could not be built: {reason}");
            (StatusCode::SERVICE_UNAVAILABLE, notice(title, &text)).into_response()
        }
    }
}

fn notice(title: &str, text: &str) -> Html<String> {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    Html(format!("<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><p>{text}</p></html>"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use axum::body::Body;
    use axum::http::{HeaderMap, HeaderValue, Request, Response};
    use http_body_util::BodyExt;
    use tokio::sync::watch;
    use tower::ServiceExt;

    use super::{Progress, Site, Text, router};

    async fn send(site: &Site, method: &str, path: &str) -> Response<Body> {
        let headers =
            HeaderMap::from_iter([("x-content-type-options".parse().unwrap(), HeaderValue::from_static("nosniff"))]);
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        router(site.clone(), headers).oneshot(request).await.unwrap()
    }

    async fn ask(site: &Site, path: &str) -> (u16, Option<String>, String) {
        let (parts, body) = send(site, "GET", path).await.into_parts();
        assert_eq!(parts.headers["x-content-type-options"], "nosniff", "{path}");
        let kind = parts.headers.get("content-type").map(|value| value.to_str().unwrap().to_owned());
        (parts.status.as_u16(), kind, String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap())
    }

    fn site(folder: &std::path::Path) -> (watch::Sender<Progress>, Site) {
        std::fs::create_dir(folder.join("edge")).unwrap();
        std::fs::write(folder.join("index.html"), "the page").unwrap();
        std::fs::write(folder.join("edge/ordermill.wasm"), "module").unwrap();
        let (set, progress) = watch::channel(Progress::Building);
        let text = Text { content_type: "text/markdown; charset=utf-8", text: "# Guide".to_owned() };
        let texts = ["/upload/guide.md", "/guide.md"].map(|path| (path.to_owned(), text.clone()));
        let folder = folder.to_owned();
        (set, Site { path: "/upload", title: "Upload", folder, progress, texts: BTreeMap::from(texts) })
    }

    #[tokio::test]
    async fn the_page_is_there_once_it_is_built() {
        let folder = tempfile::tempdir().unwrap();
        let (set, site) = site(folder.path());
        let (status, _, text) = ask(&site, "/upload/").await;
        assert!(status == 503 && text.contains("being built"));

        set.send_replace(Progress::Failed("no <rustup>".to_owned()));
        let (status, _, text) = ask(&site, "/upload/").await;
        assert!(status == 503 && text.contains("no &lt;rustup>"));

        set.send_replace(Progress::Ready);
        assert_eq!(ask(&site, "/upload").await.0, 308);
        assert_eq!(ask(&site, "/upload/").await.2, "the page");
        let (status, kind, _) = ask(&site, "/upload/edge/ordermill.wasm").await;
        assert_eq!((status, kind.as_deref()), (200, Some("application/wasm")));
        assert_eq!(ask(&site, "/upload/../Cargo.toml").await.0, 404);
        assert_eq!(ask(&site, "/upload/none.js").await.0, 404);
    }

    #[tokio::test]
    async fn texts_are_there_from_the_start_and_everything_is_for_reading_only() {
        let folder = tempfile::tempdir().unwrap();
        let (set, site) = site(folder.path());
        for path in ["/upload/guide.md", "/guide.md"] {
            let expected = (200, Some("text/markdown; charset=utf-8".to_owned()), "# Guide".to_owned());
            assert_eq!(ask(&site, path).await, expected, "{path}");
        }
        set.send_replace(Progress::Ready);
        for path in ["/upload", "/upload/", "/upload/guide.md", "/guide.md"] {
            assert_eq!(send(&site, "POST", path).await.status(), 405, "{path}");
            let head = send(&site, "HEAD", path).await;
            assert_eq!(head.status(), send(&site, "GET", path).await.status(), "{path}");
            assert!(head.into_body().collect().await.unwrap().to_bytes().is_empty(), "{path}");
        }
    }
}
