//! The short way of events: what traced code runs all the time.
//!
//! Two readings of the clock are most of what a region costs, and what is added to them is counted
//! in instructions. So there are two ways. The short one does what nearly always is to be done, calls
//! next to nothing, and gives up before it has written anything as soon as something else is the
//! case: the session is another one, the chunk is full, the clock stepped back, the callsite is new,
//! the region began in an earlier chunk, an argument has to be formatted. Then the long way, the
//! methods of [`Pen`] without `shortly` in their name, starts from the beginning.
//!
//! Both write the same bytes. What the short one adds to the encoding is only that it asks once, in
//! the beginning, whether there is room.

use trace_format::wire::Sink;
use trace_format::{CallsiteId, Event, Kind, head_byte};

use crate::context::Context;
use crate::open::Open;
use crate::pen::Pen;
use crate::value::{Value, encode_plain, most_len};

/// Whether this processor has what the short way takes for granted. Asked once per thread and
/// session.
pub(crate) fn is_possible() -> bool {
    zeros::are_counted()
}

/// Deltas with more significant bits than this leaves need the wide form.
const LEAST_ZEROS: u64 = 8;

/// No event is longer, but for texts and lists in it: head and delta, a wide callsite, and three
/// varints.
const EVENT_LEN: usize = 8 + 6 + 3 * 10;

/// How many bytes a short callsite takes.
const CALLSITE_LEN: usize = 2;

impl Pen {
    /// A region of the current task begins.
    #[inline(always)]
    pub(crate) fn region_begin_shortly(&mut self, callsite: u16, now: u64) -> Option<()> {
        let (delta, zeros) = self.delta_to(now)?;
        if callsite == 0 || self.next > self.last_start {
            return None;
        }
        self.push_shortly(callsite, now, self.context, Context::NONE)?;
        // SAFETY: `next` is not behind `last_start`.
        unsafe {
            let behind = self.put_head_shortly(Kind::RegionBegin, delta, zeros);
            behind.cast::<u16>().write_unaligned(callsite.to_le());
            self.next = behind.add(CALLSITE_LEN);
        }
        self.commit_shortly(now);
        Some(())
    }

    /// The innermost open region ends, which is of this callsite.
    #[inline(always)]
    pub(crate) fn region_end_shortly(&mut self, callsite: u16, now: u64) -> Option<()> {
        let (delta, zeros) = self.delta_to(now)?;
        if self.next > self.last_start {
            return None;
        }
        // A new callsite's number, 0, is in no open region's place.
        let Open { outer, .. } = self.open.pop_if_in(self.place.of(u32::from(callsite)))?;
        // SAFETY: `next` is not behind `last_start`.
        self.next = unsafe { self.put_head_shortly(Kind::RegionEnd, delta, zeros) };
        if outer != Context::NONE {
            self.context = outer;
        }
        self.commit_shortly(now);
        Some(())
    }

