//! The trace of the server tells what the server counted: every request, how it ended, and every message, in the
//! task it belongs to.
//!
//! For more requests than usual: `ASYNC_SERVER_REQUESTS=100000 cargo test --release -p async_server`.

use std::collections::BTreeMap;
use std::process::Command;

use trace_reader::{Argument, FiberOutcome, Recording, Trace, Value};

/// By name: how many were completed, and how many cancelled.
type Counts = BTreeMap<String, (u64, u64)>;

/// What the server said.
struct Said {
    counts: Counts,
    logs: u64,
}

impl Said {
    fn read(output: &str) -> Self {
        let (mut counts, mut logs) = (Counts::new(), None);
        for line in output.lines() {
            if let Some((completed, cancelled)) = line.split_once(" completed, ") {
                let (name, completed) = completed.rsplit_once(": ").unwrap();
                let cancelled = cancelled.strip_suffix(" cancelled").unwrap();
                let both = (completed.parse().unwrap(), cancelled.parse().unwrap());
                assert!(counts.insert(name.to_owned(), both).is_none(), "{name} once");
            } else if let Some(count) = line.strip_suffix(" logs") {
                logs = Some(count.parse().unwrap());
            }
        }
        Self { counts, logs: logs.expect("the server says how many messages it logged") }
    }
}

#[test]
fn the_trace_tells_what_the_server_counted() {
    let requests = std::env::var("ASYNC_SERVER_REQUESTS");
    let requests: u64 = requests.map_or(2_000, |requests| requests.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_async_server"))
        .arg(requests.to_string())
        .current_dir(directory.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let said = Said::read(&text);

    // Who asked for what is known beforehand.
    let orders = |digits: &[u64]| (1..=requests).filter(|n| digits.contains(&(n % 10))).count();
    let [cappuccino, menu, espresso, roast, oat] =
        [&[0, 1, 2, 3][..], &[4, 5, 6], &[7, 8], &[9], &[0]].map(|digits| orders(digits) as u64);
    for (name, completed, cancelled) in [
        ("GET /cappuccino", cappuccino, 0),
        ("GET /menu", menu, 0),
        ("GET /espresso", espresso, 0),
        ("GET /roast", 0, roast),
        ("askForMilk", cappuccino, 0),
        ("askForCoffee", cappuccino, 0),
        ("fetchOatMilk", oat, 0),
        ("grindBeans", espresso, 0),
        ("roastBeans", 0, roast),
    ] {
        assert_eq!(said.counts[name], (completed, cancelled), "{name}");
    }
    let first = text.lines().next().unwrap();
    let answered = requests - roast;
    assert_eq!(first, format!("{requests} requests: {answered} answered, {roast} left before"));

    let trace = Trace::open(directory.path().join("async_server.trace")).unwrap();
    let problems = trace.validate().unwrap();
    assert!(problems.is_empty(), "{:?}", problems.iter().map(|p| trace.describe(p)).next());
    check_report(&trace, &said);
    let recording = trace.load().unwrap();
    check_events(&trace, &recording, &said, requests);
    println!("{text}");
}

/// What reports are made of.
fn check_report(trace: &Trace, said: &Said) {
    let analysis = trace.analyze().unwrap();
    assert_eq!(analysis.loss.total, 0, "nothing is lost");
    let futures = analysis.futures.iter();
    let counts: Counts = futures
        .map(|row| {
            assert_eq!((row.durations.count(), row.panicked), (row.began, 0), "{}", row.name);
            (row.name.clone(), (row.began - row.cancelled, row.cancelled))
        })
        .collect();
    assert_eq!(counts, said.counts);
    let tasks = analysis.tasks.iter().map(|row| (row.name.as_str(), row.durations.count()));
    let requests = said.counts.iter().filter(|(name, _)| name.starts_with("GET "));
    let requests =
        requests.map(|(name, (completed, cancelled))| (name.as_str(), completed + cancelled));
    assert_eq!(tasks.collect::<BTreeMap<_, _>>(), requests.collect());
}

/// One by one.
fn check_events(trace: &Trace, recording: &Recording, said: &Said, requests: u64) {
    let name = |callsite| trace.callsites().name(callsite);
    let mut counts = Counts::new();
    for fiber in &recording.fibers {
        let (completed, cancelled) = counts.entry(name(fiber.callsite).into_owned()).or_default();
        match fiber.outcome {
            Some(FiberOutcome::Completed) => *completed += 1,
            Some(FiberOutcome::Cancelled) => *cancelled += 1,
            other => panic!("{other:?}: {fiber:?}"),
        }
    }
    assert_eq!(counts, said.counts);

    // What the runtime tells of itself is not the server's.
    let ours = recording.logs.iter().filter(|log| name(log.callsite) != "tokio");
    assert_eq!(ours.clone().count() as u64, said.logs);
    assert!(ours.clone().all(|log| log.task.0 != 0), "each belongs to a request");

    // And to that of its order. No order is in the trace twice, and none is missing.
    let mut orders = Vec::new();
    for task in &recording.tasks {
        assert!(task.begin.is_some() && task.end.is_some(), "{task:?}");
        let [Argument { value: Value::U64(order), .. }] = task.args[..] else { panic!("{task:?}") };
        let ending = format!("order {order}");
        assert!(!task.logs.is_empty());
        for &log in &task.logs {
            let message = recording.logs[log].message.to_str();
            assert!(message.ends_with(&ending), "{message:?} in the task of {ending}");
        }
        orders.push(order);
    }
    orders.sort();
    assert!(orders.iter().copied().eq(1..=requests));
    let in_tasks: usize = recording.tasks.iter().map(|task| task.logs.len()).sum();
    assert_eq!(in_tasks as u64, said.logs);
}
