//! A flight recorder and a session at the same time: one recording, and each has all of it.

use std::io::{self, Write};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use trace::{FlightRecorder, Overflow, Session, Summary};
use trace_reader::{Fate, Step, Trace, Value};

/// One recording at a time.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A trace that is strictly valid.
fn strict(bytes: Vec<u8>) -> Trace {
    let trace = Trace::from_bytes(bytes).unwrap();
    let violations = trace.validate().unwrap();
    assert!(violations.is_empty(), "{:?}", violations.kept());
    trace
}

fn snapshot(flight: &FlightRecorder) -> Trace {
    let mut bytes = Vec::new();
    let snapshot = flight.write_to(&mut bytes).unwrap();
    let trace = strict(bytes);
    assert_eq!(trace.analyze().unwrap().loss.total, snapshot.events_lost);
    trace
}

/// A writer whose bytes can be had back.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Buffer {
    fn trace(&self) -> Trace {
        strict(std::mem::take(&mut self.0.lock().unwrap()))
    }
}

fn finished(session: Session, buffer: &Buffer) -> (Summary, Trace) {
    let summary = session.finish().unwrap();
    (summary, buffer.trace())
}

/// The values of the counter `n`, by thread name.
fn counted(trace: &Trace, name: &str) -> Vec<i64> {
    let Some(thread) = trace.threads().iter().find(|t| t.name() == name) else { return Vec::new() };
    let (mut steps, mut values) = (trace.steps(thread.id), Vec::new());
    while let Some(item) = steps.next().unwrap() {
        if let Step::Counter { value: Value::I64(value), .. } = item.step {
            values.push(value);
        }
    }
    values
}

/// Nothing is missing between the first and the last one.
fn assert_in_a_row(values: &[i64], what: &str) {
    assert!(values.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{what}: one is missing");
}

fn count(from: i64, to: i64) {
    for n in from..to {
        trace::trace_counter!("n", n);
    }
}

/// Runs `f` on a thread of this name, to its end.
fn on_thread<R: Send>(name: &str, f: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| {
        let builder = thread::Builder::new().name(name.to_owned());
        builder.spawn_scoped(scope, f).unwrap().join().unwrap()
    })
}

/// Threads that count as fast as they can until they are told to stop; then each knows how far it came.
struct Counting {
    stop: Arc<AtomicBool>,
    threads: Vec<thread::JoinHandle<i64>>,
    slowest: Vec<Arc<AtomicU64>>,
}

impl Counting {
    fn start(names: &[&str], pause: Option<Duration>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut slowest = Vec::new();
        let threads = names.iter().map(|name| {
            let (stop, shown) = (Arc::clone(&stop), Arc::new(AtomicU64::new(0)));
            slowest.push(Arc::clone(&shown));
            let work = move || {
                let mut n = 0;
                while !stop.load(Relaxed) {
                    // With a pause, so few that a slow machine does not fill a window with them.
                    let step = if pause.is_some() { 20 } else { 100 };
                    count(n, n + step);
                    n += step;
                    shown.store(n as u64, Relaxed);
                    if let Some(pause) = pause {
                        thread::sleep(pause);
                    }
                }
                n
            };
            thread::Builder::new().name((*name).to_owned()).spawn(work).unwrap()
        });
        let threads = threads.collect();
        Self { stop, threads, slowest }
    }

    /// Waits until each has counted so many more.
    fn go_on(&self, more: u64) {
        let from: Vec<u64> = self.slowest.iter().map(|shown| shown.load(Relaxed)).collect();
        for (shown, from) in self.slowest.iter().zip(from) {
            while shown.load(Relaxed) < from + more {
                thread::sleep(Duration::from_micros(100));
            }
        }
    }

    fn stop(mut self) -> Vec<i64> {
        self.stop.store(true, Relaxed);
        self.threads.drain(..).map(|thread| thread.join().unwrap()).collect()
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
    }
}

