//! All chunks of a session, and how they go round.
//!
//! A chunk is free, then held by one thread that fills it, then full, then held by the drainer
//! that writes it out, then free again. Two queues pass it on; a queue operation costs about as
//! much as two events and happens once per chunk.
//!
//! In a flight recorder there is no drainer: full chunks stay where they are, and when none is free a
//! thread takes the oldest of them. [`copy`](Pool::copy) reads them meanwhile.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use trace_format::{BLOCK_HEAD_LEN, LossCause, LossRecord, Overflow, Ticks};

use crate::clock;
use crate::control::{Control, GivenUp, Sighting};
use crate::epoch::Epoch;
use crate::memory::{ChunkIndex, Memory};
use crate::output::{Chunk, count_events};
use crate::snapshot::end_of;
use crate::sync::{Arc, ArrayQueue, AtomicBool, AtomicU64, AtomicUsize, Mutex, MutexGuard, lock};
use crate::untold::{Counts, Side};

/// Losses of threads that ended are kept one by one up to this number; beyond it they are counted
/// together as those of thread 0.
const LOSSES_KEPT: usize = 4096;

/// All chunks of a session.
#[derive(Debug)]
pub(crate) struct Pool {
    /// The recording that it is a part of: the first epoch of a time in which something was on.
    pub(crate) recording: Epoch,
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
    /// The time of the last event that was overwritten. Only a number, too: a snapshot loads it after it
    /// read the chunks, of which an overwritten one is not the same any more.
    overwritten_until: AtomicU64,
    /// Losses about which no chunk can tell.
    losses: Mutex<Vec<LossRecord>>,
    /// No thread will hand over a chunk any more. Stored by the stopping thread, loaded by the
    /// drainer; the full queue orders what they say to each other.
    stopping: AtomicBool,
    /// Nobody shall wait for a free chunk any more. Stored before the stopping thread waits for
    /// others, loaded by those that wait; only a hint to give up, ordered by nothing.
    closing: AtomicBool,
    drainer: std::sync::OnceLock<std::thread::Thread>,
    /// See [`beside`](Self::beside) and [`feeder`](Self::feeder).
    beside: Mutex<Option<Arc<Self>>>,
    feeder: Mutex<Option<Arc<Self>>>,
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

/// A full chunk that was taken out of the queue, to be written.
#[derive(Debug)]
pub(crate) struct Full<'p> {
    pool: &'p Pool,
    index: ChunkIndex,
}

impl Full<'_> {
    /// Gives it back to be filled again. If it is being read, the reader does.
    pub(crate) fn give_back(self) {
        let Self { pool, index } = self;
        if pool.control(&index).release() {
            pool.make_free(index);
            pool.awaited.fetch_sub(1, AcqRel);
        }
    }
}

impl Chunk for Full<'_> {
    fn payload(&self) -> &[u8] {
        self.pool.payload(&self.index)
    }

    fn block(&mut self, head: [u8; BLOCK_HEAD_LEN]) -> &[u8] {
        let Self { pool, index } = self;
        let committed = pool.control(index).committed() as usize;
        let chunk = pool.chunk(index.0 as usize);
        // SAFETY: as for `payload`; and of the room for the head nobody but the holder of a full chunk
        // knows.
        unsafe {
            chunk.copy_from_nonoverlapping(head.as_ptr(), BLOCK_HEAD_LEN);
            std::slice::from_raw_parts(chunk, BLOCK_HEAD_LEN + committed)
        }
    }
}

/// A chunk as it was when it was read.
#[derive(Debug)]
pub(crate) struct Copied {
    pub(crate) thread: u64,
    pub(crate) sequence: u64,
    pub(crate) sighting: Sighting,
    /// How many lost events it tells of, if it is full.
    pub(crate) noted: u64,
    /// Room for a block's head, and what was committed of the payload.
    pub(crate) block: Vec<u8>,
}

#[cfg(all(test, loom))]
impl Full<'_> {
    /// Whose chunk it is, and which one.
    pub(crate) fn owner(&self) -> (u64, u64) {
        self.pool.control(&self.index).owner()
    }
}

#[cfg(all(test, loom))]
impl Copied {
    /// What was committed of the payload.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.block[BLOCK_HEAD_LEN..]
    }
}

impl Pool {
    /// What a chunk takes in the two queues: in each a word that tells whose turn it is, and its index.
    pub(crate) const QUEUED_BYTES: usize = 2 * size_of::<(usize, ChunkIndex)>();

