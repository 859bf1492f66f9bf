//! Cutting a trace into parts of about the same size.
//!
//! A part is some chunks that follow each other: threads by id, one behind the other, and chunks by
//! number. A large thread is cut into several parts, and small ones share one.

use std::ops::Range;

use crate::trace::{Thread, Trace};

/// What a chunk costs besides its bytes, in bytes: threads of next to nothing are not free.
const CHUNK_COST: u64 = 256;

/// A place between two chunks: a thread, and which of its chunks is next, both by position.
type Place = (usize, usize);

/// A part of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    start: Place,
    end: Place,
}

impl Part {
    /// Cuts a trace into parts of at least so many bytes, but for the last one.
    ///
    /// A thread is cut only where no chunk is missing: what precedes a gap decides what is made of
    /// it.
    pub(super) fn all_of(trace: &Trace, least_len: u64) -> Vec<Self> {
        let mut parts = Vec::new();
        let (mut start, mut len) = ((0, 0), 0);
        for (at, thread) in trace.threads.iter().enumerate() {
            for (next, chunk) in thread.chunks.iter().enumerate() {
                let follows = |before: usize| {
                    thread.chunks[before].sequence.checked_add(1) == Some(chunk.sequence)
                };
                if len >= least_len.max(1) && next.checked_sub(1).is_none_or(follows) {
                    parts.push(Self { start, end: (at, next) });
                    (start, len) = ((at, next), 0);
                }
                len += u64::from(chunk.payload_len) + CHUNK_COST;
            }
        }
        parts.push(Self { start, end: (trace.threads.len(), 0) });
        parts
    }

    /// Whether it begins with what is left of a thread.
    pub(super) fn is_continued(&self) -> bool {
        self.start.1 > 0
    }

    /// Its threads, and which of their chunks belong to it.
    pub(super) fn rows<'t>(
        &self,
        trace: &'t Trace,
    ) -> impl Iterator<Item = (&'t Thread, Range<usize>)> + use<'t> {
        let Self { start, end } = *self;
        let threads = trace.threads.iter().enumerate().skip(start.0);
        threads.map_while(move |(at, thread)| {
            let from = if at == start.0 { start.1 } else { 0 };
            let to = if at < end.0 { thread.chunks.len() } else { end.1 };
            (at <= end.0 && from < to).then_some((thread, from..to))
        })
    }
}
