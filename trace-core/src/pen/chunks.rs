//! How a pen begins chunks and hands them over, and what it does without one.

use trace_format::wire::{Bounded, Field};
use trace_format::{CallsiteId, ChunkHead, Event, LossCause, OpenRegion, Overflow, Text, Ticks};

use super::{FIXED_EVENT_LEN, Pen, Resume, WITHOUT_CHUNK};
use crate::open::{NO_TASK, Place};
use crate::pool::{Held, Pool};
use crate::slot::Identity;
use crate::sync::wait;

/// A chunk's head lists at most so many open regions; the others are only counted.
pub(super) const LISTED_REGIONS: usize = 64;

impl Pen {
    pub(super) fn count_missing(&mut self, now: u64, count: u64) {
        self.counts.missing(self.side).add(count, now);
    }

    /// Room for one was kept, since what precedes it in a chunk is small.
    pub(super) fn put_loss(&mut self, now: u64, cause: LossCause, count: u64, first: u64) {
        let age = now.saturating_sub(first);
        if self.try_put(now, &Event::Loss { cause, count, age }) {
            if let (Some(pool), Some(chunk)) = (self.pool(), &self.chunk) {
                pool.note_loss(chunk, count);
            }
        } else {
            debug_assert!(false, "no room for a loss");
        }
    }

    /// Passes the chunk on, and takes the next one. False when there is none.
    #[cold]
    pub(super) fn next_chunk(&mut self, now: u64) -> bool {
        self.hand_over();
        let Some(pool) = self.pool() else { return false };
        let Some(held) = take_free(pool, self.identity.number, self.sequence) else {
            return false;
        };
        let control = std::ptr::from_ref(pool.control(&held.index));
        self.start = held.payload;
        self.next = held.payload;
        // SAFETY: a chunk's payload has this capacity.
        self.end = unsafe { held.payload.add(held.capacity) };
        self.last_start = self.end.wrapping_sub(FIXED_EVENT_LEN);
        self.place = Place::in_chunk(self.sequence as u32);
        self.control = control;
        self.chunk = Some(held.index);
        self.last = now;
        if !self.put_head(now) {
            // Names are cut so that this cannot be; should it be, the events are counted.
            if let (Some(chunk), Some(pool)) = (self.chunk.take(), self.pool()) {
                pool.return_unused(chunk);
            }
            self.let_go();
            return false;
        }
        let (count, first) = self.counts.missing(self.side).take();
        if count > 0 {
            self.put_loss(now, LossCause::PoolFull, count, first);
        }
        true
    }

    fn put_head(&mut self, now: u64) -> bool {
        let mut listed = std::mem::take(&mut self.listed);
        let skipped = self.open.len().saturating_sub(LISTED_REGIONS);
        listed.extend(self.open[skipped..].iter().map(|open| OpenRegion {
            callsite: CallsiteId(open.place.callsite()),
            age: now.saturating_sub(open.begin),
            task: open.task,
            outer: (open.outer != NO_TASK).then_some(open.outer),
            fiber: open.fiber,
        }));
        let head = ChunkHead {
            thread: self.identity.number,
            sequence: self.sequence,
            base: Ticks(now),
            os_thread: self.identity.os_thread,
            thread_name: Text::new(&self.identity.name),
            task: self.task,
            depth: self.open.len() as u64,
            open: listed,
        };
        let room = self.end as usize - self.next as usize;
        // SAFETY: as in `try_put`.
        let mut out = Bounded::new(unsafe { std::slice::from_raw_parts_mut(self.next, room) });
        head.encode(&mut out);
        let len = out.len();
        // SAFETY: `len` bytes were written within the room.
        self.next = unsafe { self.next.add(len.unwrap_or(0)) };
        listed = head.open;
        listed.clear();
        self.listed = listed;
        len.is_some()
    }

    fn hand_over(&mut self) {
        self.commit();
        let chunk = self.chunk.take();
        if let (Some(chunk), Some(pool)) = (chunk, self.pool()) {
            pool.hand_over(chunk, self.last);
            self.sequence += 1;
        }
        self.let_go();
    }

    /// Has no chunk any more. The one it had, which is somebody else's, counts as filled.
    pub(super) fn leave_chunk(&mut self) {
        self.sequence += u64::from(self.chunk.is_some());
        self.let_go();
    }

    fn let_go(&mut self) {
        self.chunk = None;
        self.control = std::ptr::null();
        self.start = WITHOUT_CHUNK;
        self.next = WITHOUT_CHUNK;
        self.end = WITHOUT_CHUNK;
        self.last_start = std::ptr::null_mut();
        self.place = Place::NOWHERE;
    }

    /// Ends this thread's use of the slot; `is_current` tells whether events still go where the pen is.
    pub(crate) fn finish(&mut self, is_current: bool) -> Identity {
        if is_current {
            self.hand_over();
        }
        self.detach();
        let resume = Resume {
            recording: self.recording,
            sequence: self.sequence,
            open: self.open.to_vec(),
            entered: self.entered.clone(),
            task: self.task,
        };
        self.open.replace(&[]);
        self.recording = 0;
        Identity { resume, ..self.identity.clone() }
    }
}

/// A free chunk; waits for one when the session says so.
fn take_free(pool: &Pool, thread: u64, sequence: u64) -> Option<Held> {
    if let Some(held) = pool.take_free(thread, sequence) {
        return Some(held);
    }
    pool.wake_drainer();
    if pool.overflow != Overflow::Block || crate::drainer::is_current() {
        return None;
    }
    for round in 0_u32.. {
        // Asked before looking for a chunk: one that comes back is free before it is not awaited.
        let can_come_back = pool.awaits_chunks() && !pool.is_closing();
        if let Some(held) = pool.take_free(thread, sequence) {
            return Some(held);
        }
        if !can_come_back {
            break;
        }
        pool.wake_drainer();
        wait(round);
    }
    None
}
