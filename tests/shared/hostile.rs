//! Files that are made to take as much memory and time as they can: each consists of as many as possible of
//! the smallest things of one kind. For `tests/reader_memory.rs`, and for `benches/stress`, which tries larger
//! ones.

use trace_format::wire::Field;
use trace_format::{
    Anchor, BLOCK_HEAD_LEN, BlockHead, BlockType, Callsite, CallsiteId, CallsiteKind, ChunkHead,
    Event, FiberId, FiberOutcome, LossCause, LossRecord, MAGIC, MARKER, OpenRegion, TaskId, Text,
    Ticks, Value, put_block,
};

/// The largest payload that is written here. A block may be longer.
const PAYLOAD_LEN: usize = 1 << 20;

/// The callsites of every file.
const TASK_TYPE: CallsiteId = CallsiteId(1);
const REGION: CallsiteId = CallsiteId(2);
const LOG: CallsiteId = CallsiteId(3);
const KEY: CallsiteId = CallsiteId(4);

/// A kind of file.
#[derive(Clone, Copy)]
pub(crate) struct Hostile {
    pub(crate) name: &'static str,
    /// Makes one of about so many bytes.
    pub(crate) of_len: fn(usize) -> Vec<u8>,
}

/// The kinds of which regions stay open, or are mentioned, without end.
#[allow(dead_code, reason = "each user takes its part")]
pub(crate) const OF_OPEN_REGIONS: [&str; 3] =
    ["nested regions", "tasks that are mentioned", "polls within polls"];

/// The kinds of which all threads are under way at the same time.
#[allow(dead_code, reason = "each user takes its part")]
pub(crate) const AT_THE_SAME_TIME: [&str; 3] =
    ["threads that go on for long", "threads with regions", "threads with nested regions"];

