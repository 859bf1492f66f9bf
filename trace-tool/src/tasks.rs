//! `cargo trace tasks`: the slowest tasks, and what happened in each.
//!
//! [`Tasks`] is what `--json` prints and what the text is made from. What happened in a task is a
//! flat list in the order of a tree's lines: what belongs to an entry follows it with a higher
//! `depth`. A trace may nest deeper than a JSON reader, or a stack, would bear.

mod collect;
mod text;
mod tree;

use serde::Serialize;

pub use trace_reader::Selection;

pub use crate::json::Argument;

/// Tasks, the slowest first: the shape of `cargo trace tasks --json`.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Tasks {
    /// How many tasks there were to choose from.
    pub candidates: u64,
    /// How many events are known to be lost; what they told is missing below.
    pub lost_events: u64,
    /// How many chunks of events are missing from the file.
    pub lost_chunks: u64,
    /// Those chosen.
    pub tasks: Vec<Task>,
    /// How many arguments were left out, of regions and tasks with very many.
    #[serde(skip_serializing_if = "is_zero")]
    pub arguments_left_out: u64,
}

/// What is known about the beginning and the end of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fate {
    /// It began and ended within the trace.
    Complete,
    /// It began before the trace.
    BeganBefore,
    /// It was still open at the end of the trace.
    Open,
    /// It began before the trace and was still open at its end.
    Throughout,
    /// It ended while events were lost.
    EndLost,
}

/// A task and what happened in it.
#[derive(Clone, Debug, Serialize)]
pub struct Task {
    /// Its number; 0 when it began while nothing was recorded.
    pub task: u64,
    /// Its type; `null` when no event that was recorded tells it.
    #[serde(rename = "type")]
    pub task_type: Option<String>,
    /// The task it is a part of; 0 is none.
    pub parent: u64,
    /// Whether `latency_ns` is all of it.
    pub fate: Fate,
    /// How long it took; when it is not complete, at least this.
    pub latency_ns: u64,
    /// When it began, if it is known.
    pub begin_time_ns: Option<i64>,
    /// The same by the wall clock.
    pub begin_wall_ns: Option<u64>,
    /// The thread on which it began.
    pub begin_thread: Option<String>,
    /// The thread on which it ended.
    pub end_thread: Option<String>,
    /// How it ended, if it is a future and did: `completed`, `cancelled` or `panicked`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<&'static str>,
    /// Where its time went, and who was at it, if it is a future.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub future: Option<Whereabouts>,
    /// Its arguments.
    pub args: Vec<Argument>,
    /// What happened in it first, as a tree.
    pub entries: Vec<Entry>,
    /// How many more entries there are, that came later.
    pub more_entries: u64,
}

/// Something that happened in a task.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// How many entries it lies in: 0 is directly in the task.
    pub depth: u64,
    /// When it happened or began. When that was before the trace, its start.
    pub time_ns: i64,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum What {
    /// A region of the task.
    Region {
        /// Its type.
        name: String,
        /// Whether `duration_ns` is all of it.
        fate: Fate,
        /// How long it took; when it is not complete, at least this.
        duration_ns: u64,
        /// Its time outside of regions within it; when events within it were lost, at most this.
        self_ns: u64,
        /// Whether events within it were lost.
        partial: bool,
        /// The thread's name.
        thread: String,
        /// Its arguments.
        args: Vec<Argument>,
    },
    /// A future that was polled for the task. What it did is told within it, whatever threads polled it.
    Future {
        /// Its type.
        name: String,
        /// Whether `duration_ns` is all of it.
        fate: Fate,
        /// How it ended: `completed`, `cancelled` or `panicked`; `null` when it did not.
        outcome: Option<&'static str>,
        /// How long it took; when it is not complete, at least this.
        duration_ns: u64,
        /// Where that went, and who was at it.
        #[serde(flatten)]
        whereabouts: Whereabouts,
        /// Its arguments.
        args: Vec<Argument>,
    },
    /// A task that is a part of it.
    Task {
        /// Its number.
        task: u64,
        /// Its type; `null` when no event that was recorded tells it.
        #[serde(rename = "type")]
        task_type: Option<String>,
        /// Whether `latency_ns` is all of it.
        fate: Fate,
        /// How it ended, if it is a future and did: `completed`, `cancelled` or `panicked`.
        #[serde(skip_serializing_if = "Option::is_none")]
        outcome: Option<&'static str>,
        /// How long it took; when it is not complete, at least this.
        latency_ns: u64,
        /// The name of the thread on which it began.
        thread: Option<String>,
        /// Its arguments.
        args: Vec<Argument>,
    },
    /// A log message.
    Log {
        /// The category, possibly empty.
        category: String,
        /// The message.
        message: String,
        /// Its length in bytes before the program cut it, when it did.
        #[serde(skip_serializing_if = "Option::is_none")]
        cut_from: Option<u64>,
        /// The thread's name.
        thread: String,
    },
}

/// Where the time of a future went: it was polled, could have been polled, or waited to be woken. And which
/// threads were at it.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Whereabouts {
    /// The time in its polls.
    pub busy_ns: u64,
    /// The time in which it could have been polled and was not. Of futures within each other, which are woken
    /// together, the outermost tells it.
    pub ready_ns: u64,
    /// The rest.
    pub idle_ns: u64,
    /// How often it was polled.
    pub polls: u64,
    /// The names of the threads that polled it, in the order of their first polls: of the polls that are in the
    /// trace, and of very many of the first thousand and the last one.
    pub threads: Vec<String>,
    /// The name of the thread that woke it last, if that is known.
    pub last_woken_by: Option<String>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}
