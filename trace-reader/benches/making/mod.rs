//! Makes traces of a given size, such as a recorder would write: chunks of 64 KiB, whose heads tell
//! what is open.

use std::fmt;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use trace_format::wire::Field;
use trace_format::{
    Anchor, Beginning, BlockHead, BlockType, Callsite, CallsiteId, CallsiteKind, ChunkHead,
    ClockSource, Event, FiberId, Header, MAGIC, OpenRegion, Overflow, Summary, TaskId, Text, Ticks,
    Value, Values,
};

const CHUNK_LEN: usize = 64 << 10;

const REQUEST: CallsiteId = CallsiteId(1);
const SERVE: CallsiteId = CallsiteId(2);
const QUERY: CallsiteId = CallsiteId(3);
const NOTE: CallsiteId = CallsiteId(4);
const QUEUE: CallsiteId = CallsiteId(5);
const MAIN: CallsiteId = CallsiteId(6);

/// What a trace is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Eight threads that serve requests: tasks with arguments, regions, logs, counters.
    Requests,
    /// One thread with nothing but short regions, all inside of one.
    OneThread,
    /// As many threads as there is room for, which serve some requests each.
    ManyThreads,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Requests, Self::OneThread, Self::ManyThreads];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requests => "requests on eight threads",
            Self::OneThread => "regions on one thread",
            Self::ManyThreads => "requests on many threads",
        })
    }
}

/// How much was made.
pub(crate) struct Made {
    pub(crate) bytes: u64,
    pub(crate) events: u64,
}

/// Writes a trace of about so many bytes.
pub(crate) fn make(path: &Path, kind: Kind, bytes: u64) -> Made {
    let file = File::create(path).expect("the trace can be created");
    let mut out = Out { file: BufWriter::new(file), bytes: 0, blocks: 0, chunks: 0, last_ticks: 0 };
    out.start();
    let (mut events, mut tasks) = (0, 0);
    match kind {
        Kind::OneThread => {
            let mut thread = Thread::new(1);
            thread.begin(MAIN, &mut out);
            while out.bytes < bytes {
                for i in 0..1000 {
                    thread.begin(if i % 3 == 0 { SERVE } else { QUERY }, &mut out);
                    thread.end(&mut out);
                }
            }
            thread.end(&mut out);
            events += thread.finish(&mut out);
        }
        Kind::Requests => {
            let mut threads: Vec<Thread> = (1..=8).map(Thread::new).collect();
            threads.iter_mut().for_each(|thread| thread.begin(MAIN, &mut out));
            while out.bytes < bytes {
                for thread in &mut threads {
                    (0..100).for_each(|_| thread.serve(&mut tasks, &mut out));
                }
            }
            for mut thread in threads {
                thread.end(&mut out);
                events += thread.finish(&mut out);
            }
        }
        Kind::ManyThreads => {
            for id in 1.. {
                if out.bytes >= bytes {
                    break;
                }
                let mut thread = Thread::new(id);
                (0..100).for_each(|_| thread.serve(&mut tasks, &mut out));
                events += thread.finish(&mut out);
            }
        }
    }
    out.finish();
    Made { bytes: out.bytes, events }
}

/// The file.
struct Out {
    file: BufWriter<File>,
    bytes: u64,
    blocks: u32,
    chunks: u64,
    last_ticks: u64,
}

impl Out {
    fn put(&mut self, bytes: &[u8]) {
        self.file.write_all(bytes).expect("the trace can be written");
        self.bytes += bytes.len() as u64;
    }

    fn block(&mut self, block_type: BlockType, payload: &[u8]) {
        self.put(&BlockHead::of(block_type, self.blocks, payload).to_bytes());
        self.put(payload);
        self.blocks += 1;
        self.chunks += u64::from(block_type == BlockType::Chunk);
    }

    fn record<'a>(&mut self, block_type: BlockType, record: &impl Field<'a>) {
        let mut payload = Vec::new();
        record.encode(&mut payload);
        self.block(block_type, &payload);
    }

    fn start(&mut self) {
        self.put(MAGIC);
        let empty = || Text::new("");
        let header = Header {
            version: trace_format::VERSION,
            session: Ticks(1),
            clock: ClockSource::Tsc,
            ticks_per_second: 3_000_000_000,
            wall_ns: 0,
            pid: 1,
            program: Text::new("bench"),
            command_line: empty(),
            host: empty(),
            build_id: empty(),
            pool_path: empty(),
            pool_bytes: 0,
            chunk_bytes: CHUNK_LEN as u64,
            overflow: Overflow::Block,
            beginning: Beginning::Start,
        };
        self.record(BlockType::Header, &header);
        let callsites = [
            (REQUEST, CallsiteKind::Task, "request", vec!["size"]),
            (SERVE, CallsiteKind::Region, "serve", vec![]),
            (QUERY, CallsiteKind::Region, "query", vec![]),
            (NOTE, CallsiteKind::Log, "note", vec![]),
            (QUEUE, CallsiteKind::Counter, "queue", vec![]),
            (MAIN, CallsiteKind::Region, "main", vec![]),
        ];
        let mut payload = Vec::new();
        for (id, kind, name, keys) in callsites {
            let (name, keys) = (Text::new(name), keys.into_iter().map(Text::new).collect());
            let (file, module) = (Text::new("bench.rs"), Text::new("bench"));
            Callsite { id, kind, name, file, line: 1, module, keys }.encode(&mut payload);
        }
        self.block(BlockType::Callsites, &payload);
        self.anchor(0);
    }

    fn anchor(&mut self, ticks: u64) {
        let (monotonic_ns, wall_ns) = (ticks / 3, ticks / 3);
        self.record(BlockType::Anchors, &Anchor { ticks: Ticks(ticks), monotonic_ns, wall_ns });
    }

    fn finish(&mut self) {
        self.anchor(self.last_ticks);
        let (end, chunks) = (Ticks(self.last_ticks), self.chunks);
        self.record(BlockType::Summary, &Summary { end, chunks, lost: 0 });
        self.file.flush().expect("the trace can be written");
    }
}

