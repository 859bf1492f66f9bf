//! What is made, in a part that is read ahead of its turn, of that which has to be looked at
//! [in order](super::in_order).
//!
//! A task is looked at here, by itself, as in the whole trace: nearly all begin and end within a part,
//! or else once in one and once in another. That is joined by looking at what is left open and at a
//! bit or two per task. Only where something about a task happens twice does it matter what was first.
//! Then the part is read again when its turn comes.
//!
//! With futures it is the same.
//!
//! Invariant: joining two parts without such a thing gives what reading them one after the other
//! would.

use trace_format::{CallsiteId, FiberId, TaskId};

use super::in_order::Ordered;
use super::notes::Notes;
use super::pending::Pending;
use super::tasks::Tasks;
use crate::ledger::{Entry, Half, Ledger, Pair};
use crate::numbers::NumberMap;
use crate::step::At;
use crate::{Callsites, Problem, Time};

/// What is found in a part by itself.
#[derive(Debug)]
pub(super) struct Apart<'t> {
    callsites: &'t Callsites,
    pub(super) tasks: Tasks,
    /// Tasks of which only the begin or only the end is in this part, and its callsite.
    pub(super) halves: NumberMap<TaskId, (Half, CallsiteId)>,
    pub(super) ledger: Ledger,
    /// The same of futures.
    pub(super) futures: NumberMap<FiberId, (Half, CallsiteId)>,
    pub(super) pending: Pending,
    pub(super) notes: Notes,
    /// Whether it takes all that precedes to tell what is to be made of a task or a future.
    needs_order: bool,
}

impl<'t> Apart<'t> {
    pub(super) fn new(callsites: &'t Callsites) -> Self {
        let (tasks, halves, futures, notes) = Default::default();
        let (ledger, pending) = (Ledger::of_part(), Pending::of_part());
        Self { callsites, tasks, halves, ledger, futures, pending, notes, needs_order: false }
    }

    /// Whether it can be joined to what precedes it, of which `ledger` and `pending` are.
    pub(super) fn can_be_joined_to(&self, ledger: &Ledger, pending: &Pending) -> bool {
        !self.needs_order
            && ledger.can_be_joined(&self.ledger)
            && pending.can_be_joined(&self.pending)
    }
}

impl Ordered for Apart<'_> {
    fn task_began(&mut self, at: At, task: TaskId, callsite: CallsiteId) {
        self.needs_order |= task == TaskId::BACKGROUND;
        if self.needs_order {
            return;
        }
        match self.ledger.began(at, task, callsite) {
            Entry::First(pair) => {
                match pair {
                    Pair::Both => _ = self.halves.remove(&task),
                    Pair::One => _ = self.halves.insert(task, (Half::Begin, callsite)),
                    Pair::Unknown => self.needs_order = true,
                }
                self.tasks.began(self.callsites, callsite, pair);
            }
            _ => self.needs_order = true,
        }
    }

    fn task_ended(&mut self, at: At, task: TaskId, callsite: CallsiteId, begin: Option<Time>) {
        // The background is no task, and ends any number of times.
        self.needs_order |= task == TaskId::BACKGROUND;
        if self.needs_order {
            return;
        }
        match self.ledger.ended(at, task, callsite, begin.is_some()) {
            Entry::First(pair) => {
                match pair {
                    Pair::Both => _ = self.halves.remove(&task),
                    Pair::One => _ = self.halves.insert(task, (Half::End, callsite)),
                    Pair::Unknown => self.needs_order = true,
                }
                self.tasks.ended(self.callsites, callsite, begin, at.time, pair);
            }
            _ => self.needs_order = true,
        }
    }

    fn future(&mut self, half: Half, fiber: FiberId, callsite: CallsiteId) -> Pair {
        if self.needs_order {
            return Pair::Unknown;
        }
        let pair = self.pending.enter(half, fiber);
        match pair {
            Pair::Both => _ = self.futures.remove(&fiber),
            Pair::One => _ = self.futures.insert(fiber, (half, callsite)),
            Pair::Unknown => self.needs_order = true,
        }
        pair
    }

    fn counter(&mut self, at: At, callsite: CallsiteId, value: f64) {
        self.notes.counter(at, callsite, value);
    }

    fn problem(&mut self, problem: &Problem) {
        self.notes.problem(problem);
    }
}
