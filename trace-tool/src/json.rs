//! JSON that is safe on a terminal too, and what all commands spell alike in it.
//!
//! Durations are integers named `…_ns`, instants `…time_ns` since the start of the trace (which
//! can be negative) and `…wall_ns` since 1970-01-01 00:00 UTC. Fields may be added; what is there
//! keeps its meaning.

use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};
use trace_format::text::is_plain;
use trace_reader::{Text, Value};

/// Writes `value` in many lines, for the answer to a whole command.
pub(crate) fn write_document(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    write_with(out, value, PrettyFormatter::new())
}

/// Writes `value` in one line, for a list that can be read as it comes.
pub(crate) fn write_line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    write_with(out, value, CompactFormatter)
}

fn write_with(
    out: &mut dyn Write,
    value: &impl Serialize,
    layout: impl Formatter,
) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Escaped(layout));
    value.serialize(&mut serializer)?;
    writeln!(out)
}

/// A layout in which strings hold nothing but plain characters; the rest is `\uXXXX`.
struct Escaped<F>(F);

/// Hands these on to the layout.
macro_rules! layout {
    ($($name:ident($($arg:ident: $Type:ty)?)),+ $(,)?) => {$(
        fn $name<W: ?Sized + Write>(&mut self, out: &mut W $(, $arg: $Type)?) -> io::Result<()> {
            self.0.$name(out $(, $arg)?)
        }
    )+};
}

impl<F: Formatter> Formatter for Escaped<F> {
    layout! {
        begin_array(), end_array(), begin_array_value(first: bool), end_array_value(),
        begin_object(), end_object(), begin_object_key(first: bool), end_object_key(),
        begin_object_value(), end_object_value(),
    }

    fn write_string_fragment<W>(&mut self, out: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        let mut rest = fragment;
        while let Some(at) = rest.find(|c| !is_plain(c)) {
            out.write_all(&rest.as_bytes()[..at])?;
            let mut chars = rest[at..].chars();
            if let Some(c) = chars.next() {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
            rest = chars.as_str();
        }
        out.write_all(rest.as_bytes())
    }
}

/// An argument of a region or a task.
#[derive(Clone, Debug, Serialize)]
pub struct Argument {
    /// Its name.
    pub key: String,
    /// Its value.
    #[serde(serialize_with = "value")]
    pub value: Value<'static>,
    /// The length of the value in bytes before the program cut it, when it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_from: Option<u64>,
}

impl From<&trace_reader::Argument> for Argument {
    fn from(argument: &trace_reader::Argument) -> Self {
        let cut_from = match &argument.value {
            Value::Str(text) | Value::Debug(text) | Value::Display(text) => text.original_len,
            _ => None,
        };
        Self { key: argument.key.to_string(), value: argument.value.clone(), cut_from }
    }
}

/// Numbers and booleans as such, texts as strings; what JSON has no number for as a string.
fn value<S: Serializer>(value: &Value<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    let text = |text: &Text<'_>, serializer: S| serializer.serialize_str(&text.to_str());
    match value {
        Value::I64(v) => serializer.serialize_i64(*v),
        Value::U64(v) => serializer.serialize_u64(*v),
        Value::I128(v) => serializer.collect_str(v),
        Value::U128(v) => serializer.collect_str(v),
        Value::F64(v) if v.is_finite() => serializer.serialize_f64(*v),
        Value::F64(v) => serializer.collect_str(v),
        Value::Bool(v) => serializer.serialize_bool(*v),
        Value::Str(v) | Value::Debug(v) | Value::Display(v) => text(v, serializer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[trace::test]
    fn strings_are_escaped_and_read_back_the_same() {
        let hostile = "a\u{9b}2J\u{202e}\u{e0001}\"\n牛";
        let mut bytes = Vec::new();
        write_line(&mut bytes, &hostile).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text, "\"a\\u009b2J\\u202e\\udb40\\udc01\\\"\\n牛\"\n");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), hostile);
    }
}
