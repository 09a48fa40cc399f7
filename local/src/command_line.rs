//! The command line of `cargo mill`. It is part of the library so that its commands are compiled once and not again in
//! the binary.

use std::process::ExitCode;

use crate::commands::{
    bench::Bench, docs::Docs, edge::Pack, faults::Faults, fuzz::Fuzz, fuzz_api::FuzzApi, generate::Generate,
    invoke::Invoke, items::Items, price::Price, redrive::Redrive, test::Test, up::Up,
};
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// Ordermill on one machine
#[derive(Parser)]
#[command(name = "cargo mill", bin_name = "cargo mill")]
struct Arguments {
    /// Without a command, print the list of commands. The alias `cargo mill` sets it; plain `cargo run` starts the stack.
    #[arg(long, hide = true)]
    list: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the whole stack on this machine, as plain `cargo run` does (--port N, --memory, --data FOLDER, --set NAME=VALUE)
    Up(Up),
    /// Set up the test prerequisites and run all tests (--heavy, --sam-build)
    Test(Test),
    /// Run one function's own binary on an event, against an in-memory stack (FUNCTION, --event FILE)
    Invoke(Invoke),
    /// Build the npm packages: the validator for Workers, browsers and Node, and the typed client (--small)
    Pack(Pack),
    /// Write the API reference and the guides as a folder for a web server (--into FOLDER)
    Docs(Docs),
    /// Measure against peers
    Bench(Bench),
    /// Write what is derived from rules and routes: schemas, the OpenAPI document, pages, the template's routes
    Generate(Generate),
    /// Count what an endpoint costs to write
    Price(Price),
    /// Fuzz the validator (--seconds N)
    Fuzz(Fuzz),
    /// Hold a fresh stack to its OpenAPI document (--examples N, --operation ID)
    FuzzApi(FuzzApi),
    /// Crash processes at every call, and inject random faults (--random, --seed N, --runs N)
    Faults(Faults),
    /// Redrive the dead-letter queues of the running stack (QUEUE...)
    Redrive(Redrive),
    /// Print merchants and products as the table's items, for `aws dynamodb batch-write-item`
    Items(Items),
}

/// Logs each request and batch but omits the database's own line for each failed condition. `RUST_LOG` overrides it.
const LOG_FILTER: &str = "warn,functions=info,dynoxide=error";

/// Runs the command given on this process's command line.
#[tokio::main]
pub async fn main() -> ExitCode {
    let arguments = match Arguments::parse() {
        Arguments { command: None, list: true } => Arguments::parse_from(["cargo mill", "help"]),
        Arguments { command: None, list: false } => Arguments::parse_from(["cargo mill", "up"]),
        given => given,
    };
    // Thousands of made-up requests are not worth a line each.
    let default = if matches!(arguments.command, Some(Command::FuzzApi(_))) { "error" } else { LOG_FILTER };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let result: Result<(), Box<dyn std::error::Error>> = match arguments.command {
        Some(Command::Up(up)) => up.run().await.map_err(Into::into),
        Some(Command::Test(test)) => test.run().map_err(Into::into),
        Some(Command::Invoke(invoke)) => invoke.run().await.map_err(Into::into),
        Some(Command::Items(items)) => items.run().map_err(Into::into),
        Some(Command::Redrive(redrive)) => redrive.run().await.map_err(Into::into),
        Some(Command::Pack(pack)) => pack.run().map_err(Into::into),
        Some(Command::Docs(docs)) => docs.run().map_err(Into::into),
        Some(Command::Bench(bench)) => bench.run().map_err(Into::into),
        Some(Command::Generate(generate)) => generate.run().map_err(Into::into),
        Some(Command::Price(price)) => price.run().map_err(Into::into),
        Some(Command::Faults(faults)) => faults.run().map_err(Into::into),
        Some(Command::Fuzz(fuzz)) => fuzz.run().map_err(Into::into),
        Some(Command::FuzzApi(fuzz)) => fuzz.run().await.map_err(Into::into),
        None => Ok(()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write;
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
