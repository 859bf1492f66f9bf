//! JSON as text, written by hand: strings, numbers and values, at the end of a buffer.
//!
//! Whatever a string holds, what is written is one string of JSON. Numbers that a reader in JavaScript would
//! round are written as strings: nobody is told a number that was not recorded.

use trace_reader::Value;

use crate::text;

/// Integers up to this one are exact as doubles, which is what many readers take numbers for.
const MOST_EXACT: u64 = 1 << 53;

/// Appends a string, in quotes.
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    // Nothing can fail: a buffer in memory takes all, and a string is always a value.
    let _ = serde_json::to_writer(out, text);
}

/// Appends a number.
#[inline]
pub(crate) fn number(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends a number that may be negative.
#[inline]
pub(crate) fn signed(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    self::number(out, number.unsigned_abs());
}

/// Appends nanoseconds as microseconds, exactly.
#[inline]
pub(crate) fn micros(out: &mut Vec<u8>, ns: i64) {
    if ns < 0 {
        out.push(b'-');
    }
    let ns = ns.unsigned_abs();
    number(out, ns / 1000);
    let below = (ns % 1000) as u16;
    let digit = |weight: u16| b'0' + (below / weight % 10) as u8;
    out.extend_from_slice(&[b'.', digit(100), digit(10), digit(1)]);
}

/// Appends a number in hexadecimal, as a string.
#[inline]
pub(crate) fn hexadecimal(out: &mut Vec<u8>, number: u64) {
    let digits = 16 - (number | 1).leading_zeros() / 4;
    out.extend_from_slice(b"\"0x");
    out.extend((0..digits).rev().map(|at| b"0123456789abcdef"[(number >> (4 * at) & 15) as usize]));
    out.push(b'"');
}

/// Appends a value that the program recorded.
pub(crate) fn value(out: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::I64(number) if number.unsigned_abs() <= MOST_EXACT => signed(out, *number),
        Value::U64(number) if *number <= MOST_EXACT => self::number(out, *number),
        Value::I64(number) => string(out, &number.to_string()),
        Value::U64(number) => string(out, &number.to_string()),
        Value::I128(number) => match i64::try_from(*number) {
            Ok(number) => self::value(out, &Value::I64(number)),
            Err(_) => string(out, &number.to_string()),
        },
        Value::U128(number) => match u64::try_from(*number) {
            Ok(number) => self::value(out, &Value::U64(number)),
            Err(_) => string(out, &number.to_string()),
        },
        Value::F64(number) if number.is_finite() => {
            let _ = serde_json::to_writer(out, number);
        }
        Value::F64(number) => string(out, &number.to_string()),
        Value::Bool(truth) => out.extend_from_slice(if *truth { b"true" } else { b"false" }),
        Value::Str(text) | Value::Debug(text) | Value::Display(text) => {
            string(out, &text::marked(text));
        }
    }
}

#[cfg(test)]
mod tests {
    use trace_reader::Text;

    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    #[trace::test]
    fn numbers_are_exact() {
        let ns = [0, 1, 999, 1000, -1, -1_234_567, i64::MAX, i64::MIN];
        let us = ["0.000", "0.001", "0.999", "1.000", "-0.001", "-1234.567"];
        let us = [us.as_slice(), &["9223372036854775.807", "-9223372036854775.808"]].concat();
        assert_eq!(ns.map(|ns| written(|out| micros(out, ns))).as_slice(), us);
        for value in [0, 1, 15, 16, 255, 256, u64::MAX] {
            assert_eq!(written(|out| hexadecimal(out, value)), format!("\"{value:#x}\""));
            assert_eq!(written(|out| number(out, value)), value.to_string());
        }
        assert_eq!(written(|out| signed(out, i64::MIN)), i64::MIN.to_string());
    }

    #[trace::test]
    fn values_are_json_and_lose_nothing() {
        for (value, expected) in [
            (Value::I64(-5), "-5"),
            (Value::I64(i64::MIN), "\"-9223372036854775808\""),
            (Value::U64(1 << 53), "9007199254740992"),
            (Value::U64(u64::MAX), "\"18446744073709551615\""),
            (Value::I128(-7), "-7"),
            (Value::U128(u128::MAX), "\"340282366920938463463374607431768211455\""),
            (Value::F64(0.1), "0.1"),
            (Value::F64(f64::NAN), "\"NaN\""),
            (Value::F64(f64::NEG_INFINITY), "\"-inf\""),
            (Value::Bool(true), "true"),
            (Value::Str(Text::new("a\"\n\0")), r#""a\"\n\u0000""#),
            (Value::Debug(Text::cut("too long", 3)), "\"too…\""),
        ] {
            assert_eq!(written(|out| super::value(out, &value)), expected);
        }
    }
}
