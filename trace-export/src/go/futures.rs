//! Futures: the goroutines that they are, and what becomes of those.
//!
//! Invariants: states are those that the parser has, but that the goroutine of a future which polls
//! another one counts as running; what is known of a future lives until its goroutine is destroyed.

use hashbrown::HashMap;
use trace_reader::{CallsiteId, FiberEnd, FiberId, FiberOutcome, TaskId};

use super::Export;
use super::processors::PATIENCE_NS;
use super::threads::{Machine, Poll};
use super::wire::{GO_WAITING, NO_THREAD, kind};
use crate::nesting::Slice;

/// So many futures are known at the same time: what fits into 30 MiB.
const MOST: usize = 7 << 16;

const TOO_MANY: &str = "of too many futures at the same time some are not shown";

/// What a future's goroutine does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It could be polled.
    Runnable,
    /// It waits to be woken.
    Waiting,
    /// A thread polls it, the one at this position.
    Running(usize),
}

/// What is known of a future.
#[derive(Clone, Copy, Debug)]
pub(super) struct Future {
    pub(super) goroutine: u64,
    /// How often its goroutine was started and unblocked.
    sequence: u64,
    pub(super) state: State,
    pub(super) callsite: CallsiteId,
    pub(super) task: TaskId,
    /// It was polled, and is a region since.
    pub(super) has_region: bool,
    /// It was woken during its poll.
    pub(super) is_woken: bool,
    /// It has ended, and its goroutine goes as soon as it does not run any more.
    pub(super) is_over: bool,
}

/// All futures that are known.
#[derive(Debug, Default)]
pub(super) struct Futures {
    known: HashMap<FiberId, Future, foldhash::fast::RandomState>,
    /// How many there were.
    count: u64,
}

impl Futures {
    #[inline]
    pub(super) fn get(&self, fiber: FiberId) -> Option<Future> {
        self.known.get(&fiber).copied()
    }

    /// The next sequence number of its goroutine.
    pub(super) fn next(&mut self, fiber: FiberId) -> u64 {
        self.known.get_mut(&fiber).map_or(0, |future| {
            future.sequence += 1;
            future.sequence
        })
    }

    /// Its goroutine does something else from now on.
    pub(super) fn set(&mut self, fiber: FiberId, state: State) {
        if let Some(future) = self.known.get_mut(&fiber) {
            future.state = state;
            future.is_woken = false;
        }
    }

    pub(super) fn remove(&mut self, fiber: FiberId) {
        self.known.remove(&fiber);
    }

    /// Takes in a future; the number of its goroutine, or `None` when there are too many.
    fn insert(
        &mut self,
        fiber: FiberId,
        callsite: CallsiteId,
        task: TaskId,
        threads: usize,
    ) -> Option<u64> {
        if self.known.len() >= MOST {
            return None;
        }
        self.count += 1;
        let goroutine = threads as u64 + self.count;
        let future = Future {
            goroutine,
            sequence: 0,
            state: State::Waiting,
            callsite,
            task,
            has_region: false,
            is_woken: false,
            is_over: false,
        };
        self.known.insert(fiber, future);
        Some(goroutine)
    }
}

