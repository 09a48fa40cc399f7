//! The `inbound` function.

fn main() -> Result<(), lambda_runtime::Error> {
    functions::serve_events(functions::inbound)
}
