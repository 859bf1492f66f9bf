//! Several workers find what one finds, to the last digit.

mod program;
mod telling;

use program::{Act, Program, acts};
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use telling::{golden, golden_names};
use trace_format::wire::Field;
use trace_format::{
    BLOCK_HEAD_LEN, BlockType, CallsiteId, ChunkHead, Event, MAGIC, Stretch, Stretches, TaskId,
    Text, Ticks, Value, put_block,
};
use trace_reader::{Analysis, Fate, FiberId, FiberOutcome, Item, Step, Trace, Workers};

/// What one worker finds who reads everything in one piece.
fn alone(trace: &Trace) -> Analysis {
    trace.analyze_with(Workers::new(1).pieces_of(u64::MAX)).unwrap()
}

/// Everything about an analysis, doubles included that are not equal to themselves.
fn assert_same(found: &Analysis, expected: &Analysis, what: &str) {
    assert_eq!(found.regions, expected.regions, "{what}");
    assert_eq!(found.tasks, expected.tasks, "{what}");
    assert_eq!(found.futures, expected.futures, "{what}");
    assert_eq!(found.threads, expected.threads, "{what}");
    assert_eq!(found.logs, expected.logs, "{what}");
    assert_eq!(format!("{:?}", found.counters), format!("{:?}", expected.counters), "{what}");
    assert_eq!(found.loss, expected.loss, "{what}");
    assert_eq!(found.problems, expected.problems, "{what}");
    assert_eq!(found.events, expected.events, "{what}");
}

/// What is found is what the steps tell, one by one.
fn assert_true(analysis: &Analysis, trace: &Trace) {
    let mut regions: BTreeMap<String, (u64, u128, u128)> = BTreeMap::new();
    let mut others = Others::default();
    for thread in &analysis.threads {
        let (mut events, mut covered_ns, mut self_ns, mut first, mut last) = (0, 0, 0, None, None);
        let mut steps = trace.steps(thread.id);
        while let Some(item) = steps.next().unwrap() {
            if item.step.is_event() {
                events += 1;
                first = first.or(Some(item.time));
                last = Some(item.time);
            }
            others.step(trace, &item);
            let Step::RegionEnded(end) = item.step else { continue };
            self_ns += end.self_ns;
            if end.depth == 0 && end.fate != Fate::BeganBefore {
                covered_ns += end.covered_ns;
            }
            let name = trace.callsites().name(end.callsite).into_owned();
            if end.fiber != FiberId::NONE {
                if end.fate == Fate::Complete {
                    others.futures.entry(name).or_default().self_ns += u128::from(end.self_ns);
                }
                continue;
            }
            let sums = regions.entry(name).or_default();
            if let Some(ns) = end.duration_ns() {
                sums.0 += 1;
                sums.1 += u128::from(ns);
                sums.2 += u128::from(end.self_ns);
            }
        }
        let found = (thread.events, thread.covered_ns, thread.self_ns, thread.span);
        assert_eq!(found, (events, covered_ns, self_ns, first.zip(last)));
    }
    let found = analysis.regions.iter().map(|region| {
        let durations = &region.durations;
        (region.name.clone(), (durations.count(), durations.total_ns(), region.self_ns))
    });
    assert_eq!(found.collect::<BTreeMap<_, _>>(), regions);
    let logs = analysis.logs.iter().map(|log| (log.name.clone(), log.count));
    assert_eq!(logs.collect::<BTreeMap<_, _>>(), others.logs);
    let counters = analysis.counters.iter().map(|counter| (counter.name.clone(), counter.count));
    assert_eq!(counters.collect::<BTreeMap<_, _>>(), others.counters);
    let ended = analysis.tasks.iter().filter(|task| task.durations.count() > 0);
    let tasks =
        ended.map(|task| (task.name.clone(), (task.durations.count(), task.durations.total_ns())));
    assert_eq!(tasks.collect::<BTreeMap<_, _>>(), others.tasks);
    let futures = analysis.futures.iter().map(|row| {
        let sums = FutureSums {
            count: row.durations.count(),
            total_ns: row.durations.total_ns(),
            busy_ns: row.busy_ns,
            ready_ns: row.ready_ns,
            self_ns: row.self_ns,
            polls: row.polls,
            began: row.began,
            pending: row.pending as i64,
            began_before: row.began_before,
            cancelled: row.cancelled,
            panicked: row.panicked,
        };
        (row.name.clone(), sums)
    });
    others.futures.values_mut().for_each(|sums| sums.pending = sums.pending.max(0));
    assert_eq!(futures.collect::<BTreeMap<_, _>>(), others.futures);
}

