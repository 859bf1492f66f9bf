//! What a flight recorder holds, as a trace.
//!
//! A snapshot is of one moment, although it is taken while threads go on:
//! 1. The clock is read: the moment.
//! 2. Chunks are copied, the oldest first, since these are the next to be overwritten. One that is full
//!    comes before those that threads are still filling.
//! 3. Of what was committed since the moment, everything is cut off again. So a task whose begin is too
//!    late for it has no end in it either, whichever threads they are on.
//! 4. Of each thread the chunks up to the last one are kept that follow each other: one in between
//!    may have been overwritten before it was copied.

use std::io::Write;
use std::time::Duration;

use trace_format::wire::{Cursor, Field};
use trace_format::{Anchor, BLOCK_HEAD_LEN, ChunkHead, Event, LossCause, LossRecord, Ticks, Timed};

use crate::about::About;
use crate::clock;
use crate::error::SnapshotError;
use crate::output::Output;
use crate::pool::{Copied, Pool, loss};
use crate::thread::RECORDER;

/// The newest events of a recording, up to one moment.
#[derive(Debug)]
pub(crate) struct Window {
    chunks: Vec<Part>,
    losses: Vec<LossRecord>,
    /// How many events are missing beside these, of threads that still run.
    untold: u64,
    /// The moment that it is of.
    end: Anchor,
    /// Since when nothing is missing in it: the last event that is not in it was before.
    since: u64,
}

/// A chunk of it.
#[derive(Debug)]
struct Part {
    thread: u64,
    sequence: u64,
    /// The times of its head and of its last event.
    base: u64,
    last: u64,
    /// How many lost events it tells of.
    noted: u64,
    /// The room for a block's head, and the payload.
    block: Vec<u8>,
}

impl Window {
    /// What is in the `pool` of a flight recorder that began at `start`, and in that of the session beside
    /// it.
    pub(crate) fn of(pool: &Pool, start: &Anchor) -> Self {
        // Locked, so that what a session leaves behind is in one of the two.
        let feeder = pool.feeder();
        let end = clock::read_anchor();
        // The session's first: from there chunks go to the other one.
        let mut chunks: Vec<Part> = feeder.iter().flat_map(|feeder| copied(feeder, &end)).collect();
        chunks.extend(copied(pool, &end));
        // Asked after the chunks were copied: whatever was overwritten is not among them.
        let mut since = pool.overwritten_until();
        since = since.max(drop_before_gaps(&mut chunks));
        let mut losses = pool.losses();
        losses.extend(feeder.iter().flat_map(|feeder| feeder.losses()));
        // Of a session that had begun before.
        losses.retain(|loss| loss.to >= start.ticks);
        Self { chunks, losses, untold: RECORDER.untold(), end, since }
    }

    /// Leaves out chunks of which every event is older than that.
    pub(crate) fn keep_younger_than(&mut self, age: Duration, start: &Anchor) {
        let horizon = self.end.ticks.0.saturating_sub(ticks_in(age, start, &self.end));
        self.leave_out(|part| part.last < horizon);
    }

    fn leave_out(&mut self, is_out: impl Fn(&Part) -> bool) {
        let out = self.chunks.iter().filter(|part| is_out(part)).map(|part| part.last);
        self.since = out.fold(self.since, u64::max);
        self.chunks.retain(|part| !is_out(part));
    }

    /// How far back nothing is missing, in a recording that began at `start`.
    pub(crate) fn covers(&self, start: &Anchor) -> Duration {
        let since = self.since.max(start.ticks.0);
        let ticks = self.end.ticks.0.saturating_sub(since);
        let (whole_ticks, whole_ns) = span(start, &self.end);
        Duration::from_nanos((u128::from(ticks) * whole_ns / whole_ticks) as u64)
    }

    /// Writes it as a trace of at most `max_bytes`, without the oldest chunks if they do not fit.
    ///
    /// # Errors
    /// If nothing fits. Those of the writer are in what this returns.
    pub(crate) fn write<W: Write>(
        &mut self,
        writer: W,
        about: &About,
        start: &Anchor,
        max_bytes: u64,
    ) -> Result<Output<W>, SnapshotError> {
        let base = self.chunks.iter().map(|part| part.base).min();
        let first = base.map_or_else(
            || self.end.clone(),
            |base| between(start, &self.end, base.max(start.ticks.0)),
        );
        let untold = loss(0, LossCause::PoolFull, self.untold, first.ticks.0, self.end.ticks.0);
        self.losses.extend((self.untold > 0).then_some(untold));
        let mut output = Output::new(writer, &about.header(first.wall_ns), &first);
        output.new_callsites();
        let needed = output.len() + self.end_len();
        let Some(mut room) = max_bytes.checked_sub(needed) else {
            return Err(SnapshotError::TooSmall { max_bytes, needed });
        };
        // From the newest to the oldest.
        sort(&mut self.chunks, |part| [!part.last, part.thread, !part.sequence]);
        let fitting = self.chunks.iter().take_while(|part| {
            let len = part.block.len() as u64;
            let fits = len <= room;
            room = room.saturating_sub(len);
            fits
        });
        let fitting = fitting.count();
        let dropped = self.chunks.split_off(fitting);
        self.since = dropped.iter().map(|part| part.last).fold(self.since, u64::max);
        let mut noted = 0;
        for part in self.chunks.iter_mut().rev() {
            noted += part.noted;
            output.known_chunk(&mut part.block);
        }
        output.finish_at(&self.end, noted, &self.losses);
        Ok(output)
    }

