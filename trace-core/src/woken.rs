//! When a fiber was woken: told by whoever wakes it, first of all between two polls, to the thread that
//! polls it next.
//!
//! Invariants:
//! 1. `polls` is written by the thread that polls, of which there is one at a time.
//! 2. When `seen` is the number of a poll, `when` is the time of a wake, whole. Who reads the former with
//!    `Acquire` finds the latter, which was written before it with `Release`.
//!
//! Nearly always that is the first wake after that poll began. Two threads that wake a fiber at the same time
//! may both take themselves for the first; then either of their times may be found, which may be that of a
//! wake before the poll, if that was noted late: who asks knows when the poll began. One that wakes it while a
//! poll begins may be taken for one that woke it before: then it is not known since when the fiber could have
//! been polled next.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::sync::AtomicU64;

/// The time of the first wake since the last poll began.
#[derive(Debug)]
pub(crate) struct Woken {
    /// How many polls have begun.
    polls: AtomicU64,
    /// How many had at the last wake that was noted.
    seen: AtomicU64,
    when: AtomicU64,
}

impl Woken {
    /// Of a fiber that nobody woke.
    pub(crate) fn not_yet() -> Self {
        let (polls, seen, when) = (AtomicU64::new(0), AtomicU64::new(u64::MAX), AtomicU64::new(0));
        Self { polls, seen, when }
    }

    /// Notes a wake, if it is the first since the last poll began: calls `now` for its time. That is `None`
    /// when it cannot be told.
    pub(crate) fn note(&self, now: impl FnOnce() -> Option<u64>) {
        let polls = self.polls.load(Relaxed);
        if self.seen.load(Relaxed) == polls {
            return;
        }
        if let Some(now) = now() {
            self.when.store(now, Relaxed);
            // Partner: the load in `poll`.
            self.seen.store(polls, Release);
        }
    }

    /// A poll begins: tells when the fiber was woken for it, if that is known.
    pub(crate) fn poll(&self) -> Option<u64> {
        let polls = self.polls.load(Relaxed);
        // Partner: the store in `note`.
        let woken = self.seen.load(Acquire) == polls;
        self.polls.store(polls + 1, Relaxed);
        woken.then(|| self.when.load(Relaxed))
    }
}
