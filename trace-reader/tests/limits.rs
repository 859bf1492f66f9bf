//! What is kept of a trace has an end; what is beyond it is counted, and one worker tells the same as several.

use trace_format::wire::Field;
use trace_format::{
    Anchor, BlockType, Callsite, CallsiteId, CallsiteKind, ChunkHead, Event, LossCause, LossRecord,
    MAGIC, TaskId, Text, Ticks, put_block,
};
use trace_reader::analysis::Analysis;
use trace_reader::{Problem, Time, Trace, Workers};

const TASK: CallsiteId = CallsiteId(1);

/// Blocks, one after the other, behind a header.
#[derive(Default)]
struct File {
    bytes: Vec<u8>,
    sequence: u32,
}

impl File {
    fn new() -> Self {
        let text = "runtime-trace 1\nblock header\n  Header version=1 session=7 clock=monotonic \
                    ticks_per_second=0 wall_ns=0 pid=1 program=\"\" command_line=\"\" host=\"\" build_id=\"\" \
                    pool_path=\"\" pool_bytes=0 chunk_bytes=0 overflow=drop beginning=start\n";
        let bytes = trace_format::text_to_file(text).unwrap();
        assert!(bytes.starts_with(MAGIC));
        let mut file = Self { bytes, sequence: 1 };
        let mut payload = Vec::new();
        callsite(TASK.0, CallsiteKind::Task, "task").encode(&mut payload);
        file.block(BlockType::Callsites, &payload);
        file
    }

    fn block(&mut self, block_type: BlockType, payload: &[u8]) {
        put_block(&mut self.bytes, block_type, self.sequence, payload);
        self.sequence += 1;
    }

    /// Records in one block.
    fn records<'a, T: Field<'a>>(
        &mut self,
        block_type: BlockType,
        records: impl Iterator<Item = T>,
    ) {
        let mut payload = Vec::new();
        records.for_each(|record| record.encode(&mut payload));
        self.block(block_type, &payload);
    }

    /// Events of a thread, one tick apart, some thousand in a chunk.
    fn events(&mut self, thread: u64, events: impl Iterator<Item = Event<'static>>) {
        let mut events = events.peekable();
        let (mut sequence, mut base) = (0, 1000);
        while events.peek().is_some() {
            let (task, thread_name) = (TaskId(0), Text::new(""));
            let (os_thread, fiber, depth, open) = (0, 0, 0, Vec::new());
            let head = ChunkHead {
                thread,
                sequence,
                base: Ticks(base),
                os_thread,
                thread_name,
                task,
                fiber,
                depth,
                open,
            };
            let mut payload = Vec::new();
            head.encode(&mut payload);
            for event in events.by_ref().take(5000) {
                event.encode(1, &mut payload);
                base += 1;
            }
            self.block(BlockType::Chunk, &payload);
            sequence += 1;
        }
    }

    fn trace(self) -> Trace {
        Trace::from_bytes(self.bytes).unwrap()
    }
}

fn callsite(id: u32, kind: CallsiteKind, name: &str) -> Callsite<'static> {
    let (file, module) = (Text::new(""), Text::new(""));
    let name = Text::new(name).into_owned();
    Callsite { id: CallsiteId(id), kind, name, file, line: 0, module, keys: Vec::new() }
}

fn begin(task: u64) -> Event<'static> {
    Event::TaskBegin { callsite: TASK, task: TaskId(task), parent: TaskId(0) }
}

fn end(task: u64) -> Event<'static> {
    Event::TaskEnd { callsite: TASK, task: TaskId(task), parent: TaskId(0), age: 1 }
}

/// By one worker, and the same by several.
fn analysis(trace: &Trace) -> Analysis {
    let alone = trace.analyze_with(Workers::new(1)).unwrap();
    for pieces in [1 << 10, 1 << 16] {
        assert_eq!(trace.analyze_with(Workers::new(3).pieces_of(pieces)).unwrap(), alone);
    }
    alone
}

