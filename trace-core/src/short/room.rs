//! The bytes of an event on the short way: its delta, and fields that are shifted into place behind it.

use std::mem::ManuallyDrop;

use trace_format::wire::{Sink, put_tagged_varint};
use trace_format::{Event, Kind, head_byte};

use super::{EVENT_LEN, zeros};
use crate::value::Value;

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

/// An event that borrows all there is in it: nothing is to be dropped, nor code to be kept for that.
pub(super) type Borrowing<'a> = ManuallyDrop<Event<'a>>;

/// Where an event is written. What was written is nothing until the pen goes on behind it.
pub(super) struct Room {
    pub(super) next: *mut u8,
    pub(super) end: *mut u8,
    pub(super) delta: Delta,
}

impl Room {
    /// Writes an event and perhaps another one at the same time; returns the place behind them.
    ///
    /// What nearly all events consist of is put together in registers and stored where the event
    /// begins: see [the module above](super).
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn put(self, event: Borrowing<'_>, then: Option<Borrowing<'_>>) -> *mut u8 {
        let mut fields = Packed::default();
        encode_all(&event, &then, &mut fields);
        if fields.fits() {
            return self.put_packed(event.kind(), fields);
        }
        let mut out = self.begin(event.kind());
        encode_all(&event, &then, &mut out);
        out.next
    }

    /// An event with these fields, which [fit](Packed::fits).
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn put_packed(self, kind: Kind, fields: Packed) -> *mut u8 {
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
            self.next.add(1 + self.delta.len() + len)
        }
    }

    /// Writes the head of an event of any length, and its delta.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn begin(self, kind: Kind) -> Out {
        let word = self.delta.word(kind, 0);
        // SAFETY: there is room for an event, which is more than these 8 bytes.
        unsafe {
            self.next.cast::<u64>().write_unaligned(word.to_le());
            Out { next: self.next.add(1 + self.delta.len()), end: self.end }
        }
    }
}

/// The fields of an event, and another event at the same time.
#[cfg_attr(not(debug_assertions), inline(always))]
fn encode_all(event: &Borrowing<'_>, then: &Option<Borrowing<'_>>, out: &mut impl Sink) {
    event.encode_fields(out);
    if let Some(event) = then {
        out.put_word(head_byte(event.kind(), 0).into(), 1);
        event.encode_fields(out);
    }
}

/// Bytes that are put together in registers.
#[derive(Default)]
pub(super) struct Packed {
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

    /// What begins with these bytes, at most eight, the first of them lowest.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn start(bytes: u64, len: usize) -> Self {
        Self { low: bytes, high: 0, len }
    }

    /// Whether nothing is missing.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn fits(&self) -> bool {
        self.len <= Self::LEN
    }

    /// The callsite of a region that begins, and its arguments, if these are a few numbers and fit.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn region_with(callsite: u16, args: &[Value<'_>]) -> Option<Self> {
        /// With more, they will not.
        const MOST_ARGS: usize = 4;
        if args.len() > MOST_ARGS {
            return None;
        }
        let start = [u64::from(head_byte(Kind::RegionArgs, 0)), args.len() as u64];
        let low = u64::from(callsite) | start[0] << 16 | start[1] << 24;
        let mut fields = Self { low, high: 0, len: 4 };
        for arg in args {
            let (tag, number) = arg.tagged_varint()?;
            put_tagged_varint(&mut fields, tag, number);
        }
        fields.fits().then_some(fields)
    }
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

/// A place in a room that is known to be large enough for what is put there.
pub(crate) struct Out {
    pub(super) next: *mut u8,
    end: *mut u8,
}

impl Out {
    /// Whether so many bytes are left, and room for another event behind them. There always is for values
    /// without a text.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn has_room_for(&self, len: usize) -> bool {
        self.end as usize - self.next as usize >= len + EVENT_LEN
    }

    /// An event of this kind at the time of the one before.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn put_head(&mut self, kind: Kind) {
        self.put_word(head_byte(kind, 0).into(), 1);
    }
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
