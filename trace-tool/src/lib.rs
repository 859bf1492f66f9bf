//! `cargo trace`: tells where the time of each task went.
//!
//! The commands of the binary, for programs and tests that want their answers without a process.
//! Each answer is a struct that knows how to become JSON, through `serde`, and text:
//!
//! | command | answer |
//! |---|---|
//! | `report` | [`Report`] |
//! | `tasks` | [`Tasks`](tasks::Tasks) |
//! | `validate` | [`Validation`](validate::Validation) |
//!
//! `logs` and `dump` write as they read, and have no struct. `run`, `test` and `bench` answer with a [`Report`]
//! of all processes.
//!
//! ```no_run
//! # fn main() -> Result<(), trace_tool::Error> {
//! // What `cargo trace report coffee.trace` prints.
//! trace_tool::print_report("coffee.trace")?;
//!
//! // The same as numbers.
//! let report = trace_tool::Report::of(&trace_reader::Trace::open("coffee.trace")?)?;
//! assert!(report.tasks.iter().all(|row| row.times.p99_ns < 5_000_000), "{report}");
//! # Ok(())
//! # }
//! ```
//!
//! Invariants:
//! 1. No character of a trace reaches a terminal before `escape` has seen it.
//! 2. Text is made from the struct that `--json` prints: the two cannot differ.
//! 3. Nothing recurses over the data: a trace may nest deeper than the stack.
#![forbid(unsafe_code)]

mod cli;
mod commands;
mod dump;
mod error;
mod escape;
mod export;
mod flow;
mod histogram;
mod json;
mod launch;
mod logs;
mod loss;
mod paint;
mod progress;
mod recover;
pub mod report;
mod table;
mod task_types;
pub mod tasks;
mod threads;
mod units;
pub mod validate;
mod wall;

#[doc(hidden)]
pub use commands::main;
pub use commands::print_report;
pub use error::Error;
pub use report::Report;
