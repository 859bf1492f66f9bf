//! Arguments: typed values that the program attached to a region or a task.

use std::borrow::Cow;

use crate::error::Malformed;
use crate::shapes::Text;
use crate::wire::{Cursor, Field, Sink, put_tagged_varint, put_varint};

/// One typed value: a byte that tells the type, then the value.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// A signed integer, as a zigzag varint. Type byte 1.
    I64(i64),
    /// An unsigned integer, as a varint. Type byte 2.
    U64(u64),
    /// A signed integer in 16 bytes, little-endian. Type byte 3.
    I128(i128),
    /// An unsigned integer in 16 bytes, little-endian. Type byte 4.
    U128(u128),
    /// An IEEE 754 double in 8 bytes, little-endian. Type byte 5.
    F64(f64),
    /// Type byte 6 for false, 7 for true; nothing follows.
    Bool(bool),
    /// A string. Type byte 8.
    Str(Text<'a>),
    /// What the value's `Debug` wrote. Type byte 9.
    Debug(Text<'a>),
    /// What the value's `Display` wrote. Type byte 10.
    Display(Text<'a>),
}

impl<'a> Value<'a> {
    /// The type byte and the varint behind it, of a value that is encoded like that.
    #[inline(always)]
    pub fn tagged_varint(&self) -> Option<(u8, u64)> {
        match self {
            Self::I64(v) => Some((1, ((v << 1) ^ (v >> 63)) as u64)),
            Self::U64(v) => Some((2, *v)),
            _ => None,
        }
    }

    /// Goes past a value, as [`decode`](Field::decode) does. Most are integers.
    #[inline]
    fn pass(input: &mut Cursor<'a>, expected: &'static str) -> Result<(), Malformed> {
        let mut ahead = input.clone();
        match ahead.byte(expected)? {
            1 | 2 => {
                ahead.varint(expected)?;
                *input = ahead;
            }
            _ => drop(Self::decode(input, expected)?),
        }
        Ok(())
    }

    /// The same value, owning its bytes.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::I64(v) => Value::I64(v),
            Self::U64(v) => Value::U64(v),
            Self::I128(v) => Value::I128(v),
            Self::U128(v) => Value::U128(v),
            Self::F64(v) => Value::F64(v),
            Self::Bool(v) => Value::Bool(v),
            Self::Str(v) => Value::Str(v.into_owned()),
            Self::Debug(v) => Value::Debug(v.into_owned()),
            Self::Display(v) => Value::Display(v.into_owned()),
        }
    }
}

/// Two values are equal when their encodings are: doubles by their bits.
impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::I64(a), Self::I64(b)) => a == b,
            (Self::U64(a), Self::U64(b)) => a == b,
            (Self::I128(a), Self::I128(b)) => a == b,
            (Self::U128(a), Self::U128(b)) => a == b,
            (Self::F64(a), Self::F64(b)) => a.to_bits() == b.to_bits(),
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Str(a), Self::Str(b))
            | (Self::Debug(a), Self::Debug(b))
            | (Self::Display(a), Self::Display(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value<'_> {}

impl<'a> Field<'a> for Value<'a> {
    const SHAPE: &'static str = "value";

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn encode(&self, out: &mut impl Sink) {
        if let Some((tag, number)) = self.tagged_varint() {
            return put_tagged_varint(out, tag, number);
        }
        match self {
            // As above.
            Self::I64(_) | Self::U64(_) => {}
            Self::I128(v) => {
                out.put(&[3]);
                out.put(&v.to_le_bytes());
            }
            Self::U128(v) => {
                out.put(&[4]);
                out.put(&v.to_le_bytes());
            }
            Self::F64(v) => {
                out.put(&[5]);
                out.put(&v.to_le_bytes());
            }
            Self::Bool(v) => out.put_word(6 + u64::from(*v), 1),
            Self::Str(v) => {
                out.put(&[8]);
                v.encode(out);
            }
            Self::Debug(v) => {
                out.put(&[9]);
                v.encode(out);
            }
            Self::Display(v) => {
                out.put(&[10]);
                v.encode(out);
            }
        }
    }

    #[inline]
    fn decode(input: &mut Cursor<'a>, expected: &'static str) -> Result<Self, Malformed> {
        let offset = input.position();
        Ok(match input.byte(expected)? {
            1 => {
                let zigzag = input.varint(expected)?;
                Self::I64((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
            }
            2 => Self::U64(input.varint(expected)?),
            3 => Self::I128(i128::from_le_bytes(input.array(expected)?)),
            4 => Self::U128(u128::from_le_bytes(input.array(expected)?)),
            5 => Self::F64(f64::from_le_bytes(input.array(expected)?)),
            6 => Self::Bool(false),
            7 => Self::Bool(true),
            8 => Self::Str(Text::decode(input, expected)?),
            9 => Self::Debug(Text::decode(input, expected)?),
            10 => Self::Display(Text::decode(input, expected)?),
            found => return Err(Malformed::Range { offset, expected, found: u64::from(found) }),
        })
    }
}

/// A list of values: a varint that counts them, then one after the other.
///
/// The bytes are checked when they are decoded and read again by [`iter`](Self::iter), so that
/// decoding an event allocates nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values<'a>(Cow<'a, [u8]>);

impl<'a> Values<'a> {
    /// Encodes `values`.
    pub fn new<'v>(values: impl ExactSizeIterator<Item = Value<'v>>) -> Self {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, values.len() as u64);
        for value in values {
            value.encode(&mut bytes);
        }
        Self(Cow::Owned(bytes))
    }

    /// Takes bytes in which a writer has encoded a count and as many values.
    pub fn from_encoded(bytes: &'a [u8]) -> Self {
        Self(Cow::Borrowed(bytes))
    }

    /// The values in order.
    pub fn iter(&self) -> impl Iterator<Item = Value<'_>> {
        let mut input = Cursor::new(&self.0);
        let len = input.length("values").unwrap_or(0);
        (0..len).map_while(move |_| Value::decode(&mut input, "values").ok())
    }
}

impl<'a> Field<'a> for Values<'a> {
    const SHAPE: &'static str = "values";

    fn encode(&self, out: &mut impl Sink) {
        out.put(&self.0);
    }

    #[inline]
    fn decode(input: &mut Cursor<'a>, expected: &'static str) -> Result<Self, Malformed> {
        let mut ahead = input.clone();
        let len = ahead.length(expected)?;
        for _ in 0..len {
            Value::pass(&mut ahead, expected)?;
        }
        let bytes = input.take(ahead.position() - input.position(), expected)?;
        Ok(Self(Cow::Borrowed(bytes)))
    }
}
