//! The bytes of every record. A change here is a new version of the format.

use trace_format::wire::{Cursor, Field};
use trace_format::{
    Anchor, Beginning, BlockType, Callsite, CallsiteId, CallsiteKind, ChunkHead, ClockSource,
    FiberId, Header, LossCause, LossRecord, OpenRegion, Overflow, RECORDS, Summary, TaskId, Text,
    Ticks,
};

#[track_caller]
fn same<T>(record: T, fields: &[&'static [u8]])
where
    T: Field<'static> + PartialEq + std::fmt::Debug,
{
    let mut encoded = Vec::new();
    record.encode(&mut encoded);
    let bytes: &'static [u8] = fields.concat().leak();
    assert_eq!(encoded, bytes);
    let mut input = Cursor::new(bytes);
    assert_eq!(T::decode(&mut input, T::SHAPE), Ok(record));
    assert!(input.is_empty());
    for len in 0..bytes.len() {
        T::decode(&mut Cursor::new(&bytes[..len]), T::SHAPE).expect_err("it was cut");
    }
}

#[trace::test]
fn header() {
    let header = Header {
        version: 1,
        session: Ticks(2),
        clock: ClockSource::Monotonic,
        ticks_per_second: 300,
        wall_ns: 4,
        pid: 5,
        program: Text::new("p"),
        command_line: Text::new(""),
        host: Text::new("h"),
        build_id: Text::new("b1"),
        pool_path: Text::new("/p"),
        pool_bytes: 6,
        chunk_bytes: 7,
        overflow: Overflow::Block,
        beginning: Beginning::Midway,
    };
    let (session, paths) = (&[2, 0, 0, 0, 0, 0, 0, 0], b"\x02p\0\x02h\x04b1\x04/p");
    same(header, &[&[1], session, &[3], &[0xac, 2], &[4], &[5], paths, &[6], &[7], &[2], &[2]]);
}

#[trace::test]
fn callsite() {
    let callsite = Callsite {
        id: CallsiteId(7),
        kind: CallsiteKind::Task,
        name: Text::new("n"),
        file: Text::new("f"),
        line: 300,
        module: Text::new("m"),
        keys: vec![Text::new("k"), Text::new("l")],
    };
    same(callsite, &[&[7, 0], &[2], b"\x02n\x02f", &[0xac, 2], b"\x02m", b"\x02\x02k\x02l"]);
}

#[trace::test]
fn chunk_head() {
    let head = ChunkHead {
        thread: 1,
        sequence: 2,
        base: Ticks(3),
        os_thread: 4,
        thread_name: Text::new("t"),
        task: TaskId(5),
        depth: 7,
        open: vec![OpenRegion {
            callsite: CallsiteId(8),
            age: 300,
            task: TaskId(5),
            outer: Some(TaskId(9)),
            fiber: FiberId(300),
        }],
    };
    let base = &[3, 0, 0, 0, 0, 0, 0, 0];
    same(head, &[&[1, 2], base, &[4], b"\x02t", &[5, 7], &[1], &[8, 0, 0xac, 2, 5, 10, 0xac, 2]]);
}

#[trace::test]
fn anchor() {
    let anchor = Anchor { ticks: Ticks(1), monotonic_ns: 2, wall_ns: 300 };
    same(anchor, &[&[1, 0, 0, 0, 0, 0, 0, 0], &[2], &[0xac, 2]]);
}

#[trace::test]
fn loss_record() {
    let cause = LossCause::TooLarge;
    let loss = LossRecord { thread: 1, cause, count: 300, from: Ticks(5), to: Ticks(6) };
    same(loss, &[&[1], &[3], &[0xac, 2], &[5, 0, 0, 0, 0, 0, 0, 0], &[6, 0, 0, 0, 0, 0, 0, 0]]);
}

#[trace::test]
fn summary() {
    let summary = Summary { end: Ticks(1), chunks: 2, lost: 300 };
    same(summary, &[&[1, 0, 0, 0, 0, 0, 0, 0], &[2], &[0xac, 2]]);
}

#[trace::test]
fn a_record_has_the_number_of_its_block() {
    for block_type in BlockType::ALL {
        let records = RECORDS.iter().filter(|spec| spec.code == *block_type as u8);
        assert_eq!(records.count(), 1, "{block_type:?}");
    }
    assert_eq!(RECORDS.iter().filter(|spec| spec.code == 0).count(), 1, "only OpenRegion");
}
