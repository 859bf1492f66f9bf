//! What has to be looked at in the order of the trace.
//!
//! Whether a task or a future begins or ends for the first time depends on all that precedes; so does a mean of
//! doubles, in its last digits. Of problems only the first ones are kept.
//!
//! Whoever reads all parts one after the other has that order. Of a part that is read ahead of its
//! turn, as much is found as can be found [apart](super::apart).

use trace_format::{CallsiteId, FiberId, TaskId};

use super::apart::Apart;
use super::counters::Counters;
use super::pending::Pending;
use super::tasks::Tasks;
use crate::ledger::{Entry, Half, Ledger, Pair};
use crate::step::At;
use crate::{Callsites, Problem, Problems, Time};

/// Is told, in the order of the trace or of a part, what needs that order.
pub(super) trait Ordered {
    /// A task begins.
    fn task_began(&mut self, at: At, task: TaskId, callsite: CallsiteId);

    /// A task ends; `begin` is `None` when that was before the trace.
    fn task_ended(&mut self, at: At, task: TaskId, callsite: CallsiteId, begin: Option<Time>);

    /// A future begins or ends. Returns whether both are known now.
    fn future(&mut self, half: Half, fiber: FiberId, callsite: CallsiteId) -> Pair;

    /// A counter has a new value.
    fn counter(&mut self, at: At, callsite: CallsiteId, value: f64);

    /// Something is not as it should be.
    fn problem(&mut self, problem: &Problem);
}

/// What is made of it when its turn has come.
#[derive(Debug)]
pub(super) struct InOrder<'t> {
    callsites: &'t Callsites,
    pub(super) tasks: Tasks,
    pub(super) counters: Counters,
    pub(super) problems: Problems,
    ledger: Ledger,
    pending: Pending,
}

impl<'t> InOrder<'t> {
    /// Starts with what is wrong with the file.
    pub(super) fn new(callsites: &'t Callsites, problems: Problems) -> Self {
        let (tasks, counters, ledger, pending) = Default::default();
        Self { callsites, tasks, counters, problems, ledger, pending }
    }

    /// Whether what was found apart can be joined.
    pub(super) fn can_join(&self, next: &Apart<'_>) -> bool {
        next.can_be_joined_to(&self.ledger, &self.pending)
    }

    /// Joins what was found in the next part, which has to be [possible](Self::can_join). Tells the callsites of
    /// futures of which one half was seen here and the other one there.
    pub(super) fn join(&mut self, next: Apart<'_>, mut paired: impl FnMut(CallsiteId)) {
        let Apart { tasks, halves, ledger, futures, pending, notes, .. } = next;
        for (&fiber, &(half, callsite)) in &futures {
            if self.pending.awaits(half, fiber) {
                paired(callsite);
            }
        }
        self.pending.join(pending);
        self.tasks.merge(self.callsites, tasks);
        for (&task, &(half, callsite)) in &halves {
            if self.ledger.awaits(task, half) {
                self.tasks.paired(self.callsites, callsite);
            }
        }
        let began = halves.iter().filter(|(_, (half, _))| *half == Half::Begin);
        self.ledger.join(ledger, began.map(|(task, _)| *task));
        notes.tell(self);
        self.problems.push_uncounted(notes.problems());
    }

    /// That was all of the trace. If nothing is missing, an end without a begin is a mistake.
    pub(super) fn end(&mut self, is_whole: bool) {
        std::mem::take(&mut self.ledger).tell(is_whole, &mut self.problems);
    }
}

impl Ordered for InOrder<'_> {
    fn task_began(&mut self, at: At, task: TaskId, callsite: CallsiteId) {
        match self.ledger.began(at, task, callsite) {
            Entry::First(pair) => self.tasks.began(self.callsites, callsite, pair),
            Entry::Again(problem) => self.problems.push(problem),
            Entry::Other => {}
        }
    }

    fn task_ended(&mut self, at: At, task: TaskId, callsite: CallsiteId, begin: Option<Time>) {
        match self.ledger.ended(at, task, callsite, begin.is_some()) {
            Entry::First(pair) => {
                self.tasks.ended(self.callsites, callsite, begin, at.time, pair);
            }
            Entry::Again(problem) => self.problems.push(problem),
            Entry::Other => {}
        }
    }

    fn future(&mut self, half: Half, fiber: FiberId, _: CallsiteId) -> Pair {
        self.pending.enter(half, fiber)
    }

    fn counter(&mut self, at: At, callsite: CallsiteId, value: f64) {
        self.counters.value(self.callsites, at.time, callsite, value);
    }

    fn problem(&mut self, problem: &Problem) {
        self.problems.push(problem.clone());
    }
}
