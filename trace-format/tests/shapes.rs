//! The bytes of every shape, one by one. A change here is a new version of the format.

use trace_format::wire::{Bounded, Cursor, Field, LIST_LIMIT, Sink, put_varint};
use trace_format::{
    Beginning, BlockType, CallsiteId, CallsiteKind, ClockSource, LossCause, Malformed, Overflow,
    TaskId, Text, Ticks, Value, Values,
};

fn bytes_of<'a>(value: &impl Field<'a>) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.encode(&mut bytes);
    bytes
}

/// The value has these bytes, and the bytes have this value and no more.
#[track_caller]
fn same<T>(value: T, bytes: &'static [u8])
where
    T: Field<'static> + PartialEq + std::fmt::Debug,
{
    assert_eq!(bytes_of(&value), bytes);
    let mut input = Cursor::new(bytes);
    assert_eq!(T::decode(&mut input, "it"), Ok(value));
    assert!(input.is_empty());
    for len in 0..bytes.len() {
        T::decode(&mut Cursor::new(&bytes[..len]), "it").expect_err("it was cut");
    }
}

#[track_caller]
fn refused<T: Field<'static> + std::fmt::Debug>(bytes: &'static [u8], message: &str) {
    let malformed = T::decode(&mut Cursor::new(bytes), "it").unwrap_err();
    assert_eq!(malformed.to_string(), message);
}

#[trace::test]
fn varint() {
    same(0_u64, &[0]);
    same(127_u64, &[0x7f]);
    same(128_u64, &[0x80, 1]);
    same(300_u64, &[0xac, 2]);
    same(1_u64 << 56, &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1]);
    same(u64::MAX, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
}

#[trace::test]
fn a_varint_longer_than_it_must_be_is_refused() {
    let message = "expected it as the shortest varint of at most 64 bits at 0";
    refused::<u64>(&[0x80, 0], message);
    refused::<u64>(&[0xff, 0x80, 0], message);
    refused::<u64>(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0], message);
}

#[trace::test]
fn a_varint_of_more_than_64_bits_is_refused() {
    let message = "expected it as the shortest varint of at most 64 bits at 0";
    refused::<u64>(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2], message);
    refused::<u64>(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0], message);
}

#[trace::test]
fn varint_below_two_to_the_32() {
    same(u32::MAX, &[0xff, 0xff, 0xff, 0xff, 0x0f]);
    refused::<u32>(&[0x80, 0x80, 0x80, 0x80, 0x10], "it at 0 cannot be 4294967296");
}

#[trace::test]
fn ticks() {
    same(Ticks(0x0102_0304_0506_0708), &[8, 7, 6, 5, 4, 3, 2, 1]);
}

