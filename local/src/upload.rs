//! The bulk upload page at `/upload/`: static files beside the API, which a merchant's own server would hold in the same way.
//!
//! They are built by `up` in the background (`commands::edge`), because the API has to be there at once and the page needs a
//! WebAssembly module; until that is done the page says so and looks again.

use std::path::PathBuf;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use tokio::sync::watch;
use tower_http::services::ServeDir;

/// How far the page is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is being built.
    Building,
    /// It stands in its folder.
    Ready,
    /// It could not be built.
    Failed(String),
}

/// The page's folder, and how far it is.
#[derive(Clone, Debug)]
pub struct Site {
    /// Where the files are.
    pub folder: PathBuf,
    /// Changes while the page is built.
    pub progress: watch::Receiver<Progress>,
}

/// Answers for everything below `/upload`.
pub(crate) fn router(site: Site) -> Router {
    Router::new()
        .route("/upload", get(async || Redirect::permanent("/upload/")))
        .nest_service("/upload/", ServeDir::new(&site.folder))
        .layer(from_fn_with_state(site, when_ready))
}

async fn when_ready(State(site): State<Site>, request: Request, next: Next) -> Response {
    let progress = site.progress.borrow().clone();
    match progress {
        Progress::Ready => {
            let mut response = next.run(request).await;
            // A page that was built again is the page that is seen.
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            response
        }
        Progress::Building => {
            let text = "The page is being built, which takes a minute the first time. It opens by itself.";
            (StatusCode::SERVICE_UNAVAILABLE, [("Retry-After", "2"), ("Refresh", "2")], notice(text)).into_response()
        }
        Progress::Failed(reason) => {
            (StatusCode::SERVICE_UNAVAILABLE, notice(&format!("The page could not be built: {reason}"))).into_response()
        }
    }
}

fn notice(text: &str) -> Html<String> {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    Html(format!("<!doctype html><html lang=en><meta charset=utf-8><title>Bulk upload</title><p>{text}</p></html>"))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt;
    use tokio::sync::watch;
    use tower::ServiceExt;

    use super::{Progress, Site, router};

    async fn ask(site: &Site, path: &str) -> (u16, Option<String>, String) {
        let response = router(site.clone()).oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let kind = parts.headers.get("content-type").map(|value| value.to_str().unwrap().to_owned());
        (parts.status.as_u16(), kind, String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap())
    }

    #[tokio::test]
    async fn the_page_is_there_once_it_is_built() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("edge")).unwrap();
        std::fs::write(folder.path().join("index.html"), "the page").unwrap();
        std::fs::write(folder.path().join("edge/ordermill.wasm"), "module").unwrap();
        let (set, progress) = watch::channel(Progress::Building);
        let site = Site { folder: folder.path().to_owned(), progress };

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
}
