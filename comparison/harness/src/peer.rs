//! What a tracer has to provide.

use std::path::Path;
use std::time::Duration;

use crate::lines::Facts;

/// Annotated code: a function that is never inlined, and returns its argument through `black_box`.
pub type Operation = fn(u64) -> u64;

/// What a tracer can do. Where there is nothing of the kind, there is no row.
#[derive(Clone, Copy, Debug)]
pub struct Operations {
    /// A function that is a region.
    pub region: Operation,
    /// The same, and the region has the function's argument as its own.
    pub region_with_integer: Option<Operation>,
    /// A function that logs `value {x}`, and is no region.
    pub log: Option<Operation>,
    /// A function that is a task: a piece of work of its own, the root of what happens in it.
    pub task: Option<Operation>,
}

/// A tracer, configured as its documentation recommends for low overhead.
pub trait Peer {
    /// What stands in the table besides numbers.
    fn facts(&self) -> Facts;

    /// Its annotated code.
    fn operations(&self) -> Operations;

    /// Switches recording on. What the tracer writes goes into the empty directory `output`.
    fn start(&mut self, output: &Path);

    /// Does `work`, some [`BATCH`](crate::BATCH) operations that belong together, while recording is
    /// on. For tracers that need to be told where a frame or a request begins and ends; this is timed
    /// together with the operations. Tasks are done outside.
    fn batch(&mut self, work: &mut dyn FnMut()) {
        work();
    }

    /// Waits, or drops what was recorded, so that the next round begins with little in memory. This
    /// is not timed. For tracers whose memory has no bound.
    fn settle(&mut self) {}

    /// Switches recording off, and returns when all output is written.
    fn stop(&mut self) -> Elsewhere;

    /// How many of the regions are in the output, if it or the tracer tells. Called after `stop`.
    fn regions_kept(&mut self, _output: &Path, _regions: u64) -> Option<u64> {
        None
    }
}

/// What a recording took in other processes than the peer's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Elsewhere {
    /// CPU time.
    pub cpu: Duration,
    /// Peak of the resident memory, in bytes.
    pub memory: u64,
}