/// A thread of the program that the trace is about.
struct Thread {
    id: u64,
    ticks: u64,
    last_ticks: u64,
    task: TaskId,
    /// Where the open regions began, and in which chunk.
    open: Vec<(CallsiteId, TaskId, u64, u64)>,
    sequence: u64,
    payload: Vec<u8>,
    events: u64,
    random: u64,
}

impl Thread {
    fn new(id: u64) -> Self {
        let mut thread = Self {
            id,
            ticks: 1000 * id,
            last_ticks: 0,
            task: TaskId::BACKGROUND,
            open: Vec::new(),
            sequence: 0,
            payload: Vec::with_capacity(CHUNK_LEN + 1000),
            events: 0,
            random: id,
        };
        thread.start_chunk();
        thread
    }

    fn start_chunk(&mut self) {
        let open = self.open.iter().map(|&(callsite, task, begin, _)| OpenRegion {
            callsite,
            age: self.ticks - begin,
            task,
            outer: None,
            fiber: FiberId::NONE,
        });
        let head = ChunkHead {
            thread: self.id,
            sequence: self.sequence,
            base: Ticks(self.ticks),
            os_thread: self.id,
            thread_name: Text::new("bench"),
            task: self.task,
            depth: self.open.len() as u64,
            open: open.collect(),
        };
        self.last_ticks = self.ticks;
        self.payload.clear();
        head.encode(&mut self.payload);
    }

    /// Lets 100 to 355 ticks pass, then writes an event.
    fn emit(&mut self, event: &Event<'_>, out: &mut Out) {
        self.random = self.random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        self.ticks += 100 + (self.random >> 56);
        if self.payload.len() >= CHUNK_LEN {
            out.block(BlockType::Chunk, &self.payload);
            self.sequence += 1;
            self.start_chunk();
        }
        event.encode(self.ticks - self.last_ticks, &mut self.payload);
        self.last_ticks = self.ticks;
        self.events += 1;
    }

    fn begin(&mut self, callsite: CallsiteId, out: &mut Out) {
        self.emit(&Event::RegionBegin { callsite }, out);
        self.open.push((callsite, self.task, self.ticks, self.sequence));
    }

    fn end(&mut self, out: &mut Out) {
        let &(callsite, task, begin, sequence) = self.open.last().expect("a region is open");
        // The chunk may change with the event itself: it would then begin with this one.
        let starts_chunk = self.payload.len() >= CHUNK_LEN;
        if sequence == self.sequence && !starts_chunk {
            self.emit(&Event::RegionEnd {}, out);
        } else {
            // What passes until the event is written is known only then.
            let mut ahead = self.random;
            ahead = ahead.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            let age = self.ticks + 100 + (ahead >> 56) - begin;
            self.emit(&Event::WholeRegionEnd { callsite, age, task, inner: 0 }, out);
        }
        self.open.pop();
    }

    fn enter(&mut self, task: TaskId, out: &mut Out) {
        self.task = task;
        self.emit(&Event::TaskEnter { task }, out);
    }

    /// A task with an argument, ten regions, a counter and a message.
    fn serve(&mut self, tasks: &mut u64, out: &mut Out) {
        *tasks += 1;
        let (task, parent, callsite) = (TaskId(*tasks), TaskId::BACKGROUND, REQUEST);
        self.emit(&Event::TaskBegin { callsite, task, parent }, out);
        let begin = self.ticks;
        let values = Values::new([Value::U64(*tasks % 1000)].into_iter());
        self.emit(&Event::TaskArgs { values }, out);
        self.enter(task, out);
        self.begin(SERVE, out);
        for _ in 0..9 {
            self.begin(QUERY, out);
            self.end(out);
        }
        let message = Text::new("the answer is on its way");
        self.emit(&Event::Log { callsite: NOTE, message }, out);
        self.end(out);
        self.emit(&Event::Counter { callsite: QUEUE, value: Value::U64(*tasks % 17) }, out);
        self.enter(TaskId::BACKGROUND, out);
        let age = self.ticks - begin;
        self.emit(&Event::TaskEnd { callsite, task, parent, age }, out);
    }

    /// Writes the last chunk, and returns how many events there were.
    fn finish(self, out: &mut Out) -> u64 {
        out.block(BlockType::Chunk, &self.payload);
        out.last_ticks = out.last_ticks.max(self.ticks);
        self.events
    }
}