    /// A region that belongs to `context` begins.
    #[inline(always)]
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
    #[inline(always)]
    pub(crate) fn region_begin_with_shortly(
        &mut self,
        callsite: u16,
        now: u64,
        context: Context,
        args: &[Value<'_>],
    ) -> Option<()> {
        let mut out = self.room_for(now, args_len(args)?)?;
        if callsite == 0 {
            return None;
        }
        let id = CallsiteId(callsite.into());
        let outer = if context == self.context {
            out.put_event(Event::RegionBegin { callsite: id });
            Context::NONE
        } else {
            out.put_event(Event::TaskRegionBegin { callsite: id, task: context.task() });
            self.context
        };
        out.put_args(Kind::RegionArgs, args)?;
        self.push_shortly(callsite, now, context, outer)?;
        self.context = context;
        self.written(out, now);
        Some(())
    }

    /// An event that changes nothing but the task it tells of, with arguments if it is a begin.
    /// `text_len` is the length of the texts in it.
    #[inline(always)]
    pub(crate) fn put_shortly(
        &mut self,
        now: u64,
        event: Event<'_>,
        text_len: usize,
        args: &[Value<'_>],
    ) -> Option<()> {
        let mut out = self.room_for(now, text_len + args_len(args)?)?;
        out.put_event(event);
        out.put_args(Kind::TaskArgs, args)?;
        self.written(out, now);
        Some(())
    }

    /// How much later than the event before it is, and how many leading zeros that has; `None` when
    /// an event cannot tell it.
    #[inline(always)]
    fn delta_to(&self, now: u64) -> Option<(u64, u64)> {
        let delta = now.wrapping_sub(self.last);
        let zeros = zeros::count(delta);
        (zeros >= LEAST_ZEROS).then_some((delta, zeros))
    }

    #[inline(always)]
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

    /// Writes head and delta where the next event goes, and returns the place behind them.
    ///
    /// # Safety
    /// `next` must not be behind `last_start`.
    #[inline(always)]
    unsafe fn put_head_shortly(&mut self, kind: Kind, delta: u64, zeros: u64) -> *mut u8 {
        let len = (71 - zeros) as usize / 8;
        // The parts have no bit in common, and a sum takes an instruction less.
        let word = (delta << 8).wrapping_add(len as u64).wrapping_add(head_byte(kind, 0).into());
        // SAFETY: behind `last_start` are more than the eight bytes that are written, of which
        // `len` and one are a part of the event.
        unsafe {
            self.next.cast::<u64>().write_unaligned(word.to_le());
            self.next.add(1 + len)
        }
    }

    /// A place for an event of any kind, and so many bytes of text or arguments.
    #[inline(always)]
    fn room_for(&self, now: u64, more: usize) -> Option<Out> {
        let (delta, zeros) = self.delta_to(now)?;
        let room = self.end as usize - self.next as usize;
        (room >= EVENT_LEN + more).then_some(Out { next: self.next, end: self.end, delta, zeros })
    }

    #[inline(always)]
    fn written(&mut self, out: Out, now: u64) {
        self.next = out.next;
        self.commit_shortly(now);
    }
}

/// How many bytes the event of these arguments takes at most, but for texts in it.
#[inline(always)]
fn args_len(args: &[Value<'_>]) -> Option<usize> {
    if args.is_empty() { Some(0) } else { Some(1 + most_len(args.len())?) }
}

/// Where events are written, in a room that is known to be large enough for them. What was written is
/// nothing until the pen goes on behind it.
pub(crate) struct Out {
    next: *mut u8,
    end: *mut u8,
    /// The time since the event before.
    delta: u64,
    zeros: u64,
}

impl Out {
    #[inline(always)]
    fn put_event(&mut self, event: Event<'_>) {
        let len = (71 - self.zeros) as usize / 8;
        let word = self.delta << 8 | u64::from(head_byte(event.kind(), len));
        // SAFETY: there is room for an event, and so for these eight bytes.
        unsafe {
            self.next.cast::<u64>().write_unaligned(word.to_le());
            self.next = self.next.add(1 + len);
        }
        event.encode_fields(self);
        // It borrows all there is in it: nothing is to be dropped, nor code to be kept for that.
        std::mem::forget(event);
        // What follows happens at the same time.
        (self.delta, self.zeros) = (0, 64);
    }

    #[inline(always)]
    fn put_args(&mut self, kind: Kind, args: &[Value<'_>]) -> Option<()> {
        if args.is_empty() {
            return Some(());
        }
        self.put(&[head_byte(kind, 0)]);
        encode_plain(args, self)
    }

    /// Whether so many bytes are left.
    #[inline(always)]
    pub(crate) fn has_room_for(&self, len: usize) -> bool {
        self.end as usize - self.next as usize >= len
    }
}

impl Sink for Out {
    #[inline(always)]
    fn put(&mut self, bytes: &[u8]) {
        // SAFETY: whoever made this saw to it that there is room for all that is put.
        unsafe {
            self.next.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            self.next = self.next.add(bytes.len());
        }
    }
}

/// Counting leading zeros, with the instruction for it.
#[cfg(all(target_arch = "x86_64", not(target_feature = "lzcnt")))]
mod zeros {
    /// The instruction came with Haswell and, on AMD's side, before. The compiler does not rely on
    /// it, and what it uses instead takes three to eight times as long.
    pub(super) fn are_counted() -> bool {
        std::arch::is_x86_feature_detected!("lzcnt")
    }

    #[inline(always)]
    pub(super) fn count(number: u64) -> u64 {
        let zeros: u64;
        // SAFETY: reads and writes registers only. A processor that does not know the instruction
        // executes another one, whose result is not used: see `are_counted`.
        unsafe {
            core::arch::asm!(
                "lzcnt {zeros}, {number}",
                number = in(reg) number,
                zeros = lateout(reg) zeros,
                options(pure, nomem, nostack),
            );
        }
        zeros
    }
}

#[cfg(not(all(target_arch = "x86_64", not(target_feature = "lzcnt"))))]
mod zeros {
    pub(super) fn are_counted() -> bool {
        true
    }

    #[inline(always)]
    pub(super) fn count(number: u64) -> u64 {
        u64::from(number.leading_zeros())
    }
}
