//! Bytes in and out: where values are written to, where they are read from, and what a value must be
//! able to do to stand in an event or a record.
//!
//! Invariants:
//! 1. Every value has exactly one encoding: integers take the fewest bytes, and decoding refuses
//!    a longer spelling. This is what lets the text form give back the same bytes.
//! 2. Decoding borrows from its input and allocates nothing but lists, whose length is limited.

use crate::error::Malformed;

pub use crate::shapes::LIST_LIMIT;

/// Where encoded bytes go.
pub trait Sink {
    /// Appends `bytes`.
    fn put(&mut self, bytes: &[u8]);

    /// Appends the first `len` bytes of a little-endian word, of which the others are zero.
    #[inline]
    fn put_word(&mut self, word: u64, len: usize) {
        self.put(&word.to_le_bytes()[..len]);
    }

    /// Appends a LEB128 integer of more than four bytes.
    #[inline]
    fn put_long_varint(&mut self, mut value: u64) {
        while value >= 1 << 7 {
            self.put_word(value & 0x7f | 0x80, 1);
            value >>= 7;
        }
        self.put_word(value, 1);
    }
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
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn put_varint(out: &mut impl Sink, value: u64) {
    put_varint_behind(out, 0, 0, value);
}

/// Appends a byte and a LEB128 integer.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn put_tagged_varint(out: &mut impl Sink, tag: u8, value: u64) {
    put_varint_behind(out, tag.into(), 1, value);
}

/// Appends the first `len` bytes of `start`, of which the others are zero, and a LEB128 integer. What is
/// common is put together at once. All bytes but an integer's last have their highest bit set.
#[cfg_attr(not(debug_assertions), inline(always))]
fn put_varint_behind(out: &mut impl Sink, start: u64, len: usize, value: u64) {
    let shift = 8 * len as u32;
    if value < 1 << 7 {
        out.put_word(start | value << shift, len + 1);
    } else if value < 1 << 14 {
        let word = value & 0x7f | 0x80 | value >> 7 << 8;
        out.put_word(start | word << shift, len + 2);
    } else if value < 1 << 28 {
        let lower = value & 0x7f | (value & 0x3f80) << 1 | (value & 0x1f_c000) << 2 | 0x8080;
        let fourth = value >> 21;
        if fourth == 0 {
            out.put_word(start | lower << shift, len + 3);
        } else {
            out.put_word(start | (lower | 0x80 << 16 | fourth << 24) << shift, len + 4);
        }
    } else {
        out.put_word(start, len);
        out.put_long_varint(value);
    }
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
}
