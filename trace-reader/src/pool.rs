//! The pool file of a program that did not stop its trace: it died, or it still runs. There is in it
//! what the trace does not have yet.
//!
//! A snapshot of the pool is taken before the trace is read, so that what the program writes to the
//! trace in between is in both, and not in neither. A chunk that was given to another thread while it
//! was copied is taken again; what a program that runs does later is not seen.
//!
//! Nothing is believed of a pool but its session: see [`Snapshot::take`].

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use trace_format::wire::{Cursor, Field};
use trace_format::{
    BlockType, ChunkHead, POOL_CONTROL_LEN, POOL_HEAD_LEN, PoolControl, PoolHead, put_block,
};

use crate::blocks::{Stretch, Stretches};
use crate::source::{Source, read_full};
use crate::{Error, Header};

/// How often a chunk is looked at that changes while it is copied.
const TRIES: usize = 8;

/// So many bytes of a pool are taken at most. Programs that run with a larger one can say so.
const SNAPSHOT_LIMIT: u64 = 4 << 30;

/// The pool that the header of the trace at `path` names, if it is there: at its place, or beside the
/// trace, whereto somebody may have copied both.
pub(crate) fn find(path: &Path, header: &Header) -> Option<(PathBuf, File)> {
    let named = Path::new(&header.pool_path);
    let beside = named.file_name().map(|name| path.with_file_name(name));
    let appended = {
        let mut path = path.as_os_str().to_owned();
        path.push(".pool");
        PathBuf::from(path)
    };
    let places = [Some(named.to_owned()), beside, Some(appended)];
    places.into_iter().flatten().find_map(|place| {
        // Whoever wrote the trace chose the name: a pipe or a device would be waited for.
        let is_file = std::fs::symlink_metadata(&place).is_ok_and(|metadata| metadata.is_file());
        let file = is_file.then(|| File::open(&place).ok())??;
        let is_its_own = head_of(&file).is_some_and(|head| head.session == header.session);
        is_its_own.then_some((place, file))
    })
}

fn head_of(source: &dyn Source) -> Option<PoolHead> {
    let mut bytes = [0; POOL_HEAD_LEN];
    let read = read_full(source, 0, &mut bytes).ok()?;
    if read == bytes.len() { PoolHead::from_bytes(&bytes) } else { None }
}

/// What was in a pool at some moment.
#[derive(Default)]
pub(crate) struct Snapshot {
    /// The payloads of chunks, by thread and sequence number.
    chunks: BTreeMap<(u64, u64), Vec<u8>>,
    /// The payloads of blocks of callsites.
    tables: Vec<Vec<u8>>,
    /// How many chunks say that they hold something, and hold nothing that can be read.
    pub(crate) unreadable: u64,
}

impl Snapshot {
    /// Copies what is in the pool of this session. What is beyond the end of the file, is longer than a
    /// chunk, or has no head of a chunk is left out. Takes as much memory as chunks are filled.
    pub(crate) fn take(pool: &dyn Source, session: u64) -> Result<Self, Error> {
        let mut snapshot = Self::default();
        let Some(head) = head_of(pool).filter(|head| head.session == session) else {
            return Ok(snapshot);
        };
        // The part that does not grow.
        let pool_len = pool.len().map_err(|source| Error::Io { offset: 0, source })?;
        let mut len = 0;
        for chunk in 0..head.chunk_count {
            if head.control_offset(chunk) >= pool_len {
                break;
            }
            let Some(taken) = chunk_of(pool, pool_len, &head, chunk)? else { continue };
            match taken {
                Taken::Chunk(thread, sequence, payload) if len < SNAPSHOT_LIMIT => {
                    len += payload.len() as u64;
                    snapshot.chunks.insert((thread, sequence), payload);
                }
                Taken::Chunk(..) | Taken::Unreadable => snapshot.unreadable += 1,
            }
        }
        // A callsite is there before a chunk refers to it, so that these come second.
        let pool_len = pool.len().map_err(|source| Error::Io { offset: 0, source })?;
        let mut stretches = Stretches::new(pool, head.tables_offset, pool_len);
        while let Some(stretch) = stretches.next()? {
            if let Stretch::Block { head, payload, .. } = stretch {
                if head.block_type == BlockType::Callsites {
                    snapshot.tables.push(payload.to_vec());
                }
            }
        }
        Ok(snapshot)
    }

