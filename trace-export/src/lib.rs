//! Turns the traces of `runtime-trace` into what other tools read.
//!
//! [`export`] writes as it reads. Whatever the trace, what comes out is valid for its reader:
//!
//! | target | file | read by |
//! |---|---|---|
//! | [`Perfetto`](Target::Perfetto) | `perfetto.rs` | ui.perfetto.dev, `trace_processor` |
//! | [`Chrome`](Target::Chrome) | `chrome.rs` | `chrome://tracing`, Perfetto, many others |
//! | [`Go`](Target::Go) | `go.rs` | `go tool trace`, gotraceui |
//! | [`Collapsed`](Target::Collapsed) | `collapsed.rs` | flame graph programs |
//! | [`Speedscope`](Target::Speedscope) | `speedscope.rs` | speedscope.app |
//!
//! Each of these files speaks the words of its target, goroutines for instance; the others speak ours, but that a
//! region or a poll is called a slice while it is open, as most targets do. What a target cannot express is a
//! [`Remark`].
//!
//! ```
//! use trace_export::{Target, export};
//!
//! let trace = trace_reader::Trace::from_bytes(trace_format::text_to_file(r#"runtime-trace 1
//! block callsites
//!   Callsite id=1 kind=region name="steamMilk" file="barista.rs" line=7 module="cafe" keys=[]
//! block chunk
//!   ChunkHead thread=1 sequence=0 base=1000 os_thread=0 thread_name="main" task=0 depth=0 open=[]
//!   +5 RegionBegin callsite=1
//!   +250 RegionEnd
//! "#)?)?;
//! let mut stacks = Vec::new();
//! let exported = export(&trace, Target::Collapsed, &mut stacks)?;
//! assert_eq!(stacks, b"steamMilk 250\n");
//! assert_eq!(exported.bytes, 14);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Invariants:
//! 1. Memory depends on how many threads, tasks and futures are under way at the same time, and on the
//!    number of callsites, never on the number of events; and all of these have limits.
//! 2. Begins and ends that are written nest, on every line that a target has: `nesting` sees to
//!    that.
#![forbid(unsafe_code)]

mod chrome;
mod collapsed;
mod error;
mod go;
mod ids;
mod json;
mod nesting;
mod output;
mod perfetto;
mod remark;
mod speedscope;
mod target;
mod text;

use std::io::Write;

use trace_reader::{Problem, Trace};

use output::Output;
use remark::Remarks;

pub use error::Error;
pub use remark::Remark;
pub use target::{Target, UnknownTarget};

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// How many bytes were written.
    pub bytes: u64,
    /// What the target cannot express of this trace.
    pub remarks: Vec<Remark>,
    /// What is wrong with the events of the trace: the first ones of that. What is wrong with its file the trace
    /// tells itself.
    pub problems: Vec<Problem>,
    /// How many these are.
    pub problem_count: u64,
}

/// Writes a trace in the format of a target. `out` gets pieces of some kilobytes.
///
/// # Errors
/// When the trace cannot be read, or `out` cannot be written: what it got is of no use then.
pub fn export(trace: &Trace, target: Target, out: &mut dyn Write) -> Result<Exported, Error> {
    let mut out = Output::new(out);
    let mut remarks = Remarks::default();
    match target {
        Target::Perfetto => perfetto::write(trace, &mut out, &mut remarks)?,
        Target::Chrome => chrome::write(trace, &mut out, &mut remarks)?,
        Target::Go => go::write(trace, &mut out, &mut remarks)?,
        Target::Collapsed => collapsed::write(trace, &mut out, &mut remarks)?,
        Target::Speedscope => speedscope::write(trace, &mut out, &mut remarks)?,
    }
    Ok(remarks.finish(out.finish()?))
}
