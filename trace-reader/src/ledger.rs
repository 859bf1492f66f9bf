//! Which tasks have begun and which have ended: each should do so once.
//!
//! Tasks pass from thread to thread, so that this is kept for the whole trace.

use trace_format::{CallsiteId, TaskId};

use crate::Problem;
use crate::numbers::NumberMap;
use crate::step::{At, Item, Step};
use crate::task_sets::TaskSets;

/// Where a task ended.
#[derive(Clone, Copy, Debug)]
struct End {
    callsite: CallsiteId,
    at: At,
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
        let &Item { thread, time, offset, .. } = item;
        let at = At { thread, time, offset };
        match item.step {
            Step::TaskBegan { task, callsite, .. } => self.began(at, task, callsite),
            Step::TaskEnded { task, callsite, begin, .. } => {
                self.ended(at, task, callsite, begin.is_some())
            }
            _ => Entry::Other,
        }
    }

    /// Enters the begin of a task.
    #[inline]
    pub(crate) fn began(&mut self, at: At, task: TaskId, callsite: CallsiteId) -> Entry {
        // Usually there are none, and no hash need be computed.
        if !self.loose.is_empty() {
            self.loose.remove(&task);
        }
        if !self.sets.insert(BEGAN, task) {
            let At { thread, time, offset } = at;
            return Entry::Again(Problem::TaskBeganTwice { offset, thread, time, task, callsite });
        }
        Entry::First
    }

    /// Enters the end of a task, which tells of a begin within the trace or not.
    #[inline]
    pub(crate) fn ended(
        &mut self,
        at: At,
        task: TaskId,
        callsite: CallsiteId,
        has_begin: bool,
    ) -> Entry {
        if task == TaskId::BACKGROUND {
            return Entry::First;
        }
        if !self.sets.insert(ENDED, task) {
            let At { thread, time, offset } = at;
            return Entry::Again(Problem::TaskEndedTwice { offset, thread, time, task, callsite });
        }
        if has_begin && !self.sets.contains(BEGAN, task) {
            self.loose.insert(task, End { callsite, at });
        }
        Entry::First
    }

    /// Whether nothing that was entered here was entered there as well.
    pub(crate) fn is_disjoint(&self, other: &Self) -> bool {
        self.sets.are_disjoint(&other.sets)
    }

    /// Enters all that another ledger holds, which has to be disjoint. Of what `began` there, no end
    /// may have followed there: ends of others were entered with their begins.
    pub(crate) fn merge(&mut self, other: Self, began: impl Iterator<Item = TaskId>) {
        self.sets.merge(&other.sets);
        if !self.loose.is_empty() {
            began.for_each(|task| {
                self.loose.remove(&task);
            });
        }
        for (task, end) in other.loose {
            if !self.sets.contains(BEGAN, task) {
                self.loose.insert(task, end);
            }
        }
    }

    /// The ends without a begin, by offset.
    pub(crate) fn loose(self) -> impl Iterator<Item = Problem> {
        let mut loose: Vec<_> = self.loose.into_iter().collect();
        loose.sort_by_key(|(_, end)| end.at.offset);
        loose.into_iter().map(|(task, End { callsite, at })| {
            let At { thread, time, offset } = at;
            Problem::TaskEndWithoutBegin { offset, thread, time, task, callsite }
        })
    }
}
