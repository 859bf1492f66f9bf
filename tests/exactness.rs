//! Random programs: what they emit is what is read, name by name and in order.
//!
//! For each of thousands of seeds some threads emit random regions, tasks, logs, counters and
//! arguments, in every style that there is, and note what they did. Then the trace must tell the
//! same, no more and no less.

use std::collections::HashMap;
use std::sync::Mutex;
use std::thread;

use trace::{Context, Entered, EnteredTask, Overflow, Region, Session, Task};
use trace_reader::{Argument, Fate, Recording, TaskId, Text, Trace, Value};

/// Seeds per run: enough to be sure in a release build, quick enough for a debug build.
const SEEDS: u64 = if cfg!(debug_assertions) { 1_000 } else { 5_000 };

/// Steele, Lea and Flood's SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }
}

type Args = Vec<(&'static str, Value<'static>)>;

/// A task as its thread noted it, by its number among all tasks of that thread.
type Noted = (usize, usize);

#[derive(Debug, PartialEq)]
struct RegionNote {
    name: &'static str,
    parent: Option<usize>,
    task: Option<Noted>,
    args: Args,
}

#[derive(Debug, PartialEq)]
struct TaskNote {
    name: &'static str,
    parent: Option<Noted>,
    args: Args,
    ended: bool,
}

#[derive(Debug, PartialEq)]
struct LogNote {
    category: &'static str,
    message: String,
    task: Option<Noted>,
    region: Option<usize>,
}

/// What a thread did.
#[derive(Debug, Default, PartialEq)]
struct Notes {
    regions: Vec<RegionNote>,
    tasks: Vec<TaskNote>,
    logs: Vec<LogNote>,
    counters: Vec<(&'static str, Value<'static>)>,
}

/// Something that is open, and which task was current before.
struct Open {
    what: What,
    before: Option<Noted>,
    region: Option<usize>,
}

/// Kept only to be dropped.
#[allow(dead_code)]
enum What {
    Region(Region),
    Entered(Entered),
    Scope(EnteredTask),
}

const TYPES: [&str; 4] = ["steamMilk", "extractCoffee", "mixMilkCoffee", ""];

/// A thread of the random program.
struct Actor {
    number: usize,
    random: Random,
    notes: Notes,
    open: Vec<Open>,
    current: Option<Noted>,
    tasks: Vec<(Task, usize)>,
    contexts: Vec<(Context, Option<Noted>)>,
}

impl Actor {
    fn new(number: usize, seed: u64, contexts: Vec<(Context, Option<Noted>)>) -> Self {
        let random = Random(seed ^ (number as u64) << 32);
        let notes = Notes::default();
        Self { number, random, notes, open: vec![], current: None, tasks: vec![], contexts }
    }

    fn act(mut self, steps: usize) -> Notes {
        for _ in 0..steps {
            self.step();
        }
        while !self.open.is_empty() {
            self.close();
        }
        for (task, number) in self.tasks.drain(..) {
            if self.random.below(3) == 0 {
                std::mem::forget(task);
                self.notes.tasks[number].ended = false;
            }
        }
        self.notes
    }

    fn innermost(&self) -> Option<usize> {
        self.open.iter().rev().find_map(|open| open.region)
    }

    fn note_region(&mut self, name: &'static str, task: Option<Noted>, args: Args) -> usize {
        let parent = self.innermost();
        self.notes.regions.push(RegionNote { name, parent, task, args });
        self.notes.regions.len() - 1
    }

    fn open_region(&mut self, region: Region, name: &'static str, task: Option<Noted>, args: Args) {
        let number = self.note_region(name, task, args);
        let before = std::mem::replace(&mut self.current, task);
        let what = What::Region(region);
        self.open.push(Open { what, before, region: Some(number) });
    }

    fn note_task(&mut self, name: &'static str, parent: Option<Noted>, args: Args) -> Noted {
        self.notes.tasks.push(TaskNote { name, parent, args, ended: true });
        (self.number, self.notes.tasks.len() - 1)
    }

    fn close(&mut self) {
        let Some(Open { what, before, .. }) = self.open.pop() else { return };
        drop(what);
        self.current = before;
    }

