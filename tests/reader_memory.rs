//! What reading takes of memory, for files that are made to take much: each consists of as many as
//! possible of the smallest things of one kind.
//!
//! All that the reader and the tool do must get by with a few times the length of the file.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use trace_format::wire::Field;
use trace_format::{
    BlockType, Callsite, CallsiteId, CallsiteKind, ChunkHead, Event, LossCause, MAGIC, TaskId,
    Text, Ticks, Value, put_block,
};
use trace_reader::{Selection, Trace};
use trace_tool::Report;
use trace_tool::tasks::Tasks;
use trace_tool::validate::Validation;

/// Counts what is allocated at a time, and the most that ever was.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Relaxed) + layout.size();
        MOST.fetch_max(now, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// So many times the length of a file may be in memory, besides [`ANYHOW`].
const FACTOR: usize = 10;

/// What is there for any file: read-ahead, a block, lists of limited length, room for growth, and what
/// workers know of the tasks of some parts of a mebibyte that they read ahead.
const ANYHOW: usize = 24 << 20;

/// What the open regions of a thread take, of which a limited number are kept.
const OPEN_REGIONS: usize = 16 << 20;

/// How long the files are, about.
const LEN: usize = 2 << 20;

/// The largest payload that is written here. A block may be longer.
const PAYLOAD_LEN: usize = 1 << 20;

/// A file, block by block.
struct File {
    bytes: Vec<u8>,
    sequence: u32,
}

impl File {
    /// With the callsites that events name here.
    fn new() -> Self {
        let mut file = Self { bytes: MAGIC.to_vec(), sequence: 0 };
        let kinds = [CallsiteKind::Task, CallsiteKind::Region, CallsiteKind::Log];
        let mut callsites = Vec::new();
        for (id, kind) in (1..).zip(kinds.into_iter().chain([CallsiteKind::Argument])) {
            callsite(id, kind, 0).encode(&mut callsites);
        }
        file.block(BlockType::Callsites, &callsites);
        file
    }

    fn block(&mut self, block_type: BlockType, payload: &[u8]) {
        put_block(&mut self.bytes, block_type, self.sequence, payload);
        self.sequence += 1;
    }

    /// Blocks of as many of these as are needed.
    fn of(
        block_type: BlockType,
        head: impl Fn(u64) -> Vec<u8>,
        each: impl Fn(u64, &mut Vec<u8>),
    ) -> Vec<u8> {
        let mut file = Self::new();
        let mut number = 0;
        for block in 0.. {
            let mut payload = head(block);
            while payload.len() < PAYLOAD_LEN {
                each(number, &mut payload);
                number += 1;
            }
            file.block(block_type, &payload);
            if file.bytes.len() >= LEN {
                break;
            }
        }
        file.bytes
    }

    /// Chunks of one thread, of as many events as are needed.
    fn of_events(event: impl Fn(u64) -> Event<'static>) -> Vec<u8> {
        Self::of(
            BlockType::Chunk,
            |sequence| chunk(1, sequence),
            |i, payload| event(i).encode(0, payload),
        )
    }

    /// Callsites, as many as are needed.
    fn of_callsites(one: impl Fn(u32) -> Callsite<'static>) -> Vec<u8> {
        Self::of(
            BlockType::Callsites,
            |_| Vec::new(),
            |i, payload| one(i as u32 + 10).encode(payload),
        )
    }
}

fn callsite(id: u32, kind: CallsiteKind, keys: usize) -> Callsite<'static> {
    let (name, keys) = (Text::new(""), vec![Text::new(""); keys]);
    let (file, module) = (name.clone(), name.clone());
    Callsite { id: CallsiteId(id), kind, name, file, line: 0, module, keys }
}

/// The head of a chunk.
fn chunk(thread: u64, sequence: u64) -> Vec<u8> {
    let (base, task) = (Ticks(1000), TaskId(1));
    let (os_thread, fiber, depth, open) = (0, 0, 0, Vec::new());
    let thread_name = Text::new("");
    let mut payload = Vec::new();
    ChunkHead { thread, sequence, base, os_thread, thread_name, task, fiber, depth, open }
        .encode(&mut payload);
    payload
}