    /// Leaves out a chunk that the trace has.
    pub(crate) fn forget(&mut self, thread: u64, sequence: u64) {
        self.chunks.remove(&(thread, sequence));
    }

    /// How many chunks there are.
    pub(crate) fn chunks(&self) -> u64 {
        self.chunks.len() as u64
    }

    /// All of it as blocks, the first of which has this sequence number.
    pub(crate) fn into_blocks(self, mut sequence: u32) -> Vec<u8> {
        let mut blocks = Vec::new();
        let tables = self.tables.into_iter().map(|payload| (BlockType::Callsites, payload));
        let chunks = self.chunks.into_values().map(|payload| (BlockType::Chunk, payload));
        for (block_type, payload) in tables.chain(chunks) {
            put_block(&mut blocks, block_type, sequence, &payload);
            sequence = sequence.wrapping_add(1);
        }
        blocks
    }
}

enum Taken {
    /// Thread, sequence number and payload.
    Chunk(u64, u64, Vec<u8>),
    Unreadable,
}

/// What one of the chunks holds, if it says that it holds something.
fn chunk_of(
    pool: &dyn Source,
    pool_len: u64,
    head: &PoolHead,
    chunk: u32,
) -> Result<Option<Taken>, Error> {
    for _ in 0..TRIES {
        let Some(before) = control_of(pool, head, chunk)? else { return Ok(None) };
        if before.committed == 0 {
            return Ok(None);
        }
        let start = head.payload_offset(chunk);
        // In this order: what is within a chunk ends where an offset can tell.
        let is_inside = before.committed <= head.payload_capacity()
            && start + u64::from(before.committed) <= pool_len;
        if !is_inside {
            return Ok(Some(Taken::Unreadable));
        }
        let mut payload = vec![0; before.committed as usize];
        let read = read_full(pool, start, &mut payload)?;
        payload.truncate(read);
        let after = control_of(pool, head, chunk)?;
        let is_the_same = |after: PoolControl| {
            after.committed != 0
                && (after.thread, after.sequence) == (before.thread, before.sequence)
        };
        if !after.is_some_and(is_the_same) {
            continue;
        }
        return Ok(Some(match ChunkHead::decode(&mut Cursor::new(&payload), "a chunk's head") {
            Ok(head) => {
                let (thread, sequence) = (head.thread, head.sequence);
                Taken::Chunk(thread, sequence, payload)
            }
            Err(_) => Taken::Unreadable,
        }));
    }
    // It is written to the trace as fast as it is filled, and found there.
    Ok(None)
}

fn control_of(
    pool: &dyn Source,
    head: &PoolHead,
    chunk: u32,
) -> Result<Option<PoolControl>, Error> {
    let mut bytes = [0; POOL_CONTROL_LEN];
    let read = read_full(pool, head.control_offset(chunk), &mut bytes)?;
    Ok((read == bytes.len()).then(|| PoolControl::from_bytes(&bytes)))
}

/// A trace, and behind it blocks that are in memory.
pub(crate) struct Joined {
    pub(crate) trace: Box<dyn Source>,
    /// So many bytes of the trace count.
    pub(crate) trace_len: u64,
    pub(crate) blocks: Vec<u8>,
}

impl Source for Joined {
    fn len(&self) -> std::io::Result<u64> {
        Ok(self.trace_len + self.blocks.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        if offset >= self.trace_len {
            return self.blocks.read_at(offset - self.trace_len, buffer);
        }
        let left = self.trace_len - offset;
        let len = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        self.trace.read_at(offset, &mut buffer[..len])
    }
}
