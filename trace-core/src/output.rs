//! What a session writes: blocks, in order, and a count of what was lost on the way.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use trace_format::wire::{Cursor, Field};
use trace_format::{
    Anchor, BLOCK_HEAD_LEN, BlockHead, BlockType, ChunkHead, Event, Header, LossRecord, MAGIC,
    Summary, Timed, put_block,
};

use crate::callsite;
use crate::clock;

/// Writes the blocks of one trace.
pub(crate) struct Output<W> {
    /// Gone when the trace is finished.
    writer: Option<W>,
    /// How many blocks were written.
    sequence: u32,
    /// Small blocks that wait to be written together with the next large one.
    waiting: Vec<u8>,
    /// How many callsites were written.
    callsites: usize,
    pub(crate) chunks: u64,
    pub(crate) written: u64,
    pub(crate) lost: u64,
    pub(crate) error: Option<io::Error>,
}

impl<W: Write> Output<W> {
    /// Begins a trace. Nothing is written yet.
    pub(crate) fn new(writer: W, header: &Header<'_>, anchor: &Anchor) -> Self {
        let mut output = Self {
            writer: Some(writer),
            sequence: 0,
            waiting: MAGIC.to_vec(),
            callsites: 0,
            chunks: 0,
            written: 0,
            lost: 0,
            error: None,
        };
        output.put(BlockType::Header, header);
        output.put(BlockType::Anchors, anchor);
        output
    }

    fn put<'a>(&mut self, block_type: BlockType, record: &impl Field<'a>) {
        let mut payload = Vec::new();
        record.encode(&mut payload);
        self.put_payload(block_type, &payload);
    }

    fn put_payload(&mut self, block_type: BlockType, payload: &[u8]) {
        put_block(&mut self.waiting, block_type, self.sequence, payload);
        self.sequence = self.sequence.wrapping_add(1);
    }

    /// Writes a chunk, after the callsites that it may call by number. `block` is the room for a
    /// block's head and the chunk's payload.
    pub(crate) fn chunk(&mut self, block: &mut [u8]) {
        self.new_callsites();
        self.known_chunk(block);
    }

    /// The same, of a chunk whose callsites were all written.
    pub(crate) fn known_chunk(&mut self, block: &mut [u8]) {
        self.flush_waiting();
        let (head, payload) = block.split_at_mut(BLOCK_HEAD_LEN);
        if self.error.is_none() {
            let bytes = BlockHead::of(BlockType::Chunk, self.sequence, payload).to_bytes();
            head.copy_from_slice(&bytes);
            self.write(block);
        }
        if self.error.is_some() {
            self.lost += count_events(&block[BLOCK_HEAD_LEN..]);
            return;
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.chunks += 1;
    }

    /// How many bytes have been written or are going to be.
    pub(crate) fn len(&self) -> u64 {
        self.written + self.waiting.len() as u64
    }

    /// Adds the callsites that were not written yet.
    pub(crate) fn new_callsites(&mut self) {
        loop {
            let mut payload = Vec::new();
            self.callsites = callsite::encode_new(self.callsites, &mut payload);
            if payload.is_empty() {
                break;
            }
            self.put_payload(BlockType::Callsites, &payload);
        }
    }

    /// Adds a clock anchor.
    pub(crate) fn anchor(&mut self) {
        self.put(BlockType::Anchors, &clock::read_anchor());
    }

    /// Hands everything that waits to the writer.
    pub(crate) fn flush_waiting(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        self.write(&waiting);
        self.waiting = waiting;
        self.waiting.clear();
    }

    /// Ends the trace.
    ///
    /// `noted` is how many lost events the chunks tell of, `losses` are the others.
    pub(crate) fn finish(&mut self, noted: u64, losses: &[LossRecord]) {
        self.new_callsites();
        self.finish_at(&clock::read_anchor(), noted, losses);
    }

    /// The same for a trace that ended at `anchor`, and whose callsites were all written.
    pub(crate) fn finish_at(&mut self, anchor: &Anchor, noted: u64, losses: &[LossRecord]) {
        self.lost += noted;
        let mut payload = Vec::new();
        for loss in losses {
            loss.encode(&mut payload);
            self.lost += loss.count;
        }
        if !payload.is_empty() {
            self.put_payload(BlockType::Losses, &payload);
        }
        self.put(BlockType::Anchors, anchor);
        let summary = Summary { end: anchor.ticks, chunks: self.chunks, lost: self.lost };
        self.put(BlockType::Summary, &summary);
        self.flush_waiting();
        self.guarded(|writer| writer.flush());
        // Its destructor may panic as well.
        let writer = self.writer.take();
        if catch_unwind(AssertUnwindSafe(|| drop(writer))).is_err() && self.error.is_none() {
            self.error = Some(panicked());
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.guarded(|writer| writer.write_all(bytes));
        if self.error.is_none() {
            self.written += bytes.len() as u64;
        }
    }

    /// Calls the writer, unless it has failed before. A panic of it counts as an error.
    fn guarded(&mut self, call: impl FnOnce(&mut W) -> io::Result<()>) {
        if self.error.is_some() {
            return;
        }
        let Some(writer) = &mut self.writer else { return };
        self.error = match catch_unwind(AssertUnwindSafe(|| call(writer))) {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error),
            Err(_) => Some(panicked()),
        };
    }
}

fn panicked() -> io::Error {
    io::Error::other("the writer panicked")
}

/// How many events of the program a chunk holds. Losses that it tells of are not among them.
fn count_events(payload: &[u8]) -> u64 {
    let mut input = Cursor::new(payload);
    if ChunkHead::decode(&mut input, ChunkHead::SHAPE).is_err() {
        return 0;
    }
    let mut events = 0;
    while !input.is_empty() {
        match Timed::decode(&mut input) {
            Ok(Timed { event: Event::Clock { .. } | Event::Loss { .. }, .. }) => {}
            Ok(_) => events += 1,
            Err(_) => break,
        }
    }
    events
}
