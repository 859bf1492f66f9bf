//! Opening a trace: one pass over the file that verifies every block and reads the small ones.
//!
//! 1. The magic is checked: another version ends it here.
//! 2. The file is cut into stretches, sound blocks and junk.
//! 3. Of a sound block the records are kept; of a chunk only its head is read, for its place.
//! 4. Of a trace that was not stopped, the blocks that its [pool](crate::pool) yields are read as if
//!    they stood at the end.
//! 5. What was found is put together: see [`assembly`](crate::assembly).

use std::path::PathBuf;

use trace_format::wire::{Cursor, Field};
use trace_format::{
    Anchor, BLOCK_HEAD_LEN, BlockHead, BlockType, ChunkHead, LossRecord, MAGIC, MARKER, Malformed,
    VERSION,
};

use crate::blocks::{Stretch, Stretches};
use crate::callsite::Added;
use crate::known_anchors::KnownAnchors;
use crate::known_losses::KnownLosses;
use crate::known_threads::KnownThreads;
use crate::pool::{Joined, Snapshot};
use crate::problem::{LostChunks, PoolFile, within_file};
use crate::source::{Source, read_full};
use crate::trace::{Chunk, Thread, Trace};
use crate::{Callsites, Error, Header, Problem, Problems, ThreadId};

/// What precedes the version in the magic.
const MAGIC_WORD: &[u8] = b"runtime-trace ";

/// What is known of the pool when a trace is opened.
pub(crate) enum Pool {
    /// It was not looked for.
    Unknown,
    /// The header names one that is not there.
    Missing,
    Taken(PathBuf, Snapshot),
}

pub(crate) fn open(source: Box<dyn Source>, pool: Pool) -> Result<Trace, Error> {
    let file_len = source.len().map_err(|source| Error::Io { offset: 0, source })?;
    if file_len == 0 {
        return Err(Error::Empty);
    }
    let mut opening = Opening::default();
    let start = opening.magic(&*source)?;
    let mut stretches = Stretches::new(&*source, start, file_len);
    while let Some(stretch) = stretches.next()? {
        match stretch {
            Stretch::Block { offset, head, payload } => opening.block(offset, head, payload)?,
            Stretch::Junk { offset, len, head } => {
                let start = stretches_start(&*source, offset, len)?;
                opening.junk(offset, len, head, start, file_len);
            }
        }
    }
    if start == 0 && opening.blocks == 0 {
        return Err(Error::NotATrace { len: file_len });
    }
    let (source, file_len) = opening.join(pool, source, file_len)?;
    opening.finish(source, file_len)
}

/// The header that a trace begins with.
pub(crate) fn header_of(source: &dyn Source) -> Result<Option<Header>, Error> {
    let len = source.len().map_err(|source| Error::Io { offset: 0, source })?;
    let mut stretches = Stretches::new(source, MAGIC.len() as u64, len);
    let Some(Stretch::Block { head, payload, .. }) = stretches.next()? else { return Ok(None) };
    if head.block_type != BlockType::Header {
        return Ok(None);
    }
    let header = trace_format::Header::decode(&mut Cursor::new(payload), "a header");
    Ok(header.ok().map(|header| Header::new(&header)))
}

/// The first bytes of a stretch of junk, as many as there are of a marker.
fn stretches_start(source: &dyn Source, offset: u64, len: u64) -> Result<[u8; 4], Error> {
    let mut bytes = [0; 4];
    read_full(source, offset, &mut bytes[..len.min(4) as usize])?;
    Ok(bytes)
}

/// What has been found so far.
#[derive(Default)]
pub(crate) struct Opening {
    pub(crate) has_magic: bool,
    pub(crate) blocks: u64,
    pub(crate) next_sequence: u32,
    pub(crate) after_junk: bool,
    pub(crate) header: Option<Header>,
    pub(crate) callsites: Callsites,
    pub(crate) anchors: KnownAnchors,
    pub(crate) losses: KnownLosses,
    pub(crate) summary: Option<(u64, trace_format::Summary)>,
    pub(crate) summary_is_last: bool,
    pub(crate) threads: KnownThreads,
    /// Damaged stretches, by offset.
    pub(crate) damages: Vec<Damage>,
    /// The block that the file ends in.
    pub(crate) unfinished: Option<Unfinished>,
    pub(crate) pool: PoolFile,
    pub(crate) problems: Problems,
    pub(crate) violations: Problems,
}

pub(crate) struct Unfinished {
    pub(crate) offset: u64,
    pub(crate) len: Option<u64>,
    pub(crate) found: u64,
    pub(crate) block_type: Option<BlockType>,
}

