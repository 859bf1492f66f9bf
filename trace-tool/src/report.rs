//! `cargo trace report`: what a trace says in numbers.
//!
//! A [`Report`] is both what `--json` prints and what the text is made from, so that the two
//! cannot differ.

mod collect;
mod joined;
mod order;
mod text;
mod threads;

use serde::Serialize;

pub use crate::histogram::Bucket;
pub(crate) use collect::chunks;
pub(crate) use joined::Joined;
pub use order::SortKey;
pub(crate) use text::{DEFAULT_WIDTH, write_section};
pub use threads::{ThreadRow, ThreadRows};

/// What a trace says in numbers: the shape of `cargo trace report --json`.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The path of the program's executable; empty when the header is damaged, or there are several.
    pub program: String,
    /// The process id; 0 when the header is damaged, or there are several.
    pub pid: u64,
    /// The name of the machine.
    pub host: String,
    /// The command line, when the program asked for it to be recorded, else empty.
    pub command_line: String,
    /// When the trace was started.
    pub start_wall_ns: Option<u64>,
    /// From the start to the stop, or to the last event.
    pub duration_ns: u64,
    /// Whether the program stopped the trace itself.
    pub stopped: bool,
    /// The size of the file.
    pub file_bytes: u64,
    /// Events that could be read.
    pub events: u64,
    /// Chunks that could be read.
    pub chunks: u64,
    /// What is missing.
    pub loss: Loss,
    /// Tasks by type.
    pub tasks: Vec<TaskRow>,
    /// Regions by type.
    pub regions: Vec<RegionRow>,
    /// Futures by type.
    pub futures: Vec<FutureRow>,
    /// Threads.
    pub threads: ThreadRows,
    /// Log messages by category.
    pub logs: Vec<LogRow>,
    /// Counters.
    pub counters: Vec<CounterRow>,
    /// What is wrong with the trace.
    pub problems: Problems,
}

/// What is missing from a trace. When anything is, counts and totals are lower bounds, and means
/// and percentiles are those of what is left.
#[derive(Clone, Debug, Serialize)]
pub struct Loss {
    /// How many events are known to be lost, without those in gaps.
    pub events: u64,
    /// Which, by thread and cause.
    pub losses: Vec<LossRow>,
    /// Chunks that are missing from the file, with an unknown number of events.
    pub gaps: Vec<GapRow>,
    /// In how many places the file is damaged, or ends, where events were or may have been.
    pub damaged: u64,
}

/// Events that could not be recorded.
#[derive(Clone, Debug, Serialize)]
pub struct LossRow {
    /// The thread's number, when it is known.
    pub thread: Option<u64>,
    /// The thread's name.
    pub thread_name: Option<String>,
    /// Why, in one word.
    pub cause: &'static str,
    /// Why, in a sentence.
    pub explanation: &'static str,
    /// How many.
    pub count: u64,
    /// The first of them happened then or later.
    pub from_time_ns: i64,
    /// The last of them happened then or earlier.
    pub to_time_ns: i64,
}

/// Chunks of a thread that are missing from the file.
#[derive(Clone, Debug, Serialize)]
pub struct GapRow {
    /// The thread's number.
    pub thread: u64,
    /// The thread's name.
    pub thread_name: String,
    /// How many.
    pub chunks: u64,
    /// The last event before them.
    pub from_time_ns: i64,
    /// The first event after them.
    pub to_time_ns: i64,
}

/// Durations of complete tasks or regions. All zero when there are none.
#[derive(Clone, Debug, Serialize)]
pub struct Times {
    /// Their sum.
    pub total_ns: u64,
    /// Their mean.
    pub mean_ns: u64,
    /// The shortest.
    pub min_ns: u64,
    /// Half of them are no longer than this.
    pub p50_ns: u64,
    /// 90 % of them are no longer than this.
    pub p90_ns: u64,
    /// 99 % of them are no longer than this.
    pub p99_ns: u64,
    /// 99.9 % of them are no longer than this.
    pub p99_9_ns: u64,
    /// The longest.
    pub max_ns: u64,
    /// How they are distributed, from the first to the last bucket that is not empty.
    pub histogram: Vec<Bucket>,
}

/// The tasks of one type.
#[derive(Clone, Debug, Serialize)]
pub struct TaskRow {
    /// The type.
    pub name: String,
    /// How many began and ended within the trace.
    pub count: u64,
    /// Their latencies.
    #[serde(flatten)]
    pub times: Times,
    /// How many were still open at the end.
    pub open: u64,
    /// How many began before the trace.
    pub began_before: u64,
}

/// The regions of one type.
#[derive(Clone, Debug, Serialize)]
pub struct RegionRow {
    /// The type.
    pub name: String,
    /// How many began and ended within the trace.
    pub count: u64,
    /// Their durations.
    #[serde(flatten)]
    pub times: Times,
    /// Their time outside of regions within them.
    pub self_ns: u64,
    /// How many were still open at the end.
    pub open: u64,
    /// How many began before the trace.
    pub began_before: u64,
    /// How many ended while events were lost.
    pub end_lost: u64,
    /// How many lost events inside, so that their self time is an upper bound.
    pub partial: u64,
}

/// The futures of a type. From its begin to its end, a future is being polled, could be polled, or waits
/// to be woken.
#[derive(Clone, Debug, Serialize)]
pub struct FutureRow {
    /// The type.
    pub name: String,
    /// How many have a begin and an end.
    pub count: u64,
    /// How long they took.
    #[serde(flatten)]
    pub times: Times,
    /// The time in which they were being polled.
    pub busy_ns: u64,
    /// The time in which they could have been polled and were not. Of futures within each other, which are woken
    /// together, the outermost tells it.
    pub ready_ns: u64,
    /// The rest.
    pub idle_ns: u64,
    /// How often they were polled.
    pub polls: u64,
    /// The time in their polls outside of regions and other futures within them.
    pub self_ns: u64,
    /// How many began in the trace.
    pub began: u64,
    /// How many of those did not end in it.
    pub pending: u64,
    /// How many ended that began before the trace.
    pub began_before: u64,
    /// How many of those that ended were dropped before they had given a result.
    pub cancelled: u64,
    /// How many of those that ended panicked.
    pub panicked: u64,
}

/// The log messages of a category.
#[derive(Clone, Debug, Serialize)]
pub struct LogRow {
    /// The category, possibly empty.
    pub category: String,
    /// How many.
    pub count: u64,
    /// The first of them.
    pub first_time_ns: i64,
    /// The last of them.
    pub last_time_ns: i64,
}

/// The values of a counter. A value that is not finite is `null`.
#[derive(Clone, Debug, Serialize)]
pub struct CounterRow {
    /// Its name.
    pub name: String,
    /// How often it was set.
    pub count: u64,
    /// The lowest value.
    pub min: f64,
    /// The mean of the values.
    pub mean: f64,
    /// The highest value.
    pub max: f64,
    /// The last value.
    pub last: f64,
}

/// What is wrong with a trace.
#[derive(Clone, Debug, Serialize)]
pub struct Problems {
    /// How many problems there are.
    pub total: u64,
    /// The first of them.
    pub first: Vec<String>,
}

impl Loss {
    /// Whether nothing is missing.
    pub fn is_empty(&self) -> bool {
        self.losses.is_empty() && self.gaps.is_empty() && self.damaged == 0
    }
}
