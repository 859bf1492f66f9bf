//! Reads the traces of `runtime-trace`: ordered, paired and checked events out of bytes.
//!
//! A [`Trace`] is opened in one pass that verifies every block. Then there are five ways on:
//!
//! | | gives | memory |
//! |---|---|---|
//! | [`Trace::analyze`] | statistics per type of region and task, per thread, category, counter; on all processors | bounded |
//! | [`Trace::steps`], [`Trace::merged`] | what happened, one [`Step`] at a time, per thread or by time | a chunk per thread |
//! | [`Trace::excerpt`] | an [`Excerpt`]: some tasks, the slowest ones for instance, with what belongs to them | as much as is asked for |
//! | [`Trace::load`] | a [`Recording`]: tasks, regions, logs and counters that point at each other | some 280 bytes per region |
//! | [`Trace::validate`] | everything that is not exactly as the format demands | a chunk per thread |
//!
//! The reader is lenient: whatever is wrong in a trace is a [`Problem`], told with its place, and
//! everything else is read. An [`Error`] means that there is nothing to read at all.
//!
//! ```
//! use trace_reader::{Step, Trace};
//!
//! let file = trace_format::text_to_file(r#"runtime-trace 1
//! block callsites
//!   Callsite id=1 kind=region name="steamMilk" file="barista.rs" line=7 module="cafe" keys=[]
//! block chunk
//!   ChunkHead thread=1 sequence=0 base=1000 os_thread=0 thread_name="main" task=0 depth=0 open=[]
//!   +5 RegionBegin callsite=1
//!   +250 RegionEnd
//! "#)?;
//! let trace = Trace::from_bytes(file)?;
//! let mut steps = trace.merged();
//! while let Some(item) = steps.next()? {
//!     if let Step::RegionEnded(end) = item.step {
//!         assert_eq!(trace.callsites().name(end.callsite), "steamMilk");
//!         assert_eq!(end.duration_ns(), Some(250));
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Inside, each layer knows only the one before it: [`source`](Source) → blocks → opening → chunk
//! → steps (pairing, stack, resume; foretold and lane) → merge → recording and [`analysis`]. The crate knows nothing
//! of the recorder, prints nothing, and never panics, whatever the bytes are. It takes time in
//! proportion to their number, and does not believe any length or count before it has seen what
//! it counts.
#![forbid(unsafe_code)]

pub mod analysis;
mod assembly;
mod blocks;
mod callsite;
mod choice;
mod chunk;
mod clock;
mod error;
mod excerpt;
mod family;
mod foretold;
mod hidden;
mod known_anchors;
mod known_losses;
mod known_threads;
mod lane;
mod ledger;
mod loading;
mod merge;
mod numbers;
mod opening;
mod pairing;
mod pool;
mod problem;
mod problems;
mod recording;
mod records;
mod recovery;
mod resume;
mod source;
mod stack;
mod step;
mod steps;
mod strict;
mod task_sets;
mod time;
mod trace;
mod validate;
mod wording;
mod workers;

pub use analysis::Analysis;
pub use callsite::{Callsite, Callsites};
pub use clock::Clock;
pub use error::{Error, RecoverError};
pub use excerpt::{ChosenTask, Excerpt, Selection};
pub use merge::Merged;
pub use problem::{LostChunks, PoolFile, Problem};
pub use problems::Problems;
pub use recording::{
    Argument, CounterSample, Fiber, Log, Poll, RecordedThread, Recording, Region, Task,
};
pub use records::{Header, Loss, Summary};
pub use recovery::Recovered;
pub use source::Source;
pub use step::{Fate, FiberEnd, FiberLife, Item, RegionEnd, Step};
pub use steps::Steps;
pub use time::{ThreadId, Time};
pub use trace::{Thread, Trace};
pub use workers::Workers;

pub use trace_format::{
    Beginning, BlockType, CallsiteId, CallsiteKind, ClockSource, FiberId, FiberOutcome, LossCause,
    Malformed, Overflow, TaskId, Text, Value, Values,
};
