//! Any event, any record, any trace.

use proptest::collection::vec;
use proptest::prelude::*;
use trace_format::wire::Field;
use trace_format::{
    Anchor, Beginning, BlockType, Callsite, CallsiteId, CallsiteKind, ChunkHead, ClockSource,
    DELTA_LIMIT, Event, FiberId, FiberOutcome, Header, LossCause, LossRecord, MAGIC, OpenRegion,
    Overflow, Summary, TaskId, Text, Ticks, Timed, Value, Values, put_block,
};

/// Integers of all lengths, so that the ends of each encoding's ranges are near.
fn integer() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0..64_u32).prop_map(|(value, shift)| value >> shift)
}

fn callsite_id() -> impl Strategy<Value = CallsiteId> {
    prop_oneof![any::<u16>().prop_map(u32::from), 0xfff0..0x1_0010_u32, any::<u32>()]
        .prop_map(CallsiteId)
}

fn task() -> impl Strategy<Value = TaskId> {
    integer().prop_map(TaskId)
}

fn fiber() -> impl Strategy<Value = FiberId> {
    integer().prop_map(FiberId)
}

fn outcome() -> impl Strategy<Value = FiberOutcome> {
    prop::sample::select(FiberOutcome::ALL)
}

fn ticks() -> impl Strategy<Value = Ticks> {
    any::<u64>().prop_map(Ticks)
}

fn text() -> impl Strategy<Value = Text<'static>> {
    let bytes = prop_oneof![
        vec(any::<char>(), 0..12).prop_map(|chars| String::from_iter(chars).into_bytes()),
        vec(any::<u8>(), 0..12),
        vec(prop::sample::select(&b"\"\\\n\r\t #[]/,=x{}\0\x7f"[..]), 0..12),
    ];
    (bytes, prop::option::of(integer()))
        .prop_map(|(bytes, original_len)| Text { bytes: bytes.into(), original_len })
}

pub(crate) fn value() -> impl Strategy<Value = Value<'static>> {
    prop_oneof![
        any::<i64>().prop_map(Value::I64),
        integer().prop_map(Value::U64),
        any::<i128>().prop_map(Value::I128),
        any::<u128>().prop_map(Value::U128),
        any::<u64>().prop_map(|bits| Value::F64(f64::from_bits(bits))),
        any::<f64>().prop_map(Value::F64),
        any::<bool>().prop_map(Value::Bool),
        text().prop_map(Value::Str),
        text().prop_map(Value::Debug),
        text().prop_map(Value::Display),
    ]
}

fn values() -> impl Strategy<Value = Values<'static>> {
    vec(value(), 0..4).prop_map(|values| Values::new(values.into_iter()))
}

fn event() -> impl Strategy<Value = Event<'static>> {
    prop_oneof![
        callsite_id().prop_map(|callsite| Event::RegionBegin { callsite }),
        (callsite_id(), task())
            .prop_map(|(callsite, task)| Event::TaskRegionBegin { callsite, task }),
        Just(Event::RegionEnd {}),
        (callsite_id(), integer(), task(), integer()).prop_map(|(callsite, age, task, inner)| {
            Event::WholeRegionEnd { callsite, age, task, inner }
        }),
        callsite_id().prop_map(|callsite| Event::UnseenRegionEnd { callsite }),
        values().prop_map(|values| Event::RegionArgs { values }),
        (callsite_id(), integer(), value()).prop_map(|(key, outward, value)| Event::RegionArg {
            key,
            outward,
            value
        }),
        (callsite_id(), task(), task()).prop_map(|(callsite, task, parent)| Event::TaskBegin {
            callsite,
            task,
            parent
        }),
        (callsite_id(), task(), task(), integer()).prop_map(|(callsite, task, parent, age)| {
            Event::TaskEnd { callsite, task, parent, age }
        }),
        (callsite_id(), task())
            .prop_map(|(callsite, task)| Event::UnseenTaskEnd { callsite, task }),
        values().prop_map(|values| Event::TaskArgs { values }),
        (callsite_id(), task(), value()).prop_map(|(key, task, value)| Event::TaskArg {
            key,
            task,
            value
        }),
        task().prop_map(|task| Event::TaskEnter { task }),
        (callsite_id(), text()).prop_map(|(callsite, message)| Event::Log { callsite, message }),
        (callsite_id(), task(), text()).prop_map(|(callsite, task, message)| Event::TaskLog {
            callsite,
            task,
            message
        }),
        (callsite_id(), value()).prop_map(|(callsite, value)| Event::Counter { callsite, value }),
        ticks().prop_map(|ticks| Event::Clock { ticks }),
        (prop::sample::select(LossCause::ALL), integer(), integer())
            .prop_map(|(cause, count, age)| Event::Loss { cause, count, age }),
        (callsite_id(), fiber(), fiber(), task()).prop_map(|(callsite, fiber, parent, task)| {
            Event::FiberBegin { callsite, fiber, parent, task }
        }),
        (callsite_id(), fiber(), integer())
            .prop_map(|(callsite, fiber, waited)| Event::PollBegin { callsite, fiber, waited }),
        (callsite_id(), fiber(), integer(), task()).prop_map(|(callsite, fiber, waited, task)| {
            Event::TaskPollBegin { callsite, fiber, waited, task }
        }),
        (callsite_id(), fiber(), fiber(), task(), vec(integer(), 4), outcome()).prop_map(
            |(callsite, fiber, parent, task, n, outcome)| {
                let (age, busy, waited, polls) = (n[0], n[1], n[2], n[3]);
                Event::FiberEnd { callsite, fiber, parent, task, age, busy, waited, polls, outcome }
            }
        ),
        (callsite_id(), fiber(), outcome()).prop_map(|(callsite, fiber, outcome)| {
            Event::UnseenFiberEnd { callsite, fiber, outcome }
        }),
        fiber().prop_map(|fiber| Event::Wake { fiber }),
    ]
}

