//! Writing a trace anew: what could be read of it, as if the program had stopped it there.

use std::collections::HashSet;
use std::io::Write;

use trace_format::wire::{Cursor, Field};
use trace_format::{BLOCK_HEAD_LEN, BlockHead, BlockType, Header, MAGIC, Summary, Ticks};

use crate::blocks::{Stretch, Stretches};
use crate::step::Step;
use crate::{Error, Merged, RecoverError, Trace};

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovered {
    /// How many bytes.
    pub bytes: u64,
    /// How many chunks.
    pub chunks: u64,
    /// How many bytes of the file were left out, since they are damaged or there a second time.
    pub left_out: u64,
}

pub(crate) fn recover(trace: &Trace, out: &mut dyn Write) -> Result<Recovered, RecoverError> {
    let lost = lost(trace)?;
    let mut writing = Writing { out, sequence: 0, recovered: Recovered::default() };
    writing.put(MAGIC)?;
    let kept: HashSet<u64> =
        trace.threads.iter().flat_map(|t| &t.chunks).map(|chunk| chunk.payload_offset).collect();
    let mut has_header = false;
    let start = if trace.has_magic { MAGIC.len() as u64 } else { 0 };
    let mut stretches = Stretches::new(&*trace.source, start, trace.file_len);
    while let Some(stretch) = stretches.next()? {
        let (offset, head, payload) = match stretch {
            Stretch::Block { offset, head, payload } => (offset, head, payload),
            Stretch::Junk { len, .. } => {
                writing.recovered.left_out += len;
                continue;
            }
        };
        let keep = match head.block_type {
            // The one that the reader took.
            BlockType::Header => {
                let is_it = !has_header && can_be_read(payload);
                has_header |= is_it;
                is_it
            }
            BlockType::Chunk => kept.contains(&(offset + BLOCK_HEAD_LEN as u64)),
            BlockType::Summary => continue,
            _ => true,
        };
        if keep {
            writing.block(head.block_type, payload)?;
        } else {
            writing.recovered.left_out += (BLOCK_HEAD_LEN + payload.len()) as u64;
        }
    }
    let summary = Summary { end: Ticks(trace.end_ticks), chunks: writing.recovered.chunks, lost };
    let mut payload = Vec::new();
    summary.encode(&mut payload);
    writing.block(BlockType::Summary, &payload)?;
    writing.out.flush().map_err(RecoverError::Write)?;
    Ok(writing.recovered)
}

fn can_be_read(header: &[u8]) -> bool {
    Header::decode(&mut Cursor::new(header), "a header").is_ok()
}

/// How many events the trace says are lost.
fn lost(trace: &Trace) -> Result<u64, Error> {
    let mut lost: u64 = trace.losses.iter().fold(0, |sum, loss| sum.saturating_add(loss.count));
    let mut merged = Merged::new(trace, false);
    while let Some(item) = merged.next()? {
        if let Step::Loss(loss) = item.step {
            lost = lost.saturating_add(loss.count);
        }
    }
    Ok(lost)
}

struct Writing<'o> {
    out: &'o mut dyn Write,
    sequence: u32,
    recovered: Recovered,
}

impl Writing<'_> {
    fn block(&mut self, block_type: BlockType, payload: &[u8]) -> Result<(), RecoverError> {
        self.put(&BlockHead::of(block_type, self.sequence, payload).to_bytes())?;
        self.put(payload)?;
        self.sequence = self.sequence.wrapping_add(1);
        self.recovered.chunks += u64::from(block_type == BlockType::Chunk);
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), RecoverError> {
        self.out.write_all(bytes).map_err(RecoverError::Write)?;
        self.recovered.bytes += bytes.len() as u64;
        Ok(())
    }
}
