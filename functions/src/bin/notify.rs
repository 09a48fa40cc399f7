//! The `notify` function.

fn main() -> Result<(), lambda_runtime::Error> {
    functions::serve_events(functions::notify)
}
