//! Shapes: how one value lies in bytes.
//!
//! Everything in a trace is built from the types here; each implements [`Field`], so that the
//! event table only has to name a type to be encoded and decoded. How values are spelled in the text form
//! stands in `spelling.rs`.

use std::borrow::Cow;

use crate::error::Malformed;
use crate::wire::{Cursor, Field, Sink, put_varint};

impl<'a> Field<'a> for u64 {
    const SHAPE: &'static str = "varint";

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn encode(&self, out: &mut impl Sink) {
        put_varint(out, *self);
    }

    #[inline]
    fn decode(input: &mut Cursor<'a>, expected: &'static str) -> Result<Self, Malformed> {
        input.varint(expected)
    }
}

impl<'a> Field<'a> for u32 {
    const SHAPE: &'static str = "varint, below 2^32";

    fn encode(&self, out: &mut impl Sink) {
        put_varint(out, u64::from(*self));
    }

    fn decode(input: &mut Cursor<'a>, expected: &'static str) -> Result<Self, Malformed> {
        let offset = input.position();
        let found = input.varint(expected)?;
        u32::try_from(found).map_err(|_| Malformed::Range { offset, expected, found })
    }
}

/// A reading of the trace's clock. Eight bytes, little-endian.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticks(pub u64);

impl<'a> Field<'a> for Ticks {
    const SHAPE: &'static str = "ticks";

    fn encode(&self, out: &mut impl Sink) {
        out.put(&self.0.to_le_bytes());
    }

    fn decode(input: &mut Cursor<'a>, expected: &'static str) -> Result<Self, Malformed> {
        Ok(Self(u64::from_le_bytes(input.array(expected)?)))
    }
}

/// Names a [callsite](crate::Callsite) of the same trace.
///
/// Two bytes, little-endian, for ids below 65,535; larger ones are the two bytes `ff ff` and four
/// bytes more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallsiteId(pub u32);

impl CallsiteId {
    /// Ids below this one take two bytes.
    pub const WIDE: u32 = 0xffff;
}

impl<'a> Field<'a> for CallsiteId {
    const SHAPE: &'static str = "callsite";

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn encode(&self, out: &mut impl Sink) {
        if self.0 < Self::WIDE {
            out.put_word(self.0.into(), 2);
        } else {
            out.put(&[0xff, 0xff]);
            out.put(&self.0.to_le_bytes());
        }
    }

    #[inline]
    fn decode(input: &mut Cursor<'a>, expected: &'static str) -> Result<Self, Malformed> {
        let offset = input.position();
        let narrow = u32::from(u16::from_le_bytes(input.array(expected)?));
        if narrow < Self::WIDE {
            return Ok(Self(narrow));
        }
        let wide = u32::from_le_bytes(input.array(expected)?);
        if wide < Self::WIDE {
            return Err(Malformed::Range { offset, expected, found: u64::from(wide) });
        }
        Ok(Self(wide))
    }
}

/// Names a task of the same program run. 0 is the background: no task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub u64);

impl TaskId {
    /// What is not part of any task belongs to the background.
    pub const BACKGROUND: Self = Self(0);
}

impl<'a> Field<'a> for TaskId {
    const SHAPE: &'static str = "task";

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn encode(&self, out: &mut impl Sink) {
        put_varint(out, self.0);
    }

    #[inline]
    fn decode(input: &mut Cursor<'a>, expected: &'static str) -> Result<Self, Malformed> {
        Ok(Self(input.varint(expected)?))
    }
}

/// A task, or none. One more than the task's id as a varint, 0 for none; the id is below 2^64 - 1.
impl<'a> Field<'a> for Option<TaskId> {
    const SHAPE: &'static str = "task or none";

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn encode(&self, out: &mut impl Sink) {
        put_varint(out, self.map_or(0, |task| task.0.saturating_add(1)));
    }