pub(crate) struct Damage {
    pub(crate) offset: u64,
    pub(crate) len: u64,
    pub(crate) block_type: Option<BlockType>,
    pub(crate) lost: Vec<LostChunks>,
}

impl Opening {
    /// Checks the magic and returns where the blocks start.
    fn magic(&mut self, source: &dyn Source) -> Result<u64, Error> {
        let mut bytes = [0; 32];
        let len = read_full(source, 0, &mut bytes)?;
        let bytes = &bytes[..len];
        if bytes.starts_with(MAGIC) {
            self.has_magic = true;
            return Ok(MAGIC.len() as u64);
        }
        if let Some(version) = bytes.strip_prefix(MAGIC_WORD) {
            let digits = version.split(|&byte| byte == b'\n').next().unwrap_or(&[]);
            let ended = digits.len() < version.len();
            let found = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
            if let (true, Some(found)) = (ended, found) {
                if found > u64::from(VERSION) {
                    return Err(Error::NewerVersion { found, offset: MAGIC_WORD.len() as u64 });
                }
            }
        }
        self.problems.push(Problem::NoMagic);
        Ok(0)
    }

    /// Reads what the pool has and the trace has not, if the trace was not stopped. Returns the source
    /// of both, and its length.
    fn join(
        &mut self,
        pool: Pool,
        source: Box<dyn Source>,
        file_len: u64,
    ) -> Result<(Box<dyn Source>, u64), Error> {
        let (path, mut snapshot) = match pool {
            Pool::Taken(path, snapshot) if self.summary.is_none() => (path, snapshot),
            Pool::Missing => {
                self.pool = PoolFile::Missing;
                return Ok((source, file_len));
            }
            _ => return Ok((source, file_len)),
        };
        for Thread { id, chunks, .. } in self.threads.iter() {
            chunks.iter().for_each(|chunk| snapshot.forget(id.0, chunk.sequence));
        }
        let (chunks, unreadable) = (snapshot.chunks(), snapshot.unreadable);
        self.pool = PoolFile::Joined { path, chunks, unreadable };
        // The block that was being written is in the pool as well.
        let trace_len = self.unfinished.take().map_or(file_len, |block| block.offset);
        let blocks = snapshot.into_blocks(self.next_sequence);
        let joined = Joined { trace: source, trace_len, blocks };
        let mut stretches = Stretches::new(&joined.blocks, 0, joined.blocks.len() as u64);
        while let Some(stretch) = stretches.next()? {
            if let Stretch::Block { offset, head, payload } = stretch {
                self.block(trace_len + offset, head, payload)?;
            }
        }
        let len = trace_len + joined.blocks.len() as u64;
        Ok((Box::new(joined), len))
    }

    fn junk(
        &mut self,
        offset: u64,
        len: u64,
        head: Option<BlockHead>,
        start: [u8; 4],
        file_len: u64,
    ) {
        self.after_junk = true;
        self.summary_is_last = false;
        let block_type = head.map(|head| head.block_type);
        let block_len = head.map(|head| u64::from(head.len) + BLOCK_HEAD_LEN as u64);
        let at_end = offset + len == file_len;
        let begun = match block_len {
            Some(block_len) => block_len > len,
            None => {
                let marker_len = len.min(4) as usize;
                len < BLOCK_HEAD_LEN as u64 && start[..marker_len] == MARKER[..marker_len]
            }
        };
        if at_end && begun {
            self.unfinished = Some(Unfinished { offset, len: block_len, found: len, block_type });
        } else {
            self.damages.push(Damage { offset, len, block_type, lost: Vec::new() });
        }
    }

    fn block(&mut self, offset: u64, head: BlockHead, payload: &[u8]) -> Result<(), Error> {
        if head.sequence != self.next_sequence && !self.after_junk {
            let expected = self.next_sequence;
            self.problems.push(Problem::BlockOutOfSequence {
                offset,
                expected,
                found: head.sequence,
            });
        }
        self.next_sequence = head.sequence.wrapping_add(1);
        self.after_junk = false;
        self.summary_is_last = head.block_type == BlockType::Summary;
        self.blocks += 1;
        let payload_offset = offset + BLOCK_HEAD_LEN as u64;
        let mut input = Cursor::new(payload);
        let block_type = head.block_type;
        let result = match block_type {
            BlockType::Header => {
                let version = u32::decode(&mut input.clone(), "Header.version").unwrap_or(VERSION);
                if version > VERSION {
                    let found = u64::from(version);
                    return Err(Error::NewerVersion { found, offset: payload_offset });
                }
                self.header(offset, &mut input)
            }
            BlockType::Callsites => self.callsites(offset, payload),
            BlockType::Chunk => self.chunk(offset, payload_offset, payload),
            BlockType::Anchors => self.anchors(offset, &mut input),
            BlockType::Losses => self.losses(&mut input),
            BlockType::Summary => self.summary(offset, &mut input),
            _ => Ok(()),
        };
        if let Err(malformed) = result {
            let malformed = within_file(malformed, payload_offset);
            let offset = malformed.offset() as u64;
            self.problems.push(Problem::MalformedBlock { offset, block_type, malformed });
        }
        Ok(())
    }

