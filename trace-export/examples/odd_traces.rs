//! Writes traces that are hard to export into a directory:
//!
//! ```text
//! cargo run -p trace-export --example odd_traces -- DIRECTORY
//! ```
//!
//! `ci/exports` shows their exports to the programs that read them.

#[path = "../tests/odd/mod.rs"]
mod odd;

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let directory = PathBuf::from(env::args_os().nth(1).ok_or("expected a directory")?);
    fs::create_dir_all(&directory)?;
    for (name, text) in odd::all() {
        let file = trace_format::text_to_file(&text).map_err(|error| format!("{name}: {error}"))?;
        fs::write(directory.join(name).with_extension("trace"), file)?;
    }
    Ok(())
}
