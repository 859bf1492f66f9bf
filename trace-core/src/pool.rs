//! All chunks of a session, and how they go round.
//!
//! A chunk is free, then held by one thread that fills it, then full, then held by the drainer
//! that writes it out, then free again. Two queues pass it on; a queue operation costs about as
//! much as two events and happens once per chunk.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use trace_format::{BLOCK_HEAD_LEN, LossCause, LossRecord, Overflow, Ticks};

use crate::epoch::Epoch;
use crate::memory::{ChunkIndex, Control, Memory};
use crate::sync::{ArrayQueue, AtomicBool, AtomicU64, AtomicUsize, Mutex, lock};

/// Losses of threads that ended are kept one by one up to this number; beyond it they are counted
/// together as those of thread 0.
const LOSSES_KEPT: usize = 4096;

/// All chunks of a session.
#[derive(Debug)]
pub(crate) struct Pool {
    /// The session that this pool belongs to.
    pub(crate) epoch: Epoch,
    /// What happens when there is no free chunk.
    pub(crate) overflow: Overflow,
    memory: Box<dyn Memory>,
    free: ArrayQueue<ChunkIndex>,
    full: ArrayQueue<ChunkIndex>,
    /// How many chunks are full or being written. Added to before a chunk is passed on, taken from
    /// after it came back to `free`, with `AcqRel`: who loads 0 and then finds no free chunk knows
    /// that threads hold them all.
    awaited: AtomicUsize,
    /// How many lost events the chunks tell of. Only a number: nothing is ordered by it.
    noted: AtomicU64,
    /// Losses about which no chunk can tell.
    losses: Mutex<Vec<LossRecord>>,
    /// No thread will hand over a chunk any more. Stored by the stopping thread, loaded by the
    /// drainer; the full queue orders what they say to each other.
    stopping: AtomicBool,
    /// Nobody shall wait for a free chunk any more. Stored before the stopping thread waits for
    /// others, loaded by those that wait; only a hint to give up, ordered by nothing.
    closing: AtomicBool,
    drainer: std::sync::OnceLock<std::thread::Thread>,
}

/// A chunk that somebody holds: where its payload is.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) index: ChunkIndex,
    /// The chunk's payload: behind the room for a block's head.
    pub(crate) payload: *mut u8,
    /// How much payload there can be.
    pub(crate) capacity: usize,
}

impl Pool {
    pub(crate) fn new(epoch: Epoch, overflow: Overflow, memory: Box<dyn Memory>) -> Self {
        let count = memory.controls().len();
        let free = ArrayQueue::new(count);
        for index in 0..count {
            free.push(ChunkIndex(index as u32)).expect("the queue holds all chunks");
        }
        Self {
            epoch,
            overflow,
            memory,
            free,
            full: ArrayQueue::new(count),
            awaited: AtomicUsize::new(0),
            noted: AtomicU64::new(0),
            losses: Mutex::new(Vec::new()),
            stopping: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            drainer: std::sync::OnceLock::new(),
        }
    }

    pub(crate) fn memory(&self) -> &dyn Memory {
        &*self.memory
    }

    /// Takes a free chunk for the chunk `sequence` of `thread`.
    pub(crate) fn take_free(&self, thread: u64, sequence: u64) -> Option<Held> {
        let index = self.free.pop()?;
        self.control(&index).begin(thread, sequence);
        // SAFETY: the index is below the number of chunks, so that the address is inside of the
        // memory that `chunks` points to.
        let chunk =
            unsafe { self.memory.chunks().add(index.0 as usize * self.memory.chunk_bytes()) };
        // SAFETY: a chunk is larger than a block's head: the session builder sees to it.
        let payload = unsafe { chunk.add(BLOCK_HEAD_LEN) };
        Some(Held { index, payload, capacity: self.memory.chunk_bytes() - BLOCK_HEAD_LEN })
    }

    /// Passes a chunk on to the drainer, and wakes it when many are waiting.
    pub(crate) fn hand_over(&self, index: ChunkIndex) {
        self.awaited.fetch_add(1, AcqRel);
        let pushed = self.full.push(index);
        debug_assert!(pushed.is_ok(), "the queue holds all chunks");
        if self.full.len() * 4 >= self.memory.controls().len() {
            self.wake_drainer();
        }
    }

