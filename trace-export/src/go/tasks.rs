//! Tasks: which have begun, and which have not ended.
//!
//! Invariants:
//! 1. No task is begun twice. A parser that found the second begin before the first end, because clocks of
//!    threads differ, would give up.
//! 2. No task is a part of itself, nor of one of its parts: the tool's page of such a task ends the
//!    tool. So a parent of which nothing is known yet has no parent itself, should it begin later.

use trace_reader::{CallsiteId, TaskId, Time};

use super::Export;
use super::threads::Machine;
use super::wire::kind;
use crate::ids::{Ids, MOST_LEAVES};

const TOO_MANY: &str = "of very many tasks some are not shown";

/// Stands for no task.
const NONE: u64 = u64::MAX;

/// So many parents are kept that have not begun: fewer than [`Ids`] forgets any of, wherever they are.
const MOST_UNSEEN: usize = MOST_LEAVES / 2;

/// What is known of tasks.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    begun: Ids,
    active: Ids,
    /// Those that are parents of others and had not begun when those did.
    unseen: Ids,
    unseen_len: usize,
}

impl Tasks {
    /// What the file calls a task. One number is not free: that of no task.
    #[inline]
    pub(super) fn number(&self, task: TaskId) -> u64 {
        if task.0 == NONE { 0 } else { task.0 }
    }

    /// A task begins; why it may not be written, if it may not.
    fn begin(&mut self, task: u64) -> Result<(), &'static str> {
        if task == 0 {
            return Err("tasks whose number is not known are not shown");
        }
        let is_new = self.begun.insert(task);
        // Once some have been forgotten nobody knows which may begin.
        if self.begun.has_forgotten() {
            return Err(TOO_MANY);
        }
        if !is_new {
            return Err("tasks that begin again are one");
        }
        self.active.insert(task);
        Ok(())
    }

    /// The parent that a task is shown with, which has begun now; 0 for none.
    fn parent(&mut self, task: u64, parent: u64) -> u64 {
        if parent == 0 || parent == task || self.unseen.contains(task) {
            return 0;
        }
        if !self.begun.contains(parent) {
            if self.unseen_len >= MOST_UNSEEN {
                return 0;
            }
            self.unseen_len += usize::from(self.unseen.insert(parent));
        }
        parent
    }
}

impl Export<'_, '_, '_> {
    pub(super) fn task_begins(
        &mut self,
        machine: &mut Machine,
        now: u64,
        task: TaskId,
        callsite: CallsiteId,
        parent: TaskId,
    ) {
        machine.last_task = (task, callsite);
        let (task, parent) = (self.tasks.number(task), self.tasks.number(parent));
        if let Err(why) = self.tasks.begin(task) {
            return self.remarks.met(why);
        }
        let shown = self.tasks.parent(task, parent);
        if shown != parent {
            self.remarks.met("some tasks are not shown as parts of those that begin behind them");
        }
        let words = self.words(callsite);
        self.put(machine, kind::TASK_BEGIN, now, [task, shown, words.name, words.stack]);
    }

    pub(super) fn task_ends(
        &mut self,
        machine: &mut Machine,
        now: u64,
        task: TaskId,
        callsite: CallsiteId,
        begin: Option<Time>,
    ) {
        let number = self.tasks.number(task);
        if number == 0 {
            return self.remarks.met("of tasks whose number is not known the end is not shown");
        }
        if !self.tasks.active.remove(number) {
            if self.tasks.begun.has_forgotten() {
                return self.remarks.met(TOO_MANY);
            }
            if self.tasks.begun.contains(number) {
                return self.remarks.met("of tasks that end more than once the first end is shown");
            }
            self.remarks.met(match begin {
                Some(_) => "tasks whose begin was lost have no name",
                None => "tasks that began before the trace have no name",
            });
        }
        let stack = self.words(callsite).stack;
        self.put(machine, kind::TASK_END, now, [number, stack]);
    }
}
