//! Which tasks have begun and which have ended: each should do so once.
//!
//! Tasks pass from thread to thread, so that this is kept for the whole trace. Their ids are
//! mostly consecutive: a bit per task and state, in pages of 64.

use std::collections::HashMap;

use trace_format::{CallsiteId, TaskId};

use crate::step::{Item, Step};
use crate::{Problem, ThreadId, Time};

/// Where a task ended.
#[derive(Clone, Copy, Debug)]
struct End {
    callsite: CallsiteId,
    offset: u64,
    thread: ThreadId,
    time: Time,
}

#[derive(Clone, Copy, Debug, Default)]
struct Page {
    began: u64,
    ended: u64,
}

/// What is known of all tasks.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pages: HashMap<u64, Page>,
    /// Ends whose begin has not been seen yet.
    loose: HashMap<TaskId, End>,
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
                self.loose.remove(&task);
                let (page, bit) = self.page(task);
                if page.began & bit != 0 {
                    let problem = Problem::TaskBeganTwice { offset, thread, time, task, callsite };
                    return Entry::Again(problem);
                }
                page.began |= bit;
                Entry::First
            }
            Step::TaskEnded { task, callsite, begin, .. } => {
                if task == TaskId::BACKGROUND {
                    return Entry::First;
                }
                let (page, bit) = self.page(task);
                if page.ended & bit != 0 {
                    let problem = Problem::TaskEndedTwice { offset, thread, time, task, callsite };
                    return Entry::Again(problem);
                }
                page.ended |= bit;
                if page.began & bit == 0 && begin.is_some() {
                    self.loose.insert(task, End { callsite, offset, thread, time });
                }
                Entry::First
            }
            _ => Entry::Other,
        }
    }

    fn page(&mut self, task: TaskId) -> (&mut Page, u64) {
        (self.pages.entry(task.0 / 64).or_default(), 1 << (task.0 % 64))
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
