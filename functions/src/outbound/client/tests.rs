//! Against listeners of this machine, with names that resolve as each test says.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const TIMEOUT: Duration = Duration::from_secs(20);

/// A server that answers every connection with these bytes: its port, and how many connections it had.
async fn server(answer: Vec<u8>) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            let answer = answer.clone();
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(&answer).await;
                // An answer without an end stays open.
                if answer.is_empty() {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    (port, connections)
}

fn resolving(allow_loopback: bool, addresses: &[&str]) -> GuardedClient {
    let addresses: Vec<SocketAddr> =
        addresses.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0)).collect();
    GuardedClient::with(allow_loopback, Arc::new(move |_| Box::pin(std::future::ready(Ok(addresses.clone())))))
}

async fn get(client: &GuardedClient, url: &str) -> Result<Answer, OutboundError> {
    client.send(Request::get(url).body(Bytes::new()).unwrap(), TIMEOUT).await
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let (target, visits) = server(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
    let redirect = format!("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{target}/\r\ncontent-length: 0\r\n\r\n");
    let (port, _) = server(redirect.into_bytes()).await;
    let answer = get(&GuardedClient::new(true), &format!("http://127.0.0.1:{port}/")).await.unwrap();
    assert_eq!((answer.status, visits.load(Ordering::SeqCst)), (StatusCode::FOUND, 0));
}

#[tokio::test]
async fn no_more_of_a_body_is_read_than_the_limit() {
    let mut answer = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n".to_vec();
    answer.extend(vec![b'x'; 1_000_000]);
    let (port, _) = server(answer).await;
    let answer = get(&GuardedClient::new(true), &format!("http://localhost:{port}/")).await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, BODY_BYTES_MAX));
}

#[tokio::test]
async fn who_does_not_answer_is_given_up() {
    let (port, _) = server(Vec::new()).await;
    let request = Request::get(format!("http://127.0.0.1:{port}/")).body(Bytes::new()).unwrap();
    let short = Duration::from_millis(200);
    assert_eq!(GuardedClient::new(true).send(request, short).await, Err(OutboundError::TimedOut(short)));
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_before_anything_connects() {
    let (port, visits) = server(Vec::new()).await;
    let url = format!("https://example.com:{port}/");
    for addresses in [&["127.0.0.1"][..], &["8.8.8.8", "127.0.0.1"], &["::ffff:127.0.0.1"], &["169.254.169.254"]] {
        for allow_loopback in [false, true] {
            let refused = get(&resolving(allow_loopback, addresses), &url).await;
            assert!(matches!(refused, Err(OutboundError::Refused(_))), "{addresses:?} {refused:?}");
        }
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0);
}

/// The machine's own resolver is judged the same way.
#[tokio::test]
async fn what_the_machine_resolves_is_judged() {
    let destination = guard::destination("https://example.com/", false).unwrap();
    let lookup: Lookup = Arc::new(|_| Box::pin(system_lookup("localhost".to_owned())));
    let client = GuardedClient::with(false, lookup);
    assert!(destination.allows("8.8.8.8".parse().unwrap()));
    let refused = get(&client, "https://example.com/").await.unwrap_err();
    assert_eq!(refused.to_string(), "the address is refused: its host leads to an address that is not public");
}

/// The connector asks no resolver about addresses, so they are judged with the URL.
#[tokio::test]
async fn literal_addresses_and_plain_http_are_refused() {
    let (port, visits) = server(Vec::new()).await;
    for url in [
        format!("https://127.0.0.1:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        format!("http://127.0.0.1:{port}/"),
        format!("https://localhost:{port}/"),
    ] {
        let refused = get(&GuardedClient::new(false), &url).await;
        assert!(matches!(refused, Err(OutboundError::Refused(_))), "{url} {refused:?}");
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0);
}

/// A server without a certificate that the machine trusts is no subscriber.
#[tokio::test]
async fn tls_is_spoken_and_checked() {
    let (port, visits) = server(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
    let failed = get(&GuardedClient::new(true), &format!("https://localhost:{port}/")).await;
    assert!(matches!(failed, Err(OutboundError::Failed(_))), "{failed:?}");
    assert_eq!(visits.load(Ordering::SeqCst), 1);
}
