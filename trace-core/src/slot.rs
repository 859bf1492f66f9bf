//! A thread's slot: what other threads may know of it, and the pen that they may not touch.
//!
//! A slot has two sides. [`emitting`](Slot::is_emitting) and the count of refused events are
//! shared. The [`Pen`] is touched by one thread at a time:
//!
//! 1. By the slot's own thread while it has set `emitting` and then seen an epoch that is not
//!    zero ([`Recorder::emit`](crate::recorder::Recorder::emit)).
//! 2. By the thread that stops a session, after it stored a zero epoch, ran the
//!    [barrier](crate::barrier) and saw that the slot is not emitting; until the next epoch is
//!    stored, the slot's own thread sees zero and keeps away.
//! 3. By the slot's own thread when it retires the slot, holding the lock under which 2. happens.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::epoch::Epoch;
use crate::pen::{Pen, Resume};
use crate::sync::{AtomicBool, AtomicU64, UnsafeCell};

/// A thread's place in the recorder.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Set by the slot's thread around each use of the pen. Pairs with the epoch: see
    /// [`barrier`](crate::barrier). Cleared with `Release`, loaded with `Acquire` by the stopping
    /// thread, which then sees what the pen wrote.
    emitting: AtomicBool,
    /// Events refused because the slot was emitting. Only a number: nothing is ordered by it.
    refused: AtomicU64,
    pen: UnsafeCell<Pen>,
}

// SAFETY: the pen is touched by one thread at a time: the module's rules.
unsafe impl Send for Slot {}
// SAFETY: as above.
unsafe impl Sync for Slot {}

/// Who a slot's events belong to.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// Numbered from 1 within the process.
    pub(crate) number: u64,
    /// The operating system's number, or 0.
    pub(crate) os_thread: u64,
    pub(crate) name: String,
    pub(crate) resume: Resume,
}

impl Identity {
    /// No thread's.
    pub(crate) const NOBODY: Self =
        Self { number: 0, os_thread: 0, name: String::new(), resume: Resume::NOTHING };
}

/// Clears `emitting`, also when the pen panics.
struct Emitting<'a>(&'a Slot);

impl Drop for Emitting<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.emitting.store(false, Release);
    }
}

impl Slot {
    pub(crate) fn new(identity: Identity) -> Self {
        Self {
            emitting: AtomicBool::new(false),
            refused: AtomicU64::new(0),
            pen: UnsafeCell::new(Pen::new(identity)),
        }
    }

    /// Lends the pen to its own thread, if `epoch` yields one after `emitting` was set.
    ///
    /// Must be called by the slot's own thread only.
    #[inline(always)]
    pub(crate) fn write<R>(
        &self,
        light_barrier: impl FnOnce(),
        epoch: impl FnOnce() -> Option<Epoch>,
        f: impl FnOnce(&mut Pen, Epoch) -> R,
    ) -> Option<R> {
        if self.emitting.load(Relaxed) {
            self.refused.fetch_add(1, Relaxed);
            return None;
        }
        self.emitting.store(true, Relaxed);
        let _emitting = Emitting(self);
        light_barrier();
        let epoch = epoch()?;
        // SAFETY: rule 1 of the module.
        Some(self.pen.with_mut(|pen| f(unsafe { &mut *pen }, epoch)))
    }

    /// Whether the slot's thread may be using the pen.
    pub(crate) fn is_emitting(&self) -> bool {
        self.emitting.load(Acquire)
    }

    /// Lends the pen to a thread that stops a session or retires the slot.
    ///
    /// # Safety
    /// Rule 2 or 3 of the module holds.
    pub(crate) unsafe fn pen<R>(&self, f: impl FnOnce(&mut Pen) -> R) -> R {
        // SAFETY: the caller's promise.
        self.pen.with_mut(|pen| f(unsafe { &mut *pen }))
    }

    fn take_refused(&self) -> u64 {
        self.refused.swap(0, Relaxed)
    }

    /// Hands the chunk over and lets go of the pool. Returns the identity, to go on with later.
    ///
    /// # Safety
    /// As for [`pen`](Self::pen).
    pub(crate) unsafe fn finish(&self) -> Identity {
        let refused = self.take_refused();
        // SAFETY: the caller's promise.
        unsafe { self.pen(|pen| pen.finish(refused)) }
    }
}
