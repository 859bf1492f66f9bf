//! How blocks are found in a file, behind damage too.

use crate::block::{BLOCK_HEAD_LEN, BlockHead, MARKER};
use crate::checksum::Checksums;

/// A stretch of a file, as [`Stretches`] finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stretch<'a> {
    /// A block with both checksums right.
    Block {
        /// Where its head starts.
        offset: usize,
        /// The head.
        head: BlockHead,
        /// The payload.
        payload: &'a [u8],
    },
    /// Bytes that are no sound block, up to the next sound head or the end.
    Junk {
        /// Where they start.
        offset: usize,
        /// The bytes.
        bytes: &'a [u8],
        /// The head of the block that they begin with, when that much is sound: the payload is
        /// damaged, or the file ends inside it.
        head: Option<BlockHead>,
    },
}

/// Walks over bytes that hold blocks, and past whatever is damaged between them.
///
/// A block is at the first place, from where the one before it ended, at which head and payload
/// are sound. The payload of a sound head may be anything, so other heads are looked for in it
/// too. A file made for the purpose can claim the same bytes in millions of heads; they are read
/// at most three times nevertheless: once when a payload turns out to be wrong, once to know the
/// checksums of all that start inside of it, and once when a block is found there.
#[derive(Clone, Debug)]
pub struct Stretches<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the last payload ends that was read in vain.
    vain_end: usize,
    checksums: Checksums,
}

impl<'a> Stretches<'a> {
    /// Starts at `offset` of `bytes`.
    pub fn new(bytes: &'a [u8], offset: usize) -> Self {
        let at = offset.min(bytes.len());
        Self { bytes, at, vain_end: at, checksums: Checksums::default() }
    }

    fn head_at(&self, offset: usize) -> Option<BlockHead> {
        BlockHead::from_bytes(self.bytes.get(offset..)?.first_chunk()?)
    }

    /// The payload of the head that ends at `start`, if it is all there and sound.
    fn payload_at(&mut self, start: usize, head: BlockHead) -> Option<&'a [u8]> {
        let payload = self.bytes[start..].get(..head.len as usize)?;
        let end = start + payload.len();
        if start < self.vain_end {
            return (self.checksums.of_part(self.bytes, start, end) == head.checksum)
                .then_some(payload);
        }
        if !head.matches(payload) {
            self.vain_end = end;
            return None;
        }
        Some(payload)
    }

    /// Where the next marker with a sound head is, from `from` on; the end when there is none.
    fn next_head(&self, from: usize) -> usize {
        let mut at = from;
        while let Some(found) =
            self.bytes[at..].iter().position(|&byte| byte == MARKER[0]).map(|i| at + i)
        {
            if self.head_at(found).is_some() {
                return found;
            }
            at = found + 1;
        }
        self.bytes.len()
    }
}

impl<'a> Iterator for Stretches<'a> {
    type Item = Stretch<'a>;

    fn next(&mut self) -> Option<Stretch<'a>> {
        let offset = self.at;
        if offset == self.bytes.len() {
            return None;
        }
        let head = self.head_at(offset);
        if let Some(head) = head {
            let start = offset + BLOCK_HEAD_LEN;
            if let Some(payload) = self.payload_at(start, head) {
                self.at = start + payload.len();
                return Some(Stretch::Block { offset, head, payload });
            }
        }
        self.at = self.next_head(offset + 1);
        Some(Stretch::Junk { offset, bytes: &self.bytes[offset..self.at], head })
    }
}
