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

mod polls;
mod room;
#[cfg(all(test, not(loom)))]
mod tests;
mod zeros;

use trace_format::{Event, FiberId, Kind, TaskId};

use self::room::{Borrowing, Delta, Packed, Room};
use crate::callsite::of_short;
use crate::open::{NO_TASK, Open};
use crate::pen::{Entry, EntryKey, Pen};
use crate::slow;
use crate::value::{Value, encode_plain, most_len};

pub(crate) use self::polls::Written;
pub(crate) use self::room::Out;

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
        self.push_shortly(callsite, now, self.task, NO_TASK)?;
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
        if outer != NO_TASK {
            self.task = outer;
        }
        self.commit_shortly(now);
        Some(())
    }

    /// A region that belongs to `task` begins.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn region_begin_in_shortly(
        &mut self,
        callsite: u16,
        now: u64,
        task: TaskId,
    ) -> Option<()> {
        if task == self.task {
            return self.region_begin_shortly(callsite, now);
        }
        let id = of_short(callsite)?;
        let begin = Borrowing::new(Event::TaskRegionBegin { callsite: id, task });
        let next = self.room_for(now, 0)?.put(begin, None);
        self.begin_region_shortly(callsite, now, task, next)
    }

    /// The same with arguments.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn region_begin_with_shortly(
        &mut self,
        callsite: u16,
        now: u64,
        task: TaskId,
        args: &[Value<'_>],
    ) -> Option<()> {
        if args.is_empty() {
            return self.region_begin_in_shortly(callsite, now, task);
        }
        let id = of_short(callsite)?;
        let in_current = task == self.task;
        let packed = if in_current { Packed::region_with(callsite, args) } else { None };
        let next = match packed {
            Some(fields) => self.room_for(now, 0)?.put_packed(Kind::RegionBegin, fields),
            None => {
                let begin = if in_current {
                    Event::RegionBegin { callsite: id }
                } else {
                    Event::TaskRegionBegin { callsite: id, task }
                };
                self.put_with(now, Borrowing::new(begin), Kind::RegionArgs, args)?.next
            }
        };
        self.begin_region_shortly(callsite, now, task, next)
    }

    /// After the begin of a region, which is written up to `next`.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn begin_region_shortly(
        &mut self,
        callsite: u16,
        now: u64,
        task: TaskId,
        next: *mut u8,
    ) -> Option<()> {
        let outer = if task == self.task { NO_TASK } else { self.task };
        self.push_shortly(callsite, now, task, outer)?;
        self.task = task;
        self.next = next;
        self.commit_shortly(now);
        Some(())
    }

    /// A task begins as a part of `parent`, and is entered.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn begin_entered_shortly(
        &mut self,
        callsite: u16,
        now: u64,
        parent: TaskId,
        args: &[Value<'_>],
    ) -> Option<TaskId> {
        let (callsite, task) = (of_short(callsite)?, self.peek_task()?);
        if !self.entered.has_room() {
            return None;
        }
        let begin = Borrowing::new(Event::TaskBegin { callsite, task, parent });
        let enter = Borrowing::new(Event::TaskEnter { task });
        self.next = if args.is_empty() {
            self.room_for(now, EVENT_LEN)?.put(begin, Some(enter))
        } else {
            let mut out = self.put_with(now, begin, Kind::TaskArgs, args)?;
            out.put_head(enter.kind());
            enter.encode_fields(&mut out);
            out.next
        };
        self.take_task();
        let key = EntryKey::of_task(task);
        self.entered.push(Entry { key, task, before: self.task, parent, begin: now });
        self.task = task;
        self.commit_shortly(now);
        Some(task)
    }

    /// The task ends that was entered last, and is still current.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn end_entered_shortly(
        &mut self,
        callsite: u16,
        now: u64,
        task: TaskId,
    ) -> Option<()> {
        let Entry { before, parent, begin, .. } = self.last_entered(EntryKey::of_task(task))?;
        let (callsite, age) = (of_short(callsite)?, now.saturating_sub(begin));
        if before == task || slow::is_slow(age) {
            return None;
        }
        let leave = Borrowing::new(Event::TaskEnter { task: before });
        let end = Borrowing::new(Event::TaskEnd { callsite, task, parent, age });
        self.next = self.room_for(now, EVENT_LEN)?.put(leave, Some(end));
        self.entered.pop();
        self.task = before;
        self.commit_shortly(now);
        Some(())
    }

    /// Another context is entered.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn enter_shortly(&mut self, task: TaskId, now: u64) -> Option<EntryKey> {
        if !self.entered.has_room() {
            return None;
        }
        if task != self.task {
            self.put_shortly(now, Event::TaskEnter { task })?;
        }
        let (key, before) = (self.entered.new_key(), self.task);
        self.entered.push(Entry { key, task, before, parent: TaskId::BACKGROUND, begin: now });
        self.task = task;
        Some(key)
    }

    /// The context is left that was entered last, and is still current.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn leave_shortly(&mut self, key: EntryKey, now: u64) -> Option<()> {
        let Entry { before, .. } = self.last_entered(key)?;
        if before != self.task {
            self.put_shortly(now, Event::TaskEnter { task: before })?;
        }
        self.entered.pop();
        self.task = before;
        Some(())
    }

    /// The context that was entered last, if it is this one, and is current.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn last_entered(&self, key: EntryKey) -> Option<Entry> {
        self.entered.last_if(key).filter(|entry| entry.task == self.task)
    }

    /// An event that changes nothing but the task it tells of.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn put_shortly(&mut self, now: u64, event: Event<'_>) -> Option<()> {
        let event = Borrowing::new(event);
        self.next = self.room_for(now, 0)?.put(event, None);
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
        let event = Borrowing::new(event);
        let mut out = self.room_for(now, len)?.begin(event.kind());
        event.encode_fields(&mut out);
        self.next = out.next;
        self.commit_shortly(now);
        Some(())
    }

    /// Writes an event and, in an event of this kind, its arguments. There is room for another event
    /// behind them.
    fn put_with(
        &self,
        now: u64,
        event: Borrowing<'_>,
        args_kind: Kind,
        args: &[Value<'_>],
    ) -> Option<Out> {
        let room = self.room_for(now, EVENT_LEN + 1 + most_len(args.len())?)?;
        let mut out = room.begin(event.kind());
        event.encode_fields(&mut out);
        out.put_head(args_kind);
        encode_plain(args, &mut out)?;
        Some(out)
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn push_shortly(
        &mut self,
        callsite: u16,
        begin: u64,
        task: TaskId,
        outer: TaskId,
    ) -> Option<()> {
        let place = self.place.of(callsite.into());
        let fiber = FiberId::NONE;
        self.open.push_within(Open { begin, place, task, outer, fiber }).then_some(())
    }

    /// A place for an event of any kind, and so many bytes of text or arguments.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn room_for(&self, now: u64, more: usize) -> Option<Room> {
        let delta = Delta::between(self.last, now)?;
        let room = self.end as usize - self.next as usize;
        (room >= EVENT_LEN + more).then_some(Room { next: self.next, end: self.end, delta })
    }
}
