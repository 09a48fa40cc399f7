//! The `authorizer` function.

fn main() -> Result<(), lambda_runtime::Error> {
    functions::serve_events(functions::authorizer)
}
