//! Annotates every function in files of Rust: `#[::trace::region]` on each that can have it, and
//! `#[::trace::test]` in the place of each `#[test]`. For `ci/real-crates`, which runs the tests of foreign
//! crates with it.
//!
//! ```text
//! annotate FILE…
//! ```
//!
//! The files are changed in place, by text that is put between their tokens: every line keeps its number, and
//! nothing else changes. At the end it tells how many functions were annotated, and why others were not.
//!
//! | file | owns |
//! |---|---|
//! | `walk.rs` | where functions are: in blocks, in bodies, in what a `macro_rules!` makes |
//! | `function.rs` | what stands in front of a function's name and behind it; whether a region can be on it |
//! | `fragments.rs` | what the variables of a macro stand for |
//! | `tokens.rs` | questions about single tokens |
//! | `edits.rs` | text into text |
//! | `tally.rs` | what is counted and told |

#![forbid(unsafe_code)]

mod edits;
mod fragments;
mod function;
mod tally;
mod tokens;
mod walk;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use tally::Tally;

fn main() -> ExitCode {
    let files: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    match annotate(&files) {
        Ok(tally) => {
            println!("{tally}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("annotate: {message}");
            ExitCode::FAILURE
        }
    }
}

fn annotate(files: &[PathBuf]) -> Result<Tally, String> {
    let mut tally = Tally::default();
    for file in files {
        let text = fs::read_to_string(file).map_err(|error| told(file, error))?;
        let annotated = walk::annotated(&text, &mut tally).map_err(|error| told(file, error))?;
        if annotated != text {
            fs::write(file, annotated).map_err(|error| told(file, error))?;
            tally.file();
        }
    }
    if tally.annotated() == 0 {
        let found = files.len();
        return Err(format!(
            "expected functions, found none in {found} files; name a crate's files"
        ));
    }
    Ok(tally)
}

fn told(path: &Path, error: impl std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}
