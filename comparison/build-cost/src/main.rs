//! Measures what annotations cost whoever builds the program.
//!
//! ```text
//! cargo run --release -p build-cost                 # into docs/performance*
//! cargo run --release -p build-cost -- --print      # to the standard output
//! ```
//!
//! Three things are measured, each in rounds in which all variants take turns:
//!
//! 1. `cargo check` of a crate whose every function is annotated;
//! 2. the tests of such a crate, built without optimisation, while nothing is recorded;
//! 3. a clean build of the tracer, and how many crates that is.
//!
//! | file | owns |
//! |---|---|
//! | `variants.rs` | the tracers, and how each is depended on |
//! | `annotate.rs` | which functions are annotated, and where the attribute goes |
//! | `subjects.rs` | the crates that are annotated: where they come from, a copy for each variant |
//! | `cargo.rs` | running cargo |
//! | `check.rs`, `debug.rs`, `clean.rs` | the three measurements |
//! | `tables.rs` | how they are shown |
#![forbid(unsafe_code)]

mod annotate;
mod cargo;
mod check;
mod clean;
mod debug;
mod subjects;
mod tables;
mod variants;

use anyhow::{Context, Result};
use clap::Parser;
use report::Machine;
use serde::Serialize;

use crate::subjects::Subjects;

#[derive(Parser)]
#[command(about)]
struct Arguments {
    /// Print the tables instead of writing them
    #[arg(long)]
    print: bool,

    /// Measure only this, print it and, unless nothing is to be written, put it into the raw results
    #[arg(long, value_name = "check|debug|clean")]
    only: Option<String>,

    /// How often each variant is checked
    #[arg(long, default_value_t = 7)]
    rounds: usize,
}

/// All that was measured; the raw results are this in JSON.
#[derive(Serialize)]
struct Results {
    machine: Machine,
    check: Vec<check::Checked>,
    debug: Vec<debug::Ran>,
    clean: Vec<clean::Built>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let subjects = Subjects::prepare()?;
    let wanted = |part: &str| arguments.only.as_deref().is_none_or(|only| only == part);
    let mut results =
        Results { machine: Machine::this(), check: vec![], debug: vec![], clean: vec![] };
    if wanted("check") {
        results.check = check::measure(&subjects, arguments.rounds)?;
    }
    if wanted("debug") {
        results.debug = debug::measure(&subjects)?;
    }
    if wanted("clean") {
        results.clean = clean::measure()?;
    }
    let text = tables::of(&results)?;
    if arguments.print || arguments.only.is_some() {
        println!("{text}");
        if let (Some(part), false) = (&arguments.only, arguments.print) {
            let results = serde_json::to_value(&results)?;
            let mut raw = report::read_raw("build.json")?;
            raw[part] = results[part].clone();
            report::write_raw("build.json", &raw)?;
        }
        return Ok(());
    }
    report::write_raw("build.json", &results)?;
    let path = report::document();
    let document = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    std::fs::write(path, report::replace_between(&document, "build", &text)?)?;
    Ok(())
}
