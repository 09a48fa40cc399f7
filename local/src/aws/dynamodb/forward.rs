//! Forwards requests to dynoxide's own server over a private loopback port and a connection pool.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, Request, StatusCode, Uri, header},
    response::Response,
};
use dynoxide::Database;
use http_body_util::Full;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::{io, thread};
use tokio::{net::TcpListener, sync::oneshot};

/// dynoxide's server; stops when this is dropped.
pub(super) struct Upstream {
    authority: String,
    client: Client<HttpConnector, Full<Bytes>>,
    _running: oneshot::Sender<()>,
}

impl Upstream {
    /// Starts the server on its own thread.
    pub(super) async fn start(database: Database) -> io::Result<Self> {
        let (stop, stopped) = oneshot::channel::<()>();
        let (started, starting) = oneshot::channel::<io::Result<String>>();
        thread::Builder::new().name("dynamodb".to_owned()).spawn(move || run(database, started, stopped))?;
        let authority = starting.await.map_err(io::Error::other)??;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { authority, client, _running: stop })
    }

    /// Forwards a request and returns the response.
    pub(super) async fn forward(&self, uri: &Uri, mut headers: HeaderMap, body: Bytes) -> Response {
        // The body is complete by now, whatever its transfer encoding was.
        headers.remove(header::TRANSFER_ENCODING);
        headers.remove(header::CONTENT_LENGTH);
        headers.remove(header::HOST);
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let request = Request::post(format!("http://{}{path}", self.authority)).body(Full::new(body)).map(|request| {
            let (mut parts, body) = request.into_parts();
            parts.headers = headers;
            Request::from_parts(parts, body)
        });
        let answered = match request {
            Ok(request) => self.client.request(request).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match answered {
            Ok(response) => response.map(Body::new),
            Err(error) => super::answer(
                StatusCode::INTERNAL_SERVER_ERROR,
                &serde_json::json!({"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError", "message": error}),
            ),
        }
    }
}

fn run(database: Database, started: oneshot::Sender<io::Result<String>>, stopped: oneshot::Receiver<()>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = started.send(Err(error));
            return;
        }
    };
    runtime.block_on(async move {
        let listener = match TcpListener::bind("127.0.0.1:0").await {
            Ok(listener) => listener,
            Err(error) => {
                let _ = started.send(Err(error));
                return;
            }
        };
        let _ = started.send(listener.local_addr().map(|address| address.to_string()));
        let shutdown = async {
            let _ = stopped.await;
        };
        if let Err(error) = dynoxide::server::serve_with_shutdown(listener, database, shutdown).await {
            tracing::error!(error, "the database server ended");
        }
    });
}
