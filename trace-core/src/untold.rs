//! Events that a thread could not record, and that nothing tells of yet.
//!
//! They are counted by the slot's own thread and taken by whoever can tell of them: that thread, in its
//! next chunk, or the one that turns recording elsewhere.

use std::sync::atomic::Ordering::Relaxed;

use crate::sync::{AtomicU64, const_fn};

/// Some such events. Counted for one side of a [target](crate::recorder::Target) at a time.
#[derive(Debug)]
pub(crate) struct Untold {
    /// Only a number: who takes it for another thread has seen that one's gate open.
    count: AtomicU64,
    /// When the first of them was.
    first: AtomicU64,
}

impl Untold {
    const_fn! {
        pub(crate) fn new() -> Self {
            Self { count: AtomicU64::new(0), first: AtomicU64::new(0) }
        }
    }

    /// Adds some. For the slot's own thread, or a signal handler on it. Where several threads count, the time of
    /// the first is that of one of the first.
    pub(crate) fn add(&self, count: u64, now: u64) {
        if self.count.load(Relaxed) == 0 {
            self.first.store(now, Relaxed);
        }
        self.count.fetch_add(count, Relaxed);
    }

    /// Takes them: how many, and when the first was.
    pub(crate) fn take(&self) -> (u64, u64) {
        if self.count.load(Relaxed) == 0 {
            return (0, 0);
        }
        (self.count.swap(0, Relaxed), self.first.load(Relaxed))
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Relaxed)
    }
}

/// All that a thread counts.
#[derive(Debug)]
pub(crate) struct Counts {
    /// The thread's number.
    thread: AtomicU64,
    /// Events for which there was no room, for each side of the target.
    missing: [Untold; 2],
    /// Events that came while another one was being recorded.
    pub(crate) refused: Untold,
}

impl Counts {
    pub(crate) fn new(thread: u64) -> Self {
        let missing = [Untold::new(), Untold::new()];
        Self { thread: AtomicU64::new(thread), missing, refused: Untold::new() }
    }

    pub(crate) fn thread(&self) -> u64 {
        self.thread.load(Relaxed)
    }

    pub(crate) fn set_thread(&self, thread: u64) {
        self.thread.store(thread, Relaxed);
    }

    /// Forgets what was counted, for one side.
    pub(crate) fn forget(&self, side: Side) {
        let _ = (self.missing(side).take(), self.refused.take());
    }

    /// What there was no room for, on one side.
    pub(crate) fn missing(&self, side: Side) -> &Untold {
        &self.missing[usize::from(side.0)]
    }
}

/// One of two sides, so that what a thread counts for the pool that recording is turned to is not
/// taken for that which it leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Side(bool);

impl Side {
    pub(crate) const FIRST: Self = Self(false);

    pub(crate) fn other(self) -> Self {
        Self(!self.0)
    }
}
