//! Any sequence of begins and ends, well nested or not, against a naive account of it: at each
//! moment, time is the self time of the innermost open region and of no other.

use proptest::prelude::*;
use trace_format::wire::Field;
use trace_format::{
    BlockType, CallsiteId, ChunkHead, Event, OpenRegion, Summary, TaskId, Text, Ticks, Timed,
    put_block, text_to_file,
};
use trace_reader::{Fate, Recording, Step, Trace};

const START: &str = r#"runtime-trace 1
block header
  Header version=1 session=7 clock=monotonic ticks_per_second=0 wall_ns=0 pid=1 program="" command_line="" host="" build_id="" pool_path="" pool_bytes=0 chunk_bytes=0 overflow=drop
block callsites
  Callsite id=1 kind=region name="a" file="" line=0 module="" keys=[]
  Callsite id=2 kind=region name="b" file="" line=0 module="" keys=[]
  Callsite id=3 kind=log name="log" file="" line=0 module="" keys=[]
"#;

/// What a program does next.
#[derive(Clone, Debug)]
enum Act {
    Begin { callsite: u32 },
    BeginIn { callsite: u32, task: u64 },
    End { inner: usize },
    Enter { task: u64 },
    Log,
    NewChunk,
}

fn acts() -> impl Strategy<Value = Vec<(u8, Act)>> {
    let act = prop_oneof![
        4 => (1..3_u32).prop_map(|callsite| Act::Begin { callsite }),
        2 => (1..3_u32, 0..4_u64).prop_map(|(callsite, task)| Act::BeginIn { callsite, task }),
        5 => Just(Act::End { inner: 0 }),
        1 => (0..5_usize).prop_map(|inner| Act::End { inner }),
        1 => (0..4_u64).prop_map(|task| Act::Enter { task }),
        2 => Just(Act::Log),
        1 => Just(Act::NewChunk),
    ];
    prop::collection::vec((0..4_u8, act), 0..80)
}

/// A region as the oracle knows it.
#[derive(Clone, Debug, PartialEq)]
struct Known {
    callsite: u32,
    task: u64,
    parent: Option<usize>,
    begin: i64,
    end: Option<i64>,
    self_ns: u64,
}

/// Acts like a recorder, and keeps the naive account besides.
#[derive(Default)]
struct Program {
    now: u64,
    task: u64,
    /// Which regions are open, with the task to restore and the chunk of the begin.
    open: Vec<(usize, Option<u64>, usize)>,
    regions: Vec<Known>,
    covered_ns: u64,
    logs: Vec<(i64, u64, Option<usize>)>,
    chunks: Vec<Vec<u8>>,
    last_ticks: u64,
    events: u64,
}

const BASE: u64 = 1000;

impl Program {
    fn run(acts: &[(u8, Act)]) -> Self {
        let mut program = Self::default();
        program.new_chunk();
        for (wait, act) in acts {
            program.wait(u64::from(*wait) * 7);
            program.act(act);
        }
        program.wait(5);
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
            }
        };
        let head = ChunkHead {
            thread: 1,
            sequence: self.chunks.len() as u64,
            base: Ticks(BASE + self.now),
            os_thread: 0,
            thread_name: Text::new(""),
            task: TaskId(self.task),
            fiber: 0,
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
            Act::NewChunk => self.new_chunk(),
        }
    }

    /// The file without some of the chunks.
    fn file(&self, without: &[bool]) -> Vec<u8> {
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
}

fn known(recording: &Recording) -> Vec<Known> {
    let known = |region: &trace_reader::Region| Known {
        callsite: region.callsite.0,
        task: region.task.0,
        parent: region.parent,
        begin: region.begin.unwrap().ns(),
        end: region.end.map(|end| end.ns()),
        self_ns: region.self_ns,
    };
    recording.regions.iter().map(known).collect()
}

/// The time in outermost regions and the sum of self times.
fn sums(trace: &Trace) -> (u64, u64) {
    let thread = &trace.analyze().unwrap().threads[0];
    (thread.covered_ns, thread.self_ns)
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_reader_agrees_with_the_oracle(acts in acts()) {
        let program = Program::run(&acts);
        let trace = Trace::from_bytes(program.file(&vec![false; program.chunks.len()])).unwrap();
        let recording = trace.load().unwrap();
        prop_assert_eq!(&known(&recording), &program.regions);
        let logs: Vec<_> =
            recording.logs.iter().map(|log| (log.time.ns(), log.task.0, log.region)).collect();
        prop_assert_eq!(&logs, &program.logs);
        prop_assert_eq!(sums(&trace), (program.covered_ns, program.covered_ns));
        prop_assert_eq!(trace.analyze().unwrap().events, program.events);
        let only_misnested = |problem: &trace_reader::Problem| {
            matches!(problem, trace_reader::Problem::Misnested { .. })
        };
        prop_assert!(trace.validate().unwrap().iter().all(only_misnested));
    }

    #[test]
    fn what_is_complete_is_true_whatever_is_missing(
        acts in acts(),
        without in prop::collection::vec(any::<bool>(), 80),
    ) {
        let program = Program::run(&acts);
        prop_assume!(without.iter().zip(&program.chunks).any(|(without, _)| !without));
        let trace = Trace::from_bytes(program.file(&without)).unwrap();
        let mut steps = trace.steps(trace_reader::ThreadId(1));
        let (mut last, mut self_ns, mut covered_ns) = (i64::MIN, 0, 0);
        while let Some(item) = steps.next().unwrap() {
            prop_assert!(item.time.ns() >= last, "times ascend");
            last = item.time.ns();
            let Step::RegionEnded(end) = item.step else { continue };
            self_ns += end.self_ns;
            covered_ns += if end.depth == 0 { end.covered_ns } else { 0 };
            if end.fate != Fate::Complete {
                continue;
            }
            // The first chunk that is there is where time starts.
            let start = trace.clock().time(BASE).ns();
            let (begin, end_ns) = (end.begin.unwrap().ns() - start, end.end.ns() - start);
            let same = |known: &&Known| {
                known.callsite == end.callsite.0
                    && known.task == end.task.0
                    && known.begin == begin
                    && known.end == Some(end_ns)
            };
            prop_assert!(program.regions.iter().any(|known| same(&known)), "{:?}", end);
        }
        prop_assert_eq!(self_ns, covered_ns);
    }
}