#[test]
fn very_many_names_are_one() {
    const NAMES: u32 = 40_000;
    let mut file = File::new();
    let named = (2..NAMES + 2).map(|id| callsite(id, CallsiteKind::Region, &format!("name {id}")));
    file.records(BlockType::Callsites, named);
    // Each name twice, on different threads.
    for thread in [1, 2] {
        let regions = (2..NAMES + 2)
            .flat_map(|id| [Event::RegionBegin { callsite: CallsiteId(id) }, Event::RegionEnd {}]);
        file.events(thread, regions);
    }
    let regions = analysis(&file.trace()).regions;
    assert_eq!(regions.len(), 32_768 + 1);
    let count: u64 = regions.iter().map(|region| region.durations.count()).sum();
    assert_eq!(count, 2 * u64::from(NAMES));
    let others = regions.iter().find(|region| region.name == "(all further names)").unwrap();
    assert_eq!(others.durations.count(), 2 * (u64::from(NAMES) - 32_768));
    assert!(regions.iter().all(|region| region.durations.count() == 2 || *region == *others));
}

#[test]
fn tasks_whose_ids_are_far_apart_are_told_of() {
    const TASKS: u64 = 150_000;
    let far = |n: u64| (n + 1) << 20;
    let mut file = File::new();
    file.events(1, (0..TASKS).map(|n| begin(far(n))));
    file.events(2, (0..TASKS).map(|n| end(far(n))));
    let trace = file.trace();
    let analysis = analysis(&trace);
    let problems: Vec<_> =
        analysis.problems.iter().filter(|p| !matches!(p, Problem::NotStopped { .. })).collect();
    let [Problem::TasksFarApart { count, thread, .. }] = &problems[..] else {
        panic!("{problems:?}");
    };
    assert_eq!((*count, thread.0), (2 * (TASKS - (1 << 17) + 1), 1));
    let told = trace.describe(problems[0]);
    assert!(told.contains("the first of 37858 begins and ends of tasks"), "{told}");
    // All ends are counted; of tasks that were not followed it is not said that they are open.
    assert_eq!((analysis.tasks[0].durations.count(), analysis.tasks[0].open), (TASKS, 0));
    assert_eq!(trace.load().unwrap().problems.total(), analysis.problems.total());
}

#[test]
fn ends_without_a_begin_are_counted_to_the_last() {
    const ENDS: u64 = 50_000;
    let mut file = File::new();
    // Some begin later, on another thread.
    file.events(1, (0..ENDS).map(|n| end(n + 1)));
    file.events(2, (0..ENDS).filter(|n| n % 5 == 0).map(|n| begin(n + 1)));
    let summary = |chunks| trace_format::Summary { end: Ticks(1 << 20), chunks, lost: 0 };
    file.records(BlockType::Summary, [summary(12)].into_iter());
    let trace = file.trace();
    let analysis = analysis(&trace);
    assert_eq!(analysis.problems.total(), ENDS / 5 * 4);
    let is_one = |problem: &Problem| matches!(problem, Problem::TaskEndWithoutBegin { .. });
    assert!(analysis.problems.iter().all(is_one));
    assert_eq!(analysis.tasks[0].open, 0);
    assert_eq!(trace.validate().unwrap().total(), ENDS / 5 * 4);
}

#[test]
fn very_many_losses_are_put_together() {
    let mut file = File::new();
    let loss = |thread| LossRecord {
        thread,
        cause: LossCause::PoolFull,
        count: 1,
        from: Ticks(thread),
        to: Ticks(thread + 1),
    };
    file.records(BlockType::Losses, (1..=100_000).map(loss));
    let trace = file.trace();
    let loss = analysis(&trace).loss;
    assert_eq!((loss.total, loss.losses.len()), (100_000, 65_536 + 1));
    assert_eq!((loss.losses[0].thread, loss.losses[0].count), (None, 100_000 - 65_536));
}

#[test]
fn of_very_many_anchors_some_tell_the_time() {
    const ANCHORS: u64 = 200_000;
    let mut file = File::new();
    // A clock of three ticks per nanosecond.
    let anchor =
        |n: u64| Anchor { ticks: Ticks(300 * n), monotonic_ns: 100 * n, wall_ns: 5000 + 100 * n };
    file.records(BlockType::Anchors, (0..ANCHORS).map(anchor));
    let trace = file.trace();
    let clock = trace.clock();
    assert!((32_768..=65_536).contains(&clock.anchors()), "{}", clock.anchors());
    for n in [0, 1, 1000, ANCHORS / 2 + 7, ANCHORS - 1] {
        assert_eq!(clock.time(300 * n), Time(100 * n as i64));
        assert_eq!(clock.wall_ns(clock.time(300 * n)), Some(5000 + 100 * n));
    }
}
