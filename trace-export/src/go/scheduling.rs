//! Which goroutine runs on a thread, and whether one does.
//!
//! A thread runs while something is open on it, but for a region in which it sleeps, and for a moment when
//! something happens on it otherwise. Its own goroutine runs then, or that of the future which it polls.
//!
//! Invariant: a thread has a processor exactly while one of its goroutines runs. Of the goroutines of polls
//! that are open and of the thread itself, all but the innermost are blocked.

use super::Export;
use super::futures::State;
use super::processors::{PATIENCE_NS, Taken};
use super::threads::{Machine, Poll};
use super::wire::{PROC_IDLE, kind};
use super::words::Words;

/// Why the goroutine of a thread is blocked that has nothing to do.
const IDLE: &str = "no region open";

/// Why a goroutine is blocked that polls a future.
const POLLS: &str = "polling a future";

/// Why the goroutine of a future is blocked. Go's page of blocking looks for what contains `sync`.
const AWAITS: &str = "async await";

/// Why the goroutine of a future stopped that can be polled at once.
const WOKEN: &str = "woken while it was polled";

impl Export<'_, '_, '_> {
    /// Sees to it that a goroutine runs on the thread.
    #[inline]
    pub(super) fn activate(&mut self, machine: &mut Machine, now: u64) {
        self.settle(machine);
        if machine.processor.is_some() {
            if machine.open > 0 || now.saturating_sub(machine.batch.last()) <= PATIENCE_NS {
                return;
            }
            self.stop_idle(machine);
        }
        self.start(machine, now);
    }

    pub(super) fn start(&mut self, machine: &mut Machine, now: u64) {
        self.stop_impatient(machine, now);
        let Taken { processor, sequence, is_new } = self.processors.take();
        let number = processor.into();
        if is_new {
            self.put(machine, kind::PROC_STATUS, now, [number, PROC_IDLE]);
        }
        self.put(machine, kind::PROC_START, now, [number, sequence]);
        machine.processor = Some(processor);
        let goroutine = machine.id();
        if machine.sequence == 0 {
            let label = self.threads.traced(machine.index).label();
            let stack = self.words.thread(&label, &mut self.file, self.remarks);
            self.put(machine, kind::GO_CREATE, now, [goroutine, stack, 0]);
        } else {
            machine.sequence += 1;
            self.put(machine, kind::GO_UNBLOCK, now, [goroutine, machine.sequence, 0]);
        }
        machine.sequence += 1;
        self.put(machine, kind::GO_START, now, [goroutine, machine.sequence]);
    }

    /// Stops a thread on which nothing is open, at the time of its last event.
    pub(super) fn stop_idle(&mut self, machine: &mut Machine) {
        self.settle(machine);
        let name = self.phrase(IDLE);
        self.stop(machine, Words { name, ..Words::default() });
    }

    /// Stops a thread, at the time of its last event. It starts again when something happens on it.
    pub(super) fn stop(&mut self, machine: &mut Machine, why: Words) {
        let Some(processor) = machine.processor.take() else { return };
        let last = machine.batch.last();
        self.put(machine, kind::GO_BLOCK, last, [why.name, why.stack]);
        self.put(machine, kind::PROC_STOP, last, []);
        self.processors.give_back(processor);
    }

    /// Stops threads that have had nothing to do for a while, so that their processors are free.
    fn stop_impatient(&mut self, machine: &mut Machine, now: u64) {
        while let Some(index) = self.processors.impatient(now) {
            if index == machine.index {
                machine.is_queued = false;
                continue;
            }
            let Some(mut thread) = self.threads.take_live(index) else { continue };
            let other = &mut thread.machine;
            other.is_queued = false;
            if other.open == 0 && now.saturating_sub(other.batch.last()) > PATIENCE_NS {
                self.stop_idle(other);
            }
            self.give_back(thread);
        }
    }

    /// The goroutine of a future goes on where that of the thread, or of another future, runs.
    /// It is not running anywhere.
    pub(super) fn enter(&mut self, machine: &mut Machine, now: u64, fiber: trace_reader::FiberId) {
        let Some(future) = self.futures.get(fiber) else { return };
        let stack = self.words(future.callsite).stack;
        let reason = self.phrase(POLLS);
        if future.state == State::Waiting {
            let sequence = self.futures.next(fiber);
            self.put(machine, kind::GO_UNBLOCK, now, [future.goroutine, sequence, stack]);
        }
        self.put(machine, kind::GO_BLOCK, now, [reason, stack]);
        let sequence = self.futures.next(fiber);
        self.put(machine, kind::GO_START, now, [future.goroutine, sequence]);
        machine.polls.push(Poll { fiber: Some(fiber), depth: machine.depth });
        machine.depth = usize::from(future.has_region);
        self.futures.set(fiber, State::Running(machine.index));
    }

    /// The goroutine around that of the future goes on, when that was left to run behind its poll.
    #[inline]
    pub(super) fn settle(&mut self, machine: &mut Machine) {
        if let Some(time) = machine.poll_ended.take() {
            self.leave(machine, time);
        }
    }

    fn leave(&mut self, machine: &mut Machine, now: u64) {
        let Some(Poll { fiber: Some(fiber), depth }) = machine.polls.pop() else { return };
        let Some(future) = self.futures.get(fiber) else { return };
        debug_assert_eq!(machine.depth, usize::from(future.has_region), "regions of a poll nest");
        let words = self.words(future.callsite);
        if future.is_over && future.has_region {
            let task = self.tasks.number(future.task);
            self.put(machine, kind::REGION_END, now, [task, words.name, words.stack]);
        }
        let (around, sequence) = self.next_around(machine);
        self.put(machine, kind::GO_UNBLOCK, now, [around, sequence, words.stack]);
        if future.is_over {
            self.put(machine, kind::GO_DESTROY, now, []);
            self.futures.remove(fiber);
        } else if future.is_woken {
            let reason = self.phrase(WOKEN);
            self.put(machine, kind::GO_STOP, now, [reason, words.stack]);
            self.futures.set(fiber, State::Runnable);
        } else {
            let reason = self.phrase(AWAITS);
            self.put(machine, kind::GO_BLOCK, now, [reason, words.stack]);
            self.futures.set(fiber, State::Waiting);
        }
        let (around, sequence) = self.next_around(machine);
        self.put(machine, kind::GO_START, now, [around, sequence]);
        machine.depth = depth;
    }

    /// The goroutine that is blocked around one that ran, and its next sequence number.
    fn next_around(&mut self, machine: &mut Machine) -> (u64, u64) {
        match machine.polled().and_then(|fiber| Some((self.futures.get(fiber)?, fiber))) {
            Some((future, fiber)) => (future.goroutine, self.futures.next(fiber)),
            None => {
                machine.sequence += 1;
                (machine.id(), machine.sequence)
            }
        }
    }

    /// If a future is left to run on another thread behind its poll, that one goes on.
    pub(super) fn settle_where(&mut self, machine: &Machine, fiber: trace_reader::FiberId) {
        let Some(State::Running(index)) = self.futures.get(fiber).map(|future| future.state) else {
            return;
        };
        if index == machine.index {
            return;
        }
        if let Some(mut thread) = self.threads.take_live(index) {
            let other = &mut thread.machine;
            if other.poll_ended.is_some() && other.polled() == Some(fiber) {
                self.settle(other);
            }
            self.threads.give_back(thread);
        }
    }
}