/// Those that are made of events and callsites.
pub(crate) const OF_EVENTS: &[Hostile] = &[
    Hostile { name: "callsites", of_len: |len| File::of_callsites(len, named) },
    Hostile {
        name: "callsites far apart",
        of_len: |len| File::of_callsites(len, |i| named(i.wrapping_mul(1000))),
    },
    Hostile {
        name: "names of arguments",
        of_len: |len| File::of_callsites(len, |i| callsite(i, CallsiteKind::Region, 4000)),
    },
    Hostile {
        name: "regions",
        of_len: |len| {
            File::of_events(len, |i| match i % 2 {
                0 => Event::RegionBegin { callsite: REGION },
                _ => Event::RegionEnd {},
            })
        },
    },
    Hostile {
        name: "nested regions",
        of_len: |len| File::of_events(len, |_| Event::RegionBegin { callsite: REGION }),
    },
    Hostile { name: "ends", of_len: |len| File::of_events(len, |_| Event::RegionEnd {}) },
    Hostile {
        name: "logs",
        of_len: |len| {
            File::of_events(len, |_| Event::Log { callsite: LOG, message: Text::new("") })
        },
    },
    Hostile { name: "tasks that begin", of_len: |len| File::of_events(len, |i| begin(i + 1, 0)) },
    Hostile { name: "a chain of tasks", of_len: |len| File::of_events(len, |i| begin(i + 1, i)) },
    Hostile {
        name: "futures that begin",
        of_len: |len| {
            File::of_events(len, |i| {
                let (callsite, fiber, task) = (REGION, FiberId(i + 2), TaskId(1));
                match i {
                    0 => begin(1, 0),
                    _ => Event::FiberBegin { callsite, fiber, parent: FiberId(i + 1), task },
                }
            })
        },
    },
    Hostile {
        name: "futures that mention a task each",
        of_len: |len| {
            File::of_events(len, |i| {
                let (callsite, fiber, parent) = (REGION, FiberId(2 * i + 1), FiberId(0));
                Event::FiberBegin { callsite, fiber, parent, task: TaskId(2 * i + 2) }
            })
        },
    },
    Hostile {
        name: "futures of which each has a leaf of its own",
        of_len: |len| {
            File::of_events(len, |i| {
                let (callsite, fiber, parent) = (REGION, FiberId((i + 1) << 12), FiberId(0));
                Event::FiberBegin { callsite, fiber, parent, task: TaskId((i + 1) << 12 | 1) }
            })
        },
    },
    Hostile {
        name: "futures that end",
        of_len: |len| {
            File::of_events(len, |i| match i {
                0 => begin(1, 0),
                _ => Event::FiberEnd {
                    callsite: REGION,
                    fiber: FiberId(i + 2),
                    parent: FiberId(0),
                    task: TaskId(1),
                    age: 0,
                    busy: 0,
                    waited: 0,
                    polls: 0,
                    outcome: FiberOutcome::Completed,
                },
            })
        },
    },
    Hostile {
        name: "futures that are a task",
        of_len: |len| {
            File::of_events(len, |i| {
                let (callsite, fiber, task) = (TASK_TYPE, FiberId(i + 2), TaskId(1));
                match i {
                    0 => begin(1, 0),
                    _ => Event::FiberBegin { callsite, fiber, parent: FiberId(0), task },
                }
            })
        },
    },
    Hostile {
        name: "polls of one future",
        of_len: |len| {
            File::of_events(len, |i| match (i, i % 3) {
                (0, _) => begin(1, 0),
                (_, 0) => Event::Wake { fiber: FiberId(2) },
                (_, 1) => {
                    let (callsite, fiber, task) = (TASK_TYPE, FiberId(2), TaskId(1));
                    Event::TaskPollBegin { callsite, fiber, waited: 1, task }
                }
                _ => Event::RegionEnd {},
            })
        },
    },
    Hostile {
        name: "polls within polls",
        of_len: |len| {
            File::of_events(len, |i| match i {
                0 => begin(1, 0),
                _ => {
                    let (callsite, fiber) = (REGION, FiberId(i + 2));
                    Event::TaskPollBegin { callsite, fiber, waited: 0, task: TaskId(1) }
                }
            })
        },
    },
    Hostile {
        name: "tasks far apart",
        of_len: |len| File::of_events(len, |i| begin(64 * (i + 1), 0)),
    },
    Hostile {
        name: "tasks of which each has a leaf of its own",
        of_len: |len| File::of_events(len, |i| begin((i + 1) << 12, 0)),
    },
    Hostile {
        name: "ends that tell of a begin",
        of_len: |len| {
            File::of_events(len, |i| Event::TaskEnd {
                callsite: TASK_TYPE,
                task: TaskId(i + 1),
                parent: TaskId(0),
                age: 0,
            })
        },
    },
    Hostile {
        name: "tasks that end",
        of_len: |len| {
            File::of_events(len, |i| Event::UnseenTaskEnd { callsite: TASK_TYPE, task: TaskId(i) })
        },
    },
    Hostile {
        name: "tasks that are mentioned",
        of_len: |len| {
            File::of_events(len, |i| Event::TaskRegionBegin { callsite: REGION, task: TaskId(i) })
        },
    },
    Hostile {
        name: "arguments",
        of_len: |len| {
            File::of_events(len, |_| Event::TaskArg {
                key: KEY,
                task: TaskId(1),
                value: Value::Bool(true),
            })
        },
    },
    Hostile {
        name: "losses",
        of_len: |len| {
            File::of_events(len, |_| Event::Loss { cause: LossCause::PoolFull, count: 1, age: 0 })
        },
    },
    Hostile { name: "threads", of_len: |len| threads(len, "", |_| Vec::new()) },
    Hostile { name: "threads of the same name", of_len: |len| threads(len, "n", |_| Vec::new()) },
    Hostile {
        name: "threads that go on for long",
        of_len: |len| threads(len, "", |_| vec![enter_after(0), enter_after(1 << 40)]),
    },
    Hostile { name: "threads with regions", of_len: |len| threads(len, "", |_| region_begins(8)) },
    Hostile {
        name: "threads with nested regions",
        of_len: |len| threads(len, "", |_| region_begins(5000)),
    },
    Hostile { name: "threads whose chunks list regions", of_len: threads_with_heads },
];

/// Those that are made of blocks, and of what is none.
#[allow(dead_code, reason = "each user takes its part")]
pub(crate) const OF_BLOCKS: &[Hostile] = &[
    Hostile { name: "chunks of nothing", of_len: |len| File::of_blocks(len, chunk_of_nothing) },
    Hostile {
        name: "blocks of nothing",
        of_len: |len| File::of_blocks(len, |_| (BlockType::Anchors, Vec::new())),
    },
    Hostile {
        name: "blocks that are malformed",
        of_len: |len| File::of_blocks(len, |_| (BlockType::Losses, vec![0])),
    },
    Hostile {
        name: "anchors",
        of_len: |len| {
            File::of(
                len,
                BlockType::Anchors,
                |_| Vec::new(),
                |i, payload| {
                    Anchor { ticks: Ticks(i), monotonic_ns: i, wall_ns: i }.encode(payload)
                },
            )
        },
    },
    Hostile {
        name: "records of losses",
        of_len: |len| {
            let (cause, count) = (LossCause::PoolFull, 1);
            let (from, to) = (Ticks(0), Ticks(0));
            File::of(
                len,
                BlockType::Losses,
                |_| Vec::new(),
                |thread, payload| {
                    LossRecord { thread, cause, count, from, to }.encode(payload);
                },
            )
        },
    },
    Hostile { name: "regions in heads", of_len: regions_in_heads },
    Hostile { name: "markers", of_len: |len| [MAGIC, &*MARKER.repeat(len / 4)].concat() },
    Hostile { name: "heads that claim all that follows", of_len: |len| claims(len, usize::MAX) },
    Hostile { name: "heads that claim the next kilobyte", of_len: |len| claims(len, 1024) },
    Hostile { name: "counts that promise too much", of_len: counts },
];

