//! Argument values: what a program may attach to a region or a task.

use std::fmt;

use smallvec::SmallVec;
use trace_format::wire::{Field, Sink, put_varint};
use trace_format::{Text, Values};

use crate::scratch::{Scratch, TEXT_LIMIT};
use crate::short::Out;

/// A value on its way into the trace.
///
/// Usually made by the argument syntax of the macros; [`debug`](Value::debug) and
/// [`display`](Value::display) make one for [`Region::arg`](crate::Region::arg) and the like.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Value<'a> {
    /// A signed integer.
    I64(i64),
    /// An unsigned integer.
    U64(u64),
    /// A signed integer of 128 bits.
    I128(i128),
    /// An unsigned integer of 128 bits.
    U128(u128),
    /// A floating-point number.
    F64(f64),
    /// A truth value.
    Bool(bool),
    /// A string. What is beyond 4,096 bytes is cut off, and the length recorded.
    Str(&'a str),
    /// What `Debug` writes, cut like a string.
    Debug(&'a dyn fmt::Debug),
    /// What `Display` writes, cut like a string.
    Display(&'a dyn fmt::Display),
}

impl<'a> Value<'a> {
    /// A value that is written with its `Debug`, as `?name` is in the macros.
    pub fn debug<T: fmt::Debug>(value: &'a T) -> Self {
        Self::Debug(value)
    }

    /// A value that is written with its `Display`, as `%name` is in the macros.
    pub fn display<T: fmt::Display>(value: &'a T) -> Self {
        Self::Display(value)
    }

    /// How the file has it, if it is a number that is encoded like that.
    #[inline(always)]
    pub(crate) fn tagged_varint(&self) -> Option<(u8, u64)> {
        use trace_format::Value as Out;
        match *self {
            Self::I64(v) => Out::I64(v).tagged_varint(),
            Self::U64(v) => Out::U64(v).tagged_varint(),
            _ => None,
        }
    }

    /// Formats the value, if it has to be, into `scratch` and calls `f` with what the file gets.
    pub(crate) fn resolve<R>(
        self,
        scratch: &mut Scratch,
        f: impl FnOnce(trace_format::Value<'_>) -> R,
    ) -> R {
        use trace_format::Value as Out;
        f(match self {
            Self::I64(v) => Out::I64(v),
            Self::U64(v) => Out::U64(v),
            Self::I128(v) => Out::I128(v),
            Self::U128(v) => Out::U128(v),
            Self::F64(v) => Out::F64(v),
            Self::Bool(v) => Out::Bool(v),
            Self::Str(v) => Out::Str(Text::cut(v, TEXT_LIMIT)),
            Self::Debug(v) => Out::Debug(scratch.format(format_args!("{v:?}"))),
            Self::Display(v) => Out::Display(scratch.format(format_args!("{v}"))),
        })
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I64(v) => v.fmt(f),
            Self::U64(v) => v.fmt(f),
            Self::I128(v) => v.fmt(f),
            Self::U128(v) => v.fmt(f),
            Self::F64(v) => v.fmt(f),
            Self::Bool(v) => v.fmt(f),
            Self::Str(v) => v.fmt(f),
            Self::Debug(v) => v.fmt(f),
            Self::Display(v) => v.fmt(f),
        }
    }
}

/// Encodes values as the file has them, into `out`, which has room for [`most_len`] of them; `None`
/// when one has to be formatted, or its text does not fit beside those that may follow. Calls nothing
/// of the program's.
pub(crate) fn encode_plain(values: &[Value<'_>], out: &mut Out) -> Option<()> {
    use trace_format::Value as As;
    out.put_word(values.len() as u64, 1);
    for value in values {
        match *value {
            Value::I64(v) => put(As::I64(v), out),
            Value::U64(v) => put(As::U64(v), out),
            Value::I128(v) => put(As::I128(v), out),
            Value::U128(v) => put(As::U128(v), out),
            Value::F64(v) => put(As::F64(v), out),
            Value::Bool(v) => put(As::Bool(v), out),
            Value::Str(v) => {
                let text = Text::cut(v, TEXT_LIMIT);
                if !out.has_room_for(text.bytes.len() + most_len(values.len())?) {
                    return None;
                }
                put(As::Str(text), out);
            }
            Value::Debug(_) | Value::Display(_) => return None,
        }
    }
    Some(())
}

/// Encodes a value that borrows what is in it, so that nothing is to be dropped.
#[cfg_attr(not(debug_assertions), inline(always))]
fn put(value: trace_format::Value<'_>, out: &mut impl Sink) {
    value.encode(out);
    std::mem::forget(value);
}

/// How many bytes so many values take at most, but for texts in them; `None` when there are more than
/// a byte can count.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn most_len(count: usize) -> Option<usize> {
    /// The length of a text can take ten bytes, and so can the length that it had.
    const VALUE_LEN: usize = 1 + 10 + 10;
    (count < 0x80).then_some(1 + VALUE_LEN * count)
}

/// A list of values, encoded as the file has them. Short ones need no memory.
pub(crate) struct Encoded(SmallVec<[u8; 120]>);

impl Encoded {
    /// Encodes `values`: formats what has to be.
    pub(crate) fn new(values: &[Value<'_>]) -> Self {
        let mut encoded = Self(SmallVec::new());
        put_varint(&mut encoded, values.len() as u64);
        let mut text = Scratch::new();
        for value in values {
            value.resolve(&mut text, |value| value.encode(&mut encoded));
        }
        encoded
    }

    pub(crate) fn values(&self) -> Values<'_> {
        Values::from_encoded(&self.0)
    }
}

impl Sink for Encoded {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// What can be an argument as it is: numbers, truth values, strings, and references to them.
///
/// Implement it for a type of your own by returning the value that stands for it:
///
/// ```
/// # use trace_core as trace;
/// struct OrderId(u64);
///
/// impl trace::Arg for OrderId {
///     fn value(&self) -> trace::Value<'_> {
///         trace::Value::U64(self.0)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be recorded as an argument as it is",
    label = "write `?` before it to record its `Debug`, `%` for its `Display`",
    note = "numbers, `bool` and strings can; implement `trace::Arg` for other types"
)]
pub trait Arg {
    /// The value to record.
    fn value(&self) -> Value<'_>;
}

macro_rules! numbers {
    ($($Variant:ident($Wide:ty): $($Type:ty)*;)*) => {
        $($(impl Arg for $Type {
            #[inline(always)]
            fn value(&self) -> Value<'_> {
                Value::$Variant(*self as $Wide)
            }
        })*)*
    };
}

