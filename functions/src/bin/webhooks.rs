//! The `webhooks` function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    functions::serve_http(functions::webhook_subscriptions).await
}