    fn step(&mut self) {
        let (i, u) = (self.random.next() as i64 >> self.random.below(64), self.random.next());
        let u = u >> self.random.below(64);
        let x = f64::from_bits(self.random.next());
        let b = u % 2 == 0;
        let text = "äöü".repeat(self.random.below(4));
        let (ctx, task) = self.random.one_of(&self.contexts.clone());
        let name = self.random.one_of(&TYPES);
        match self.random.below(20) {
            0 | 1 => {
                let region = trace::trace_region!("plain");
                self.open_region(region, "plain", self.current, vec![]);
            }
            2 => {
                let region = trace::trace_region!("numbers", i, u, x, b);
                let args = vec![
                    ("i", Value::I64(i)),
                    ("u", Value::U64(u)),
                    ("x", Value::F64(x)),
                    ("b", Value::Bool(b)),
                ];
                self.open_region(region, "numbers", self.current, args);
            }
            3 => {
                let region = trace::trace_region!(context: ctx, "strings", text, debug = ?text, display = %i);
                let (debug, display) = (format!("{text:?}"), i.to_string());
                let args = vec![
                    ("text", Value::Str(owned(&text))),
                    ("debug", Value::Debug(owned(&debug))),
                    ("display", Value::Display(owned(&display))),
                ];
                self.open_region(region, "strings", task, args);
            }
            4 => {
                let wide = i128::from(i) * i128::from(i64::MAX);
                let region = trace::trace_region!("wide", wide, also = wide as u128);
                let args = vec![("wide", Value::I128(wide)), ("also", Value::U128(wide as u128))];
                self.open_region(region, "wide", self.current, args);
            }
            5 | 6 => {
                let region = trace::start_region(ctx, name);
                self.open_region(region, name, task, vec![]);
            }
            7..=10 => self.close(),
            11 => {
                trace::trace_log!("implicit", "{text} {i}");
                self.note_log("implicit", format!("{text} {i}"), self.current);
            }
            12 => {
                trace::log(ctx, name, &text);
                self.note_log(name, text, task);
            }
            13 => {
                let (new, handle) = trace::new_task(ctx, name);
                let noted = self.note_task(name, task, vec![]);
                self.contexts.push((new, Some(noted)));
                self.tasks.push((handle, noted.1));
            }
            14 if !self.tasks.is_empty() => {
                let at = self.random.below(self.tasks.len());
                let (task, number) = &self.tasks[at];
                task.arg("late", u);
                self.notes.tasks[*number].args.push(("late", Value::U64(u)));
                if b {
                    let (task, _) = self.tasks.swap_remove(at);
                    if i % 2 == 0 { task.end() } else { drop(task) }
                }
            }
            15 => {
                let entered = What::Entered(ctx.enter());
                let before = std::mem::replace(&mut self.current, task);
                self.open.push(Open { what: entered, before, region: None });
            }
            16 => {
                let scope = trace::trace_task!("scope", number = u, flag = b);
                let args = vec![("number", Value::U64(u)), ("flag", Value::Bool(b))];
                let noted = self.note_task("scope", self.current, args);
                let before = self.current.replace(noted);
                self.contexts.push((scope.context(), Some(noted)));
                let what = What::Scope(scope);
                self.open.push(Open { what, before, region: None });
            }
            17 => {
                if let Some(region) = self.innermost() {
                    trace::region_arg("late", i);
                    self.notes.regions[region].args.push(("late", Value::I64(i)));
                }
            }
            18 => {
                trace::trace_counter!("depth", u);
                self.notes.counters.push(("depth", Value::U64(u)));
                trace::trace_counter!("level", x);
                self.notes.counters.push(("level", Value::F64(x)));
            }
            _ => {
                annotated(u, &text);
                let noted = self.note_task("annotated", self.current, vec![("u", Value::U64(u))]);
                let args = vec![("text", Value::Debug(owned(&format!("{text:?}"))))];
                let region = self.note_region("inside", Some(noted), args);
                let note = LogNote {
                    category: "inside",
                    message: text,
                    task: Some(noted),
                    region: Some(region),
                };
                self.notes.logs.push(note);
            }
        }
    }

    fn note_log(&mut self, category: &'static str, message: String, task: Option<Noted>) {
        let region = self.innermost();
        self.notes.logs.push(LogNote { category, message, task, region });
    }
}

#[trace::task(args(u))]
fn annotated(u: u64, text: &str) {
    fn log(text: &str) {
        trace::trace_log!("inside", "{text}");
    }
    #[trace::region("inside", args(?text))]
    fn inside(text: &str) {
        log(text);
    }
    inside(text);
}

fn owned(text: &str) -> Text<'static> {
    Text::new(text).into_owned()
}

