//! The client that refuses private addresses.
//!
//! A URL is checked, its host is resolved once, every resolved address is checked, and the connection goes to one of
//! those. Nothing resolves again in between, so DNS rebinding does not work. Redirects are not followed, a body is read
//! up to [`BODY_BYTES_MAX`], and everything ends with the caller's timeout. Connections are not kept: subscribers are
//! many and calls to each are few.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, header};
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::{Client, connect::Connect};
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use tower_service::Service;

use super::guard::{self, Destination};
use super::{Answer, OutboundError, Transport};
use crate::causes::chain;

/// Bytes that are read of a body.
pub(crate) const BODY_BYTES_MAX: usize = 16 * 1024;
/// Maximum bytes of an answer's head.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Resolves a host name; the ports of the result are ignored.
type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

#[derive(Clone)]
pub(crate) struct GuardedClient {
    allow_loopback: bool,
    lookup: Lookup,
    /// Built at the first call: reading the machine's root certificates would slow a cold start.
    tls: Arc<OnceLock<ClientConfig>>,
}

impl GuardedClient {
    /// A client with the system's resolver.
    pub(crate) fn new(allow_loopback: bool) -> Self {
        Self::with(allow_loopback, Arc::new(|name| Box::pin(system_lookup(name))))
    }

    fn with(allow_loopback: bool, lookup: Lookup) -> Self {
        Self { allow_loopback, lookup, tls: Arc::default() }
    }

    async fn call(self, request: Request<Bytes>) -> Result<Answer, OutboundError> {
        let url = request.uri().to_string();
        let destination = guard::destination(&url, self.allow_loopback)
            .map_err(|refused| OutboundError::Refused(format!("its URL must be {}", refused.rule())))?;
        let mut http = HttpConnector::new_with_resolver(Checked { destination, lookup: self.lookup.clone() });
        http.enforce_http(false);
        match request.uri().scheme_str() {
            Some("http") => exchange(http, request).await,
            _ => exchange(self.https(http)?, request).await,
        }
    }

    fn https(&self, http: HttpConnector<Checked>) -> Result<HttpsConnector<HttpConnector<Checked>>, OutboundError> {
        let config = match self.tls.get() {
            Some(config) => config.clone(),
            None => {
                let made = tls_config().map_err(|error| OutboundError::Failed(chain(&*error)))?;
                self.tls.get_or_init(|| made).clone()
            }
        };
        Ok(HttpsConnectorBuilder::new().with_tls_config(config).https_only().enable_http1().wrap_connector(http))
    }
}

impl Transport for GuardedClient {
    fn send(&self, request: Request<Bytes>, timeout: Duration) -> BoxFuture<'static, Result<Answer, OutboundError>> {
        let call = self.clone().call(request);
        Box::pin(
            async move { tokio::time::timeout(timeout, call).await.unwrap_or(Err(OutboundError::TimedOut(timeout))) },
        )
    }
}

impl std::fmt::Debug for GuardedClient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("GuardedClient").field("allow_loopback", &self.allow_loopback).finish_non_exhaustive()
    }
}

/// TLS over ring with the system's root certificates.
fn tls_config() -> Result<ClientConfig, Box<dyn Error>> {
    use hyper_rustls::ConfigBuilderExt;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_native_roots()?.with_no_client_auth())
}

async fn exchange<C>(connector: C, mut request: Request<Bytes>) -> Result<Answer, OutboundError>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    let client: Client<C, Full<Bytes>> = Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .retry_canceled_requests(false)
        .http1_max_buf_size(HEAD_BYTES_MAX)
        .build(connector);
    request.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    let answer = client.request(request.map(Full::new)).await.map_err(|error| outbound_error(&error))?;
    let status = answer.status();
    let mut body = answer.into_body();
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| OutboundError::Failed(chain(&error)))?;
        let data = frame.into_data().unwrap_or_default();
        let room = BODY_BYTES_MAX.saturating_sub(read.len());
        read.extend(data.iter().take(room));
        if data.len() >= room {
            break;
        }
    }
    Ok(Answer { status, body: read.into() })
}

/// Finds the resolver's refusal among the causes of the client's error.
fn outbound_error(error: &(dyn Error + 'static)) -> OutboundError {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<AddressRefused>() {
            return OutboundError::Refused(AddressRefused.to_string());
        }
        cause = error.source();
    }
    OutboundError::Failed(chain(error))
}

/// Names no address, because it would reveal internal ones.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("its host leads to an address that is not public")]
struct AddressRefused;

/// A resolver that returns checked addresses only. The connector does not call it for literal addresses, which
/// [`guard::destination`] has checked.
#[derive(Clone)]
struct Checked {
    destination: Destination,
    lookup: Lookup,
}

impl Service<Name> for Checked {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let Self { destination, lookup } = self.clone();
        Box::pin(async move {
            let addresses = lookup(name.as_str().to_owned()).await?;
            // A single private address among public ones is suspicious.
            if !addresses.iter().all(|address| destination.allows(address.ip())) {
                return Err(AddressRefused.into());
            }
            Ok(addresses.into_iter())
        })
    }
}

async fn system_lookup(name: String) -> io::Result<Vec<SocketAddr>> {
    Ok(tokio::net::lookup_host((name, 0)).await?.collect())
}

#[cfg(test)]
mod tests;
