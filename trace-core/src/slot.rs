//! A thread's slot: what other threads may know of it, and the pen that they may not touch.
//!
//! A slot has two sides. The gate and the counts are shared. The [`Pen`] is touched by one thread at a
//! time:
//!
//! 1. By the slot's own thread while it has stored [`EMITTING`] in the gate and then seen an epoch
//!    that is not zero ([`Recorder::emit`](crate::recorder::Recorder::emit)).
//! 2. By the slot's own thread when it retires the slot, and by the next one when it adopts it: between
//!    these it has none. Both hold the lock of all slots.
//!
//! Whoever turns recording elsewhere touches no pen. It stores another epoch, runs the
//! [barrier](crate::barrier) and waits until the gate does not say [`EMITTING`]: from then on the slot's
//! own thread sees the other epoch, and touches nothing of the pool that it wrote into before.
//!
//! While nobody emits, the gate of a thread that takes part in a session shows this session's
//! epoch, if events can take [the short way](Slot::short_way) in it: then one comparison tells
//! that the session is still on, that the pen belongs to it, and how the clock is read. Epochs
//! never come back, so that a gate that shows an old one opens nothing.

use std::mem::ManuallyDrop;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::barrier;
use crate::epoch::Epoch;
use crate::pen::{Pen, Resume};
use crate::sync::{Arc, AtomicUsize, MutPtr, UnsafeCell};
use crate::untold::Counts;

/// In the gate: the thread is using the pen. No epoch has this value, and off is another one.
pub(crate) const EMITTING: usize = 1;

/// In the gate: the thread is not using the pen, and has to take the long way to it. No epoch has
/// this value either.
pub(crate) const IDLE: usize = 2;

/// A thread's place in the recorder.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Slot {
    /// [`EMITTING`], [`IDLE`] or an epoch. Stored by the slot's thread around each use of the pen.
    /// Pairs with the recorder's epoch: see [`barrier`]. Opened with `Release`, loaded with
    /// `Acquire` by the stopping thread, which then sees what the pen wrote.
    gate: AtomicUsize,
    pen: UnsafeCell<Pen>,
    /// What its thread could not record.
    pub(crate) counts: Arc<Counts>,
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

/// Opens the gate again, also when the pen panics.
struct Emitting<'a> {
    slot: &'a Slot,
    /// What the gate shows then.
    gate: usize,
}

impl Drop for Emitting<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.slot.gate.store(self.gate, Release);
    }
}

/// The gate is closed, and its thread at the pen. With the end of this value it is opened.
#[derive(Debug)]
pub(crate) struct ShortWay<'s> {
    slot: &'s Slot,
    /// What the gate shows then.
    gate: usize,
    pen: ManuallyDrop<MutPtr<Pen>>,
}

impl ShortWay<'_> {
    /// The pen.
    #[inline(always)]
    pub(crate) fn pen(&mut self) -> &mut Pen {
        // SAFETY: rule 1 of the module; and this value is borrowed as long as the pen is.
        unsafe { self.pen.deref() }
    }
}

impl Drop for ShortWay<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: only here, and only once. Before the gate opens, nobody points to the pen any more.
        unsafe { ManuallyDrop::drop(&mut self.pen) };
        self.slot.gate.store(self.gate, Release);
    }
}

impl Slot {
    pub(crate) fn new(identity: Identity) -> Self {
        let counts = Arc::new(Counts::new(identity.number));
        let pen = UnsafeCell::new(Pen::new(identity, Arc::clone(&counts)));
        Self { gate: AtomicUsize::new(IDLE), pen, counts }
    }

    /// Lends the pen to its own thread, if `epoch` yields one after the gate was closed.
    ///
    /// Must be called by the slot's own thread only.
    #[inline(always)]
    pub(crate) fn write<R>(
        &self,
        light_barrier: impl FnOnce(),
        epoch: impl FnOnce() -> Option<Epoch>,
        f: impl FnOnce(&mut Pen, Epoch) -> R,
    ) -> Option<R> {
        let gate = self.gate.load(Relaxed);
        if gate == EMITTING {
            self.refuse();
            return None;
        }
        self.gate.store(EMITTING, Relaxed);
        let mut emitting = Emitting { slot: self, gate };
        light_barrier();
        let epoch = epoch()?;
        Some(self.pen.with_mut(|pen| {
            // SAFETY: rule 1 of the module.
            let pen = unsafe { &mut *pen };
            let result = f(pen, epoch);
            emitting.gate = pen.gate();
            result
        }))
    }

    #[cold]
    fn refuse(&self) {
        self.counts.refused.add(1, crate::clock::now_here());
    }

    /// [The short way](crate::short) to the pen, for its own thread, if the gate shows what `epoch`
    /// is. If not, [`write`](Self::write) tells why.
    ///
    /// Must be called by the slot's own thread only.
    #[inline(always)]
    pub(crate) fn short_way(&self, epoch: &AtomicUsize) -> Option<ShortWay<'_>> {
        let gate = self.gate.load(Relaxed);
        self.gate.store(EMITTING, Relaxed);
        barrier::light_in_short_way();
        // Zero is never in a gate, and while the thread is emitting no epoch is. Orders nothing, as
        // against `write`: while the epoch is the one that this thread left in the gate, no session
        // has ended since, and nobody else has touched the pen.
        if epoch.load(Relaxed) != gate {
            self.gate.store(gate, Release);
            return None;
        }
        Some(ShortWay { slot: self, gate, pen: ManuallyDrop::new(self.pen.get_mut()) })
    }

    /// Whether the slot's thread may be using the pen.
    pub(crate) fn is_emitting(&self) -> bool {
        self.gate.load(Acquire) == EMITTING
    }

    /// Lends the pen to the thread that retires or adopts the slot.
    ///
    /// # Safety
    /// Rule 2 of the module holds.
    pub(crate) unsafe fn pen<R>(&self, f: impl FnOnce(&mut Pen) -> R) -> R {
        // SAFETY: the caller's promise.
        self.pen.with_mut(|pen| f(unsafe { &mut *pen }))
    }
}