/// What is counted of futures of a name.
#[derive(Debug, Default, PartialEq)]
struct FutureSums {
    count: u64,
    total_ns: u128,
    busy_ns: u128,
    ready_ns: u128,
    self_ns: u128,
    polls: u64,
    began: u64,
    pending: i64,
    began_before: u64,
    cancelled: u64,
    panicked: u64,
}

/// What is counted of steps that end no region, by name.
#[derive(Default)]
struct Others {
    logs: BTreeMap<String, u64>,
    counters: BTreeMap<String, u64>,
    tasks: BTreeMap<String, (u64, u128)>,
    futures: BTreeMap<String, FutureSums>,
    /// Each ends once. The background is none.
    ended: BTreeSet<TaskId>,
    /// As does each future.
    halves: BTreeSet<(FiberId, &'static str)>,
}

impl Others {
    fn step(&mut self, trace: &Trace, item: &Item<'_>) {
        let name = |callsite| trace.callsites().name(callsite).into_owned();
        match item.step {
            Step::Log { callsite, .. } => *self.logs.entry(name(callsite)).or_default() += 1,
            Step::Counter {
                callsite,
                value:
                    Value::I64(_)
                    | Value::U64(_)
                    | Value::I128(_)
                    | Value::U128(_)
                    | Value::F64(_)
                    | Value::Bool(_),
            } => *self.counters.entry(name(callsite)).or_default() += 1,
            Step::TaskEnded { task, callsite, begin, .. }
                if task == TaskId::BACKGROUND || self.ended.insert(task) =>
            {
                let Some(begin) = begin else { return };
                let sums = self.tasks.entry(name(callsite)).or_default();
                sums.0 += 1;
                sums.1 += u128::from(item.time.since(begin));
            }
            Step::FiberBegan { fiber, callsite, .. } => {
                let sums = self.futures.entry(name(callsite)).or_default();
                sums.began += 1;
                let is_first = self.halves.insert((fiber, "begin"));
                sums.pending += i64::from(is_first && !self.halves.contains(&(fiber, "end")));
            }
            Step::FiberEnded(end) => {
                let sums = self.futures.entry(name(end.callsite)).or_default();
                let is_first = self.halves.insert((end.fiber, "end"));
                sums.pending -= i64::from(is_first && self.halves.contains(&(end.fiber, "begin")));
                sums.cancelled += u64::from(end.outcome == FiberOutcome::Cancelled);
                sums.panicked += u64::from(end.outcome == FiberOutcome::Panicked);
                let Some(life) = end.life else {
                    sums.began_before += 1;
                    return;
                };
                sums.count += 1;
                sums.total_ns += u128::from(item.time.since(life.begin));
                sums.busy_ns += u128::from(life.busy_ns);
                sums.ready_ns += u128::from(life.waited_ns);
                sums.polls = sums.polls.saturating_add(life.polls);
            }
            _ => {}
        }
    }
}

fn assert_same_by_any_workers(bytes: &[u8], what: &str) {
    let Ok(trace) = Trace::from_bytes(bytes.to_vec()) else { return };
    let expected = alone(&trace);
    assert_true(&expected, &trace);
    for count in [1, 2, 3, 8] {
        // Every chunk by itself, and a few at a time.
        for piece in [1, 500, 2000] {
            let found = trace.analyze_with(Workers::new(count).pieces_of(piece)).unwrap();
            assert_same(&found, &expected, &format!("{what}, {count} workers, pieces of {piece}"));
        }
    }
    assert_same(&trace.analyze().unwrap(), &expected, what);
}

#[trace::test]
fn golden_traces() {
    for name in golden_names() {
        assert_same_by_any_workers(&golden(&name), &name);
    }
}

#[trace::test]
fn damaged_traces() {
    for name in golden_names() {
        let whole = golden(&name);
        for at in (0..whole.len()).step_by(7) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x11;
            assert_same_by_any_workers(&bytes, &format!("{name}, byte {at}"));
        }
    }
}