    /// No less than the last blocks take.
    fn end_len(&self) -> u64 {
        const RECORD: usize = 64;
        ((BLOCK_HEAD_LEN + RECORD) * (3 + self.losses.len())) as u64
    }
}

/// The chunks of a pool, up to that time.
fn copied(pool: &Pool, end: &Anchor) -> impl Iterator<Item = Part> {
    let oldest_first = pool.sighted(|seen| (u64::from(!seen.is_kept), seen.last));
    let copied = oldest_first.into_iter().filter_map(|(at, _)| pool.copy(at));
    copied.filter_map(|copied| Part::until(copied, end.ticks.0))
}

/// In ascending order of a key. One function for all keys: sorting is a good part of what every program
/// that depends on this crate has to build.
fn sort(chunks: &mut [Part], key: fn(&Part) -> [u64; 3]) {
    chunks.sort_unstable_by_key(key);
}

impl Part {
    /// A chunk without what happened after the time `end`; `None` if nothing is left.
    fn until(copied: Copied, end: u64) -> Option<Self> {
        let Copied { thread, sequence, sighting, noted, mut block } = copied;
        let whole = sighting.is_kept && sighting.last <= end;
        let walk = Walk::until(&block[BLOCK_HEAD_LEN..], if whole { 0 } else { end })?;
        let base = walk.base;
        if base > end {
            return None;
        }
        if whole {
            return Some(Self { thread, sequence, base, last: sighting.last, noted, block });
        }
        block.truncate(BLOCK_HEAD_LEN + walk.valid);
        Some(Self { thread, sequence, base, last: walk.last, noted: walk.noted, block })
    }
}

/// What a chunk's payload holds up to some time.
struct Walk {
    /// The times of its head and of the last event.
    base: u64,
    last: u64,
    /// How many lost events it tells of.
    noted: u64,
    /// How many of its bytes that takes.
    valid: usize,
}

impl Walk {
    /// `None` if there is no head.
    fn until(payload: &[u8], end: u64) -> Option<Self> {
        let mut input = Cursor::new(payload);
        let base = ChunkHead::decode(&mut input, ChunkHead::SHAPE).ok()?.base.0;
        let mut walk = Self { base, last: base, noted: 0, valid: input.position() };
        let mut now = base;
        while let Ok(Timed { delta, event }) = Timed::decode(&mut input) {
            now = now.wrapping_add(delta);
            if let Event::Clock { ticks } = event {
                now = ticks.0;
            }
            if now > end {
                break;
            }
            if let Event::Loss { count, .. } = event {
                walk.noted += count;
            }
            (walk.last, walk.valid) = (now, input.position());
        }
        Some(walk)
    }
}

/// The time of the last event in a chunk's payload; `None` if it has no head.
pub(crate) fn end_of(payload: &[u8]) -> Option<u64> {
    Some(Walk::until(payload, u64::MAX)?.last)
}

/// Leaves out what precedes a chunk of the same thread that is missing, and what there is twice; returns
/// the time of the last event of the former.
fn drop_before_gaps(chunks: &mut Vec<Part>) -> u64 {
    // Of each thread the newest first. Of two copies of a chunk, the one that was made while it was still
    // being filled is the shorter one.
    sort(chunks, |part| [part.thread, !part.sequence, !(part.block.len() as u64)]);
    let mut last = 0;
    // The thread, and the oldest of its chunks that stays.
    let mut oldest: Option<(u64, u64)> = None;
    chunks.retain(|part| {
        let follower = oldest.filter(|(thread, _)| *thread == part.thread);
        if follower.is_none_or(|(_, sequence)| part.sequence + 1 == sequence) {
            oldest = Some((part.thread, part.sequence));
            return true;
        }
        if follower.is_some_and(|(_, sequence)| part.sequence < sequence) {
            last = last.max(part.last);
        }
        false
    });
    last
}

/// The ticks and the nanoseconds between two anchors; neither is 0.
pub(crate) fn span(start: &Anchor, end: &Anchor) -> (u128, u128) {
    let ticks = end.ticks.0.saturating_sub(start.ticks.0).max(1);
    let ns = end.monotonic_ns.saturating_sub(start.monotonic_ns).max(1);
    (ticks.into(), ns.into())
}

fn ticks_in(time: Duration, start: &Anchor, end: &Anchor) -> u64 {
    let (ticks, ns) = span(start, end);
    u64::try_from(time.as_nanos().saturating_mul(ticks) / ns).unwrap_or(u64::MAX)
}

/// What would have been read at a time between two anchors, by the straight line through them; readers
/// draw the same.
fn between(start: &Anchor, end: &Anchor, ticks: u64) -> Anchor {
    let (whole_ticks, whole_ns) = span(start, end);
    let before_end = u128::from(end.ticks.0.saturating_sub(ticks)) * whole_ns / whole_ticks;
    let before_end = before_end as u64;
    Anchor {
        ticks: Ticks(ticks),
        monotonic_ns: end.monotonic_ns.saturating_sub(before_end),
        wall_ns: end.wall_ns.saturating_sub(before_end),
    }
}
