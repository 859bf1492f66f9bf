//! What is known of the thread whose steps are being read.

use hashbrown::HashMap;
use trace_reader::{CallsiteId, Step, TaskId, ThreadId, Time, Values};

use super::events::Annotations;
use super::intervals::Intervals;
use crate::nesting::Slice;

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// How what a thread does is written.
pub(super) struct Line {
    pub(super) id: ThreadId,
    /// A begin whose arguments may come with the next step.
    pub(super) held: Option<Held>,
    /// The task whose regions the thread had last, and the track for these.
    pub(super) lane: Option<(TaskId, u64)>,
    /// Of the slices that are open, from the outside in, the tracks that their copies are on.
    pub(super) copies: Vec<Option<u64>>,
    pub(super) added: Added,
    /// The regions that were told by their ends only.
    pub(super) late: Intervals,
}

impl Line {
    pub(super) fn new(id: ThreadId) -> Self {
        Self {
            id,
            held: None,
            lane: None,
            copies: Vec::new(),
            added: Added::default(),
            late: Intervals::default(),
        }
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
        fiber: trace_reader::FiberId,
        track: u64,
    },
}

impl Held {
    /// The arguments that a step tells of it.
    #[inline]
    pub(super) fn arguments<'s>(&self, step: &'s Step<'_>) -> Option<&'s Values<'s>> {
        match (step, &self.begun) {
            (Step::RegionArgs { region, values }, Begun::Slice { slice, .. }) => {
                (*region == Some(slice.region)).then_some(values)
            }
            (Step::TaskArgs { task, values }, Begun::Task { task: begun, .. }) => {
                (*task == Some(*begun)).then_some(values)
            }
            (Step::FiberArgs { fiber, values }, Begun::Future { fiber: begun, .. }) => {
                (fiber == begun).then_some(values)
            }
            _ => None,
        }
    }
}

/// Arguments that were added to what is open: they are written at its end.
#[derive(Default)]
pub(super) struct Added {
    /// By the number of the region within the thread.
    pub(super) regions: Map<u64, Annotations>,
    pub(super) tasks: Map<TaskId, Vec<AddedToTask>>,
    /// How much memory they take, about.
    pub(super) bytes: usize,
}

/// An argument that was added to a task, which may end on another thread.
pub(super) struct AddedToTask {
    pub(super) time: Time,
    pub(super) key: CallsiteId,
    pub(super) annotation: Annotations,
}