/// Takes a recording apart into what each thread should have noted.
fn read_back(trace: &Trace, recording: &Recording, threads: usize) -> Vec<Notes> {
    let number_of = |id| -> usize {
        let thread = trace.threads().iter().find(|thread| thread.id == id).unwrap();
        thread.name().strip_prefix("actor ").unwrap().parse().unwrap()
    };
    let name_of = |callsite| -> &'static str {
        let name = trace.callsites().name(callsite).into_owned();
        let known = ["plain", "numbers", "strings", "wide", "implicit", "scope", "depth", "level"];
        let known = known.iter().chain(&["inside", "annotated"]).chain(&TYPES);
        known.copied().find(|known| *known == name).unwrap_or_else(|| panic!("{name}"))
    };
    let args_of = |args: &[Argument]| -> Args {
        let key = |key: &str| -> &'static str {
            let known = ["i", "u", "x", "b", "text", "debug", "display", "wide", "also", "late"];
            let mut known = known.into_iter().chain(["number", "flag"]);
            known.find(|known| *known == key).unwrap_or_else(|| panic!("{key}"))
        };
        args.iter().map(|arg| (key(&arg.key), arg.value.clone())).collect()
    };

    // The tasks of a thread are numbered in the order in which it began them, as ids are.
    let mut numbers: HashMap<TaskId, Noted> = HashMap::new();
    let mut tasks: Vec<_> = recording.tasks.iter().collect();
    tasks.sort_by_key(|task| task.id);
    let mut counts = vec![0; threads];
    for task in &tasks {
        let thread = number_of(task.begin_thread.unwrap());
        numbers.insert(task.id, (thread, counts[thread]));
        counts[thread] += 1;
    }
    let noted = |id: TaskId| (id != TaskId(0)).then(|| numbers[&id]);

    let mut notes: Vec<Notes> = (0..threads).map(|_| Notes::default()).collect();
    for task in &tasks {
        notes[numbers[&task.id].0].tasks.push(TaskNote {
            name: name_of(task.callsite.unwrap()),
            parent: noted(task.parent),
            args: args_of(&task.args),
            ended: task.end.is_some(),
        });
    }
    let mut number_in_thread = Vec::new();
    for region in &recording.regions {
        assert_eq!(region.fate, Fate::Complete);
        let of_thread = &mut notes[number_of(region.thread)].regions;
        number_in_thread.push(of_thread.len());
        of_thread.push(RegionNote {
            name: name_of(region.callsite),
            parent: region.parent.map(|parent| number_in_thread[parent]),
            task: noted(region.task),
            args: args_of(&region.args),
        });
    }
    for log in &recording.logs {
        notes[number_of(log.thread)].logs.push(LogNote {
            category: name_of(log.callsite),
            message: log.message.to_str().into_owned(),
            task: noted(log.task),
            region: log.region.map(|region| number_in_thread[region]),
        });
    }
    for sample in &recording.counters {
        let note = (name_of(sample.callsite), sample.value.clone());
        notes[number_of(sample.thread)].counters.push(note);
    }
    notes
}

/// Runs the program of a seed and returns what it noted, and the trace.
fn run(seed: u64, path: &std::path::Path) -> (Vec<Notes>, Trace) {
    let mut random = Random(seed);
    let threads = 1 + random.below(4);
    // Chunks from the smallest on, so that most programs go through some of them.
    let session = Session::builder()
        .pool_bytes(1 << 20)
        .chunk_bytes(random.one_of(&[4 << 10, 5_000, 16 << 10]))
        .overflow(Overflow::Block)
        .start_file(path)
        .unwrap();
    let steps = random.below(400);
    // Every thread leaves a task behind that the next one goes on with.
    let mut contexts = vec![(Context::background(), None)];
    let notes: Vec<Mutex<Notes>> = (0..threads).map(|_| Mutex::default()).collect();
    let mut handles = Vec::new();
    for number in 0..threads {
        let (send, receive) = std::sync::mpsc::channel();
        let contexts_before = contexts.clone();
        let actor = move || {
            let mut actor = Actor::new(number, seed, contexts_before);
            let (ctx, task) = trace::new_task(Context::background(), "");
            let noted = actor.note_task("", None, vec![]);
            actor.tasks.push((task, noted.1));
            actor.contexts.push((ctx, Some(noted)));
            send.send((ctx, Some(noted))).unwrap();
            actor.act(steps)
        };
        let builder = thread::Builder::new().name(format!("actor {number}"));
        handles.push(builder.spawn(actor).unwrap());
        contexts.push(receive.recv().unwrap());
    }
    for (handle, notes) in handles.into_iter().zip(&notes) {
        *notes.lock().unwrap() = handle.join().unwrap();
    }
    assert_eq!(session.finish().unwrap().events_lost, 0);
    let trace = Trace::open(path).unwrap();
    (notes.into_iter().map(|notes| notes.into_inner().unwrap()).collect(), trace)
}

#[test]
fn what_is_read_is_what_was_emitted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("exact.trace");
    let (mut regions, mut tasks, mut logs) = (0, 0, 0);
    for seed in 0..SEEDS {
        let (emitted, trace) = run(seed, &path);
        let violations = trace.validate().unwrap();
        assert!(violations.is_empty(), "seed {seed}: {:?}", violations.kept());
        let recording = trace.load().unwrap();
        assert!(recording.problems.is_empty(), "seed {seed}: {:?}", recording.problems.kept());
        let read = read_back(&trace, &recording, emitted.len());
        for (number, (emitted, read)) in emitted.iter().zip(&read).enumerate() {
            assert!(emitted == read, "seed {seed}, actor {number}: {emitted:#?}\n{read:#?}");
            regions += read.regions.len();
            tasks += read.tasks.len();
            logs += read.logs.len();
        }
        // Self times add up to the time in outermost regions, to the nanosecond.
        for thread in trace.analyze().unwrap().threads {
            assert_eq!(thread.self_ns, thread.covered_ns, "seed {seed}, thread {}", thread.id);
        }
    }
    println!("{SEEDS} programs: {regions} regions, {tasks} tasks, {logs} logs");
    assert!(regions > 0 && tasks > 0 && logs > 0);
}
