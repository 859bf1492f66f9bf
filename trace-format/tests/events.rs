//! The bytes of every event. A change here is a new version of the format.

use trace_format::wire::Cursor;
use trace_format::{
    CallsiteId, DELTA_LIMIT, EVENTS, Event, FiberId, FiberOutcome, Kind, LossCause, Malformed,
    TaskId, Text, Ticks, Timed, Value, Values, delta_len, head_byte,
};

const CALLSITE: CallsiteId = CallsiteId(7);
const TASK: TaskId = TaskId(5);

/// The event, one tick after the one before, has this kind and the bytes `fields`; both ways.
#[track_caller]
fn same(event: Event<'_>, kind: u8, fields: &[u8]) {
    let bytes = [&[kind << 3 | 1, 1], fields].concat();
    let timed = Timed { delta: 1, event };
    let mut encoded = Vec::new();
    timed.encode(&mut encoded);
    assert_eq!(encoded, bytes);
    let mut input = Cursor::new(&bytes);
    assert_eq!(Timed::decode(&mut input), Ok(timed));
    assert!(input.is_empty());
    for len in 0..bytes.len() {
        Timed::decode(&mut Cursor::new(&bytes[..len])).expect_err("it was cut");
    }
}

#[trace::test]
fn regions() {
    same(Event::RegionBegin { callsite: CALLSITE }, 1, &[7, 0]);
    same(Event::TaskRegionBegin { callsite: CALLSITE, task: TASK }, 2, &[7, 0, 5]);
    same(Event::RegionEnd {}, 3, &[]);
    let whole = Event::WholeRegionEnd { callsite: CALLSITE, age: 300, task: TASK, inner: 2 };
    same(whole, 4, &[7, 0, 0xac, 2, 5, 2]);
    same(Event::UnseenRegionEnd { callsite: CALLSITE }, 5, &[7, 0]);
}

#[trace::test]
fn arguments() {
    let values = || Values::new([Value::Bool(true), Value::U64(9)].into_iter());
    same(Event::RegionArgs { values: values() }, 6, &[2, 7, 2, 9]);
    let value = || Value::I64(-1);
    same(Event::RegionArg { key: CALLSITE, outward: 1, value: value() }, 7, &[7, 0, 1, 1, 1]);
    same(Event::TaskArgs { values: values() }, 11, &[2, 7, 2, 9]);
    same(Event::TaskArg { key: CALLSITE, task: TASK, value: value() }, 12, &[7, 0, 5, 1, 1]);
}

#[trace::test]
fn tasks() {
    let parent = TaskId(4);
    same(Event::TaskBegin { callsite: CALLSITE, task: TASK, parent }, 8, &[7, 0, 5, 4]);
    same(Event::TaskEnd { callsite: CALLSITE, task: TASK, parent, age: 9 }, 9, &[7, 0, 5, 4, 9]);
    same(Event::UnseenTaskEnd { callsite: CALLSITE, task: TASK }, 10, &[7, 0, 5]);
    same(Event::TaskEnter { task: TASK }, 13, &[5]);
}

#[trace::test]
fn logs_and_counters() {
    let message = || Text::new("hot");
    same(Event::Log { callsite: CALLSITE, message: message() }, 14, b"\x07\0\x06hot");
    let log = Event::TaskLog { callsite: CALLSITE, task: TASK, message: message() };
    same(log, 15, b"\x07\0\x05\x06hot");
    same(Event::Counter { callsite: CALLSITE, value: Value::U64(3) }, 16, &[7, 0, 2, 3]);
}

#[trace::test]
fn fibers() {
    let (callsite, fiber, parent, task) = (CALLSITE, FiberId(8), FiberId(6), TASK);
    let outcome = FiberOutcome::Cancelled;
    same(Event::FiberBegin { callsite, fiber, parent, task }, 19, &[7, 0, 8, 6, 5]);
    same(Event::PollBegin { callsite, fiber, waited: 300 }, 20, &[7, 0, 8, 0xac, 2]);
    same(Event::TaskPollBegin { callsite, fiber, waited: 1, task }, 21, &[7, 0, 8, 1, 5]);
    let (age, busy, waited, polls) = (300, 2, 3, 4);
    let end = Event::FiberEnd { callsite, fiber, parent, task, age, busy, waited, polls, outcome };
    same(end, 22, &[7, 0, 8, 6, 5, 0xac, 2, 2, 3, 4, 2]);
    same(Event::UnseenFiberEnd { callsite, fiber, outcome }, 23, &[7, 0, 8, 2]);
    same(Event::Wake { fiber }, 24, &[8]);
}

#[trace::test]
fn clock_and_loss() {
    same(Event::Clock { ticks: Ticks(258) }, 17, &[2, 1, 0, 0, 0, 0, 0, 0]);
    same(Event::Loss { cause: LossCause::Reentrant, count: 300, age: 9 }, 18, &[2, 0xac, 2, 9]);
}

#[trace::test]
fn the_time_takes_as_many_bytes_as_it_needs() {
    let end = |delta| {
        let mut bytes = Vec::new();
        Event::RegionEnd {}.encode(delta, &mut bytes);
        let timed = Timed { delta, event: Event::RegionEnd {} };
        assert_eq!(Timed::decode(&mut Cursor::new(&bytes)), Ok(timed));
        bytes
    };
    assert_eq!(end(0), [3 << 3]);
    assert_eq!(end(255), [3 << 3 | 1, 255]);
    assert_eq!(end(256), [3 << 3 | 2, 0, 1]);
    assert_eq!(end(0x01_0203), [3 << 3 | 3, 3, 2, 1]);
    assert_eq!(end(DELTA_LIMIT - 1), [3 << 3 | 7, 255, 255, 255, 255, 255, 255, 255]);
    for bits in 0..=56 {
        let largest = (1_u64 << bits) - 1;
        assert_eq!(end(largest).len(), 1 + delta_len(largest));
    }
}

#[trace::test]
fn a_time_longer_than_it_must_be_is_refused() {
    for bytes in [&[3 << 3 | 1, 0][..], &[3 << 3 | 2, 9, 0], &[3 << 3 | 7, 1, 0, 0, 0, 0, 0, 0]] {
        let malformed = Timed::decode(&mut Cursor::new(bytes)).unwrap_err();
        assert!(matches!(malformed, Malformed::Varint { offset: 0, .. }), "{malformed}");
    }
}

#[trace::test]
fn a_kind_that_is_not_in_the_table_is_refused() {
    let known: Vec<_> = EVENTS.iter().map(|spec| spec.code).collect();
    for code in (0..32).filter(|code| !known.contains(code)) {
        assert_eq!(
            Timed::decode(&mut Cursor::new(&[code << 3, 1, 1, 1])),
            Err(Malformed::UnknownEvent { offset: 0, found: code })
        );
    }
    assert!(!known.contains(&0), "zeroed memory is no event");
}

#[trace::test]
fn the_table_and_the_kinds_agree() {
    for spec in EVENTS {
        let kind = Kind::from_code(spec.code).unwrap();
        assert_eq!(kind.name(), spec.name);
        assert_eq!(head_byte(kind, 7), spec.code << 3 | 7, "the kind fits five bits");
    }
}

#[trace::test]
fn an_error_tells_event_and_field() {
    let malformed = Timed::decode(&mut Cursor::new(&[4 << 3, 7, 0, 1])).unwrap_err();
    let message = "expected WholeRegionEnd.task, found the end of the bytes at 4";
    assert_eq!(malformed.to_string(), message);
}