#[test]
fn sessions_come_and_go_beside_a_flight_recorder() {
    let _turn = turn();
    let flight = FlightRecorder::builder().max_bytes(64 << 20).threads(8).start().unwrap();
    let names = ["one", "two", "three"];
    let counting = Counting::start(&names, Some(Duration::from_millis(1)));
    counting.go_on(500);
    for round in 0..10 {
        let buffer = Buffer::default();
        let builder = Session::builder().overflow(Overflow::Block).pool_bytes(1 << 20);
        let session = builder.start(buffer.clone()).unwrap();
        counting.go_on(1000);
        let during = snapshot(&flight);
        counting.go_on(1000);
        let (summary, trace) = finished(session, &buffer);
        assert_eq!(summary.events_lost, 0);
        for name in names {
            let values = counted(&trace, name);
            assert!(values.len() >= 2000, "{}", values.len());
            assert_in_a_row(&values, name);
            // Whatever happened before is in the snapshot, and nothing after.
            let values = counted(&during, name);
            assert_eq!(values.first(), Some(&0), "{name}, round {round}");
            assert_in_a_row(&values, name);
        }
        counting.go_on(300);
    }
    let totals = counting.stop();
    let all = snapshot(&flight);
    for (name, total) in names.iter().zip(totals) {
        assert_eq!(counted(&all, name), (0..total).collect::<Vec<_>>(), "{name}");
    }
    assert_eq!(all.analyze().unwrap().loss.total, 0);
}

/// Threads at full rate are off at no moment: each value is in one session, or between two.
#[test]
fn threads_at_full_rate_lose_nothing_when_a_session_begins_or_ends() {
    let _turn = turn();
    let flight = FlightRecorder::builder().max_bytes(4 << 20).threads(4).start().unwrap();
    let counting = Counting::start(&["one", "two"], None);
    for _ in 0..20 {
        let buffer = Buffer::default();
        let session = Session::builder().overflow(Overflow::Block).start(buffer.clone()).unwrap();
        thread::sleep(Duration::from_millis(1));
        let (summary, trace) = finished(session, &buffer);
        assert_eq!(summary.events_lost, 0);
        let window = snapshot(&flight);
        assert_eq!(window.analyze().unwrap().loss.total, 0);
        for name in ["one", "two"] {
            assert_in_a_row(&counted(&trace, name), "of a session");
            let values = counted(&window, name);
            assert!(!values.is_empty());
            assert_in_a_row(&values, "of a snapshot");
        }
    }
    counting.stop();
}

/// A task and a region that are open when recording turns elsewhere, and a thread that never records
/// again.
#[test]
fn what_is_open_stays_open() {
    let _turn = turn();
    let flight = FlightRecorder::builder().max_bytes(4 << 20).threads(8).start().unwrap();
    let (go, may_go) = channel::<()>();
    let (ready, is_ready) = channel::<()>();
    let worker = thread::Builder::new().name("worker".to_owned()).spawn(move || {
        let (context, task) = trace::new_task(trace::Context::background(), "order");
        let outer = trace::start_region(context, "outer");
        ready.send(()).unwrap();
        may_go.recv().unwrap();
        trace::with_region(context, "inner", || trace::trace_log!("in", "session"));
        drop(outer);
        ready.send(()).unwrap();
        may_go.recv().unwrap();
        drop(task);
    });
    is_ready.recv().unwrap();
    on_thread("quiet", || count(0, 10));

    let buffer = Buffer::default();
    let session = Session::builder().start(buffer.clone()).unwrap();
    go.send(()).unwrap();
    is_ready.recv().unwrap();
    on_thread("brief", || count(0, 5));
    let (_, of_session) = finished(session, &buffer);
    go.send(()).unwrap();
    worker.unwrap().join().unwrap();

    // In the session, one region began before it, and its first chunk tells when; the task neither
    // begins nor ends.
    let regions: Vec<_> = ends(&of_session);
    assert_eq!(regions, [("inner".into(), Fate::Complete), ("outer".into(), Fate::Complete)]);
    assert!(of_session.analyze().unwrap().tasks.is_empty());
    assert!(of_session.threads().iter().all(|thread| thread.name() != "quiet"));
    assert_eq!(counted(&of_session, "brief").len(), 5);
    // In the flight recorder all is whole.
    let all = snapshot(&flight);
    let regions: Vec<_> = ends(&all);
    assert_eq!(regions, [("inner".into(), Fate::Complete), ("outer".into(), Fate::Complete)]);
    let tasks = all.analyze().unwrap().tasks;
    assert_eq!((tasks.len(), tasks[0].durations.count(), tasks[0].open), (1, 1, 0));
    assert_eq!((counted(&all, "quiet").len(), counted(&all, "brief").len()), (10, 5));
}

