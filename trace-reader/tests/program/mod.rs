//! A program that does as it is told, acts like a recorder, and keeps a naive account besides.
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

use proptest::prelude::*;
use trace_format::wire::Field;
use trace_format::{
    BlockType, CallsiteId, ChunkHead, Event, FiberId, OpenRegion, POOL_CONTROL_LEN, POOL_HEAD_LEN,
    PoolControl, PoolHead, Summary, TaskId, Text, Ticks, Timed, Value, put_block, text_to_file,
};

const START: &str = r#"runtime-trace 1
block header
  Header version=1 session=7 clock=monotonic ticks_per_second=0 wall_ns=0 pid=1 program="" command_line="" host="" build_id="" pool_path="" pool_bytes=0 chunk_bytes=0 overflow=drop beginning=start
block callsites
  Callsite id=1 kind=region name="a" file="" line=0 module="" keys=[]
  Callsite id=2 kind=region name="b" file="" line=0 module="" keys=[]
  Callsite id=3 kind=log name="log" file="" line=0 module="" keys=[]
  Callsite id=4 kind=counter name="counter" file="" line=0 module="" keys=[]
"#;

/// What a program does next.
#[derive(Clone, Debug)]
pub enum Act {
    Begin { callsite: u32 },
    BeginIn { callsite: u32, task: u64 },
    End { inner: usize },
    Enter { task: u64 },
    Log,
    Count { value: i64 },
    NewChunk,
}

pub fn acts() -> impl Strategy<Value = Vec<(u8, Act)>> {
    let act = prop_oneof![
        4 => (1..3_u32).prop_map(|callsite| Act::Begin { callsite }),
        2 => (1..3_u32, 0..4_u64).prop_map(|(callsite, task)| Act::BeginIn { callsite, task }),
        5 => Just(Act::End { inner: 0 }),
        1 => (0..5_usize).prop_map(|inner| Act::End { inner }),
        1 => (0..4_u64).prop_map(|task| Act::Enter { task }),
        2 => Just(Act::Log),
        1 => (-1000..1000_i64).prop_map(|value| Act::Count { value }),
        1 => Just(Act::NewChunk),
    ];
    prop::collection::vec((0..4_u8, act), 0..80)
}

/// A region as the oracle knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    pub callsite: u32,
    pub task: u64,
    pub parent: Option<usize>,
    pub begin: i64,
    pub end: Option<i64>,
    pub self_ns: u64,
}

/// Acts like a recorder, and keeps the naive account besides.
#[derive(Default)]
pub struct Program {
    now: u64,
    task: u64,
    /// Which regions are open, with the task to restore and the chunk of the begin.
    open: Vec<(usize, Option<u64>, usize)>,
    pub regions: Vec<Known>,
    pub covered_ns: u64,
    pub logs: Vec<(i64, u64, Option<usize>)>,
    /// Time and value.
    pub counted: Vec<(i64, i64)>,
    pub chunks: Vec<Vec<u8>>,
    last_ticks: u64,
    pub events: u64,
}

pub const BASE: u64 = 1000;

impl Program {
    pub fn run(acts: &[(u8, Act)]) -> Self {
        let mut program = Self::started(acts);
        program.wait(5);
        program
    }

    /// Dies with its last words.
    pub fn die(acts: &[(u8, Act)]) -> Self {
        let mut program = Self::started(acts);
        program.act(&Act::Log);
        program
    }

    fn started(acts: &[(u8, Act)]) -> Self {
        let mut program = Self::default();
        program.new_chunk();
        for (wait, act) in acts {
            program.wait(u64::from(*wait) * 7);
            program.act(act);
        }
        program
    }

    fn wait(&mut self, ns: u64) {
        if let Some(&(innermost, ..)) = self.open.last() {
            self.regions[innermost].self_ns += ns;
            self.covered_ns += ns;
        }
        self.now += ns;
    }

    fn emit(&mut self, event: Event<'_>) {
        let delta = BASE + self.now - self.last_ticks;
        self.last_ticks = BASE + self.now;
        self.events += 1;
        Timed { delta, event }.encode(self.chunks.last_mut().unwrap());
    }

    fn new_chunk(&mut self) {
        let open = |&(region, outer, _): &(usize, Option<u64>, usize)| {
            let Known { callsite, task, begin, .. } = self.regions[region];
            let age = self.now - begin as u64;
            OpenRegion {
                callsite: CallsiteId(callsite),
                age,
                task: TaskId(task),
                outer: outer.map(TaskId),
                fiber: FiberId::NONE,
            }
        };
        let head = ChunkHead {
            thread: 1,
            sequence: self.chunks.len() as u64,
            base: Ticks(BASE + self.now),
            os_thread: 0,
            thread_name: Text::new(""),
            task: TaskId(self.task),
            depth: self.open.len() as u64,
            open: self.open.iter().map(open).collect(),
        };
        self.last_ticks = BASE + self.now;
        let mut payload = Vec::new();
        head.encode(&mut payload);
        self.chunks.push(payload);
    }