    pub(crate) fn new(recording: Epoch, overflow: Overflow, memory: Box<dyn Memory>) -> Self {
        let count = memory.controls().len();
        let free = ArrayQueue::new(count);
        for index in 0..count {
            free.push(ChunkIndex(index as u32)).expect("the queue holds all chunks");
        }
        Self {
            recording,
            overflow,
            memory,
            free,
            full: ArrayQueue::new(count),
            awaited: AtomicUsize::new(0),
            noted: AtomicU64::new(0),
            overwritten_until: AtomicU64::new(0),
            losses: Mutex::new(Vec::new()),
            stopping: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            drainer: std::sync::OnceLock::new(),
            beside: Mutex::new(None),
            feeder: Mutex::new(None),
        }
    }

    /// The size of a chunk, a block's head included.
    pub(crate) fn chunk_bytes(&self) -> usize {
        self.memory.chunk_bytes()
    }

    pub(crate) fn memory(&self) -> &dyn Memory {
        &*self.memory
    }

    /// Takes a free chunk for the chunk `sequence` of `thread`.
    pub(crate) fn take_free(&self, thread: u64, sequence: u64) -> Option<Held> {
        let index = self.take_index()?;
        self.control(&index).begin(thread, sequence);
        // SAFETY: a chunk is larger than a block's head: the builders see to it.
        let payload = unsafe { self.chunk(index.0 as usize).add(BLOCK_HEAD_LEN) };
        Some(Held { index, payload, capacity: self.memory.chunk_bytes() - BLOCK_HEAD_LEN })
    }

    fn take_index(&self) -> Option<ChunkIndex> {
        self.free.pop().or_else(|| self.take_oldest())
    }

    /// Takes the oldest full chunk for new events, in a flight recorder.
    #[inline(never)]
    fn take_oldest(&self) -> Option<ChunkIndex> {
        if self.overflow != Overflow::Overwrite {
            return None;
        }
        while let Some(index) = self.full.pop() {
            self.overwritten_until.fetch_max(self.control(&index).last(), Relaxed);
            if self.control(&index).release() {
                return Some(index);
            }
            // Who reads it puts it back.
        }
        // It may have done so by now with the one before.
        self.free.pop()
    }

    /// Passes a chunk on, whose last event was at `last`: to the drainer, which is woken when many are
    /// waiting; or to where the full chunks of a flight recorder are.
    pub(crate) fn hand_over(&self, index: ChunkIndex, last: u64) {
        self.awaited.fetch_add(1, AcqRel);
        self.control(&index).keep(last);
        let pushed = self.full.push(index);
        debug_assert!(pushed.is_ok(), "the queue holds all chunks");
        if self.overflow != Overflow::Overwrite
            && self.full.len() * 4 >= self.memory.controls().len()
        {
            self.wake_drainer();
        }
    }

