//! What is known of a thread while its steps come.

use trace_reader::{CallsiteId, TaskId, ThreadId, Time};

use super::events::Annotations;
use super::packets::Sequence;
use crate::nesting::{Nesting, Slice};

/// What is known of a thread.
pub(super) struct Thread {
    pub(super) nesting: Nesting,
    pub(super) line: Line,
}

impl Thread {
    /// One that was just met, and its track.
    pub(super) fn new(id: ThreadId, track: u64) -> Self {
        Self { nesting: Nesting::default(), line: Line::new(id, track) }
    }

    /// Whether it may be forgotten.
    pub(super) fn is_idle(&self) -> bool {
        self.nesting.open().is_empty() && self.line.held.is_none()
    }
}

/// How what a thread does is written.
pub(super) struct Line {
    pub(super) id: ThreadId,
    pub(super) sequence: Sequence,
    /// A begin whose arguments may come with the next step.
    pub(super) held: Option<Held>,
    /// The task whose regions the thread had last, and the track for these.
    pub(super) lane: Option<(TaskId, u64)>,
    /// Arguments that were added to open regions, by the number of the region.
    pub(super) added: Vec<(u64, Annotations)>,
}

impl Line {
    pub(super) fn new(id: ThreadId, track: u64) -> Self {
        let sequence = Sequence::on(track);
        Self { id, sequence, held: None, lane: None, added: Vec::new() }
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
