//! How values are spelled in the text form.

use std::borrow::Cow;

use crate::args::{Value, Values};
use crate::shapes::{CallsiteId, FiberId, TaskId, Text, Ticks};
use crate::text::{Scan, TextError, quote};

/// A value that has a spelling in the text form.
pub trait Spelled: Sized {
    /// Appends the value's spelling.
    fn print(&self, out: &mut String);

    /// Reads the value's spelling.
    fn parse(input: &mut Scan<'_>) -> Result<Self, TextError>;
}

impl Spelled for u64 {
    fn print(&self, out: &mut String) {
        out.push_str(&self.to_string());
    }

    fn parse(input: &mut Scan<'_>) -> Result<Self, TextError> {
        input.number()
    }
}

impl Spelled for u32 {
    fn print(&self, out: &mut String) {
        out.push_str(&self.to_string());
    }

    fn parse(input: &mut Scan<'_>) -> Result<Self, TextError> {
        input.number()
    }
}

impl Spelled for Ticks {
    fn print(&self, out: &mut String) {
        self.0.print(out);
    }

    fn parse(input: &mut Scan<'_>) -> Result<Self, TextError> {
        Ok(Self(input.number()?))
    }
}

impl Spelled for CallsiteId {
    fn print(&self, out: &mut String) {
        self.0.print(out);
    }

    fn parse(input: &mut Scan<'_>) -> Result<Self, TextError> {
        Ok(Self(input.number()?))
    }
}

impl Spelled for TaskId {
    fn print(&self, out: &mut String) {
        self.0.print(out);
    }

    fn parse(input: &mut Scan<'_>) -> Result<Self, TextError> {
        Ok(Self(input.number()?))
    }
}

impl Spelled for FiberId {
    fn print(&self, out: &mut String) {
        self.0.print(out);
    }

    fn parse(input: &mut Scan<'_>) -> Result<Self, TextError> {
        Ok(Self(input.number()?))
    }
}

impl Spelled for Option<TaskId> {
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

impl Spelled for Text<'_> {
    fn print(&self, out: &mut String) {
        quote(&self.bytes, out);
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

impl<T: Spelled> Spelled for Vec<T> {
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

impl Spelled for Value<'_> {
    /// `i64:-5`, `u64:5`, `f64:0.5`, `true`, `"string"`, `debug:"…"`, `display:"…"`. A double
    /// whose decimal spelling would lose bits (a NaN) is `bits:` and its bits in decimal.
    fn print(&self, out: &mut String) {
        match self {
            Self::I64(v) => out.push_str(&format!("i64:{v}")),
            Self::U64(v) => out.push_str(&format!("u64:{v}")),
            Self::I128(v) => out.push_str(&format!("i128:{v}")),
            Self::U128(v) => out.push_str(&format!("u128:{v}")),
            Self::F64(v) if v.is_nan() => out.push_str(&format!("bits:{}", v.to_bits())),
            Self::F64(v) => out.push_str(&format!("f64:{v:?}")),
            Self::Bool(v) => out.push_str(&v.to_string()),
            Self::Str(v) => v.print(out),
            Self::Debug(v) => {
                out.push_str("debug:");
                v.print(out);
            }
            Self::Display(v) => {
                out.push_str("display:");
                v.print(out);
            }
        }
    }

    fn parse(input: &mut Scan<'_>) -> Result<Self, TextError> {
        let start = input.clone();
        if let Ok(bytes) = Text::parse(input) {
            return Ok(Self::Str(bytes));
        }
        *input = start.clone();
        let word = input.word()?;
        if !matches!(word, "true" | "false") {
            input.expect(":")?;
        }
        Ok(match word {
            "true" => Self::Bool(true),
            "false" => Self::Bool(false),
            "i64" => Self::I64(input.number()?),
            "u64" => Self::U64(input.number()?),
            "i128" => Self::I128(input.number()?),
            "u128" => Self::U128(input.number()?),
            "f64" => Self::F64(input.number()?),
            "bits" => Self::F64(f64::from_bits(input.number()?)),
            "debug" => Self::Debug(Text::parse(input)?),
            "display" => Self::Display(Text::parse(input)?),
            _ => {
                return Err(start.error(
                    "a value: i64: u64: i128: u128: f64: bits: debug: display: true false \"…\"",
                ));
            }
        })
    }
}

impl Spelled for Values<'_> {
    fn print(&self, out: &mut String) {
        self.iter().collect::<Vec<_>>().print(out);
    }

    fn parse(input: &mut Scan<'_>) -> Result<Self, TextError> {
        Ok(Self::new(Vec::<Value<'_>>::parse(input)?.into_iter()))
    }
}