    /// The next full chunk.
    pub(crate) fn take_full(&self) -> Option<Full<'_>> {
        self.full.pop().map(|index| Full { pool: self, index })
    }

    /// Keeps a copy of a full chunk of another pool, as if it had been filled here, unless it is older than
    /// what was overwritten already: threads may fill this pool while a session that has stopped is still
    /// being written. If it cannot be kept, its events are counted as lost.
    pub(crate) fn keep_copy(&self, of: &Full<'_>) {
        let (from, payload) = (of.pool.control(&of.index), of.payload());
        if from.last() < self.overwritten_until() {
            return;
        }
        let (thread, sequence) = from.owner();
        let fits = payload.len() <= self.chunk_bytes() - BLOCK_HEAD_LEN;
        debug_assert!(fits, "chunks of this pool are as large");
        // When a session has just begun, threads may hold all chunks that they have left here.
        let Some(index) = fits.then(|| self.take_index()).flatten() else {
            let events = count_events(payload);
            return self.add_loss(loss(thread, LossCause::PoolFull, events, 0, from.last()));
        };
        let control = self.control(&index);
        control.clear(thread, sequence);
        // SAFETY: this thread has the index of a free chunk, at which nobody else looks; it is large enough.
        unsafe {
            let room = self.chunk(index.0 as usize).add(BLOCK_HEAD_LEN);
            room.copy_from_nonoverlapping(payload.as_ptr(), payload.len());
        }
        control.note_loss(from.noted());
        control.commit(payload.len() as u32);
        self.hand_over(index, from.last());
    }

    /// The flight recorder that keeps copies of the chunks of this pool, if there is one.
    pub(crate) fn beside(&self) -> MutexGuard<'_, Option<Arc<Self>>> {
        lock(&self.beside)
    }

    /// The pool of the session that is on beside this one, of a flight recorder: recent chunks may be
    /// there alone. Whoever locks this keeps it so.
    pub(crate) fn feeder(&self) -> MutexGuard<'_, Option<Arc<Self>>> {
        lock(&self.feeder)
    }

    /// Gives a chunk back in which nothing was written.
    pub(crate) fn return_unused(&self, index: ChunkIndex) {
        if self.control(&index).release() {
            self.make_free(index);
        }
    }

    fn make_free(&self, index: ChunkIndex) {
        let pushed = self.free.push(index);
        debug_assert!(pushed.is_ok(), "the queue holds all chunks");
    }

    /// The chunks in which something is, at the moment, in ascending order of a key.
    pub(crate) fn sighted(&self, key: fn(&Sighting) -> (u64, u64)) -> Vec<(usize, Sighting)> {
        let sights = self.memory.controls().iter().map(Control::sight).enumerate();
        let mut seen: Vec<_> = sights.filter_map(|(at, sight)| Some((at, sight?))).collect();
        seen.sort_unstable_by_key(|(_, sighting)| key(sighting));
        seen
    }

    /// Reads what is committed of the chunk at `at`, which may be another one by now, while threads go
    /// on. `None` if nothing is in it.
    pub(crate) fn copy(&self, at: usize) -> Option<Copied> {
        let control = self.memory.controls().get(at)?;
        let sighting = control.pin()?;
        let (thread, sequence) = control.owner();
        let committed = control.committed() as usize;
        let chunk = self.chunk(at);
        let mut block = vec![0; BLOCK_HEAD_LEN];
        // SAFETY: the chunk is pinned, so that these bytes do not change: invariant 2 of `control`. They
        // are inside of the chunk, since no more than its capacity is ever committed.
        block.extend_from_slice(unsafe {
            std::slice::from_raw_parts(chunk.add(BLOCK_HEAD_LEN), committed)
        });
        let copied = Copied { thread, sequence, sighting, noted: control.noted(), block };
        if let Some(GivenUp { was_kept }) = control.unpin() {
            self.make_free(ChunkIndex(at as u32));
            if was_kept && self.overflow != Overflow::Overwrite {
                self.awaited.fetch_sub(1, AcqRel);
            }
        }
        Some(copied)
    }

    /// Where the chunk with this number begins. There must be one.
    fn chunk(&self, at: usize) -> *mut u8 {
        // SAFETY: the number is below the number of chunks, so that the address is inside of the
        // memory that `chunks` points to.
        unsafe { self.memory.chunks().add(at * self.memory.chunk_bytes()) }
    }

    /// Whether a chunk may become free without any thread doing something.
    pub(crate) fn awaits_chunks(&self) -> bool {
        self.awaited.load(Acquire) != 0
    }

    pub(crate) fn control(&self, index: &ChunkIndex) -> &Control {
        &self.memory.controls()[index.0 as usize]
    }

    /// What is committed of a chunk's payload. For who holds it: it does not change meanwhile.
    pub(crate) fn payload<'a>(&'a self, index: &'a ChunkIndex) -> &'a [u8] {
        let committed = self.control(index).committed() as usize;
        // SAFETY: a chunk is longer than a block's head, and no more than its capacity is ever committed.
        // Whoever has a token holds the chunk, and so nobody writes what is committed: invariant 2 of
        // `memory`.
        unsafe {
            let payload = self.chunk(index.0 as usize).add(BLOCK_HEAD_LEN);
            std::slice::from_raw_parts(payload, committed)
        }
    }

    /// Counts events about which `chunk` tells.
    pub(crate) fn note_loss(&self, chunk: &ChunkIndex, count: u64) {
        self.control(chunk).note_loss(count);
        self.noted.fetch_add(count, Relaxed);
    }

    /// How many lost events the chunks tell of.
    pub(crate) fn noted(&self) -> u64 {
        self.noted.load(Relaxed)
    }

    /// Takes what a thread counted while events of that side came here.
    pub(crate) fn take_counts(&self, counts: &Counts, side: Side) {
        let thread = counts.thread();
        let missing = (LossCause::PoolFull, counts.missing(side).take());
        let refused = (LossCause::Reentrant, counts.refused.take());
        for (cause, (count, first)) in [missing, refused] {
            if count > 0 {
                self.add_loss(loss(thread, cause, count, first, clock::now_here()));
            }
        }
    }

    /// Passes on the chunks that threads were filling, now that none of them writes into this pool any
    /// more, nor will.
    pub(crate) fn sweep(&self) {
        for (at, control) in self.memory.controls().iter().enumerate() {
            if !control.is_held() {
                continue;
            }
            let index = ChunkIndex(at as u32);
            if control.committed() == 0 {
                self.return_unused(index);
                continue;
            }
            let last = end_of(self.payload(&index)).unwrap_or(0);
            self.hand_over(index, last);
        }
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

    /// The time of the last event that was overwritten; 0 if none was.
    pub(crate) fn overwritten_until(&self) -> u64 {
        self.overwritten_until.load(Relaxed)
    }

    /// The losses that were counted.
    pub(crate) fn losses(&self) -> Vec<LossRecord> {
        lock(&self.losses).clone()
    }

    /// How many events were lost, as far as the pool was told.
    pub(crate) fn lost(&self) -> u64 {
        let counted: u64 = lock(&self.losses).iter().map(|loss| loss.count).sum();
        self.noted() + counted
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
