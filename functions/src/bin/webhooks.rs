//! The `webhooks` function.

fn main() -> Result<(), lambda_runtime::Error> {
    functions::serve_http(functions::webhook_subscriptions)
}
