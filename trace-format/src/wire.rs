//! Shapes: how one value lies in bytes, and how it is spelled in the text form.
//!
//! Everything in a trace is built from the types here; each implements [`Field`], so that the
//! event table only has to name a type to be encoded, decoded, printed and parsed.
//!
//! Invariants:
//! 1. Every value has exactly one encoding: integers take the fewest bytes, and decoding refuses
//!    a longer spelling. This is what lets the text form give back the same bytes.
//! 2. Decoding borrows from its input and allocates nothing but the lists of a [chunk's
//!    head](crate::ChunkHead) and of a [callsite](crate::Callsite), whose length is checked
//!    against the bytes that are there.

use std::borrow::Cow;

use crate::error::{Malformed, TextError};
use crate::text::Scan;

/// Where encoded bytes go.
pub trait Sink {
    /// Appends `bytes`.
    fn put(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// A [`Sink`] over memory that cannot grow: the recorder's, over what is left of a chunk.
///
/// When something did not fit, [`len`](Self::len) is `None` and the memory behind it holds
/// nothing of use.
#[derive(Debug)]
pub struct Bounded<'a> {
    memory: &'a mut [u8],
    len: Option<usize>,
}

impl<'a> Bounded<'a> {
    /// Starts at the beginning of `memory`.
    pub fn new(memory: &'a mut [u8]) -> Self {
        Self { memory, len: Some(0) }
    }

    /// How many bytes were put, or `None` when they did not fit.
    #[expect(clippy::len_without_is_empty, reason = "the length may be none, and nobody asks")]
    pub fn len(&self) -> Option<usize> {
        self.len
    }
}

impl Sink for Bounded<'_> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        let Some(start) = self.len else { return };
        match self.memory.get_mut(start..start + bytes.len()) {
            Some(room) => {
                room.copy_from_slice(bytes);
                self.len = Some(start + bytes.len());
            }
            None => self.len = None,
        }
    }
}

/// A position in encoded bytes.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Starts at the beginning of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes have been read.
    #[inline]
    pub fn position(&self) -> usize {
        self.at
    }

    /// Whether nothing is left.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// The next `len` bytes; `expected` names them in the error when fewer are left.
    #[inline]
    pub fn take(&mut self, len: usize, expected: &'static str) -> Result<&'a [u8], Malformed> {
        let rest = &self.bytes[self.at..];
        if len > rest.len() {
            return Err(Malformed::Ends { offset: self.bytes.len(), expected });
        }
        self.at += len;
        Ok(&rest[..len])
    }

    /// The next byte.
    #[inline]
    pub fn byte(&mut self, expected: &'static str) -> Result<u8, Malformed> {
        match self.bytes.get(self.at) {
            Some(&byte) => {
                self.at += 1;
                Ok(byte)
            }
            None => Err(Malformed::Ends { offset: self.at, expected }),
        }
    }

    /// The next bytes as an array.
    #[inline]
    pub fn array<const N: usize>(&mut self, expected: &'static str) -> Result<[u8; N], Malformed> {
        let bytes = self.take(N, expected)?;
        Ok(bytes.try_into().expect("take returns the length asked for"))
    }

    /// The next `len` bytes (at most 8) as a little-endian integer.
    #[inline]
    pub fn little_endian(&mut self, len: usize, expected: &'static str) -> Result<u64, Malformed> {
        debug_assert!(len <= 8, "an integer of {len} bytes");
        if let Some(eight) = self.bytes[self.at..].first_chunk() {
            let word = u64::from_le_bytes(*eight);
            self.at += len;
            let unused = 64 - 8 * len as u32;
            return Ok(if len == 0 { 0 } else { word << unused >> unused });
        }
        let mut word = [0; 8];
        word[..len].copy_from_slice(self.take(len, expected)?);
        Ok(u64::from_le_bytes(word))
    }

    /// A LEB128 integer, refused when it is spelled with more bytes than it needs.
    #[inline]
    pub fn varint(&mut self, expected: &'static str) -> Result<u64, Malformed> {
        let offset = self.at;
        let first = self.byte(expected)?;
        if first < 0x80 {
            return Ok(u64::from(first));
        }
        let mut value = u64::from(first & 0x7f);
        for shift in (7..64).step_by(7) {
            let byte = self.byte(expected)?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                if byte == 0 {
                    break;
                }
                return Ok(value);
            }
        }
        Err(Malformed::Varint { offset, expected })
    }

    /// A length or count of things that take at least one byte each: at most what is left.
    #[inline]
    pub fn length(&mut self, expected: &'static str) -> Result<usize, Malformed> {
        let offset = self.at;
        let len = self.varint(expected)?;
        let left = (self.bytes.len() - self.at) as u64;
        if len > left {
            return Err(Malformed::Length { offset, expected, found: len, left });
        }
        Ok(len as usize)
    }
}