/// Those of which each thing has a name of its own.
#[allow(dead_code, reason = "each user takes its part")]
pub(crate) const OF_NAMES: &[Hostile] = &[
    Hostile {
        name: "types of regions",
        of_len: |len| {
            File::of_types(len, CallsiteKind::Region, |callsite| Event::RegionBegin { callsite })
        },
    },
    Hostile {
        name: "types of tasks",
        of_len: |len| {
            File::of_types(len, CallsiteKind::Task, |callsite| Event::UnseenTaskEnd {
                callsite,
                task: TaskId(u64::from(callsite.0)),
            })
        },
    },
    Hostile {
        name: "categories of logs",
        of_len: |len| {
            let message = Text::new("");
            File::of_types(len, CallsiteKind::Log, |callsite| Event::Log {
                callsite,
                message: message.clone(),
            })
        },
    },
    Hostile {
        name: "counters",
        of_len: |len| {
            File::of_types(len, CallsiteKind::Counter, |callsite| Event::Counter {
                callsite,
                value: Value::U64(1),
            })
        },
    },
];

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
        len: usize,
        block_type: BlockType,
        head: impl Fn(u64) -> Vec<u8>,
        each: impl Fn(u64, &mut Vec<u8>),
    ) -> Vec<u8> {
        let mut file = Self::new();
        let mut number = 0;
        for block in 0.. {
            let mut payload = head(block);
            while payload.len() < PAYLOAD_LEN.min(len / 2) {
                each(number, &mut payload);
                number += 1;
            }
            file.block(block_type, &payload);
            if file.bytes.len() >= len {
                break;
            }
        }
        file.bytes
    }

    /// Chunks of one thread, of as many events as are needed.
    fn of_events(len: usize, event: impl Fn(u64) -> Event<'static>) -> Vec<u8> {
        Self::of(
            len,
            BlockType::Chunk,
            |sequence| chunk(1, sequence),
            |i, payload| event(i).encode(0, payload),
        )
    }

    /// Callsites, as many as are needed.
    fn of_callsites(len: usize, one: impl Fn(u32) -> Callsite<'static>) -> Vec<u8> {
        Self::of(
            len,
            BlockType::Callsites,
            |_| Vec::new(),
            |i, payload| one(i as u32 + 10).encode(payload),
        )
    }

    /// As many blocks as are needed.
    fn of_blocks(len: usize, block: impl Fn(u64) -> (BlockType, Vec<u8>)) -> Vec<u8> {
        let mut file = Self::new();
        for number in 0.. {
            if file.bytes.len() >= len {
                break;
            }
            let (block_type, payload) = block(number);
            file.block(block_type, &payload);
        }
        file.bytes
    }

    /// Callsites of different names, and an event for each.
    fn of_types(
        len: usize,
        kind: CallsiteKind,
        event: impl Fn(CallsiteId) -> Event<'static>,
    ) -> Vec<u8> {
        let mut file = Self::new();
        let (mut callsites, mut events) = (Vec::new(), chunk(1, 0));
        let mut id = 10;
        for sequence in 1.. {
            while callsites.len() + events.len() < PAYLOAD_LEN.min(len / 2) {
                let name = Text::new(&format!("{id:x}")).into_owned();
                Callsite { name, ..callsite(id, kind, 0) }.encode(&mut callsites);
                event(CallsiteId(id)).encode(0, &mut events);
                id += 1;
            }
            file.block(BlockType::Callsites, &std::mem::take(&mut callsites));
            file.block(BlockType::Chunk, &std::mem::replace(&mut events, chunk(1, sequence)));
            if file.bytes.len() >= len {
                break;
            }
        }
        file.bytes
    }
}

fn callsite(id: u32, kind: CallsiteKind, keys: usize) -> Callsite<'static> {
    let (name, keys) = (Text::new(""), vec![Text::new(""); keys]);
    let (file, module) = (name.clone(), name.clone());
    Callsite { id: CallsiteId(id), kind, name, file, line: 0, module, keys }
}

fn named(id: u32) -> Callsite<'static> {
    callsite(id, CallsiteKind::Log, 0)
}

