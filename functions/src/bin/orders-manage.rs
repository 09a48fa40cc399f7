//! The `orders-manage` function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    functions::serve_http(functions::orders_manage).await
}
