//! The open regions of a thread, and the time that each of them adds to the one around it.
//!
//! Regions usually end in the reverse order of their begins, but need not. When region R ends
//! while I, which began in it, is open, the time of I so far is R's child time, and what follows
//! is charged to the region that was around R:
//!
//! ```text
//! around  |-----------------------------------|
//! R           |-------------|
//! I                 |-------:-------|
//!                   charged : charged
//!                    to R   : to around
//! ```
//!
//! Invariants:
//! 1. `charged_from` ascends from the outside in, and is never later than now.
//! 2. At most [`OPEN_LIMIT`] regions are kept.
//! 3. Of each region, child time is at most the time since `counted_from`: self times are never
//!    negative, and add up exactly to what is charged by regions that nothing is around.

use trace_format::{CallsiteId, FiberId, TaskId};

use crate::Time;
use crate::hidden::Hidden;
use crate::step::{Fate, RegionEnd};

/// How many open regions of a thread are kept: more than fit on the stack of a thread that calls an
/// annotated function from itself. Only a program that never ends its regions has more, or a file
/// that is made to fill the memory.
pub(crate) const OPEN_LIMIT: usize = 1 << 16;

/// A region that is open.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    pub(crate) number: u64,
    pub(crate) callsite: CallsiteId,
    pub(crate) task: TaskId,
    /// The task that is current again after it.
    pub(crate) outer: Option<TaskId>,
    pub(crate) begin_ticks: u64,
    pub(crate) begin: Time,
    /// Where its own time starts: its begin, unless that lies where nothing is known.
    pub(crate) counted_from: Time,
    /// From when on its time is still to be charged to the region around it.
    pub(crate) charged_from: Time,
    pub(crate) children_ns: u64,
    /// Which of the thread's chunks holds the begin.
    pub(crate) chunk: usize,
    /// Of a poll, the fiber.
    pub(crate) fiber: FiberId,
}

/// What of an [`Open`] matters behind its end: all of it would be a costly move.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Restored {
    pub(crate) outer: Option<TaskId>,
    pub(crate) chunk: usize,
}

impl Open {
    /// Whether a head or an end that was written at `now_ticks` means this region.
    pub(crate) fn is(
        &self,
        callsite: CallsiteId,
        task: TaskId,
        begin_ticks: u64,
        now_ticks: u64,
    ) -> bool {
        // A recorder whose clock stepped back behind the begin says that the age is 0.
        self.callsite == callsite
            && self.task == task
            && self.begin_ticks.min(now_ticks) == begin_ticks
    }
}

/// The open regions, from the outside in.
#[derive(Debug, Default)]
pub(crate) struct Stack {
    /// Those around the first of `open`.
    pub(crate) hidden: Hidden,
    /// Of so many of `open`, the outermost ones, something inside was lost.
    pub(crate) partial_len: usize,
    pub(crate) open: Vec<Open>,
}

impl Stack {
    pub(crate) fn depth(&self) -> u64 {
        self.hidden.len().saturating_add(self.open.len() as u64)
    }

    pub(crate) fn innermost(&self) -> Option<u64> {
        self.open.last().map(|open| open.number)
    }

    /// Settles the account of the region at `at` and leaves it in place.
    #[inline(always)]
    pub(crate) fn settle(&mut self, at: usize, now: Time, fate: Fate) -> RegionEnd {
        let depth = self.hidden.len().saturating_add(at as u64);
        let (below, above) = self.open.split_at_mut(at);
        let (ending, inside) = above.split_first_mut().expect("there is a region at this position");
        if let Some(inside) = inside.first_mut() {
            ending.children_ns = ending.children_ns.saturating_add(now.since(inside.charged_from));
            inside.charged_from = now;
        }
        let covered_ns = now.since(ending.charged_from);
        ending.charged_from = now;
        match below.last_mut() {
            Some(around) => around.children_ns = around.children_ns.saturating_add(covered_ns),
            None => self.hidden.charge(covered_ns),
        }
        RegionEnd {
            region: ending.number,
            callsite: ending.callsite,
            task: ending.task,
            parent: below.last().map(|around| around.number),
            depth,
            begin: Some(ending.begin),
            end: now,
            self_ns: now.since(ending.counted_from).saturating_sub(ending.children_ns),
            covered_ns,
            partial: at < self.partial_len,
            fate,
            untold: false,
            fiber: ending.fiber,
        }
    }

    /// Ends the innermost region, and tells what its begin left to be restored.
    #[inline(always)]
    pub(crate) fn pop(&mut self, now: Time, fate: Fate) -> Option<(RegionEnd, Restored)> {
        let at = self.open.len().checked_sub(1)?;
        let end = self.settle(at, now, fate);
        self.partial_len = self.partial_len.min(at);
        let restored = Restored { outer: self.open[at].outer, chunk: self.open[at].chunk };
        self.open.truncate(at);
        Some((end, restored))
    }

    /// Ends the region at `at`. When it is not the innermost, the one inside of it restores the
    /// task that this one would have; else that task is returned.
    pub(crate) fn remove(&mut self, at: usize, now: Time) -> (RegionEnd, Option<TaskId>) {
        let end = self.settle(at, now, Fate::Complete);
        self.partial_len -= usize::from(at < self.partial_len);
        let outer = self.open.remove(at).outer;
        match self.open.get_mut(at) {
            Some(inside) => {
                inside.outer = outer.or(inside.outer);
                (end, None)
            }
            None => (end, outer),
        }
    }

    /// Ends the innermost of the hidden regions, and returns its covered and self time. Of its
    /// begin is known only what its end tells.
    pub(crate) fn pop_hidden(&mut self, begin: Time, now: Time) -> (u64, u64) {
        if let Some(inside) = self.open.first_mut() {
            self.hidden.charge(now.since(inside.charged_from));
            inside.charged_from = now;
        }
        self.hidden.pop(begin, now)
    }

    /// Whether one more region would be too many.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.open.len() >= OPEN_LIMIT
    }

    /// Lets the outermost half go, which must be [settled](Self::settle), and counts it as hidden.
    pub(crate) fn hide_half(&mut self, now: Time) {
        let half = self.open.len() / 2;
        self.open.drain(..half);
        self.partial_len = self.partial_len.saturating_sub(half);
        self.hidden.add(half as u64, now);
    }

    /// Something was lost inside of everything that is open.
    pub(crate) fn lose(&mut self) {
        self.partial_len = self.open.len();
    }
}
