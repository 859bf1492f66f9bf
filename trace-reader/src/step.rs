//! What the reader tells of a thread, one thing at a time.

use trace_format::{CallsiteId, FiberId, FiberOutcome, TaskId, Text, Value, Values};

use crate::{Loss, Problem, ThreadId, Time};

/// A step, and where and when it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// The thread.
    pub thread: ThreadId,
    /// When. Never earlier than the item before of this thread.
    pub time: Time,
    /// Where it stands in the file.
    pub offset: u64,
    /// What happened.
    pub step: Step<'a>,
}

/// Where and when something was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) thread: ThreadId,
    pub(crate) time: Time,
    pub(crate) offset: u64,
}

/// What happened. The regions of a thread are numbered in the order of their appearance.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step<'a> {
    /// A region begins.
    RegionBegan {
        /// Its number within its thread.
        region: u64,
        /// What begins.
        callsite: CallsiteId,
        /// The task it belongs to.
        task: TaskId,
        /// The region around it, when that one is known.
        parent: Option<u64>,
        /// How many regions are around it.
        depth: u64,
    },
    /// A poll of a fiber begins. It is a region: it has a number, other regions nest in it, and it
    /// [ends](Self::RegionEnded) as one.
    PollBegan {
        /// Its number within its thread.
        region: u64,
        /// The fiber.
        fiber: FiberId,
        /// What the fiber is: a region, or a task.
        callsite: CallsiteId,
        /// The task it belongs to.
        task: TaskId,
        /// The region around it, when that one is known.
        parent: Option<u64>,
        /// How many regions are around it.
        depth: u64,
        /// For how long the fiber could have been polled; 0 when that is not known.
        waited_ns: u64,
    },
    /// A region is found open whose begin is not in the trace: it precedes the first chunk, or
    /// was lost.
    RegionFound {
        /// Its number within its thread.
        region: u64,
        /// What is open.
        callsite: CallsiteId,
        /// The task it belongs to.
        task: TaskId,
        /// The region around it, when that one is known.
        parent: Option<u64>,
        /// How many regions are around it.
        depth: u64,
        /// When it began.
        begin: Time,
        /// Of a poll, the fiber; else 0.
        fiber: FiberId,
    },
    /// The arguments of the region that began just now.
    RegionArgs {
        /// The region; `None` when no begin precedes.
        region: Option<u64>,
        /// One value per key of the callsite.
        values: Values<'a>,
    },
    /// An argument is added to an open region.
    RegionArg {
        /// The region; `None` when it is not known.
        region: Option<u64>,
        /// The argument's name.
        key: CallsiteId,
        /// Its value.
        value: Value<'a>,
    },
    /// A region ends, or is known to be over.
    RegionEnded(RegionEnd),
    /// A task begins.
    TaskBegan {
        /// The new task.
        task: TaskId,
        /// Its type.
        callsite: CallsiteId,
        /// The task it is a part of.
        parent: TaskId,
    },
    /// The arguments of the task that began just now.
    TaskArgs {
        /// The task; `None` when no begin precedes.
        task: Option<TaskId>,
        /// One value per key of the callsite.
        values: Values<'a>,
    },
    /// An argument is added to a running task.
    TaskArg {
        /// The task.
        task: TaskId,
        /// The argument's name.
        key: CallsiteId,
        /// Its value.
        value: Value<'a>,
    },
    /// A task ends.
    TaskEnded {
        /// The task; 0 when it began while nothing was recorded.
        task: TaskId,
        /// Its type.
        callsite: CallsiteId,
        /// The task it is a part of, when that is known.
        parent: Option<TaskId>,
        /// When it began; `None` when that was before the trace.
        begin: Option<Time>,
    },
    /// Another task becomes the current one of the thread.
    TaskEntered {
        /// The task.
        task: TaskId,
    },
    /// A fiber begins: a future that is traced was made, or is polled for the first time.
    FiberBegan {
        /// The new fiber.
        fiber: FiberId,
        /// What it is: a region, or a task.
        callsite: CallsiteId,
        /// The fiber it is a part of; 0 is none.
        parent: FiberId,
        /// The task it belongs to.
        task: TaskId,
    },
    /// The arguments of the fiber that began just now.
    FiberArgs {
        /// The fiber.
        fiber: FiberId,
        /// One value per key of the callsite.
        values: Values<'a>,
    },
    /// A fiber ends.
    FiberEnded(FiberEnd),
    /// A fiber is woken, for the first time since its last poll.
    Woken {
        /// The fiber.
        fiber: FiberId,
    },
    /// A log message.
    Log {
        /// Its category.
        callsite: CallsiteId,
        /// The task it belongs to.
        task: TaskId,
        /// The innermost open region.
        region: Option<u64>,
        /// The message.
        message: Text<'a>,
    },
    /// A counter has a new value.
    Counter {
        /// The counter.
        callsite: CallsiteId,
        /// Its value.
        value: Value<'a>,
    },
    /// Events were emitted that could not be recorded.
    Loss(Loss),
    /// Chunks of the thread are missing up to here.
    Gap {
        /// How many.
        chunks: u64,
        /// The last event before.
        from: Time,
    },
    /// Something is not as it should be.
    Problem(Problem),
}

