//! Finds the blocks of a source, reading it once from front to back.
//!
//! Gives what [`trace_format::Stretches`] gives on the same bytes, without having them all in
//! memory: at most one payload and one piece of read-ahead.
//!
//! A sound head whose payload is damaged is searched again for blocks inside of it. So that a
//! file full of heads that claim each other's bytes cannot make that quadratic, the bytes that may
//! be hashed in vain are limited to a few times the file; when they are used up, the rest of the
//! file is one damaged stretch.

use trace_format::{BLOCK_HEAD_LEN, BlockHead, MARKER, MAX_PAYLOAD_LEN};

use crate::Error;
use crate::source::{Source, read_full};

/// How much is read at once, at least.
const PIECE_LEN: usize = 1 << 18;

/// How many times the length of the file may be hashed in vain, besides a few whole payloads.
const VAIN_FACTOR: u64 = 8;

/// A stretch of the source.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stretch<'a> {
    /// A block with both checksums right.
    Block { offset: u64, head: BlockHead, payload: &'a [u8] },
    /// Bytes that are no sound block, and the head they begin with when that much is sound.
    Junk { offset: u64, len: u64, head: Option<BlockHead> },
}

/// Walks over a source.
pub(crate) struct Stretches<'s> {
    window: Window<'s>,
    at: u64,
    vain_bytes_left: u64,
}

impl<'s> Stretches<'s> {
    /// Starts at `offset` of a source of `len` bytes.
    pub(crate) fn new(source: &'s dyn Source, offset: u64, len: u64) -> Self {
        let vain_bytes_left = len.saturating_mul(VAIN_FACTOR) + 4 * MAX_PAYLOAD_LEN as u64;
        let window = Window { source, len, start: offset, bytes: Vec::new(), filled: 0 };
        Self { window, at: offset.min(len), vain_bytes_left }
    }

    /// The next stretch; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Stretch<'_>>, Error> {
        let offset = self.at;
        let end = self.window.len;
        if offset >= end {
            return Ok(None);
        }
        let head = self.window.head_at(offset)?;
        if let Some(head) = head {
            let start = offset + BLOCK_HEAD_LEN as u64;
            let len = u64::from(head.len);
            if len <= end.saturating_sub(start) {
                if len > self.vain_bytes_left {
                    self.at = end;
                    return Ok(Some(Stretch::Junk { offset, len: end - offset, head: None }));
                }
                let payload = self.window.get(start, head.len as usize)?;
                if head.matches(payload) {
                    self.at = start + len;
                    // Asked for again, since a borrow cannot be returned on one path only.
                    let payload = self.window.get(start, head.len as usize)?;
                    return Ok(Some(Stretch::Block { offset, head, payload }));
                }
                self.vain_bytes_left -= len;
            }
        }
        self.at = self.next_head(offset + 1)?;
        Ok(Some(Stretch::Junk { offset, len: self.at - offset, head }))
    }

    /// Where the next marker with a sound head is, from `from` on; the end when there is none.
    fn next_head(&mut self, from: u64) -> Result<u64, Error> {
        let mut at = from;
        while at < self.window.len {
            let bytes = self.window.ahead(at)?;
            match bytes.iter().position(|&byte| byte == MARKER[0]) {
                None => at += bytes.len() as u64,
                Some(i) => {
                    at += i as u64;
                    if self.window.head_at(at)?.is_some() {
                        return Ok(at);
                    }
                    at += 1;
                }
            }
        }
        Ok(self.window.len.max(from))
    }
}

/// The part of the source that is in memory. Moves forward, and keeps what lies behind the place
/// that was last asked for.
struct Window<'s> {
    source: &'s dyn Source,
    len: u64,
    start: u64,
    /// What was read, and behind it whatever was there before: to clear it each time would cost
    /// as much as to read it.
    bytes: Vec<u8>,
    /// How many of the bytes were read.
    filled: usize,
}

impl Window<'_> {
    fn head_at(&mut self, offset: u64) -> Result<Option<BlockHead>, Error> {
        let bytes = self.get(offset, BLOCK_HEAD_LEN)?;
        Ok(bytes.try_into().ok().and_then(BlockHead::from_bytes))
    }

    /// `len` bytes from `offset` on, or what of them is there.
    fn get(&mut self, offset: u64, len: usize) -> Result<&[u8], Error> {
        self.load(offset, len)?;
        let from = (offset - self.start) as usize;
        let to = self.filled.min(from + len);
        Ok(&self.bytes[from.min(to)..to])
    }

    /// What is in memory from `offset` on: at least one byte unless the source ends there.
    fn ahead(&mut self, offset: u64) -> Result<&[u8], Error> {
        self.load(offset, 1)?;
        let from = (offset - self.start) as usize;
        Ok(&self.bytes[from.min(self.filled)..self.filled])
    }

    fn load(&mut self, offset: u64, len: usize) -> Result<(), Error> {
        let have_to = self.start + self.filled as u64;
        let want_to = self.len.min(offset.saturating_add(len as u64));
        if offset >= self.start && want_to <= have_to {
            return Ok(());
        }
        // What is behind the head that is being tried is asked for again when it fails, so that
        // room for the head is left in front.
        let keep_from = offset.saturating_sub(BLOCK_HEAD_LEN as u64).max(self.start).min(have_to);
        self.bytes.copy_within((keep_from - self.start) as usize..self.filled, 0);
        self.filled = (have_to - keep_from) as usize;
        self.start = keep_from;
        let new_len = (offset - self.start) as usize + len.max(PIECE_LEN);
        let rest = usize::try_from(self.len.saturating_sub(self.start)).unwrap_or(usize::MAX);
        let new_len = new_len.min(rest).max(self.filled);
        if new_len < self.bytes.capacity() / 8 {
            self.bytes.truncate(new_len);
            self.bytes.shrink_to_fit();
        }
        if new_len > self.bytes.len() {
            self.bytes.resize(new_len, 0);
        }
        let wanted = &mut self.bytes[self.filled..new_len];
        let (read, wanted) =
            (read_full(self.source, self.start + self.filled as u64, wanted)?, wanted.len());
        self.filled += read;
        if read < wanted {
            // The source became shorter: it ends here from now on.
            self.len = self.len.min(self.start + self.filled as u64);
        }
        Ok(())
    }
}