/// The checksums are right, what the chunks say is not: heads disagree with what was before.
#[trace::test]
fn traces_with_changed_payloads() {
    for name in golden_names() {
        let whole = golden(&name);
        for stretch in Stretches::new(&whole, MAGIC.len()) {
            let Stretch::Block { offset, head, payload } = stretch else { continue };
            for at in 0..payload.len().min(60) {
                let mut payload = payload.to_vec();
                payload[at] ^= 0x01;
                let mut bytes = whole[..offset].to_vec();
                put_block(&mut bytes, head.block_type, head.sequence, &payload);
                bytes.extend_from_slice(&whole[offset + BLOCK_HEAD_LEN + payload.len()..]);
                assert_same_by_any_workers(&bytes, &format!("{name}, byte {at} of {offset}"));
            }
        }
    }
}

/// The head of a chunk in which nothing is open.
fn head(thread: u64, sequence: u64) -> ChunkHead<'static> {
    ChunkHead {
        thread,
        sequence,
        base: Ticks(1000 + sequence * 100),
        os_thread: 0,
        thread_name: Text::new(""),
        task: TaskId(0),
        depth: 0,
        open: Vec::new(),
    }
}

/// Tasks begin and end on any thread, some twice, and counters are set to what does not add up
/// exactly.
fn shared(thread: u64, seed: u64, callsites: &[u32]) -> Vec<Vec<u8>> {
    let mut random = seed;
    let mut next = move |below: u64| {
        random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (random >> 33) % below
    };
    let chunk = |sequence| {
        let mut payload = Vec::new();
        head(thread, sequence).encode(&mut payload);
        for _ in 0..next(12) {
            let callsite = CallsiteId(callsites[next(callsites.len() as u64) as usize]);
            let (task, parent) = (TaskId(next(40)), TaskId(0));
            let value = Value::F64(1.0 / (1 + next(1000)) as f64);
            let (fiber, parent_fiber) = (FiberId(40 + next(40)), FiberId::NONE);
            let outcome = FiberOutcome::Completed;
            let event = match next(8) {
                0 => Event::TaskBegin { callsite, task, parent },
                1 => Event::TaskEnd { callsite, task, parent, age: next(20) },
                2 => Event::UnseenTaskEnd { callsite, task },
                3 => Event::Counter { callsite, value },
                4 => Event::FiberBegin { callsite, fiber, parent: parent_fiber, task },
                5 => Event::UnseenFiberEnd { callsite, fiber, outcome },
                6 => fiber_end(callsite, fiber),
                _ => Event::Log { callsite, message: Text::new("") },
            };
            event.encode(next(9), &mut payload);
        }
        payload
    };
    (0..6).map(chunk).collect()
}

fn fiber_end(callsite: CallsiteId, fiber: FiberId) -> Event<'static> {
    let (parent, task, outcome) = (FiberId::NONE, TaskId(0), FiberOutcome::Cancelled);
    Event::FiberEnd { callsite, fiber, parent, task, age: 5, busy: 2, waited: 1, polls: 2, outcome }
}

/// Chunks of a thread with regions that take anything from a nanosecond to a second: of one type, so
/// many that not all are kept exactly, and fewer of another.
fn long_thread() -> Vec<u8> {
    let mut bytes = golden("an_order_on_two_threads");
    let mut random = 1_u64;
    for sequence in 0..50 {
        let base = Ticks(1000 + sequence * 1_000_000_000_000);
        let head = ChunkHead { base, ..head(9, sequence) };
        let mut payload = Vec::new();
        head.encode(&mut payload);
        for i in 0..1000 {
            random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            let callsite = CallsiteId(if i % 10 == 0 { 3 } else { 2 });
            Event::RegionBegin { callsite }.encode(1, &mut payload);
            Event::RegionEnd {}.encode(random >> 34 >> (random % 30), &mut payload);
        }
        put_block(&mut bytes, BlockType::Chunk, 9 + sequence as u32, &payload);
    }
    bytes
}

