//! The short way of events: what traced code runs all the time.
//!
//! Two readings of the clock are most of what a region costs, and what is added to them is counted
//! in instructions. So there are two ways. The short one does what nearly always is to be done, calls
//! next to nothing, and gives up before it has written anything as soon as something else is the
//! case: the session is another one, the chunk is full, the clock stepped back, the callsite is new,
//! the region began in an earlier chunk, an argument has to be formatted. Then the long way, the
//! methods of [`Pen`] without `shortly` in their name, starts from the beginning.
//!
//! Both write the same bytes. The short one asks once, in the beginning, whether there is room.
//!
//! # Where bytes are stored
//! Reading the clock takes as long as a hundred other instructions, and these can run beside it, with
//! one exception that costs a third of a region: a processor that was seen to (Zen) reads the clock
//! only when it knows to where everything before will be stored. Where the fields of an event go
//! depends on the length of its delta, and so on the clock as it was just read. Therefore the fields
//! are shifted into place in registers, and stored with the head, at a place that has been known since
//! the event before. Only what is long is stored where it belongs.

mod room;
#[cfg(all(test, not(loom)))]
mod tests;
mod zeros;

use trace_format::{CallsiteId, Event, Kind};

use self::room::{Delta, Room};
use crate::context::Context;
use crate::open::Open;
use crate::pen::Pen;
use crate::value::{Value, most_len};

pub(crate) use self::room::LimitedSink;

/// Whether this processor has what the short way takes for granted. Asked once per thread and
/// session.
pub(crate) fn is_possible() -> bool {
    zeros::are_counted()
}

/// No event is longer, but for texts and lists in it: head and delta, a wide callsite, three varints,
/// and what is written over its end.
const EVENT_LEN: usize = 8 + 6 + 3 * 10 + 8;

impl Pen {
    /// A region of the current task begins.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn region_begin_shortly(&mut self, callsite: u16, now: u64) -> Option<()> {
        let delta = Delta::between(self.last, now)?;
        if callsite == 0 || self.next > self.last_start {
            return None;
        }
        self.push_shortly(callsite, now, self.context, Context::NONE)?;
        let word = delta.word(Kind::RegionBegin, callsite.into());
        // SAFETY: `next` is not behind `last_start`. A delta of 5 bytes leaves room for the callsite.
        unsafe {
            self.next.cast::<u64>().write_unaligned(word.to_le());
            self.next = self.next.add(1 + delta.len() + 2);
        }
        self.commit_shortly(now);
        Some(())
    }

    /// The innermost open region ends, which is of this callsite.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn region_end_shortly(&mut self, callsite: u16, now: u64) -> Option<()> {
        let delta = Delta::between(self.last, now)?;
        if self.next > self.last_start {
            return None;
        }
        // A new callsite's number, 0, is in no open region's place.
        let Open { outer, .. } = self.open.pop_if_in(self.place.of(u32::from(callsite)))?;
        let word = delta.word(Kind::RegionEnd, 0);
        // SAFETY: `next` is not behind `last_start`.
        unsafe {
            self.next.cast::<u64>().write_unaligned(word.to_le());
            self.next = self.next.add(1 + delta.len());
        }
        if outer != Context::NONE {
            self.context = outer;
        }
        self.commit_shortly(now);
        Some(())
    }

    /// A region that belongs to `context` begins.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn region_begin_in_shortly(
        &mut self,
        callsite: u16,
        now: u64,
        context: Context,
    ) -> Option<()> {
        if context == self.context {
            return self.region_begin_shortly(callsite, now);
        }
        self.region_begin_with_shortly(callsite, now, context, &[])
    }

    /// The same with arguments.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn region_begin_with_shortly(
        &mut self,
        callsite: u16,
        now: u64,
        context: Context,
        args: &[Value<'_>],
    ) -> Option<()> {
        let room = self.room_for(now, args_len(args)?)?;
        if callsite == 0 {
            return None;
        }
        let id = CallsiteId(callsite.into());
        let (next, outer) = if context == self.context {
            (room.put(Event::RegionBegin { callsite: id }, Kind::RegionArgs, args)?, Context::NONE)
        } else {
            let event = Event::TaskRegionBegin { callsite: id, task: context.task() };
            (room.put(event, Kind::RegionArgs, args)?, self.context)
        };
        self.push_shortly(callsite, now, context, outer)?;
        self.context = context;
        self.next = next;
        self.commit_shortly(now);
        Some(())
    }

    /// An event that changes nothing but the task it tells of, with arguments if it is a begin.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn put_shortly(
        &mut self,
        now: u64,
        event: Event<'_>,
        args: &[Value<'_>],
    ) -> Option<()> {
        self.next = self.room_for(now, args_len(args)?)?.put(event, Kind::TaskArgs, args)?;
        self.commit_shortly(now);
        Some(())
    }

    /// An event with so many bytes of text in it.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn put_text_shortly(
        &mut self,
        now: u64,
        event: Event<'_>,
        len: usize,
    ) -> Option<()> {
        self.next = self.room_for(now, len)?.put_long(event, Kind::TaskArgs, &[])?;
        self.commit_shortly(now);
        Some(())
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn push_shortly(
        &mut self,
        callsite: u16,
        begin: u64,
        context: Context,
        outer: Context,
    ) -> Option<()> {
        let place = self.place.of(callsite.into());
        self.open.push_within(Open { begin, place, context, outer }).then_some(())
    }

    /// A place for an event of any kind, and so many bytes of text or arguments.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn room_for(&self, now: u64, more: usize) -> Option<Room> {
        let delta = Delta::between(self.last, now)?;
        let room = self.end as usize - self.next as usize;
        (room >= EVENT_LEN + more).then_some(Room { next: self.next, end: self.end, delta })
    }
}

/// How many bytes the event of these arguments takes at most, but for texts in it.
#[cfg_attr(not(debug_assertions), inline(always))]
fn args_len(args: &[Value<'_>]) -> Option<usize> {
    if args.is_empty() { Some(0) } else { Some(1 + most_len(args.len())?) }
}