fn begin(task: u64, parent: u64) -> Event<'static> {
    Event::TaskBegin { callsite: TASK_TYPE, task: TaskId(task), parent: TaskId(parent) }
}

/// The head of a chunk.
fn chunk(thread: u64, sequence: u64) -> Vec<u8> {
    head_of(thread, sequence, 0, Vec::new())
}

fn head_of(thread: u64, sequence: u64, depth: u64, open: Vec<OpenRegion>) -> Vec<u8> {
    named_head(thread, sequence, depth, open, "")
}

fn named_head(
    thread: u64,
    sequence: u64,
    depth: u64,
    open: Vec<OpenRegion>,
    name: &str,
) -> Vec<u8> {
    let (base, task) = (Ticks(1000), TaskId(1));
    let os_thread = 0;
    let thread_name = Text::new(name);
    let mut payload = Vec::new();
    ChunkHead { thread, sequence, base, os_thread, thread_name, task, depth, open }
        .encode(&mut payload);
    payload
}

fn chunk_of_nothing(number: u64) -> (BlockType, Vec<u8>) {
    (BlockType::Chunk, chunk(1, number))
}

/// Events, each so many ticks after the one before.
type Deltas = Vec<(u64, Event<'static>)>;

fn enter_after(ticks: u64) -> (u64, Event<'static>) {
    (ticks, Event::TaskEnter { task: TaskId(1) })
}

/// So many regions that begin, the last one much later, and do not end.
fn region_begins(count: usize) -> Deltas {
    let begin = |ticks| (ticks, Event::RegionBegin { callsite: REGION });
    let mut begins = vec![begin(0); count - 1];
    begins.push(begin(1 << 40));
    begins
}

/// A chunk of such events for each thread.
fn threads(len: usize, name: &str, events: impl Fn(u64) -> Deltas) -> Vec<u8> {
    let mut threads = File::new();
    for thread in 1.. {
        if threads.bytes.len() >= len {
            break;
        }
        let mut payload = named_head(thread, 0, 0, Vec::new(), name);
        for (ticks, event) in events(thread) {
            event.encode(ticks, &mut payload);
        }
        threads.block(BlockType::Chunk, &payload);
    }
    threads.bytes
}

/// Two chunks of each thread, of which the second says much later that as many regions are open as can be
/// listed.
fn threads_with_heads(len: usize) -> Vec<u8> {
    let mut threads = File::new();
    for thread in 1.. {
        if threads.bytes.len() >= len {
            break;
        }
        threads.block(BlockType::Chunk, &chunk(thread, 0));
        let one = OpenRegion {
            callsite: REGION,
            age: 1,
            task: TaskId(1),
            outer: None,
            fiber: FiberId::NONE,
        };
        let mut payload = Vec::new();
        let (base, task, thread_name) = (Ticks(1 << 40), TaskId(1), Text::new(""));
        let (sequence, os_thread, depth, open) = (1, 0, 4000, vec![one; 4000]);
        ChunkHead { thread, sequence, base, os_thread, thread_name, task, depth, open }
            .encode(&mut payload);
        threads.block(BlockType::Chunk, &payload);
    }
    threads.bytes
}

/// Chunks of which each says that as many regions are open as can be listed, and others than before.
fn regions_in_heads(len: usize) -> Vec<u8> {
    File::of_blocks(len, |number| {
        let one = OpenRegion {
            callsite: REGION,
            age: number % 100,
            task: TaskId(1),
            outer: None,
            fiber: FiberId::NONE,
        };
        (BlockType::Chunk, head_of(1, number, 4000, vec![one; 4000]))
    })
}

/// Sound heads one behind the other, of which each claims what follows, up to `most` bytes of it.
fn claims(len: usize, most: usize) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    let count = (len / BLOCK_HEAD_LEN) as u32;
    for number in 0..count {
        let left = (count - number - 1) as usize * BLOCK_HEAD_LEN;
        let mut head = BlockHead::of(BlockType::Chunk, number, &[]);
        (head.len, head.checksum) = (left.min(most) as u32, 1);
        bytes.extend_from_slice(&head.to_bytes());
    }
    bytes
}

/// Chunks whose events say that as many values follow as the rest of the payload has bytes, and more.
fn counts(len: usize) -> Vec<u8> {
    File::of_blocks(len, |number| {
        let mut payload = chunk(1, number);
        // RegionArgs, of 2^63 and then of as many values as can be.
        let kind = match number % 2 {
            0 => &[6 << 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f][..],
            _ => &[6 << 3, 0xff, 0x1f],
        };
        payload.extend_from_slice(kind);
        payload.resize(payload.len() + 4000, 6);
        (BlockType::Chunk, payload)
    })
}
