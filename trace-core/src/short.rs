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

/// Deltas with more significant bits than this leaves, forty, need the long way.
const LEAST_ZEROS: u64 = 24;

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

/// The time since the event before, of at most 5 bytes.
#[derive(Clone, Copy)]
struct Delta {
    ticks: u64,
    leading_zeros: u64,
}

impl Delta {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn between(last: u64, now: u64) -> Option<Self> {
        let ticks = now.wrapping_sub(last);
        let leading_zeros = zeros::count(ticks);
        (leading_zeros >= LEAST_ZEROS).then_some(Self { ticks, leading_zeros })
    }

    /// How many bytes it takes.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn len(self) -> usize {
        (71 - self.leading_zeros) as usize / 8
    }

    /// How far what follows it is shifted in the first word of an event.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn shift(self) -> u32 {
        8 * (1 + self.len() as u32)
    }

    /// The first word of an event: the head, the delta, and as much of what follows as there is room
    /// for. The parts have no bit in common, and a sum takes an instruction less than an `or`.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn word(self, kind: Kind, behind: u64) -> u64 {
        let head = u64::from(head_byte(kind, 0)).wrapping_add(self.len() as u64);
        (self.ticks << 8).wrapping_add(head).wrapping_add(behind << self.shift())
    }
}

/// Where an event is written. What was written is nothing until the pen goes on behind it.
struct Room {
    next: *mut u8,
    end: *mut u8,
    delta: Delta,
}

impl Room {
    /// Writes an event, and one of its arguments if there are any; returns the place behind them.
    ///
    /// What nearly all events consist of is put together in registers and stored where the event
    /// begins: see [the module](self).
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn put(self, event: Event<'_>, args_kind: Kind, args: &[Value<'_>]) -> Option<*mut u8> {
        /// With more, they will not fit into the registers.
        const PACKED_ARGS: usize = 2;
        if args.len() > PACKED_ARGS {
            return self.put_long(event, args_kind, args);
        }
        let mut fields = Packed::default();
        let kind = event.kind();
        event.encode_fields(&mut fields);
        if !args.is_empty() {
            fields.put_word(head_byte(args_kind, 0).into(), 1);
            encode_plain(args, &mut fields)?;
        }
        if fields.len > Packed::LEN {
            return self.put_long(event, args_kind, args);
        }
        // It borrows all there is in it: nothing is to be dropped, nor code to be kept for that.
        std::mem::forget(event);
        let Packed { low, high, len } = fields;
        let shift = self.delta.shift();
        let words = [
            self.delta.word(kind, low),
            // The shift is at least 8, for the head, and at most 48.
            low >> (64 - shift) | high << shift,
            high >> (64 - shift),
        ];
        // SAFETY: there is room for an event, which is more than these 24 bytes.
        unsafe {
            self.next.cast::<[u64; 3]>().write_unaligned(words.map(u64::to_le));
            Some(self.next.add(1 + self.delta.len() + len))
        }
    }

    /// The same, whatever the length.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn put_long(self, event: Event<'_>, args_kind: Kind, args: &[Value<'_>]) -> Option<*mut u8> {
        let word = self.delta.word(event.kind(), 0);
        // SAFETY: there is room for an event, which is more than these 8 bytes.
        let mut out = unsafe {
            self.next.cast::<u64>().write_unaligned(word.to_le());
            Out { next: self.next.add(1 + self.delta.len()), end: self.end }
        };
        event.encode_fields(&mut out);
        // As in `put`.
        std::mem::forget(event);
        if !args.is_empty() {
            out.put_word(head_byte(args_kind, 0).into(), 1);
            encode_plain(args, &mut out)?;
        }
        Some(out.next)
    }
}

/// Where values are encoded, if there is room for texts.
pub(crate) trait LimitedSink: Sink {
    /// Whether so many bytes are left. There always is room for values without a text.
    fn has_room_for(&self, len: usize) -> bool;
}

/// Bytes that are put together in registers.
#[derive(Default)]
struct Packed {
    /// The first eight, the first of them lowest.
    low: u64,
    /// The eight behind these.
    high: u64,
    /// How many there are. More than [`LEN`](Self::LEN) means that some are missing.
    len: usize,
}

impl Packed {
    const LEN: usize = 16;

    /// More than that, and more can be added to it.
    const TOO_LONG: usize = 1 << 16;
}

impl Sink for Packed {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn put(&mut self, bytes: &[u8]) {
        // Nothing that is put here at once is longer.
        let mut word = [0; 8];
        match word.get_mut(..bytes.len()) {
            Some(start) => {
                start.copy_from_slice(bytes);
                self.put_word(u64::from_le_bytes(word), bytes.len());
            }
            None => self.len = Self::TOO_LONG,
        }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn put_long_varint(&mut self, _: u64) {
        self.len = Self::TOO_LONG;
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn put_word(&mut self, word: u64, len: usize) {
        let shift = 8 * self.len as u32;
        if self.len < 8 {
            self.low |= word << shift;
            // In two steps, since a shift by all 64 bits is none.
            self.high |= word >> 1 >> (63 - shift);
        } else {
            self.high |= word.wrapping_shl(shift - 64);
        }
        self.len += len;
    }
}

impl LimitedSink for Packed {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn has_room_for(&self, _: usize) -> bool {
        false
    }
}

/// A place in a room that is known to be large enough for what is put there.
struct Out {
    next: *mut u8,
    end: *mut u8,
}

impl Sink for Out {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn put(&mut self, bytes: &[u8]) {
        // SAFETY: whoever made this saw to it that there is room for all that is put.
        unsafe {
            self.next.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            self.next = self.next.add(bytes.len());
        }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn put_word(&mut self, word: u64, len: usize) {
        // SAFETY: as above, and eight bytes behind all that is put can be written over.
        unsafe {
            self.next.cast::<u64>().write_unaligned(word.to_le());
            self.next = self.next.add(len);
        }
    }
}

impl LimitedSink for Out {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn has_room_for(&self, len: usize) -> bool {
        self.end as usize - self.next as usize >= len + 8
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

    #[cfg_attr(not(debug_assertions), inline(always))]
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

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn count(number: u64) -> u64 {
        u64::from(number.leading_zeros())
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