/// Appends a LEB128 integer.
#[inline]
pub fn put_varint(out: &mut impl Sink, mut value: u64) {
    let mut bytes = [0; 10];
    let mut len = 0;
    while value >= 0x80 {
        bytes[len] = value as u8 | 0x80;
        value >>= 7;
        len += 1;
    }
    bytes[len] = value as u8;
    out.put(&bytes[..=len]);
}

/// A value that can stand in an event or a record.
pub trait Field<'a>: Sized {
    /// How the documentation of the format calls this shape.
    const SHAPE: &'static str;

    /// How it calls the shape of a list of such values.
    const LIST_SHAPE: &'static str = "list";

    /// Appends the value's bytes.
    fn encode(&self, out: &mut impl Sink);

    /// Reads the value; `expected` is the field's name, for errors.
    fn decode(input: &mut Cursor<'a>, expected: &'static str) -> Result<Self, Malformed>;

    /// Appends the value's spelling in the text form.
    fn print(&self, out: &mut String);

    /// Reads the value's spelling in the text form.
    fn parse(input: &mut Scan<'_>) -> Result<Self, TextError>;
}

impl<'a> Field<'a> for u64 {
    const SHAPE: &'static str = "varint";

    #[inline]
    fn encode(&self, out: &mut impl Sink) {
        put_varint(out, *self);
    }

    #[inline]
    fn decode(input: &mut Cursor<'a>, expected: &'static str) -> Result<Self, Malformed> {
        input.varint(expected)
    }

    fn print(&self, out: &mut String) {
        out.push_str(&self.to_string());
    }