    /// The next full chunk.
    pub(crate) fn take_full(&self) -> Option<ChunkIndex> {
        self.full.pop()
    }

    /// Gives a chunk back after it was written out.
    pub(crate) fn give_back(&self, index: ChunkIndex) {
        let pushed = self.free.push(index);
        debug_assert!(pushed.is_ok(), "the queue holds all chunks");
        self.awaited.fetch_sub(1, AcqRel);
    }

    /// Gives a chunk back in which nothing was written.
    pub(crate) fn return_unused(&self, index: ChunkIndex) {
        let pushed = self.free.push(index);
        debug_assert!(pushed.is_ok(), "the queue holds all chunks");
    }

    /// Whether a chunk may become free without any thread doing something.
    pub(crate) fn awaits_chunks(&self) -> bool {
        self.awaited.load(Acquire) != 0
    }

    pub(crate) fn control(&self, index: &ChunkIndex) -> &Control {
        &self.memory.controls()[index.0 as usize]
    }

    /// A full chunk: the room for a block's head, and the committed payload behind it.
    pub(crate) fn block_of<'a>(&'a self, index: &'a mut ChunkIndex) -> &'a mut [u8] {
        let committed = self.control(index).committed() as usize;
        // SAFETY: whoever has the token of a chunk out of the full queue holds the chunk alone
        // until it gives it back, so that nobody else touches these bytes; they are inside of the
        // chunk, since no more than its capacity is ever committed.
        unsafe {
            let chunk = self.memory.chunks().add(index.0 as usize * self.memory.chunk_bytes());
            std::slice::from_raw_parts_mut(chunk, BLOCK_HEAD_LEN + committed)
        }
    }

    /// Counts events about which a chunk tells.
    pub(crate) fn note_loss(&self, count: u64) {
        self.noted.fetch_add(count, Relaxed);
    }

    /// How many lost events the chunks tell of.
    pub(crate) fn noted(&self) -> u64 {
        self.noted.load(Relaxed)
    }

    /// Counts events about which no chunk can tell.
    pub(crate) fn add_loss(&self, loss: LossRecord) {
        if loss.count == 0 {
            return;
        }
        let mut losses = lock(&self.losses);
        let room = losses.len() < LOSSES_KEPT;
        let thread = if room { loss.thread } else { 0 };
        match losses.iter_mut().rev().find(|l| l.thread == thread && l.cause == loss.cause) {
            Some(known) => {
                known.count += loss.count;
                known.from = Ticks(known.from.0.min(loss.from.0));
                known.to = Ticks(known.to.0.max(loss.to.0));
            }
            None => losses.push(LossRecord { thread, ..loss }),
        }
    }

    /// Takes the losses that were counted.
    pub(crate) fn take_losses(&self) -> Vec<LossRecord> {
        std::mem::take(&mut lock(&self.losses))
    }

    /// Sends threads away that wait for a free chunk.
    pub(crate) fn close(&self) {
        self.closing.store(true, Relaxed);
    }

    /// Whether [`close`](Self::close) was called.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Relaxed)
    }

    /// Tells the drainer that no chunk will come after those in the queue.
    pub(crate) fn begin_stopping(&self, drainer: &std::thread::Thread) {
        self.stopping.store(true, Release);
        drainer.unpark();
    }

    /// Whether [`begin_stopping`](Self::begin_stopping) was called.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Acquire)
    }

    /// Makes `thread` the one that is woken when chunks are waiting.
    pub(crate) fn set_drainer(&self, thread: std::thread::Thread) {
        let _ = self.drainer.set(thread);
    }

    pub(crate) fn wake_drainer(&self) {
        if let Some(drainer) = self.drainer.get() {
            drainer.unpark();
        }
    }
}

/// A loss whose time is known only roughly.
pub(crate) fn loss(thread: u64, cause: LossCause, count: u64, from: u64, to: u64) -> LossRecord {
    LossRecord { thread, cause, count, from: Ticks(from), to: Ticks(to) }
}
