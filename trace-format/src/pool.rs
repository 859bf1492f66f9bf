//! The head and the controls of a pool file: where the chunks of a session that has not ended lie.
//!
//! ```text
//! 0                PoolHead: 56 bytes, then zeros up to the end of the page
//! controls_offset  a PoolControl for each chunk
//! chunks_offset    the chunks, each with room for a block's head before its payload
//! tables_offset    blocks of callsites, up to the end of the file
//! ```
//!
//! All integers are little-endian. A pool is written by a program that can die at any moment, and can be
//! read while it is written, so that there are no checksums but in the tables.

use crate::block::{BLOCK_HEAD_LEN, MAX_PAYLOAD_LEN, VERSION};

/// What a pool file begins with.
pub const POOL_MAGIC: &[u8; 16] = b"runtime-trace P\n";

/// The length of a pool's head in bytes.
pub const POOL_HEAD_LEN: usize = 56;

/// The length of a control in bytes.
pub const POOL_CONTROL_LEN: usize = 64;

/// Where the parts of a pool file lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolHead {
    /// The size of a chunk in bytes, block head included.
    pub chunk_bytes: u32,
    /// How many chunks there are.
    pub chunk_count: u32,
    /// Where the controls start.
    pub controls_offset: u32,
    /// Where the chunks start.
    pub chunks_offset: u64,
    /// Where the blocks of callsites start, which go on to the end of the file.
    pub tables_offset: u64,
    /// The same as in the header of the trace that the pool belongs to.
    pub session: u64,
}

impl PoolHead {
    /// The bytes of the head.
    pub fn to_bytes(self) -> [u8; POOL_HEAD_LEN] {
        let mut bytes = [0; POOL_HEAD_LEN];
        bytes[..16].copy_from_slice(POOL_MAGIC);
        let words = [VERSION, self.chunk_bytes, self.chunk_count, self.controls_offset];
        for (at, word) in bytes[16..32].chunks_exact_mut(4).zip(words) {
            at.copy_from_slice(&word.to_le_bytes());
        }
        let words = [self.chunks_offset, self.tables_offset, self.session];
        for (at, word) in bytes[32..].chunks_exact_mut(8).zip(words) {
            at.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// Reads a head; `None` when these bytes are none of this version, or when the parts that it tells of
    /// overlap, or chunks are larger than the payload of a block can be.
    pub fn from_bytes(bytes: &[u8; POOL_HEAD_LEN]) -> Option<Self> {
        let short = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|i| bytes[at + i]));
        let long = |at: usize| u64::from(short(at)) | u64::from(short(at + 4)) << 32;
        let head = Self {
            chunk_bytes: short(20),
            chunk_count: short(24),
            controls_offset: short(28),
            chunks_offset: long(32),
            tables_offset: long(40),
            session: long(48),
        };
        let controls = u64::from(head.chunk_count) * POOL_CONTROL_LEN as u64;
        let chunks = u64::from(head.chunk_count) * u64::from(head.chunk_bytes);
        let sound = bytes[..16] == *POOL_MAGIC
            && short(16) == VERSION
            && (BLOCK_HEAD_LEN..=BLOCK_HEAD_LEN + MAX_PAYLOAD_LEN)
                .contains(&(head.chunk_bytes as usize))
            && head.controls_offset as usize >= POOL_HEAD_LEN
            && u64::from(head.controls_offset) + controls <= head.chunks_offset
            && head.chunks_offset.checked_add(chunks)? <= head.tables_offset;
        sound.then_some(head)
    }

    /// Where the control of a chunk starts. There must be such a chunk.
    pub fn control_offset(&self, chunk: u32) -> u64 {
        debug_assert!(chunk < self.chunk_count, "chunk {chunk}");
        u64::from(self.controls_offset) + u64::from(chunk) * POOL_CONTROL_LEN as u64
    }

    /// Where the payload of a chunk starts. There must be such a chunk.
    pub fn payload_offset(&self, chunk: u32) -> u64 {
        debug_assert!(chunk < self.chunk_count, "chunk {chunk}");
        let chunk = u64::from(chunk) * u64::from(self.chunk_bytes);
        self.chunks_offset + chunk + BLOCK_HEAD_LEN as u64
    }

    /// How long a payload can be.
    pub fn payload_capacity(&self) -> u32 {
        self.chunk_bytes - BLOCK_HEAD_LEN as u32
    }
}

/// What a pool says of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolControl {
    /// How many bytes of the payload are valid; none if it is 0.
    pub committed: u32,
    /// The thread that filled it.
    pub thread: u64,
    /// The number of the chunk in its thread.
    pub sequence: u64,
}

impl PoolControl {
    /// The bytes of a control.
    pub fn to_bytes(self) -> [u8; POOL_CONTROL_LEN] {
        let mut bytes = [0; POOL_CONTROL_LEN];
        bytes[..4].copy_from_slice(&self.committed.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.thread.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.sequence.to_le_bytes());
        bytes
    }

    /// Reads a control.
    pub fn from_bytes(bytes: &[u8; POOL_CONTROL_LEN]) -> Self {
        let short = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|i| bytes[at + i]));
        let long = |at: usize| u64::from(short(at)) | u64::from(short(at + 4)) << 32;
        Self { committed: short(0), thread: long(8), sequence: long(16) }
    }
}