    fn header(&mut self, offset: u64, input: &mut Cursor<'_>) -> Result<(), Malformed> {
        let header = trace_format::Header::decode(input, "a header")?;
        if self.blocks != 1 {
            self.violations.push(Problem::HeaderNotFirst { offset });
        }
        match &self.header {
            Some(_) => {
                let block_type = BlockType::Header;
                self.problems.push(Problem::SurplusBlock { offset, block_type });
            }
            None => self.header = Some(Header::new(&header)),
        }
        expect_end(input, "a header")
    }

    fn callsites(&mut self, offset: u64, payload: &[u8]) -> Result<(), Malformed> {
        let mut input = Cursor::new(payload);
        while !input.is_empty() {
            let id = match self.callsites.read(&mut input, payload, offset)? {
                Added::Known(id) => id,
                Added::Conflict(callsite) => {
                    self.problems.push(Problem::ConflictingCallsite { offset, callsite });
                    callsite
                }
            };
            if id.0 == 0 {
                self.violations.push(Problem::ReservedNumber { offset, what: "callsite" });
            }
        }
        Ok(())
    }

    fn chunk(&mut self, offset: u64, at: u64, payload: &[u8]) -> Result<(), Malformed> {
        let head = ChunkHead::decode(&mut Cursor::new(payload), "the head of a chunk")?;
        let id = ThreadId(head.thread);
        if head.thread == 0 {
            self.violations.push(Problem::ReservedNumber { offset, what: "thread" });
        }
        let thread = self.threads.of(id);
        if head.os_thread != 0 {
            thread.os_thread = head.os_thread;
        }
        let name = &head.thread_name;
        if !name.bytes.is_empty() && name.bytes != thread.name().as_bytes() {
            thread.set_name(&name.to_str());
        }
        if thread.chunks.last().is_some_and(|last| last.sequence > head.sequence) {
            let sequence = head.sequence;
            self.violations.push(Problem::ChunkOutOfOrder { offset, thread: id, sequence });
        }
        thread.chunks.push(Chunk {
            payload_offset: at,
            payload_len: payload.len() as u32,
            sequence: head.sequence,
            base_ticks: head.base.0,
        });
        Ok(())
    }

    fn anchors(&mut self, offset: u64, input: &mut Cursor<'_>) -> Result<(), Malformed> {
        while !input.is_empty() {
            let anchor = Anchor::decode(input, "an anchor")?;
            let stepped_back = self.anchors.last().is_some_and(|last| {
                anchor.ticks < last.ticks
                    || anchor.monotonic_ns < last.monotonic_ns
                    || anchor.ticks == last.ticks && anchor.monotonic_ns != last.monotonic_ns
            });
            if stepped_back {
                self.problems.push(Problem::AnchorOutOfOrder { offset });
            }
            self.anchors.push(anchor);
        }
        Ok(())
    }

    fn losses(&mut self, input: &mut Cursor<'_>) -> Result<(), Malformed> {
        while !input.is_empty() {
            self.losses.push(LossRecord::decode(input, "a loss")?);
        }
        Ok(())
    }

    fn summary(&mut self, offset: u64, input: &mut Cursor<'_>) -> Result<(), Malformed> {
        let summary = trace_format::Summary::decode(input, "a summary")?;
        match self.summary {
            Some(_) => {
                let block_type = BlockType::Summary;
                self.problems.push(Problem::SurplusBlock { offset, block_type });
            }
            None => self.summary = Some((offset, summary)),
        }
        expect_end(input, "a summary")
    }
}

fn expect_end(input: &Cursor<'_>, after: &'static str) -> Result<(), Malformed> {
    if input.is_empty() {
        Ok(())
    } else {
        Err(Malformed::Trailing { offset: input.position(), after })
    }
}
