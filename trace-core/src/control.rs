//! What is known about a chunk from outside of it: whose it is, how much of it is valid, and who may
//! have it next.
//!
//! A flight recorder is read while threads go on to write into it, and to take its oldest chunks for
//! new events. So whoever reads a chunk *pins* it first. A thread that would take a pinned chunk gives
//! it up and takes the next one; the reader returns it when it is done:
//!
//! ```text
//!             begin              keep                 release
//!      FREE ─────────► HELD ─────────────► KEPT ───────────────► FREE
//!                       │ ▲ pin, unpin      │ ▲ pin, unpin
//!                       ▼ │                 ▼ │
//!                 HELD+PINNED ── keep ─► KEPT+PINNED ─ release ─► KEPT+PINNED+GIVEN_UP ─ unpin ─► FREE
//! ```
//!
//! A chunk in which nothing was written goes straight from `HELD` to `FREE`, in the same way. One that
//! gets a copy of another pool's chunk goes straight from `FREE` to `KEPT`: so `HELD` always means that a
//! thread fills it, or left it when it turned elsewhere.
//!
//! Invariants:
//! 1. Who holds the chunk's index alone takes it out of `FREE`, and only who holds it or reads it
//!    pinned puts it back there: a free chunk cannot be pinned, and a pinned one does not become free.
//! 2. So while a chunk is pinned nobody begins it again, and the bytes below what it had committed when
//!    it was pinned do not change.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use crate::sync::{AtomicU32, AtomicU64, UnsafeCell};

const FREE: u32 = 0;
/// A thread fills it.
const HELD: u32 = 1;
/// It is full, and waits.
const KEPT: u32 = 2;
/// Beside one of the others: it is being read.
const PINNED: u32 = 4;
/// Beside [`PINNED`]: it has no holder any more.
const GIVEN_UP: u32 = 8;

/// The control of a chunk; in the same place in a pool file, whose readers know the first three words.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Control {
    /// How many bytes of the chunk's payload are valid. Stored with `Release` after the bytes were
    /// written; loaded with `Acquire` by whoever reads them: the stopping thread, a snapshot, and after
    /// a crash the reader of the pool file.
    committed: AtomicU32,
    /// See the module. Changed with `Release` by who writes the chunk, with `Acquire` by who is going to
    /// read it or to write it next.
    state: AtomicU32,
    thread: AtomicU64,
    sequence: AtomicU64,
    /// The time of its last event, once it is full. Ordered by `state`.
    last: AtomicU64,
    /// How many lost events it tells of. Stored before the commit of the event that tells; exact when
    /// the chunk is full.
    noted: AtomicU64,
    /// Stands for the chunk's bytes, so that loom sees who touches them. Takes no room. Who begins a
    /// chunk writes them, who adds to it or reads what is committed does not get into each other's way.
    touched: UnsafeCell<()>,
}

/// What a chunk is at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sighting {
    /// Whether it is full.
    pub(crate) is_kept: bool,
    /// The time of its last event, if it is.
    pub(crate) last: u64,
    /// Whose events it holds, and which chunk of that thread it is; if it is begun anew meanwhile, these
    /// may be of two chunks.
    pub(crate) thread: u64,
    pub(crate) sequence: u64,
}

/// What a chunk was when its holder gave it up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GivenUp {
    /// Whether it was full.
    pub(crate) was_kept: bool,
}

impl Control {
    pub(crate) fn new() -> Self {
        Self {
            committed: AtomicU32::new(0),
            state: AtomicU32::new(FREE),
            thread: AtomicU64::new(0),
            sequence: AtomicU64::new(0),
            last: AtomicU64::new(0),
            noted: AtomicU64::new(0),
            touched: UnsafeCell::new(()),
        }
    }

    /// Gives a free chunk to a thread that is going to fill it: nothing of it is valid until the next
    /// commit.
    pub(crate) fn begin(&self, thread: u64, sequence: u64) {
        self.clear(thread, sequence);
        self.state.store(HELD, Release);
    }