/// The names of regions that ended, and how.
fn ends(trace: &Trace) -> Vec<(String, Fate)> {
    let mut ends = Vec::new();
    for thread in trace.threads() {
        let mut steps = trace.steps(thread.id);
        while let Some(item) = steps.next().unwrap() {
            if let Step::RegionEnded(end) = item.step {
                ends.push((trace.callsites().name(end.callsite).into_owned(), end.fate));
            }
        }
    }
    ends
}

#[test]
fn a_flight_recorder_comes_and_goes_beside_a_session() {
    let _turn = turn();
    let buffer = Buffer::default();
    let session = Session::builder().overflow(Overflow::Block).start(buffer.clone()).unwrap();
    let counting = Counting::start(&["one", "two"], Some(Duration::from_millis(1)));
    for _ in 0..5 {
        let flight = FlightRecorder::builder().max_bytes(16 << 20).threads(8).start().unwrap();
        counting.go_on(1000);
        let window = snapshot(&flight);
        for name in ["one", "two"] {
            let values = counted(&window, name);
            assert!(values.len() >= 1000, "{}", values.len());
            assert_in_a_row(&values, name);
        }
        flight.stop().unwrap();
        counting.go_on(500);
    }
    // It outlives the session, and has what was in it.
    let flight = FlightRecorder::builder().max_bytes(16 << 20).threads(8).start().unwrap();
    counting.go_on(1000);
    let (summary, trace) = finished(session, &buffer);
    assert_eq!(summary.events_lost, 0);
    assert!(trace::is_enabled());
    counting.go_on(1000);
    let totals = counting.stop();
    let window = snapshot(&flight);
    for (name, total) in ["one", "two"].iter().zip(totals) {
        let values = counted(&trace, name);
        assert_eq!(values.first(), Some(&0));
        assert_in_a_row(&values, name);
        let values = counted(&window, name);
        assert!(values.len() >= 2000 && values.last() == Some(&(total - 1)));
        assert_in_a_row(&values, name);
    }
    flight.stop().unwrap();
    assert!(!trace::is_enabled());
}

/// A writer that takes its time: the flight recorder has what is not written yet.
struct Slow;

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        thread::sleep(Duration::from_millis(5));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_a_session_loses_is_lost_once_and_told_by_both() {
    let _turn = turn();
    for overflow in [Overflow::Drop, Overflow::Block] {
        let flight = FlightRecorder::builder().max_bytes(16 << 20).threads(8).start().unwrap();
        let builder = Session::builder().overflow(overflow).pool_bytes(64 << 10);
        let session = builder.start(Slow).unwrap();
        on_thread("flood", || count(0, 50_000));
        let during = snapshot(&flight);
        let found = counted(&during, "flood").len() as u64;
        let lost = during.analyze().unwrap().loss.total;
        assert_eq!(found + lost, 50_000, "{overflow:?}");
        let summary = session.finish().unwrap();
        on_thread("after", || count(0, 1000));
        let after = snapshot(&flight);
        let found = counted(&after, "flood").len() as u64;
        let lost = after.analyze().unwrap().loss.total;
        assert_eq!((found + lost, lost), (50_000, summary.events_lost), "{overflow:?}");
        assert_eq!(lost > 0, overflow == Overflow::Drop, "{overflow:?}: {lost}");
        assert_eq!(counted(&after, "after").len(), 1000);
    }
}

#[test]
fn a_session_takes_no_larger_chunks_than_the_flight_recorder() {
    let _turn = turn();
    let flight = FlightRecorder::builder().max_bytes(1 << 20).threads(64).start().unwrap();
    let buffer = Buffer::default();
    let session = Session::builder().chunk_bytes(1 << 20).start(buffer.clone()).unwrap();
    on_thread("one", || count(0, 20_000));
    let (_, trace) = finished(session, &buffer);
    assert_eq!(trace.header().unwrap().chunk_bytes, 4 << 10);
    assert_eq!(counted(&trace, "one").len(), 20_000);
    drop(flight);
    // And the other way round.
    let session = Session::builder().chunk_bytes(256 << 10).start(Buffer::default()).unwrap();
    let small = FlightRecorder::builder().max_bytes(256 << 10).start().unwrap_err().to_string();
    assert!(small.contains("in chunks of 262144"), "{small}");
    let flight = FlightRecorder::builder().max_bytes(4 << 20).start().unwrap();
    on_thread("one", || count(0, 100_000));
    session.finish().unwrap();
    let trace = snapshot(&flight);
    assert_eq!(trace.header().unwrap().chunk_bytes, 256 << 10);
    assert_eq!(counted(&trace, "one").len(), 100_000);
}