    fn begin(&mut self, callsite: u32, task: u64, outer: Option<u64>) {
        let parent = self.open.last().map(|open| open.0);
        self.open.push((self.regions.len(), outer, self.chunks.len()));
        let begin = self.now as i64;
        self.regions.push(Known { callsite, task, parent, begin, end: None, self_ns: 0 });
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Begin { callsite } => {
                self.emit(Event::RegionBegin { callsite: CallsiteId(callsite) });
                self.begin(callsite, self.task, None);
            }
            Act::BeginIn { callsite, task } => {
                let (id, of) = (CallsiteId(callsite), TaskId(task));
                self.emit(Event::TaskRegionBegin { callsite: id, task: of });
                let outer = std::mem::replace(&mut self.task, task);
                self.begin(callsite, task, Some(outer));
            }
            Act::End { inner } => {
                let Some(at) = self.open.len().checked_sub(1 + inner) else { return };
                let (region, outer, chunk) = self.open.remove(at);
                let Known { callsite, task, begin, .. } = self.regions[region];
                self.regions[region].end = Some(self.now as i64);
                if inner == 0 && chunk == self.chunks.len() {
                    self.emit(Event::RegionEnd {});
                } else {
                    self.emit(Event::WholeRegionEnd {
                        callsite: CallsiteId(callsite),
                        age: self.now - begin as u64,
                        task: TaskId(task),
                        inner: inner as u64,
                    });
                }
                match self.open.get_mut(at) {
                    Some(inside) => inside.1 = outer.or(inside.1),
                    None => self.task = outer.unwrap_or(self.task),
                }
            }
            Act::Enter { task } => {
                self.task = task;
                self.emit(Event::TaskEnter { task: TaskId(task) });
            }
            Act::Log => {
                self.emit(Event::Log { callsite: CallsiteId(3), message: Text::new("") });
                let innermost = self.open.last().map(|open| open.0);
                self.logs.push((self.now as i64, self.task, innermost));
            }
            Act::Count { value } => {
                self.counted.push((self.now as i64, value));
                let (callsite, value) = (CallsiteId(4), Value::I64(value));
                self.emit(Event::Counter { callsite, value });
            }
            Act::NewChunk => self.new_chunk(),
        }
    }

    /// The file without some of the chunks.
    pub fn file(&self, without: &[bool]) -> Vec<u8> {
        let mut file = text_to_file(START).unwrap();
        let mut sequence = 2;
        for (chunk, _) in self.chunks.iter().zip(without).filter(|(_, without)| !**without) {
            put_block(&mut file, BlockType::Chunk, sequence, chunk);
            sequence += 1;
        }
        let (end, chunks) = (Ticks(BASE + self.now), u64::from(sequence - 2));
        let mut payload = Vec::new();
        Summary { end, chunks, lost: 0 }.encode(&mut payload);
        put_block(&mut file, BlockType::Summary, sequence, &payload);
        file
    }

    /// What the program left that died: the trace, as far as it was written, and the pool. Each chunk is where
    /// it says.
    pub fn remains(&self, places: &[Place]) -> (Vec<u8>, Vec<u8>) {
        let mut trace = text_to_file(START).unwrap();
        let chunks = || self.chunks.iter().zip(places);
        let written = chunks().filter(|(_, place)| **place != Place::Pool);
        for (sequence, (chunk, _)) in (2..).zip(written) {
            put_block(&mut trace, BlockType::Chunk, sequence, chunk);
        }
        let longest = self.chunks.iter().map(Vec::len).max().unwrap_or(0);
        let count = self.chunks.len() as u32;
        let chunks_offset = (POOL_HEAD_LEN + self.chunks.len() * POOL_CONTROL_LEN) as u64;
        let chunk_bytes = (longest + 100) as u32;
        let head = PoolHead {
            chunk_bytes,
            chunk_count: count,
            controls_offset: POOL_HEAD_LEN as u32,
            chunks_offset,
            tables_offset: chunks_offset + u64::from(count * chunk_bytes),
            session: 7,
        };
        let mut pool = vec![0; head.tables_offset as usize];
        let mut put = |at: u64, bytes: &[u8]| {
            pool[at as usize..at as usize + bytes.len()].copy_from_slice(bytes);
        };
        put(0, &head.to_bytes());
        for (at, (chunk, place)) in (0..).zip(chunks()) {
            let committed = if *place == Place::Trace { 0 } else { chunk.len() as u32 };
            let control = PoolControl { committed, thread: 1, sequence: u64::from(at) };
            put(head.control_offset(at), &control.to_bytes());
            // What was written stays where it was; behind it may be what is half done.
            put(head.payload_offset(at), chunk);
            put(head.payload_offset(at) + chunk.len() as u64, &[0xee; 20]);
        }
        (trace, pool)
    }
}

/// Where a chunk is when the program has died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Trace,
    Pool,
    /// It was written, and not given back yet.
    Both,
}

pub fn places() -> impl Strategy<Value = Vec<Place>> {
    let place = prop::sample::select(&[Place::Trace, Place::Pool, Place::Both][..]);
    // A chunk more than there are acts.
    prop::collection::vec(place, 81)
}