/// A region that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegionEnd {
    /// Its number within its thread.
    pub region: u64,
    /// What ended.
    pub callsite: CallsiteId,
    /// The task it belonged to.
    pub task: TaskId,
    /// The region around it at its end, when that one is known: another one than at its begin if
    /// that one has ended before.
    pub parent: Option<u64>,
    /// How many regions were around it at its end.
    pub depth: u64,
    /// When it began; `None` when that was before the trace.
    pub begin: Option<Time>,
    /// When it ended, as far as the [fate](Self::fate) lets that be known.
    pub end: Time,
    /// The time in it and in none of the regions inside of it.
    pub self_ns: u64,
    /// The time it adds to the region around it: that from begin to end, without what was
    /// attributed already to another region, which happens when regions are mis-nested.
    ///
    /// On each thread the self times add up exactly to the covered times of the regions that
    /// nothing is around at their end.
    pub covered_ns: u64,
    /// Something was lost while it was open, and `self_ns` may contain the time of regions inside
    /// of it about which nothing is known.
    pub partial: bool,
    /// How it ended.
    pub fate: Fate,
    /// Whether no step before told of it: its end is all that there is.
    pub untold: bool,
    /// Of a poll, the fiber; else 0.
    pub fiber: FiberId,
}

/// A fiber that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FiberEnd {
    /// Which one.
    pub fiber: FiberId,
    /// What it was: a region, or a task.
    pub callsite: CallsiteId,
    /// How it ended.
    pub outcome: FiberOutcome,
    /// What its end tells of its life; `None` when it began before the trace.
    pub life: Option<FiberLife>,
}

/// A fiber from its begin to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FiberLife {
    /// The fiber it was a part of; 0 is none.
    pub parent: FiberId,
    /// The task it belonged to.
    pub task: TaskId,
    /// When it began.
    pub begin: Time,
    /// The time in its polls.
    pub busy_ns: u64,
    /// The time in which it was ready, and could have been polled and was not: from the first wake after a poll to the
    /// next one, and from its begin to its first.
    pub waited_ns: u64,
    /// How often it was polled.
    pub polls: u64,
}

impl RegionEnd {
    /// From begin to end, when both are in the trace.
    #[inline]
    pub fn duration_ns(&self) -> Option<u64> {
        match (self.fate, self.begin) {
            (Fate::Complete, Some(begin)) => Some(self.end.since(begin)),
            _ => None,
        }
    }

    /// Whether the program ended it, rather than the reader finding out that it is over.
    #[inline]
    pub(crate) fn is_event(&self) -> bool {
        matches!(self.fate, Fate::Complete | Fate::BeganBefore)
    }
}

/// How a region ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// Begin and end are known.
    Complete,
    /// It began before the trace, or nothing is known about its begin. Adds no self time.
    BeganBefore,
    /// It is still open at the end of the trace.
    Open,
    /// It ended where chunks or events are missing; `end` is the last event before. Or too many others
    /// are open inside of it for it to be followed.
    Lost,
}

impl Step<'_> {
    /// Whether the program did this, rather than the reader finding it out.
    pub fn is_event(&self) -> bool {
        match self {
            Self::RegionEnded(end) => end.is_event(),
            Self::RegionFound { .. } | Self::Loss(_) | Self::Gap { .. } => false,
            Self::Problem(problem) => matches!(problem, Problem::NothingOpen { .. }),
            _ => true,
        }
    }
}
