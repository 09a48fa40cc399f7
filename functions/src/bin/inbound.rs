//! The `inbound` function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    functions::serve_events(functions::inbound).await
}