impl Export<'_, '_, '_> {
    /// A future is made, and can be polled.
    pub(super) fn future_begins(
        &mut self,
        machine: &mut Machine,
        now: u64,
        (fiber, callsite, task): (FiberId, CallsiteId, TaskId),
        made_at: Option<CallsiteId>,
    ) {
        if self.futures.get(fiber).is_some() {
            return self.remarks.met("futures that begin again are one");
        }
        let threads = self.threads.len();
        let Some(goroutine) = self.futures.insert(fiber, callsite, task, threads) else {
            return self.remarks.met(TOO_MANY);
        };
        let (stack, here) = (self.words(callsite).stack, self.stack(made_at));
        self.put(machine, kind::GO_CREATE, now, [goroutine, stack, here]);
        self.futures.set(fiber, State::Runnable);
    }

    /// A future can be polled again.
    pub(super) fn future_woken(
        &mut self,
        machine: &mut Machine,
        now: u64,
        fiber: FiberId,
        woken_at: Option<CallsiteId>,
    ) {
        self.settle_where(machine, fiber);
        let Some(future) = self.futures.known.get_mut(&fiber) else { return };
        match future.state {
            State::Waiting => {
                future.state = State::Runnable;
                future.sequence += 1;
                let (goroutine, sequence) = (future.goroutine, future.sequence);
                let stack = self.stack(woken_at);
                self.put(machine, kind::GO_UNBLOCK, now, [goroutine, sequence, stack]);
            }
            State::Running(_) => future.is_woken = true,
            State::Runnable => {}
        }
    }

    /// A thread polls a future.
    pub(super) fn poll_begins(&mut self, machine: &mut Machine, now: u64, slice: &Slice) {
        let fiber = slice.fiber;
        self.settle_where(machine, fiber);
        match self.futures.get(fiber).map(|future| future.state) {
            None if !self.future_appears(machine, now, slice) => {
                self.remarks.met(TOO_MANY);
                return machine.polls.push(Poll { fiber: None, depth: 0 });
            }
            Some(State::Running(_)) => {
                self.remarks.met("of polls of a future at the same time, the first one is shown");
                return machine.polls.push(Poll { fiber: None, depth: 0 });
            }
            _ => {}
        }
        self.enter(machine, now, fiber);
        let Some(future) = self.futures.known.get_mut(&fiber) else { return };
        if future.has_region {
            return;
        }
        let (task, callsite) = (future.task, future.callsite);
        // A task is on the pages of tasks, with its time.
        if !self.words(callsite).is_task {
            self.region_begins(machine, now, task, callsite);
            if let Some(future) = self.futures.known.get_mut(&fiber) {
                future.has_region = true;
            }
        }
    }

    /// A future is polled of which nothing was told: it is one that has been there all the time, blocked.
    /// Whether there was room for it.
    fn future_appears(&mut self, machine: &mut Machine, now: u64, slice: &Slice) -> bool {
        let Slice { fiber, callsite, task, .. } = *slice;
        let threads = self.threads.len();
        let Some(goroutine) = self.futures.insert(fiber, callsite, task, threads) else {
            return false;
        };
        let stack = self.words(callsite).stack;
        self.put(machine, kind::GO_STATUS, now, [goroutine, NO_THREAD, GO_WAITING, stack]);
        true
    }

    /// The innermost poll of a thread ends. Its future may end next.
    pub(super) fn poll_ends(&mut self, machine: &mut Machine, now: u64) {
        match machine.polls.last() {
            Some(Poll { fiber: Some(_), .. }) => machine.poll_ended = Some(now),
            _ => drop(machine.polls.pop()),
        }
    }

    /// A future is over: behind its last poll, or wherever it is dropped.
    pub(super) fn future_ended(&mut self, machine: &mut Machine, now: u64, end: &FiberEnd) {
        let fiber = end.fiber;
        let is_last_poll = match (machine.poll_ended, machine.polls.last()) {
            (Some(time), Some(poll)) => {
                poll.fiber == Some(fiber) && now.saturating_sub(time) <= PATIENCE_NS
            }
            _ => false,
        };
        if !is_last_poll {
            self.activate(machine, now);
            self.settle_where(machine, fiber);
            match self.futures.get(fiber).map(|future| future.state) {
                None => {
                    return self
                        .remarks
                        .met("of futures only the end of which is known nothing is shown");
                }
                Some(State::Running(_)) => self.remarks.met("futures end behind their polls"),
                Some(State::Waiting | State::Runnable) => {
                    self.enter(machine, now, fiber);
                    machine.poll_ended = Some(now);
                }
            }
        }
        let Some(future) = self.futures.known.get_mut(&fiber) else { return };
        future.is_over = true;
        if machine.poll_ended.is_none() {
            return;
        }
        let (task, callsite) = (future.task, future.callsite);
        let outcome = match end.outcome {
            FiberOutcome::Cancelled => Some("cancelled"),
            FiberOutcome::Panicked => Some("panicked"),
            _ => None,
        };
        if let Some(outcome) = outcome {
            let category = self.phrase("outcome");
            let message = self.phrase(outcome);
            self.log(machine, now, task, (category, message), Some(callsite));
        }
        machine.poll_ended = Some(now);
        self.settle(machine);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[trace::test]
    fn there_is_an_end_to_futures_at_a_time() {
        let mut futures = Futures::default();
        let insert = |futures: &mut Futures, id| {
            futures.insert(FiberId(id), CallsiteId(1), TaskId::BACKGROUND, 3)
        };
        for id in 1..=MOST as u64 {
            assert_eq!(insert(&mut futures, id), Some(3 + id));
        }
        assert_eq!(insert(&mut futures, 0), None);
        // When one has ended, there is room, but never for a number that was there.
        futures.remove(FiberId(7));
        assert_eq!(insert(&mut futures, 7), Some(4 + MOST as u64));
        assert_eq!(insert(&mut futures, 0), None);
    }
}