    #[inline]
    fn decode(input: &mut Cursor<'a>, expected: &'static str) -> Result<Self, Malformed> {
        Ok(input.varint(expected)?.checked_sub(1).map(TaskId))
    }
}

/// Names a fiber of the same program run: a future that is traced, a flow of control that threads take
/// turns to run. 0 is none: what a thread does by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FiberId(pub u64);

impl FiberId {
    /// What a thread does by itself belongs to no fiber.
    pub const NONE: Self = Self(0);
}

impl<'a> Field<'a> for FiberId {
    const SHAPE: &'static str = "fiber";

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn encode(&self, out: &mut impl Sink) {
        put_varint(out, self.0);
    }

    #[inline]
    fn decode(input: &mut Cursor<'a>, expected: &'static str) -> Result<Self, Malformed> {
        Ok(Self(input.varint(expected)?))
    }
}

/// A string as the program gave it, or its beginning when it was too long to be kept whole.
///
/// A varint holds twice the number of bytes that follow, plus one when the string was cut; then
/// the original length follows as another varint. Usually UTF-8, but a reader must not count on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Text<'a> {
    /// The bytes that were kept.
    pub bytes: Cow<'a, [u8]>,
    /// The length in bytes before it was cut, when it was.
    pub original_len: Option<u64>,
}

impl<'a> Text<'a> {
    /// The whole of `text`.
    pub fn new(text: &'a str) -> Self {
        Self { bytes: Cow::Borrowed(text.as_bytes()), original_len: None }
    }

    /// At most the first `limit` bytes of `text`, cut at the end of a character.
    pub fn cut(text: &'a str, limit: usize) -> Self {
        if text.len() <= limit {
            return Self::new(text);
        }
        let mut end = limit;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Self {
            bytes: Cow::Borrowed(&text.as_bytes()[..end]),
            original_len: Some(text.len() as u64),
        }
    }

    /// The text for a person; what is not UTF-8 becomes U+FFFD.
    pub fn to_str(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }

    /// The same text, owning its bytes.
    pub fn into_owned(self) -> Text<'static> {
        Text { bytes: Cow::Owned(self.bytes.into_owned()), original_len: self.original_len }
    }
}

impl<'a> Field<'a> for Text<'a> {
    const SHAPE: &'static str = "text";
    const LIST_SHAPE: &'static str = "list of text";

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn encode(&self, out: &mut impl Sink) {
        put_varint(out, (self.bytes.len() as u64) << 1 | u64::from(self.original_len.is_some()));
        if let Some(original_len) = self.original_len {
            put_varint(out, original_len);
        }
        out.put(&self.bytes);
    }

    #[inline]
    fn decode(input: &mut Cursor<'a>, expected: &'static str) -> Result<Self, Malformed> {
        let head = input.varint(expected)?;
        let original_len = if head & 1 == 1 { Some(input.varint(expected)?) } else { None };
        let len = usize::try_from(head >> 1).unwrap_or(usize::MAX);
        Ok(Self { bytes: Cow::Borrowed(input.take(len, expected)?), original_len })
    }
}

/// A list has at most this many items, so that no file can make a reader take much more memory
/// for one than the file has bytes.
pub const LIST_LIMIT: usize = 4096;

impl<'a, T: Field<'a>> Field<'a> for Vec<T> {
    const SHAPE: &'static str = T::LIST_SHAPE;

    fn encode(&self, out: &mut impl Sink) {
        put_varint(out, self.len() as u64);
        for item in self {
            item.encode(out);
        }
    }

    fn decode(input: &mut Cursor<'a>, expected: &'static str) -> Result<Self, Malformed> {
        let offset = input.position();
        let len = input.length(expected)?;
        if len > LIST_LIMIT {
            return Err(Malformed::Range { offset, expected, found: len as u64 });
        }
        let mut items = Self::new();
        for _ in 0..len {
            items.push(T::decode(input, expected)?);
        }
        Ok(items)
    }
}