/// The kinds that consist of regions which do not end.
const OF_OPEN_REGIONS: [&str; 2] = ["nested regions", "tasks that are mentioned"];

/// A kind of file by name.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let (task_type, region, log, key) =
        (CallsiteId(1), CallsiteId(2), CallsiteId(3), CallsiteId(4));
    let begin = |task, parent| Event::TaskBegin {
        callsite: task_type,
        task: TaskId(task),
        parent: TaskId(parent),
    };
    let named = |id| callsite(id, CallsiteKind::Log, 0);
    let mut threads = File::new();
    for thread in (1..).take_while(|thread| thread * 40 < LEN as u64) {
        threads.block(BlockType::Chunk, &chunk(thread, 0));
    }
    vec![
        ("callsites", File::of_callsites(named)),
        ("callsites far apart", File::of_callsites(|i| named(i * 1000))),
        ("names of arguments", File::of_callsites(|i| callsite(i, CallsiteKind::Region, 4000))),
        (
            "regions",
            File::of_events(|i| match i % 2 {
                0 => Event::RegionBegin { callsite: region },
                _ => Event::RegionEnd {},
            }),
        ),
        ("nested regions", File::of_events(|_| Event::RegionBegin { callsite: region })),
        ("ends", File::of_events(|_| Event::RegionEnd {})),
        ("logs", File::of_events(|_| Event::Log { callsite: log, message: Text::new("") })),
        ("tasks that begin", File::of_events(|i| begin(i + 1, 0))),
        ("a chain of tasks", File::of_events(|i| begin(i + 1, i))),
        ("tasks far apart", File::of_events(|i| begin(64 * (i + 1), 0))),
        (
            "tasks that end",
            File::of_events(|i| Event::UnseenTaskEnd { callsite: task_type, task: TaskId(i) }),
        ),
        (
            "tasks that are mentioned",
            File::of_events(|i| Event::TaskRegionBegin { callsite: region, task: TaskId(i) }),
        ),
        (
            "arguments",
            File::of_events(|_| Event::TaskArg { key, task: TaskId(1), value: Value::Bool(true) }),
        ),
        (
            "losses",
            File::of_events(|_| Event::Loss { cause: LossCause::PoolFull, count: 1, age: 0 }),
        ),
        ("threads", threads.bytes),
    ]
}

/// Does `f`, and returns how much memory it took at a time.
fn most_memory<R>(f: impl FnOnce() -> R) -> usize {
    let before = NOW.load(Relaxed);
    MOST.store(before, Relaxed);
    drop(f());
    MOST.load(Relaxed) - before
}

#[test]
fn reading_takes_a_few_times_the_file() {
    let slowest = || Selection::Slowest { count: 10, task_type: None };
    for (name, file) in files() {
        let len = file.len();
        let path = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(&path, file).expect("it can be written");
        let open = || Trace::open(&path).expect("it can be read");
        for (what, memory) in [
            ("open", most_memory(open)),
            ("report", most_memory(|| Report::of(&open()).unwrap())),
            ("validate", most_memory(|| Validation::of(&open()).unwrap())),
            ("tasks", most_memory(|| Tasks::of(&open(), &slowest(), 200).unwrap())),
            ("task", most_memory(|| Tasks::of(&open(), &Selection::Id(TaskId(1)), 200).is_ok())),
        ] {
            let times = memory as f64 / len as f64;

            let open_regions = if OF_OPEN_REGIONS.contains(&name) { OPEN_REGIONS } else { 0 };
            println!("{name}, {what}: {memory} bytes for {len}, {times:.1} times");
            assert!(
                memory <= FACTOR * len + ANYHOW + open_regions,
                "{what} of a file of {name} takes {memory} bytes for {len}, {times:.1} times as much"
            );
        }
    }
}