/// Whoever reads ahead is told what need not be exact, and when that comes makes no difference.
#[trace::test]
fn many_regions() {
    let trace = Trace::from_bytes(long_thread()).unwrap();
    let expected = alone(&trace);
    assert_true(&expected, &trace);
    let exact = expected.regions.iter().map(|region| region.durations.is_exact());
    assert!(exact.clone().any(|exact| exact) && exact.clone().any(|exact| !exact));
    for count in [1, 2, 3, 8] {
        for piece in [1, 5000, 50_000] {
            let found = trace.analyze_with(Workers::new(count).pieces_of(piece)).unwrap();
            assert_same(&found, &expected, &format!("{count} workers, pieces of {piece}"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Begins and ends of regions, well nested or not, in chunks some of which are missing.
    #[trace::test]
    fn threads_that_are_cut(
        acts in acts(),
        without in prop_oneof![
            Just(vec![false; 100]),
            prop::collection::vec(prop::bool::weighted(0.1), 100),
        ],
    ) {
        let more = acts.iter().flat_map(|act| [act.clone(), (0, Act::NewChunk)]);
        for acts in [acts.clone(), more.collect()] {
            assert_same_by_any_workers(&Program::run(&acts).file(&without), "acts");
        }
    }

    /// Each task and each future begins and ends once at most, anywhere, the end before the begin maybe, or said
    /// to be of one that began before the trace; and a few do something twice.
    #[trace::test]
    fn tasks_that_begin_and_end_once(
        places in prop::collection::vec((0..60_usize, 0..60_usize, 0..6_u32), 0..80),
        again in prop::collection::vec((0..60_usize, any::<prop::sample::Index>()), 0..3),
    ) {
        let mut chunks = vec![Vec::new(); 60];
        for (task, (begin, end, how)) in (1..).zip(&places) {
            let (fiber, callsite) = (FiberId(task * 40 + 1), CallsiteId(1 + how % 4));
            let (task, parent) = (TaskId(task * 40), TaskId(0));
            // Of the same chunk, the begin comes first; with `how` 4 there is none, with 5 no end.
            if *how != 4 {
                chunks[*begin].push(Event::TaskBegin { callsite, task, parent });
                let parent = FiberId::NONE;
                chunks[*begin].push(Event::FiberBegin { callsite, fiber, parent, task });
            }
            match how {
                0 => {
                    let (callsite, outcome) = (CallsiteId(1), FiberOutcome::Completed);
                    chunks[*end].push(Event::UnseenTaskEnd { callsite, task });
                    chunks[*end].push(Event::UnseenFiberEnd { callsite, fiber, outcome });
                }
                5 => {}
                _ => {
                    let callsite = CallsiteId(1 + how % 3);
                    chunks[*end].push(Event::TaskEnd { callsite, task, parent, age: 3 });
                    chunks[*end].push(fiber_end(callsite, fiber));
                }
            }
        }
        let events: Vec<Event<'_>> = chunks.concat();
        for (chunk, event) in again {
            if !events.is_empty() {
                chunks[chunk].push(event.get(&events).clone());
            }
        }
        let mut bytes = golden("an_order_on_two_threads");
        for (at, events) in chunks.iter().enumerate() {
            let mut payload = Vec::new();
            head(10 + at as u64 / 6, at as u64 % 6).encode(&mut payload);
            events.iter().for_each(|event| event.encode(2, &mut payload));
            put_block(&mut bytes, BlockType::Chunk, 9 + at as u32, &payload);
        }
        assert_same_by_any_workers(&bytes, "tasks");
    }

    #[trace::test]
    fn tasks_on_several_threads(seed in any::<u64>(), damage in any::<prop::sample::Index>()) {
        let mut bytes = golden("an_order_on_two_threads");
        for thread in 1..5 {
            for (sequence, payload) in (9..).zip(shared(thread, seed ^ thread << 7, &[1, 2, 3, 4, 77])) {
                put_block(&mut bytes, BlockType::Chunk, sequence, &payload);
            }
        }
        assert_same_by_any_workers(&bytes, "tasks");
        let at = damage.index(bytes.len());
        bytes[at] ^= 0x24;
        assert_same_by_any_workers(&bytes, "damaged tasks");
    }
}
