//! The fast lane: all steps of a thread in a row, for whoever wants nothing but to see them go by.
//!
//! Most events of most traces begin a region of the current task or end the innermost one. Those are
//! recognised here by their bytes, and given to the [pairing](crate::pairing) without an event or
//! a step being built in memory, moved and taken apart again. Whatever is not as plain as that,
//! and every fault, is left where it is for the way that [`Steps::next`] goes.
//!
//! Invariant: the steps are those that `Steps::next` gives, in the same order.

use trace_format::{CallsiteId, Kind, delta_len};

use crate::Error;
use crate::pairing::Now;
use crate::step::{Item, Step};
use crate::steps::Steps;

/// What sees the steps go by.
pub(crate) trait Taker {
    /// Is given each step. Should be inlined: that is what saves the step from being built.
    fn take(&mut self, item: Item<'_>);
}

/// A plain event takes at most so many bytes: head, time, callsite. Where less is left of a chunk,
/// none is looked for.
const PLAIN_LEN: usize = 10;

impl Steps<'_> {
    /// Gives all steps that are left to `taker`.
    pub(crate) fn for_each(&mut self, taker: &mut impl Taker) -> Result<(), Error> {
        loop {
            while self.plain(taker) {}
            if let Some(item) = self.pairing.pending.pop_front() {
                taker.take(item);
            } else if !self.prepare()? {
                return Ok(());
            } else if let Some(upcoming) = self.upcoming.take() {
                taker.take(self.understand(upcoming));
            }
        }
    }

    /// Takes the next event, if that is what comes next and it is a plain one.
    #[inline(always)]
    fn plain(&mut self, taker: &mut impl Taker) -> bool {
        let rest = self.payload.get(self.at..).and_then(|rest| rest.first_chunk::<PLAIN_LEN>());
        let Some(&[head, word @ .., _]) = rest else { return false };
        let Some([.., low, high]) = rest.and_then(|rest| rest.get(..3 + usize::from(head & 7)))
        else {
            return false;
        };
        let (code, len) = (head >> 3, usize::from(head & 7));
        // The bytes of the time, and others behind it.
        let delta = u64::from_le_bytes(word) & ((1 << (8 * len)) - 1);
        if delta_len(delta) != len || self.upcoming.is_some() || !self.pairing.pending.is_empty() {
            return false;
        }
        if code == Kind::RegionBegin as u8 {
            let callsite = CallsiteId(u32::from(u16::from_le_bytes([*low, *high])));
            if callsite.0 >= CallsiteId::WIDE || !self.pairing.is_plain_begin(callsite) {
                return false;
            }
            let now = self.pass(delta, 3 + len);
            let step = self.pairing.plain_begin(callsite, now);
            taker.take(Item { thread: self.thread, time: now.time, offset: now.offset, step });
            true
        } else if code == Kind::RegionEnd as u8 && self.pairing.is_plain_end() {
            let now = self.pass(delta, 1 + len);
            if let Some(end) = self.pairing.plain_end(now) {
                let step = Step::RegionEnded(end);
                taker.take(Item { thread: self.thread, time: now.time, offset: now.offset, step });
            }
            true
        } else {
            false
        }
    }

    /// Goes on behind an event of so many bytes, and tells when it was.
    #[inline(always)]
    fn pass(&mut self, delta: u64, len: usize) -> Now {
        self.ticks = self.ticks.saturating_add(delta);
        let now = self.now(self.at);
        self.at += len;
        now
    }
}
