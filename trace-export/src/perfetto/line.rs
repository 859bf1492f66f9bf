//! What is known of the thread whose steps are being read.

use trace_reader::{CallsiteId, TaskId, ThreadId, Time};

use super::events::Annotations;
use crate::nesting::Slice;

/// How what a thread does is written.
pub(super) struct Line {
    pub(super) id: ThreadId,
    /// A begin whose arguments may come with the next step.
    pub(super) held: Option<Held>,
    /// The task whose regions the thread had last, and the track for these.
    pub(super) lane: Option<(TaskId, u64)>,
    /// Arguments that were added to open regions and tasks.
    pub(super) added: Vec<Added>,
}

impl Line {
    pub(super) fn new(id: ThreadId) -> Self {
        Self { id, held: None, lane: None, added: Vec::new() }
    }
}

/// What began with the step before.
#[derive(Clone, Copy)]
pub(super) struct Held {
    pub(super) time: Time,
    pub(super) callsite: CallsiteId,
    pub(super) begun: Begun,
}

/// What that is.
#[derive(Clone, Copy)]
pub(super) enum Begun {
    /// A region, or a poll of a future that could have been polled for so long.
    Slice {
        slice: Slice,
        waited_ns: u64,
    },
    Task {
        task: TaskId,
        track: u64,
    },
    Future {
        track: u64,
    },
}

/// An argument that was added, which is written at the end of what it was added to.
pub(super) struct Added {
    pub(super) to: Open,
    pub(super) time: Time,
    pub(super) key: CallsiteId,
    pub(super) annotation: Annotations,
}

/// What it was added to: a task, or a region by its number within the thread.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Open {
    Region(u64),
    Task(TaskId),
}
