//! The bytes of an event on the short way: its delta, and fields that are shifted into place behind it.

use trace_format::wire::Sink;
use trace_format::{Event, Kind, head_byte};

use super::zeros;
use crate::value::{Value, encode_plain};

/// Deltas with more significant bits than this leaves, forty, need the long way.
const LEAST_ZEROS: u64 = 24;

/// The time since the event before, of at most 5 bytes.
#[derive(Clone, Copy)]
pub(super) struct Delta {
    ticks: u64,
    leading_zeros: u64,
}

impl Delta {
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn between(last: u64, now: u64) -> Option<Self> {
        let ticks = now.wrapping_sub(last);
        let leading_zeros = zeros::count(ticks);
        (leading_zeros >= LEAST_ZEROS).then_some(Self { ticks, leading_zeros })
    }

    /// How many bytes it takes.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn len(self) -> usize {
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
    pub(super) fn word(self, kind: Kind, behind: u64) -> u64 {
        let head = u64::from(head_byte(kind, 0)).wrapping_add(self.len() as u64);
        (self.ticks << 8).wrapping_add(head).wrapping_add(behind << self.shift())
    }
}

/// Where an event is written. What was written is nothing until the pen goes on behind it.
pub(super) struct Room {
    pub(super) next: *mut u8,
    pub(super) end: *mut u8,
    pub(super) delta: Delta,
}

impl Room {
    /// Writes an event, and one of its arguments if there are any; returns the place behind them.
    ///
    /// What nearly all events consist of is put together in registers and stored where the event
    /// begins: see [the module above](super).
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn put(
        self,
        event: Event<'_>,
        args_kind: Kind,
        args: &[Value<'_>],
    ) -> Option<*mut u8> {
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
    pub(super) fn put_long(
        self,
        event: Event<'_>,
        args_kind: Kind,
        args: &[Value<'_>],
    ) -> Option<*mut u8> {
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
