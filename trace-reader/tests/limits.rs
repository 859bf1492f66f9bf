//! What is kept of a trace has an end; what is beyond it is counted, and one worker tells the same as several.

use trace_format::wire::Field;
use trace_format::{
    Anchor, BlockType, Callsite, CallsiteId, CallsiteKind, ChunkHead, Event, LossCause, LossRecord,
    MAGIC, TaskId, Text, Ticks, put_block,
};
use trace_reader::analysis::Analysis;
use trace_reader::{Fate, Problem, Step, Time, Trace, Workers};

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
            let start = base;
            let some = events.by_ref().take(5000).inspect(|_| base += 1).map(|event| (1, event));
            self.chunk(thread, sequence, start, some);
            sequence += 1;
        }
    }

    /// A chunk of events, each so many ticks after the one before.
    fn chunk(
        &mut self,
        thread: u64,
        sequence: u64,
        base: u64,
        events: impl Iterator<Item = (u64, Event<'static>)>,
    ) {
        let (base, task, thread_name) = (Ticks(base), TaskId(0), Text::new(""));
        let (os_thread, depth, open) = (0, 0, Vec::new());
        let mut payload = Vec::new();
        ChunkHead { thread, sequence, base, os_thread, thread_name, task, depth, open }
            .encode(&mut payload);
        events.for_each(|(delta, event)| event.encode(delta, &mut payload));
        self.block(BlockType::Chunk, &payload);
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

#[trace::test]
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

#[trace::test]
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

#[trace::test]
fn of_very_many_threads_at_the_same_time_some_wait() {
    const THREADS: u64 = 20_000;
    const LATER: u64 = 1_000_000;
    let mut file = File::new();
    for thread in 1..=THREADS {
        let (first, second) = ((0, begin(thread)), (LATER, end(thread)));
        file.chunk(thread, 0, 1000 + thread, [first, second].into_iter());
    }
    let trace = file.trace();
    let mut steps = trace.merged();
    let (mut begun, mut ended, mut last) = (0, 0, Time(0));
    let mut waiting = None;
    while let Some(item) = steps.next().unwrap() {
        let from = if waiting.is_none() { last } else { Time(0) };
        assert!(item.time >= from, "{:?} after {last:?}", item.time);
        last = item.time;
        match item.step {
            Step::TaskBegan { task, .. } => {
                assert_eq!(task.0, item.thread.0);
                begun += 1;
            }
            Step::TaskEnded { task, .. } => {
                assert_eq!(task.0, item.thread.0);
                ended += 1;
            }
            Step::Problem(problem) => assert!(waiting.replace(problem).is_none()),
            step => panic!("{step:?}"),
        }
    }
    assert_eq!((begun, ended), (THREADS, THREADS));
    let told = trace.describe(&waiting.expect("a thread has to wait"));
    assert!(told.starts_with("thread 16385 begins at "), "{told}");
    assert!(told.contains("while 16384 others are under way"), "{told}");
    // Threads are analysed one after the other.
    let analysis = analysis(&trace);
    assert_eq!((analysis.tasks[0].durations.count(), analysis.problems.total()), (THREADS, 1));
}

#[trace::test]
fn of_very_many_regions_on_all_threads_the_outer_ones_are_given_up() {
    const THREADS: u64 = 2_000;
    const DEPTH: u64 = 100;
    const REGION: CallsiteId = CallsiteId(2);
    let mut file = File::new();
    file.records(
        BlockType::Callsites,
        [callsite(REGION.0, CallsiteKind::Region, "nested")].into_iter(),
    );
    for thread in 1..=THREADS {
        // They begin at about the same time on all threads, and end later.
        let begins = (0..DEPTH).map(|_| (10, Event::RegionBegin { callsite: REGION }));
        let end = |inner| {
            let (age, task) = (1_000_000 + 20 * inner, TaskId(0));
            Event::WholeRegionEnd { callsite: REGION, age, task, inner: 0 }
        };
        let ends = (0..DEPTH).map(|inner| (if inner == 0 { 1_000_000 } else { 10 }, end(inner)));
        file.chunk(thread, 0, 1000 + thread, begins.chain(ends));
    }
    let trace = file.trace();
    let mut steps = trace.merged();
    let (mut begun, mut complete, mut given_up, mut lost) = (0, 0, 0, 0);
    let (mut self_ns, mut covered_ns) = (0, 0);
    while let Some(item) = steps.next().unwrap() {
        match item.step {
            Step::RegionBegan { .. } => begun += 1,
            Step::RegionEnded(end) => {
                match end.fate {
                    Fate::Complete => complete += 1,
                    Fate::Lost => lost += 1,
                    fate => panic!("{fate:?}"),
                }
                self_ns += end.self_ns;
                covered_ns += if end.depth == 0 { end.covered_ns } else { 0 };
            }
            Step::Problem(Problem::TooManyOpen { given_up: some, .. }) => given_up += some,
            step => panic!("{step:?}"),
        }
    }
    // Each region ends as its end tells, those that were given up as well.
    assert_eq!((begun, complete, lost), (THREADS * DEPTH, THREADS * DEPTH, given_up));
    let beyond = THREADS * DEPTH - (1 << 17);
    assert!((beyond..beyond * 2).contains(&given_up), "{given_up} of {beyond}");
    assert_eq!(self_ns, covered_ns);
    // Threads are analysed one after the other.
    let analysis = analysis(&trace);
    assert_eq!(analysis.regions[0].durations.count(), THREADS * DEPTH);
    assert_eq!((analysis.regions[0].partial, analysis.problems.total()), (0, 1));
}

#[trace::test]
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

#[trace::test]
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

#[trace::test]
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
