//! Traces in words, for tests: one line per step.
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

use trace_format::text::Spelled;
use trace_format::text_to_file;
use trace_reader::{FiberLife, Item, RegionEnd, Step, Trace};

/// The golden trace of this name.
pub fn golden(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/data/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    text_to_file(&text).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The names of all golden traces.
pub fn golden_names() -> Vec<String> {
    let entries = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data")).unwrap();
    let stem = |path: std::path::PathBuf| path.file_stem()?.to_str().map(str::to_owned);
    let mut names: Vec<_> = entries.filter_map(|entry| stem(entry.unwrap().path())).collect();
    names.sort();
    names
}

pub fn open(name: &str) -> Trace {
    Trace::from_bytes(golden(name)).unwrap()
}

pub fn open_text(text: &str) -> Trace {
    Trace::from_bytes(text_to_file(text).unwrap()).unwrap()
}

/// All steps of all threads, by time.
pub fn steps(trace: &Trace) -> Vec<String> {
    let mut lines = Vec::new();
    let mut merged = trace.merged();
    while let Some(item) = merged.next().unwrap() {
        lines.push(line(trace, &item));
    }
    lines
}

/// The problems that the trace has for a lenient reader.
pub fn problems(trace: &Trace) -> Vec<String> {
    trace.load().unwrap().problems.iter().map(|problem| trace.describe(problem)).collect()
}

/// What the validator minds.
pub fn violations(trace: &Trace) -> Vec<String> {
    trace.validate().unwrap().iter().map(|problem| trace.describe(problem)).collect()
}

pub fn line(trace: &Trace, item: &Item<'_>) -> String {
    let name = |id| trace.callsites().name(id);
    let what = match &item.step {
        Step::RegionBegan { region, callsite, task, parent, depth } => format!(
            "region {region} {} begins, task {}, depth {depth}, in {parent:?}",
            name(*callsite),
            task.0
        ),
        Step::RegionFound { region, callsite, task, parent, depth, begin, .. } => format!(
            "region {region} {} is found, task {}, depth {depth}, in {parent:?}, from {}",
            name(*callsite),
            task.0,
            begin.ns()
        ),
        Step::PollBegan { region, fiber, callsite, task, parent, depth, waited_ns } => format!(
            "poll {region} of fiber {} {} begins after {waited_ns}, task {}, depth {depth}, in {parent:?}",
            fiber.0,
            name(*callsite),
            task.0
        ),
        Step::FiberBegan { fiber, callsite, parent, task } => {
            format!("fiber {} {} begins in {}, task {}", fiber.0, name(*callsite), parent.0, task.0)
        }
        Step::FiberArgs { fiber, values } => {
            let mut text = String::new();
            values.print(&mut text);
            format!("fiber {} has {text}", fiber.0)
        }
        Step::FiberEnded(end) => {
            let life = end.life.map(|life| {
                let FiberLife { parent, task, begin, busy_ns, waited_ns, polls } = life;
                format!(
                    ", from {} in {}, task {}: busy {busy_ns}, waited {waited_ns}, {polls} polls",
                    begin.ns(),
                    parent.0,
                    task.0
                )
            });
            let life = life.unwrap_or_default();
            format!("fiber {} {} {}{life}", end.fiber.0, name(end.callsite), end.outcome.word())
        }
        Step::Woken { fiber } => format!("fiber {} woken", fiber.0),
        Step::RegionEnded(end) => {
            let RegionEnd { region, begin, end, self_ns, partial, fate, depth, .. } = end;
            let begin = begin.map(|begin| begin.ns());
            let partial = if *partial { ", partial" } else { "" };
            let end = end.ns();
            format!(
                "region {region} {fate:?} {begin:?}..{end}, depth {depth}, self {self_ns}{partial}"
            )
        }
        Step::RegionArgs { region, values } => {
            let mut text = String::new();
            values.print(&mut text);
            format!("region {region:?} has {text}")
        }
        Step::RegionArg { region, key, value } => {
            let mut text = String::new();
            value.print(&mut text);
            format!("region {region:?} has {}={text}", name(*key))
        }
        Step::TaskBegan { task, callsite, parent } => {
            format!("task {} {} begins in {}", task.0, name(*callsite), parent.0)
        }
        Step::TaskArgs { task, values } => {
            let mut text = String::new();
            values.print(&mut text);
            format!("task {:?} has {text}", task.map(|task| task.0))
        }
        Step::TaskArg { task, key, value } => {
            let mut text = String::new();
            value.print(&mut text);
            format!("task {} has {}={text}", task.0, name(*key))
        }
        Step::TaskEnded { task, callsite, begin, .. } => {
            format!("task {} {} ends, from {:?}", task.0, name(*callsite), begin.map(|b| b.ns()))
        }
        Step::TaskEntered { task } => format!("task {} entered", task.0),
        Step::Log { callsite, task, region, message } => format!(
            "{} {:?}, task {}, region {region:?}",
            name(*callsite),
            message.to_str(),
            task.0
        ),
        Step::Counter { callsite, value } => {
            let mut text = String::new();
            value.print(&mut text);
            format!("{} is {text}", name(*callsite))
        }
        Step::Loss(loss) => format!(
            "{} lost, {}, {}..{}",
            loss.count,
            loss.cause.word(),
            loss.from.ns(),
            loss.to.ns()
        ),
        Step::Gap { chunks, from } => format!("gap of {chunks} chunks from {}", from.ns()),
        Step::Problem(problem) => trace.describe(problem),
        other => panic!("a new step: {other:?}"),
    };
    format!("{} {}: {what}", item.thread, item.time.ns())
}
