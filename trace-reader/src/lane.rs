//! The fast lane: all steps of a thread in a row, for whoever wants nothing but to see them go by.
//!
//! Nearly all events are *plain*: they name callsites that are known, end what is open, add
//! arguments to what began, and so tell of nothing but themselves. Those are taken here as they
//! stand in the chunk, and given on without what nobody counts, as a [`Plain`]. No event and no step
//! is built in memory, moved, taken apart and dropped. Whatever is not plain, and every fault, is
//! left where it is for the way that [`Steps::next`] goes; nothing has been done to it until then.
//!
//! Invariant: the steps are those that `Steps::next` gives, in the same order.

use std::mem;

use trace_format::wire::Cursor;
use trace_format::{CallsiteId, Event, FiberId, Kind, TaskId, Value};

use crate::pairing::{Begun, Now};
use crate::step::{FiberEnd, Item, RegionEnd, Step};
use crate::steps::Steps;
use crate::{Error, Time};

/// What sees the steps go by.
pub(crate) trait Taker {
    /// Is given each step that is a plain one. Should be inlined: where it is called from, the kind
    /// is known.
    fn plain(&mut self, now: Now, plain: Plain<'_>);

    /// Is given each other one, which may be plain nevertheless.
    fn take(&mut self, item: Item<'_>);
}

/// A step that a program made, without what nobody counts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Plain<'a> {
    /// A region is over.
    RegionEnded(RegionEnd),
    /// A task begins.
    TaskBegan { task: TaskId, callsite: CallsiteId },
    /// A task ends; `begin` is `None` when that was before the trace.
    TaskEnded { task: TaskId, callsite: CallsiteId, begin: Option<Time> },
    /// A fiber begins.
    FiberBegan { fiber: FiberId, callsite: CallsiteId },
    /// A fiber ends.
    FiberEnded(&'a FiberEnd),
    /// A log message.
    Log { callsite: CallsiteId },
    /// A counter has a new value.
    Counter { callsite: CallsiteId, value: &'a Value<'a> },
    /// Something else happened, of which nobody counts more than that it did.
    Other,
}

impl<'a> Plain<'a> {
    /// What is left of a step; `None` for what is not plain.
    pub(crate) fn of(step: &'a Step<'_>) -> Option<Self> {
        Some(match *step {
            Step::RegionEnded(end) => Self::RegionEnded(end),
            Step::TaskBegan { task, callsite, .. } => Self::TaskBegan { task, callsite },
            Step::TaskEnded { task, callsite, begin, .. } => {
                Self::TaskEnded { task, callsite, begin }
            }
            Step::FiberBegan { fiber, callsite, .. } => Self::FiberBegan { fiber, callsite },
            Step::FiberEnded(ref end) => Self::FiberEnded(end),
            Step::Log { callsite, .. } => Self::Log { callsite },
            Step::Counter { callsite, ref value } => Self::Counter { callsite, value },
            _ if step.is_event() => Self::Other,
            _ => return None,
        })
    }
}

/// Head and time of an event, at most.
const HEAD_LEN: usize = 8;

/// A callsite stands in the same eight bytes as head and time when the time takes so many at most.
const SHORT_DELTA_LEN: usize = 5;

impl Steps<'_> {
    /// Gives all steps that are left to `taker`.
    pub(crate) fn for_each(&mut self, taker: &mut impl Taker) -> Result<(), Error> {
        loop {
            self.plain_ones(taker);
            if let Some(item) = self.pairing.pending.pop_front() {
                taker.take(item);
            } else if !self.prepare()? {
                return Ok(());
            } else if let Some(upcoming) = self.upcoming.take() {
                taker.take(self.understand(upcoming));
            }
        }
    }

    /// Takes plain events for as long as they come.
    fn plain_ones(&mut self, taker: &mut impl Taker) {
        let is_next = self.upcoming.is_none() && self.pairing.pending.is_empty();
        if is_next && self.pairing.strict.is_none() {
            // Out of the way, so that events can be read in it while the state changes.
            let payload = mem::take(&mut self.payload);
            while self.plain(&payload, taker) {}
            self.payload = payload;
        }
    }

    /// Takes the next event, if it is a plain one.
    #[inline(always)]
    fn plain(&mut self, payload: &[u8], taker: &mut impl Taker) -> bool {
        let rest = payload.get(self.at..).unwrap_or(&[]);
        let Some(word) = rest.first_chunk::<HEAD_LEN>() else { return false };
        let word = u64::from_le_bytes(*word);
        let len = (word & 7) as usize;
        let limit = 1 << (8 * len);
        let delta = word >> 8 & (limit - 1);
        // Only the fewest bytes are right.
        if delta < limit >> 8 {
            return false;
        }
        let code = (word as u8) >> 3;
        if code == Kind::RegionBegin as u8 && len <= SHORT_DELTA_LEN {
            let callsite = CallsiteId(u32::from((word >> 8 >> (8 * len)) as u16));
            if callsite.0 >= CallsiteId::WIDE || !self.is_plain_begin(callsite) {
                return false;
            }
            let now = self.pass(delta, self.at + 3 + len);
            self.pairing.open(callsite, self.pairing.task, None, FiberId::NONE, now);
            taker.plain(now, Plain::Other);
            true
        } else if code == Kind::RegionEnd as u8 {
            if self.pairing.stack.open.is_empty() {
                return false;
            }
            let now = self.pass(delta, self.at + 1 + len);
            if let Some(end) = self.pairing.end(now) {
                taker.plain(now, Plain::RegionEnded(end));
            }
            true
        } else {
            let kind = Kind::from_code(code);
            kind.is_some_and(|kind| {
                self.plain_fields(kind, delta, self.at + 1 + len, payload, taker)
            })
        }
    }

    /// Takes the next event, of any kind, if it is a plain one; its fields start at `start`.
    ///
    /// First it is found out whether it is plain, and only then time passes.
    #[inline]
    fn plain_fields(
        &mut self,
        kind: Kind,
        delta: u64,
        start: usize,
        payload: &[u8],
        taker: &mut impl Taker,
    ) -> bool {
        let mut input = Cursor::new(&payload[start..]);
        // Where the kind is known, nothing is left of the others.
        macro_rules! read {
            ($Kind:ident { $($field:tt)* }) => {
                let Ok(Event::$Kind { $($field)* }) =
                    Event::decode_fields(Kind::$Kind, &mut input)
                else {
                    return false;
                };
            };
        }
        macro_rules! pass {
            (if $is_plain:expr) => {{
                if !$is_plain {
                    return false;
                }
                self.pass(delta, start + input.position())
            }};
        }
        match kind {
            Kind::TaskRegionBegin => {
                read!(TaskRegionBegin { callsite, task });
                let now = pass!(if self.is_plain_begin(callsite));
                let outer = mem::replace(&mut self.pairing.task, task);
                self.pairing.open(callsite, task, Some(outer), FiberId::NONE, now);
                taker.plain(now, Plain::Other);
            }
            Kind::RegionArgs => {
                read!(RegionArgs { .. });
                let now = pass!(if matches!(self.pairing.begun, Begun::Region(..)));
                taker.plain(now, Plain::Other);
            }
            Kind::RegionArg => {
                read!(RegionArg { key, outward, .. });
                let is_open = outward < self.pairing.stack.depth();
                let now = pass!(if is_open && self.pairing.knows(key));
                taker.plain(now, Plain::Other);
            }
            Kind::TaskBegin => {
                read!(TaskBegin { callsite, task, .. });
                let now = pass!(if self.pairing.knows(callsite));
                self.pairing.begun = Begun::Task(task, callsite);
                taker.plain(now, Plain::TaskBegan { task, callsite });
            }
            Kind::TaskEnd => {
                read!(TaskEnd { callsite, task, age, .. });
                let now = pass!(if self.pairing.knows(callsite));
                let begin =
                    Some(self.clock.time_elsewhere(now.ticks.saturating_sub(age)).min(now.time));
                taker.plain(now, Plain::TaskEnded { task, callsite, begin });
            }
            Kind::TaskArgs => {
                read!(TaskArgs { .. });
                let now = pass!(if matches!(self.pairing.begun, Begun::Task(..)));
                taker.plain(now, Plain::Other);
            }
            Kind::TaskArg => {
                read!(TaskArg { key, .. });
                let now = pass!(if self.pairing.knows(key));
                taker.plain(now, Plain::Other);
            }
            Kind::TaskEnter => {
                read!(TaskEnter { task });
                let now = pass!(if true);
                self.pairing.task = task;
                taker.plain(now, Plain::Other);
            }
            Kind::Log => {
                read!(Log { callsite, .. });
                let now = pass!(if self.pairing.knows(callsite));
                taker.plain(now, Plain::Log { callsite });
            }
            Kind::TaskLog => {
                read!(TaskLog { callsite, .. });
                let now = pass!(if self.pairing.knows(callsite));
                taker.plain(now, Plain::Log { callsite });
            }
            Kind::Counter => {
                read!(Counter { callsite, value });
                let now = pass!(if self.pairing.knows(callsite));
                taker.plain(now, Plain::Counter { callsite, value: &value });
            }
            Kind::PollBegin => {
                read!(PollBegin { callsite, fiber, .. });
                let now = pass!(if self.is_plain_begin(callsite));
                self.pairing.open(callsite, self.pairing.task, None, fiber, now);
                self.pairing.begun = Begun::Nothing;
                taker.plain(now, Plain::Other);
            }
            Kind::TaskPollBegin => {
                read!(TaskPollBegin { callsite, fiber, task, .. });
                let now = pass!(if self.is_plain_begin(callsite));
                let outer = mem::replace(&mut self.pairing.task, task);
                self.pairing.open(callsite, task, Some(outer), fiber, now);
                self.pairing.begun = Begun::Nothing;
                taker.plain(now, Plain::Other);
            }
            Kind::Wake => {
                read!(Wake { .. });
                let now = pass!(if true);
                taker.plain(now, Plain::Other);
            }
            _ => return false,
        }
        true
    }

    /// Whether an event that begins a region of this callsite does nothing else.
    #[inline(always)]
    fn is_plain_begin(&self, callsite: CallsiteId) -> bool {
        self.pairing.knows(callsite) && !self.pairing.stack.is_full()
    }

    /// Goes on behind a plain event, to `end`, and tells when it was.
    #[inline(always)]
    fn pass(&mut self, delta: u64, end: usize) -> Now {
        self.pairing.begun = Begun::Nothing;
        self.ticks = self.ticks.saturating_add(delta);
        let now = self.now(self.at);
        self.at = end;
        now
    }
}
