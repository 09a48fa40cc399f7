//! The `orders-manage` function.

fn main() -> Result<(), lambda_runtime::Error> {
    functions::serve_http(functions::orders_manage)
}