numbers! {
    I64(i64): i8 i16 i32 i64 isize;
    U64(u64): u8 u16 u32 u64 usize;
    I128(i128): i128;
    U128(u128): u128;
    F64(f64): f32 f64;
    Bool(bool): bool;
}

/// What a counter can show: integers up to 64 bits and floating-point numbers.
#[diagnostic::on_unimplemented(
    message = "a counter cannot show a `{Self}`",
    label = "expected an integer of at most 64 bits, or a floating-point number"
)]
pub trait Number: Arg + Copy + sealed::Sealed {}

mod sealed {
    /// Keeps [`Number`](super::Number) to the types below.
    pub trait Sealed {}
}

macro_rules! counter_numbers {
    ($($Type:ty)*) => { $(impl Number for $Type {} impl sealed::Sealed for $Type {})* };
}

counter_numbers! { i8 i16 i32 i64 isize u8 u16 u32 u64 usize f32 f64 }

impl Arg for str {
    #[inline(always)]
    fn value(&self) -> Value<'_> {
        Value::Str(self)
    }
}

impl Arg for String {
    #[inline(always)]
    fn value(&self) -> Value<'_> {
        Value::Str(self)
    }
}

impl Arg for char {
    #[inline(always)]
    fn value(&self) -> Value<'_> {
        Value::Display(self)
    }
}

impl Arg for std::borrow::Cow<'_, str> {
    #[inline(always)]
    fn value(&self) -> Value<'_> {
        Value::Str(self)
    }
}

impl Arg for Value<'_> {
    #[inline(always)]
    fn value(&self) -> Value<'_> {
        *self
    }
}

macro_rules! pointers {
    ($($Pointer:ty)*) => {
        $(impl<T: Arg + ?Sized> Arg for $Pointer {
            #[inline(always)]
            fn value(&self) -> Value<'_> {
                (**self).value()
            }
        })*
    };
}

pointers! { &T &mut T Box<T> std::rc::Rc<T> std::sync::Arc<T> }
