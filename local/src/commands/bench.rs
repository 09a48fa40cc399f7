//! `cargo mill bench edge`: builds what is measured and runs the benches beside it (`edge-wasm/bench`).
//! `cargo mill bench pipeline`: lets orders drain in the simulation.

use clap::{Args, Subcommand};

use super::edge::{Build, EDGE, pack, set_up_node, set_up_target};
use super::faults::drain;
use super::steps::{NODE, RUSTUP, Step, StepError, target};

/// Options of `bench`.
#[derive(Args, Clone, Debug)]
pub struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// The validator beside `JSON.parse`, ajv and the `jsonschema` crate, in Node, in workerd and natively; and its size
    Edge {
        /// Print one {"name","value"} object a line
        #[arg(long)]
        json: bool,
    },
    /// Orders through the whole pipeline with two workers, while one message in a hundred fails twice
    Pipeline {
        /// How many
        #[arg(long, value_name = "N", default_value_t = 10_000)]
        orders: u64,
    },
}

impl Bench {
    /// Builds and measures.
    ///
    /// # Errors
    /// The step that failed.
    pub fn run(&self) -> Result<(), StepError> {
        let json = match self.what {
            What::Edge { json } => json,
            What::Pipeline { orders } => return drain(orders),
        };
        set_up_target(json)?;
        set_up_node(EDGE, json)?;
        pack(Build::Edge, json)?;
        pack(Build::Small, json)?;
        let arguments = ["build", "--quiet", "--profile", "peers", "--package", "edge-bench"];
        Step::new("cargo", &arguments, RUSTUP).quiet(json).run()?;
        let mut arguments = vec!["edge-wasm/bench/main.mjs"];
        arguments.extend(json.then_some("--json"));
        let native = target().join("peers/edge-bench").display().to_string();
        let small = Build::Small.folder().join("ordermill.wasm").display().to_string();
        Step::new("node", &arguments, NODE)
            .quiet(json)
            .variable("ORDERMILL_PACKAGE", Build::Edge.folder().display().to_string())
            .variable("ORDERMILL_SMALL", small)
            .variable("ORDERMILL_NATIVE", native)
            .run()
    }
}
