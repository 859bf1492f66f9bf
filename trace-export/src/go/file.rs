//! The file around the events: one generation, made of batches in any order.
//!
//! Invariants: an error in writing is kept, and nothing is written behind it; the memory that batches
//! take is counted.

use std::io::{self, Write};

use super::wire::{Batch, MOST_BATCH_LEN, NO_THREAD, kind, put_varint};
use crate::output::Output;

const MAGIC: &[u8; 16] = b"go 1.26 trace\0\0\0";

/// There is one. Zero stands for none.
const GENERATION: u64 = 1;

/// The time that is the start of the trace. Zero stands for none.
pub(super) const START: u64 = 1;

/// The end of time. The parser adds to times, so that there has to be room behind it.
const MOST_TIME: i64 = 1 << 60;

/// A time of ours as one of the file, in nanoseconds. There is nothing before the start.
#[inline]
pub(super) fn stamp(time: trace_reader::Time) -> u64 {
    START + time.0.clamp(0, MOST_TIME) as u64
}

/// What batches are written to.
pub(super) struct File<'o, 'w> {
    out: &'o mut Output<'w>,
    head: Vec<u8>,
    failure: Option<io::Error>,
    /// So much memory batches take.
    pub(super) held: usize,
}

impl<'o, 'w> File<'o, 'w> {
    /// Begins the file. `wall_ns` is what the wall clock showed at the start of the trace.
    pub(super) fn new(out: &'o mut Output<'w>, wall_ns: u64) -> Self {
        let mut file = Self { out, head: Vec::new(), failure: None, held: 0 };
        file.write(MAGIC);
        let mut sync = vec![kind::SYNC, kind::FREQUENCY];
        put_varint(&mut sync, 1_000_000_000);
        sync.push(kind::CLOCK_SNAPSHOT);
        for number in [0, START, wall_ns / 1_000_000_000, wall_ns % 1_000_000_000] {
            put_varint(&mut sync, number);
        }
        file.batch(NO_THREAD, START, &sync);
        file
    }

    /// Whether writing has failed.
    pub(super) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Ends the file.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.write(&[kind::END_OF_GENERATION]);
        self.failure.map_or(Ok(()), Err)
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.failure.is_none() {
            self.failure = self.out.write_all(bytes).err();
        }
    }

    /// Writes a batch of a thread, or one of no thread: strings or stacks.
    pub(super) fn batch(&mut self, thread: u64, begin: u64, data: &[u8]) {
        debug_assert!(data.len() <= MOST_BATCH_LEN);
        let mut head = std::mem::take(&mut self.head);
        head.clear();
        head.push(kind::BATCH);
        for number in [GENERATION, thread, begin, data.len() as u64] {
            put_varint(&mut head, number);
        }
        self.write(&head);
        self.write(data);
        self.head = head;
    }

    /// Writes what a thread has in its batch.
    pub(super) fn flush(&mut self, thread: u64, batch: &mut Batch, keep_memory: bool) {
        let (begin, data) = batch.contents();
        if !data.is_empty() {
            self.batch(thread, begin, data);
        }
        let before = batch.capacity();
        batch.clear(keep_memory);
        self.held -= before - batch.capacity();
    }

    /// Sees to it that a thread's batch has room for an event.
    #[cold]
    pub(super) fn make_room(&mut self, thread: u64, batch: &mut Batch) {
        if batch.is_full() {
            self.flush(thread, batch, true);
        } else {
            self.held += batch.grow();
        }
    }
}