    fn parse(input: &mut Scan<'_>) -> Result<Self, TextError> {
        input.number()
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

    fn print(&self, out: &mut String) {
        out.push_str(&self.to_string());
    }

    fn parse(input: &mut Scan<'_>) -> Result<Self, TextError> {
        input.number()
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

    fn print(&self, out: &mut String) {
        self.0.print(out);
    }

    fn parse(input: &mut Scan<'_>) -> Result<Self, TextError> {
        Ok(Self(input.number()?))
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

    #[inline]
    fn encode(&self, out: &mut impl Sink) {
        if self.0 < Self::WIDE {
            out.put(&(self.0 as u16).to_le_bytes());
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

    fn print(&self, out: &mut String) {
        self.0.print(out);
    }

    fn parse(input: &mut Scan<'_>) -> Result<Self, TextError> {
        Ok(Self(input.number()?))
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

    #[inline]
    fn encode(&self, out: &mut impl Sink) {
        put_varint(out, self.0);
    }

    #[inline]
    fn decode(input: &mut Cursor<'a>, expected: &'static str) -> Result<Self, Malformed> {
        Ok(Self(input.varint(expected)?))
    }

    fn print(&self, out: &mut String) {
        self.0.print(out);
    }

    fn parse(input: &mut Scan<'_>) -> Result<Self, TextError> {
        Ok(Self(input.number()?))
    }
}

/// A task, or none. One more than the task's id as a varint, 0 for none; the id is below 2^64 - 1.
impl<'a> Field<'a> for Option<TaskId> {
    const SHAPE: &'static str = "task or none";

    #[inline]
    fn encode(&self, out: &mut impl Sink) {
        put_varint(out, self.map_or(0, |task| task.0.saturating_add(1)));
    }

    #[inline]
    fn decode(input: &mut Cursor<'a>, expected: &'static str) -> Result<Self, Malformed> {
        Ok(input.varint(expected)?.checked_sub(1).map(TaskId))
    }

    fn print(&self, out: &mut String) {
        match self {
            Some(task) => task.print(out),
            None => out.push_str("none"),
        }
    }

    fn parse(input: &mut Scan<'_>) -> Result<Self, TextError> {
        if input.eat("none") { Ok(None) } else { TaskId::parse(input).map(Some) }
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

    #[inline]
    fn encode(&self, out: &mut impl Sink) {
        put_varint(out, (self.bytes.len() as u64) << 1 | u64::from(self.original_len.is_some()));
        if let Some(original_len) = self.original_len {
            put_varint(out, original_len);
        }
        out.put(&self.bytes);
    }

    fn decode(input: &mut Cursor<'a>, expected: &'static str) -> Result<Self, Malformed> {
        let head = input.varint(expected)?;
        let original_len = if head & 1 == 1 { Some(input.varint(expected)?) } else { None };
        let len = usize::try_from(head >> 1).unwrap_or(usize::MAX);
        Ok(Self { bytes: Cow::Borrowed(input.take(len, expected)?), original_len })
    }

    fn print(&self, out: &mut String) {
        crate::text::quote(&self.bytes, out);
        if let Some(original_len) = self.original_len {
            out.push('/');
            original_len.print(out);
        }
    }

    fn parse(input: &mut Scan<'_>) -> Result<Self, TextError> {
        let bytes = Cow::Owned(input.quoted()?);
        let original_len = if input.eat("/") { Some(input.number()?) } else { None };
        Ok(Self { bytes, original_len })
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

    fn print(&self, out: &mut String) {
        out.push('[');
        for (i, item) in self.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            item.print(out);
        }
        out.push(']');
    }

    fn parse(input: &mut Scan<'_>) -> Result<Self, TextError> {
        input.expect("[")?;
        let mut items = Self::new();
        while !input.eat("]") {
            if !items.is_empty() {
                input.expect(",")?;
                input.spaces();
            }
            items.push(T::parse(input)?);
        }
        Ok(items)
    }
}

/// Declares an enum that is one byte in the file and one word in the text form.
macro_rules! byte_enum {
    ($(#[$meta:meta])* $vis:vis enum $Name:ident: $shape:literal {
        $($(#[doc = $doc:literal])+ $Variant:ident = $byte:literal $word:literal,)+
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        $vis enum $Name { $($(#[doc = $doc])+ $Variant = $byte,)+ }

        impl $Name {
            /// Every value, in the order of its bytes.
            pub const ALL: &'static [Self] = &[$(Self::$Variant,)+];

            /// The word for it in the text form and in messages.
            pub fn word(self) -> &'static str {
                match self { $(Self::$Variant => $word,)+ }
            }

            /// What it means.
            pub fn doc(self) -> &'static str {
                match self { $(Self::$Variant => concat!($($doc,)+).trim_ascii_start(),)+ }
            }
        }

        impl<'a> $crate::wire::Field<'a> for $Name {
            const SHAPE: &'static str = $shape;

            fn encode(&self, out: &mut impl $crate::wire::Sink) {
                out.put(&[*self as u8]);
            }

            fn decode(
                input: &mut $crate::wire::Cursor<'a>,
                expected: &'static str,
            ) -> Result<Self, $crate::Malformed> {
                let offset = input.position();
                match input.byte(expected)? {
                    $($byte => Ok(Self::$Variant),)+
                    found => Err($crate::Malformed::Range {
                        offset, expected, found: u64::from(found),
                    }),
                }
            }

            fn print(&self, out: &mut String) {
                out.push_str(self.word());
            }

            fn parse(input: &mut $crate::text::Scan<'_>) -> Result<Self, $crate::TextError> {
                let start = input.clone();
                let word = input.word()?;
                Self::ALL.iter().copied().find(|v| v.word() == word).ok_or_else(|| {
                    start.error(concat!("a ", $shape))
                })
            }
        }
    };
}
pub(crate) use byte_enum;
