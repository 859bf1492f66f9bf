//! Runs all peers, and writes what they cost.
//!
//! ```text
//! cargo run --release -p compare                          # all of them, into docs/performance*
//! cargo run --release -p compare -- --only fastrace,go    # some, to the standard output
//! ```
//!
//! Every peer is built by itself, so that what one asks of a common dependency is not there in
//! another. Then each runs several times, one after the other, so that hours of the day and
//! neighbours on the machine are the same for all.
//!
//! | file | owns |
//! |---|---|
//! | `peers.rs` | which peers there are, and how their programs are built |
//! | `measure.rs` | running them |
//! | `results.rs` | what was measured |
//! | `tables.rs` | how it is shown |
#![forbid(unsafe_code)]

mod measure;
mod peers;
mod results;
mod tables;

use anyhow::{Context, Result};
use clap::Parser;

#[derive(Parser)]
#[command(about)]
struct Arguments {
    /// Measure these peers only, and print the tables instead of writing them
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    only: Vec<String>,

    /// How often each program is run
    #[arg(long, default_value_t = 3)]
    repeats: usize,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let results = measure::all(&arguments.only, arguments.repeats)?;
    let text = tables::of(&results);
    if arguments.only.is_empty() {
        report::write_raw("peers.json", &results)?;
        let path = report::document();
        let document = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        std::fs::write(path, report::replace_between(&document, "peers", &text)?)?;
    } else {
        println!("{text}");
    }
    Ok(())
}
