//! Case 17: `#[trace::region_all]`: which functions of a block are regions, what these are called, and that the
//! functions are the ones that were written.

mod impl_blocks;
mod macros;
mod modules;
mod traits;

use trace_reader::{Region, Trace};

use crate::recorded::{recorded, turn};

/// What a call recorded: its result, and a line per region, further in by what it is in.
struct Recorded<R> {
    result: R,
    lines: Vec<String>,
    trace: Trace,
}

fn record<R>(work: impl FnOnce() -> R) -> Recorded<R> {
    let _turn = turn();
    let (result, trace, recording) = recorded(work);
    let line = |region: &Region| {
        let depth = usize::try_from(region.depth).unwrap();
        "  ".repeat(depth) + &trace.callsites().name(region.callsite)
    };
    Recorded { result, lines: recording.regions.iter().map(line).collect(), trace }
}

/// Calls and returns the result, checking that just these regions were recorded.
#[track_caller]
fn regions<const N: usize, R>(lines: [&str; N], work: impl FnOnce() -> R) -> R {
    let recorded = record(work);
    assert_eq!(recorded.lines, lines);
    recorded.result
}
