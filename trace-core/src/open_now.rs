//! What threads are in the middle of, for a program that hangs or is slow now.
//!
//! The last chunk of a thread tells it: its head lists the regions that were open by then, and its events
//! which began and ended since. It is read while it is being filled: see [`control`](crate::control).

use std::time::Duration;

use trace_format::wire::{Cursor, Field};
use trace_format::{Anchor, BLOCK_HEAD_LEN, CallsiteId, ChunkHead, Event, Timed};

use crate::control::Sighting;
use crate::error::SnapshotError;
use crate::pool::{Copied, Pool};
use crate::snapshot::span;
use crate::thread::is_emitting;
use crate::{callsite, clock, status};

/// How often all chunks are looked at.
const LOOKS: usize = 3;

/// A thread that is in the middle of something. From [`open_regions`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenThread {
    /// Its name, possibly empty.
    pub name: String,
    /// The operating system's number of it; 0 when it is not known.
    pub os_thread: u64,
    /// The regions that began on it and have not ended, and the futures that it is polling, from the outside
    /// in. If there are very many, those on the outside are left out.
    pub regions: Vec<OpenRegion>,
}

/// A region that has not ended, or a traced future while it is being polled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenRegion {
    /// Its type.
    pub name: &'static str,
    /// The source file.
    pub file: &'static str,
    /// The line in it.
    pub line: u32,
    /// How long ago it began; of a future, the poll.
    pub age: Duration,
}

/// Tells which regions are open now, on each thread that has any, as far as that was recorded. A traced future
/// that is being polled is among them, so that a poll that blocks its thread is seen. Regions that
/// began before the session or the flight recorder are not among them, nor are those of threads that got no
/// memory. The last chunk of each thread is copied for that, while the thread goes on. One that records at full
/// rate may, rarely, be missed.
///
/// Beside a flight recorder, a thread that has not recorded for long is missed when its last chunk was
/// overwritten meanwhile.
///
/// ```
/// # use trace_core as trace;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let flight = trace::FlightRecorder::builder().start()?;
/// let _region = trace::trace_region!("waiting for a table");
/// for thread in trace::open_regions()? {
///     for region in thread.regions {
///         println!("{} is in {} for {:?}", thread.name, region.name, region.age);
///     }
/// }
/// # flight.stop()?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`SnapshotError::NotStarted`] when nothing is on, and
/// [`CalledWhileRecording`](SnapshotError::CalledWhileRecording) from where it cannot be done.
pub fn open_regions() -> Result<Vec<OpenThread>, SnapshotError> {
    if is_emitting() {
        return Err(SnapshotError::CalledWhileRecording);
    }
    let (pools, start) = status::pools().ok_or(SnapshotError::NotStarted)?;
    // Of each thread, in the order of their numbers, the newest chunk tells how it stands, or stood a moment
    // ago.
    let mut newest: Vec<Copied> = Vec::new();
    // A thread may go on to a chunk that was looked at already.
    for _ in 0..LOOKS {
        for pool in &pools {
            for (at, _) in newest_chunks(pool) {
                let Some(chunk) = pool.copy(at) else { continue };
                match newest.binary_search_by_key(&chunk.thread, |known| known.thread) {
                    Err(to) => newest.insert(to, chunk),
                    Ok(known) if newest[known].sequence <= chunk.sequence => newest[known] = chunk,
                    Ok(_) => {}
                }
            }
        }
    }
    // Read after the chunks, so that nothing in them is younger.
    let end = clock::read_anchor();
    let open =
        newest.iter().filter_map(|chunk| thread(&chunk.block[BLOCK_HEAD_LEN..], &start, &end));
    Ok(open.filter(|thread| !thread.regions.is_empty()).collect())
}

/// Where in a pool the newest chunk of each thread is, by what they say of themselves at the moment.
fn newest_chunks(pool: &Pool) -> Vec<(usize, Sighting)> {
    let mut newest = pool.sighted(|seen| (seen.thread, !seen.sequence));
    newest.dedup_by_key(|(_, seen)| seen.thread);
    newest
}

/// What is open at the end of a chunk.
fn thread(payload: &[u8], start: &Anchor, end: &Anchor) -> Option<OpenThread> {
    let mut input = Cursor::new(payload);
    let head = ChunkHead::decode(&mut input, ChunkHead::SHAPE).ok()?;
    let mut now = head.base.0;
    let began = |open: &trace_format::OpenRegion| (open.callsite, now.saturating_sub(open.age));
    let mut open: Vec<(CallsiteId, u64)> = head.open.iter().map(began).collect();
    while let Ok(Timed { delta, event }) = Timed::decode(&mut input) {
        now = now.wrapping_add(delta);
        match event {
            Event::Clock { ticks } => now = ticks.0,
            // A poll is a region, and ends as one.
            Event::RegionBegin { callsite }
            | Event::TaskRegionBegin { callsite, .. }
            | Event::PollBegin { callsite, .. }
            | Event::TaskPollBegin { callsite, .. } => {
                open.push((callsite, now));
            }
            Event::RegionEnd {} => {
                open.pop();
            }
            Event::WholeRegionEnd { callsite, inner, .. } => {
                let at = usize::try_from(inner)
                    .ok()
                    .and_then(|inner| open.len().checked_sub(1)?.checked_sub(inner));
                // Of a region that was left out of the head there is nothing to remove.
                if let Some(at) = at.filter(|at| open[*at].0 == callsite) {
                    open.remove(at);
                }
            }
            _ => {}
        }
    }
    let (whole_ticks, whole_ns) = span(start, end);
    let region = |(callsite, began): (CallsiteId, u64)| {
        let (name, file, line) = callsite::describe(callsite)?;
        let age = u128::from(end.ticks.0.saturating_sub(began)) * whole_ns / whole_ticks;
        Some(OpenRegion { name, file, line, age: Duration::from_nanos(age as u64) })
    };
    Some(OpenThread {
        name: head.thread_name.to_str().into_owned(),
        os_thread: head.os_thread,
        regions: open.into_iter().filter_map(region).collect(),
    })
}