    /// Says whose events a free chunk will hold. Nothing of it is valid, and nobody else looks at it yet.
    pub(crate) fn clear(&self, thread: u64, sequence: u64) {
        self.touched.with_mut(|_| ());
        self.committed.store(0, Relaxed);
        // Release on what follows, so that no later reader of the file pairs the new owner with the old
        // length.
        self.noted.store(0, Release);
        self.thread.store(thread, Release);
        self.sequence.store(sequence, Release);
    }

    /// Makes the first `len` bytes of the payload valid.
    #[inline(always)]
    pub(crate) fn commit(&self, len: u32) {
        self.touched.with(|_| ());
        self.committed.store(len, Release);
    }

    /// How many bytes of the payload are valid.
    pub(crate) fn committed(&self) -> u32 {
        let len = self.committed.load(Acquire);
        self.touched.with(|_| ());
        len
    }

    /// Whose events it holds, and which chunk of that thread it is.
    pub(crate) fn owner(&self) -> (u64, u64) {
        (self.thread.load(Relaxed), self.sequence.load(Relaxed))
    }

    /// Adds to the number of lost events that it tells of.
    pub(crate) fn note_loss(&self, count: u64) {
        // Only its holder writes it.
        self.noted.store(self.noted.load(Relaxed) + count, Relaxed);
    }

    /// How many lost events it tells of. For who has a full chunk pinned, or holds it.
    pub(crate) fn noted(&self) -> u64 {
        self.noted.load(Relaxed)
    }

    /// It is full, and its last event was at `last`: the chunk that a thread filled, or one that was
    /// [cleared](Self::clear) for a copy.
    pub(crate) fn keep(&self, last: u64) {
        self.last.store(last, Relaxed);
        let kept = |state| Some(state & !HELD | KEPT);
        let _ = self.state.fetch_update(Release, Relaxed, kept);
    }

    /// The time of its last event. For who holds a full chunk.
    pub(crate) fn last(&self) -> u64 {
        self.last.load(Relaxed)
    }

    /// Whether a thread fills it, or did when it turned elsewhere.
    pub(crate) fn is_held(&self) -> bool {
        self.state.load(Acquire) & (HELD | GIVEN_UP) == HELD
    }

    /// Makes it free, for who holds its index. False if it is being read: then whoever does so has the
    /// index from now on.
    #[must_use]
    pub(crate) fn release(&self) -> bool {
        let given_up = |state| if state & PINNED == 0 { FREE } else { state | GIVEN_UP };
        let before = self.state.fetch_update(AcqRel, Acquire, |state| Some(given_up(state)));
        before.is_ok_and(|state| state & PINNED == 0)
    }

    /// What it is at the moment; `None` if nothing is in it.
    pub(crate) fn sight(&self) -> Option<Sighting> {
        self.seen(self.state.load(Acquire))
    }

    fn seen(&self, state: u32) -> Option<Sighting> {
        let is_kept = state & KEPT != 0;
        if state & (HELD | KEPT) == 0 || state & GIVEN_UP != 0 {
            return None;
        }
        let (thread, sequence) = self.owner();
        let last = if is_kept { self.last.load(Relaxed) } else { 0 };
        Some(Sighting { is_kept, last, thread, sequence })
    }

    /// Keeps the chunk from being taken for new events until [`unpin`](Self::unpin). `None` if nothing
    /// is in it, or somebody has it pinned.
    pub(crate) fn pin(&self) -> Option<Sighting> {
        let pin = |state| (state == HELD || state == KEPT).then_some(state | PINNED);
        // By now it may be given up, but not before it was pinned.
        self.seen(self.state.fetch_update(Acquire, Acquire, pin).ok()?)
    }

    /// Ends what [`pin`](Self::pin) began. Tells what the chunk's holder gave up in between, if it did:
    /// it is free now, and the caller has its index.
    #[must_use]
    pub(crate) fn unpin(&self) -> Option<GivenUp> {
        let state = self.state.fetch_and(!PINNED, AcqRel);
        if state & GIVEN_UP == 0 {
            return None;
        }
        // Nobody else has anything to do with it now.
        self.state.store(FREE, Relaxed);
        Some(GivenUp { was_kept: state & KEPT != 0 })
    }
}
