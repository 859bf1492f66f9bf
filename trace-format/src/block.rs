//! Blocks: the unit of the file, and how they are found.
//!
//! A file is [`MAGIC`] and blocks one behind the other. A block is a 24-byte head and a payload:
//!
//! ```text
//! offset  0  marker      4 bytes, MARKER
//!         4  type        1 byte, BlockType
//!         5  zero        3 bytes
//!         8  length      4 bytes, of the payload
//!        12  sequence    4 bytes, blocks before this one in the file, modulo 2^32
//!        16  checksum    4 bytes, CRC-32 of the payload
//!        20  head check  4 bytes, CRC-32 of the 20 bytes before
//! ```
//!
//! All integers are little-endian; CRC-32 is that of zlib. The head has a checksum of its own so
//! that its length can be trusted, and so that a reader that lost its way can look for the next
//! marker and know whether it found a block.

use crate::checksum::Checksums;
use crate::table::byte_enum;

/// What a trace begins with; the digit is the version of the format.
pub const MAGIC: &[u8; 16] = b"runtime-trace 1\n";

/// The version of the format that this crate reads and writes.
pub const VERSION: u32 = 1;

/// What every block begins with.
pub const MARKER: [u8; 4] = [0xb1, 0x0c, 0x8e, 0xd7];

/// The length of a block's head in bytes.
pub const BLOCK_HEAD_LEN: usize = 24;

/// The largest payload of a block in bytes.
pub const MAX_PAYLOAD_LEN: usize = 1 << 26;

byte_enum! {
    /// What a block holds.
    pub enum BlockType: "block type" {
        /// One [`Header`](crate::Header).
        Header = 1 "header",
        /// [`Callsite`](crate::Callsite)s.
        Callsites = 2 "callsites",
        /// A [`ChunkHead`](crate::ChunkHead) and the events of the chunk.
        Chunk = 3 "chunk",
        /// [`Anchor`](crate::Anchor)s.
        Anchors = 4 "anchors",
        /// [`LossRecord`](crate::LossRecord)s.
        Losses = 5 "losses",
        /// One [`Summary`](crate::Summary); the last block of a trace that was stopped.
        Summary = 6 "summary",
    }
}

/// A block's head, without marker and check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockHead {
    /// What the block holds.
    pub block_type: BlockType,
    /// The length of the payload in bytes.
    pub len: u32,
    /// How many blocks came before it in the file.
    pub sequence: u32,
    /// The CRC-32 of the payload.
    pub checksum: u32,
}

impl BlockHead {
    /// The head of a block with this payload.
    ///
    /// # Panics
    /// When the payload is longer than [`MAX_PAYLOAD_LEN`].
    pub fn of(block_type: BlockType, sequence: u32, payload: &[u8]) -> Self {
        assert!(payload.len() <= MAX_PAYLOAD_LEN, "a payload of {} bytes", payload.len());
        let checksum = crc32fast::hash(payload);
        Self { block_type, len: payload.len() as u32, sequence, checksum }
    }

    /// The bytes of the head.
    pub fn to_bytes(self) -> [u8; BLOCK_HEAD_LEN] {
        let mut bytes = [0; BLOCK_HEAD_LEN];
        bytes[..4].copy_from_slice(&MARKER);
        bytes[4] = self.block_type as u8;
        bytes[8..12].copy_from_slice(&self.len.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.checksum.to_le_bytes());
        let check = crc32fast::hash(&bytes[..20]);
        bytes[20..].copy_from_slice(&check.to_le_bytes());
        bytes
    }

    /// Reads a head; `None` when these bytes are none.
    pub fn from_bytes(bytes: &[u8; BLOCK_HEAD_LEN]) -> Option<Self> {
        let word = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|i| bytes[at + i]));
        let sound = bytes[..4] == MARKER
            && bytes[5..8] == [0; 3]
            && word(8) as usize <= MAX_PAYLOAD_LEN
            && word(20) == crc32fast::hash(&bytes[..20]);
        let block_type = BlockType::ALL.iter().copied().find(|t| *t as u8 == bytes[4])?;
        sound.then_some(Self { block_type, len: word(8), sequence: word(12), checksum: word(16) })
    }

    /// Whether `payload` is the one that this head was written for.
    pub fn matches(&self, payload: &[u8]) -> bool {
        payload.len() == self.len as usize && crc32fast::hash(payload) == self.checksum
    }
}

/// Appends a whole block.
///
/// # Panics
/// When the payload is longer than [`MAX_PAYLOAD_LEN`].
pub fn put_block(out: &mut Vec<u8>, block_type: BlockType, sequence: u32, payload: &[u8]) {
    out.extend_from_slice(&BlockHead::of(block_type, sequence, payload).to_bytes());
    out.extend_from_slice(payload);
}

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