#[trace::test]
fn callsite() {
    same(CallsiteId(7), &[7, 0]);
    same(CallsiteId(0xfffe), &[0xfe, 0xff]);
    same(CallsiteId(0xffff), &[0xff, 0xff, 0xff, 0xff, 0, 0]);
    same(CallsiteId(u32::MAX), &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    refused::<CallsiteId>(&[0xff, 0xff, 7, 0, 0, 0], "it at 0 cannot be 7");
}

#[trace::test]
fn task() {
    same(TaskId::BACKGROUND, &[0]);
    same(TaskId(300), &[0xac, 2]);
}

#[trace::test]
fn text() {
    same(Text::new(""), &[0]);
    same(Text::new("milk"), &[8, b'm', b'i', b'l', b'k']);
    same(Text { bytes: b"\xff\0"[..].into(), original_len: None }, &[4, 0xff, 0]);
}

#[trace::test]
fn a_text_that_was_cut_tells_how_long_it_was() {
    same(Text { bytes: b"mi"[..].into(), original_len: Some(300) }, &[5, 0xac, 2, b'm', b'i']);
    assert_eq!(Text::cut("milk", 4), Text::new("milk"));
    assert_eq!(Text::cut("milk", 3).bytes, &b"mil"[..]);
    let cup = Text::cut("täglich", 2);
    assert_eq!((&*cup.bytes, cup.original_len), (&b"t"[..], Some(8)), "no half of an ä");
}

#[trace::test]
fn a_text_longer_than_the_bytes_is_refused() {
    let message = "expected it, found the end of the bytes at 3";
    refused::<Text<'_>>(&[6, b'a', b'b'], message);
    let huge = &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    refused::<Text<'_>>(huge, "expected it, found the end of the bytes at 10");
}

#[trace::test]
fn value() {
    same(Value::I64(0), &[1, 0]);
    same(Value::I64(-1), &[1, 1]);
    same(Value::I64(1), &[1, 2]);
    same(Value::I64(i64::MIN), &[1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]);
    same(Value::U64(300), &[2, 0xac, 2]);
    same(
        Value::I128(-2),
        &[3, 254, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255],
    );
    same(Value::U128(1), &[4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    same(Value::F64(0.5), &[5, 0, 0, 0, 0, 0, 0, 0xe0, 0x3f]);
    same(Value::Bool(false), &[6]);
    same(Value::Bool(true), &[7]);
    same(Value::Str(Text::new("a")), &[8, 2, b'a']);
    same(Value::Debug(Text::new("a")), &[9, 2, b'a']);
    same(Value::Display(Text::new("a")), &[10, 2, b'a']);
    refused::<Value<'_>>(&[0], "it at 0 cannot be 0");
    refused::<Value<'_>>(&[11], "it at 0 cannot be 11");
}

#[trace::test]
fn doubles_are_equal_when_their_bits_are() {
    assert_eq!(Value::F64(f64::NAN), Value::F64(f64::NAN));
    assert_ne!(Value::F64(0.0), Value::F64(-0.0));
}

#[trace::test]
fn values() {
    same(Values::new([].into_iter()), &[0]);
    let two = [Value::Bool(true), Value::U64(5)];
    same(Values::new(two.clone().into_iter()), &[2, 7, 2, 5]);
    assert_eq!(Values::from_encoded(&[2, 7, 2, 5]).iter().collect::<Vec<_>>(), two);
    refused::<Values<'_>>(&[2, 7, 11], "it at 2 cannot be 11");
}

#[trace::test]
fn list() {
    same(Vec::<Text<'_>>::new(), &[0]);
    same(vec![Text::new("a"), Text::new("")], &[2, 2, b'a', 0]);
}

#[trace::test]
fn a_count_of_more_than_the_bytes_is_refused_at_once() {
    let huge = &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 0];
    let message = "it at 0 claims 18446744073709551615 entries, but 2 bytes follow";
    refused::<Vec<Text<'_>>>(huge, message);
    refused::<Values<'_>>(huge, message);
}

#[trace::test]
fn bytes_with_a_meaning() {
    same(ClockSource::Tsc, &[1]);
    same(CallsiteKind::Argument, &[5]);
    same(LossCause::PoolFull, &[1]);
    same(Overflow::Block, &[2]);
    same(Overflow::Overwrite, &[3]);
    same(BlockType::Summary, &[6]);
    refused::<Overflow>(&[0], "it at 0 cannot be 0");
    refused::<Overflow>(&[4], "it at 0 cannot be 4");
    same(Beginning::Midway, &[2]);
    refused::<Beginning>(&[3], "it at 0 cannot be 3");
}

#[trace::test]
fn bounded_memory_takes_everything_or_says_so() {
    let mut memory = [0; 4];
    let mut out = Bounded::new(&mut memory);
    out.put(&[1, 2]);
    put_varint(&mut out, 300);
    assert_eq!(out.len(), Some(4));
    out.put(&[]);
    assert_eq!(out.len(), Some(4));
    out.put(&[5]);
    assert_eq!(out.len(), None);
    out.put(&[]);
    assert_eq!(out.len(), None, "what did not fit is not forgotten");
    assert_eq!(memory, [1, 2, 0xac, 2]);
}

#[trace::test]
fn integers_of_any_length_are_the_same_near_the_end() {
    let bytes = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    for len in 0..=8 {
        let far = Cursor::new(&bytes).little_endian(len, "it").unwrap();
        let near = Cursor::new(&bytes[..len]).little_endian(len, "it").unwrap();
        assert_eq!(far, near);
    }
    let short = Cursor::new(&bytes[..2]).little_endian(3, "it");
    assert_eq!(short, Err(Malformed::Ends { offset: 2, expected: "it" }));
}

#[trace::test]
fn a_list_is_of_limited_length() {
    let list = |len: usize| {
        let mut bytes = Vec::new();
        vec![Text::new(""); len].encode(&mut bytes);
        Vec::<Text<'_>>::decode(&mut Cursor::new(&bytes), "list").map(|list| list.len())
    };
    assert_eq!(list(LIST_LIMIT), Ok(LIST_LIMIT));
    let found = LIST_LIMIT as u64 + 1;
    assert_eq!(list(LIST_LIMIT + 1), Err(Malformed::Range { offset: 0, expected: "list", found }));
}
