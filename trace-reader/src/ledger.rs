//! Which tasks have begun and which have ended: each should do so once.
//!
//! Tasks pass from thread to thread, so that this is kept for the whole trace.

use trace_format::{CallsiteId, TaskId};

use crate::numbers::NumberMap;
use crate::step::{Item, Step};
use crate::task_sets::TaskSets;
use crate::{Problem, ThreadId, Time};

/// Where a task ended.
#[derive(Clone, Copy, Debug)]
struct End {
    callsite: CallsiteId,
    offset: u64,
    thread: ThreadId,
    time: Time,
}

/// The set of tasks that have begun.
const BEGAN: usize = 0;
/// The set of tasks that have ended.
const ENDED: usize = 1;

/// What is known of all tasks.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    sets: TaskSets<2>,
    /// Ends whose begin has not been seen yet.
    loose: NumberMap<TaskId, End>,
}

/// What the ledger says to a step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It is no begin or end of a task.
    Other,
    /// It happens for the first time.
    First,
    /// It happened before, and does not count.
    Again(Problem),
}

impl Ledger {
    /// Enters a step.
    pub(crate) fn enter(&mut self, item: &Item<'_>) -> Entry {
        let (offset, thread, time) = (item.offset, item.thread, item.time);
        match item.step {
            Step::TaskBegan { task, callsite, .. } => {
                // Usually there are none, and no hash need be computed.
                if !self.loose.is_empty() {
                    self.loose.remove(&task);
                }
                if !self.sets.insert(BEGAN, task) {
                    let problem = Problem::TaskBeganTwice { offset, thread, time, task, callsite };
                    return Entry::Again(problem);
                }
                Entry::First
            }
            Step::TaskEnded { task, callsite, begin, .. } => {
                if task == TaskId::BACKGROUND {
                    return Entry::First;
                }
                if !self.sets.insert(ENDED, task) {
                    let problem = Problem::TaskEndedTwice { offset, thread, time, task, callsite };
                    return Entry::Again(problem);
                }
                if begin.is_some() && !self.sets.contains(BEGAN, task) {
                    self.loose.insert(task, End { callsite, offset, thread, time });
                }
                Entry::First
            }
            _ => Entry::Other,
        }
    }

    /// The ends without a begin, by offset.
    pub(crate) fn loose(self) -> impl Iterator<Item = Problem> {
        let mut loose: Vec<_> = self.loose.into_iter().collect();
        loose.sort_by_key(|(_, end)| end.offset);
        loose.into_iter().map(|(task, End { callsite, offset, thread, time })| {
            Problem::TaskEndWithoutBegin { offset, thread, time, task, callsite }
        })
    }
}
