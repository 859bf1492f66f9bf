//! Blocks: the unit of the file.
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
