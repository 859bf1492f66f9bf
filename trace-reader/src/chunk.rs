//! Reading one chunk: its payload, and how far it goes.

use trace_format::wire::{Cursor, Field};
use trace_format::{ChunkHead, Event, Timed};

use crate::Error;
use crate::source::{Source, read_full};
use crate::trace::Chunk;

/// Reads the payload of a chunk into `buffer`, in place of what it holds.
pub(crate) fn read_payload(
    source: &dyn Source,
    chunk: &Chunk,
    buffer: &mut Vec<u8>,
) -> Result<(), Error> {
    // The length was checked against the file, and the payload against its checksum.
    buffer.resize(chunk.payload_len as usize, 0);
    let len = read_full(source, chunk.payload_offset, buffer)?;
    buffer.truncate(len);
    Ok(())
}

/// The latest that the clock shows in a chunk.
pub(crate) fn last_ticks(source: &dyn Source, chunk: &Chunk) -> Result<u64, Error> {
    let mut payload = Vec::new();
    read_payload(source, chunk, &mut payload)?;
    let mut input = Cursor::new(&payload);
    let (mut ticks, mut last) = (chunk.base_ticks, chunk.base_ticks);
    if ChunkHead::decode(&mut input, ChunkHead::SHAPE).is_ok() {
        while let Ok(timed) = Timed::decode(&mut input) {
            ticks = match timed.event {
                Event::Clock { ticks } => ticks.0,
                _ => ticks.saturating_add(timed.delta),
            };
            last = last.max(ticks);
        }
    }
    Ok(last)
}