pub(crate) fn timed() -> impl Strategy<Value = Timed<'static>> {
    (integer(), event()).prop_map(|(delta, event)| Timed { delta: delta % DELTA_LIMIT, event })
}

pub(crate) fn header() -> impl Strategy<Value = Header<'static>> {
    let numbers = (any::<u32>(), ticks(), vec(integer(), 5));
    let texts = (text(), text(), text(), text(), text());
    let words = (
        prop::sample::select(ClockSource::ALL),
        prop::sample::select(Overflow::ALL),
        prop::sample::select(Beginning::ALL),
    );
    (numbers, texts, words).prop_map(
        |((version, session, n), texts, (clock, overflow, beginning))| {
            let (program, command_line, host, build_id, pool_path) = texts;
            Header {
                version,
                session,
                clock,
                ticks_per_second: n[0],
                wall_ns: n[1],
                pid: n[2],
                program,
                command_line,
                host,
                build_id,
                pool_path,
                pool_bytes: n[3],
                chunk_bytes: n[4],
                overflow,
                beginning,
            }
        },
    )
}

pub(crate) fn callsite() -> impl Strategy<Value = Callsite<'static>> {
    let kind = prop::sample::select(CallsiteKind::ALL);
    let keys = vec(text(), 0..3);
    (callsite_id(), kind, text(), text(), any::<u32>(), text(), keys).prop_map(
        |(id, kind, name, file, line, module, keys)| Callsite {
            id,
            kind,
            name,
            file,
            line,
            module,
            keys,
        },
    )
}

fn open_region() -> impl Strategy<Value = OpenRegion> {
    (callsite_id(), integer(), task(), proptest::option::of(task()), fiber()).prop_map(
        |(callsite, age, task, outer, fiber)| OpenRegion { callsite, age, task, outer, fiber },
    )
}

pub(crate) fn chunk_head() -> impl Strategy<Value = ChunkHead<'static>> {
    (vec(integer(), 4), ticks(), text(), task(), vec(open_region(), 0..4)).prop_map(
        |(n, base, thread_name, task, open)| ChunkHead {
            thread: n[0],
            sequence: n[1],
            base,
            os_thread: n[2],
            thread_name,
            task,
            depth: n[3],
            open,
        },
    )
}

pub(crate) fn anchor() -> impl Strategy<Value = Anchor> {
    (ticks(), integer(), integer()).prop_map(|(ticks, monotonic_ns, wall_ns)| Anchor {
        ticks,
        monotonic_ns,
        wall_ns,
    })
}

pub(crate) fn loss_record() -> impl Strategy<Value = LossRecord> {
    (integer(), prop::sample::select(LossCause::ALL), integer(), ticks(), ticks())
        .prop_map(|(thread, cause, count, from, to)| LossRecord { thread, cause, count, from, to })
}

pub(crate) fn summary() -> impl Strategy<Value = Summary> {
    (ticks(), integer(), integer()).prop_map(|(end, chunks, lost)| Summary { end, chunks, lost })
}

fn all<'a>(records: Vec<impl Field<'a>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    records.iter().for_each(|record| record.encode(&mut bytes));
    bytes
}

/// A block that says what it should, or any bytes in its place.
fn block() -> impl Strategy<Value = (BlockType, Vec<u8>)> {
    prop_oneof![
        vec(header(), 0..2).prop_map(|records| (BlockType::Header, all(records))),
        vec(callsite(), 0..3).prop_map(|records| (BlockType::Callsites, all(records))),
        vec(anchor(), 0..3).prop_map(|records| (BlockType::Anchors, all(records))),
        vec(loss_record(), 0..3).prop_map(|records| (BlockType::Losses, all(records))),
        vec(summary(), 0..2).prop_map(|records| (BlockType::Summary, all(records))),
        (chunk_head(), vec(timed(), 0..8)).prop_map(|(head, events)| {
            let mut payload = all(vec![head]);
            events.iter().for_each(|timed| timed.encode(&mut payload));
            (BlockType::Chunk, payload)
        }),
        (prop::sample::select(BlockType::ALL), vec(any::<u8>(), 0..40)),
    ]
}

/// A file of such blocks, in any order, most of them numbered in turn.
pub(crate) fn file() -> impl Strategy<Value = Vec<u8>> {
    let blocks = vec((block(), prop::option::weighted(0.1, any::<u32>())), 0..6);
    (any::<bool>(), blocks).prop_map(|(magic, blocks)| {
        let mut file = if magic { MAGIC.to_vec() } else { Vec::new() };
        for (i, ((block_type, payload), other)) in blocks.into_iter().enumerate() {
            put_block(&mut file, block_type, other.unwrap_or(i as u32), &payload);
        }
        file
    })
}