/// A thread that has not recorded anything since a session keeps nothing of it alive. Where a pool comes from
/// the allocator, that may keep it.
#[cfg(all(target_os = "linux", not(trace_portable)))]
#[test]
fn threads_that_idle_keep_no_pool() {
    fn resident_kib() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }
    let _turn = turn();
    let flight = FlightRecorder::builder().max_bytes(2 << 20).threads(64).start().unwrap();
    let (done, idle) = channel::<()>();
    let idle = Arc::new(Mutex::new(idle));
    let mut threads = Vec::new();
    let mut round = || {
        let session = Session::builder().pool_bytes(4 << 20).start(io::sink()).unwrap();
        let (recorded, has_recorded) = channel();
        let idle = Arc::clone(&idle);
        threads.push(thread::spawn(move || {
            count(0, 10);
            recorded.send(()).unwrap();
            let _ = idle.lock().unwrap_or_else(PoisonError::into_inner).recv();
            count(10, 20);
        }));
        has_recorded.recv().unwrap();
        // Touches every chunk of the pool.
        on_thread("filler", || count(0, 500_000));
        session.finish().unwrap();
    };
    (0..3).for_each(|_| round());
    let before = resident_kib();
    (0..10).for_each(|_| round());
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < 8 << 10, "{grown} KiB for 10 sessions of 4 MiB");
    drop(done);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let trace = snapshot(&flight);
    assert_eq!(trace.analyze().unwrap().loss.total, 0);
}

/// Set for the program that dies: where its files are.
#[cfg(all(target_os = "linux", not(trace_portable)))]
const DIRECTORY: &str = "TRACE_BESIDE_DIRECTORY";

/// Not a test, but the program that dies.
#[cfg(all(target_os = "linux", not(trace_portable)))]
#[test]
fn child() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let directory = std::path::Path::new(&directory);
    let flight = FlightRecorder::builder().max_bytes(8 << 20).threads(8);
    let _flight = flight.start_file(directory.join("flight")).unwrap();
    on_thread("one", || count(0, 1000));
    let first = Session::builder().start_file(directory.join("first")).unwrap();
    on_thread("two", || count(0, 1000));
    first.finish().unwrap();
    on_thread("three", || {
        count(0, 1000);
        trace::trace_log!("new", "callsite");
    });
    let _second = Session::builder().start_file(directory.join("second")).unwrap();
    on_thread("four", || {
        count(0, 1000);
        trace::trace_log!("newer", "callsite");
    });
    std::process::abort();
}

/// With files, each is found as it would be by itself; of a session that is on, the flight recorder has
/// what was written.
#[cfg(all(target_os = "linux", not(trace_portable)))]
#[test]
fn both_outlive_the_program() {
    let _turn = turn();
    let directory = tempfile::tempdir().unwrap();
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--test-threads=1"])
        .env(DIRECTORY, directory.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(!status.success(), "{status}");
    let open = |name: &str| Trace::open(directory.path().join(name)).unwrap();
    let flight = open("flight");
    for name in ["one", "two", "three"] {
        assert_eq!(counted(&flight, name), (0..1000).collect::<Vec<_>>(), "{name}");
    }
    assert_eq!(counted(&open("first"), "two").len(), 1000);
    let second = open("second");
    assert_eq!(counted(&second, "four").len(), 1000);
    let logs = second.analyze().unwrap().logs;
    assert_eq!(logs.iter().map(|log| &*log.name).collect::<Vec<_>>(), ["newer"]);
    for (name, trace) in [("flight", &flight), ("second", &second)] {
        let problems: Vec<_> = trace.problems().iter().collect();
        assert!(
            matches!(problems[..], [trace_reader::Problem::NotStopped { .. }]),
            "{name}: {problems:?}"
        );
        if let [
            trace_reader::Problem::NotStopped { pool: trace_reader::PoolFile::Joined { path, .. } },
        ] = problems[..]
        {
            std::fs::remove_file(path).unwrap();
        }
    }
}
