//! Flight recorders: what they hold is the newest there is, within their bounds, while everything goes on;
//! and with a file, it outlives the program.

use std::future::{Future, pending, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicI64};
use std::sync::mpsc::channel;
use std::sync::{Barrier, Mutex, MutexGuard, PoisonError};
use std::task::{Context as Polled, Poll, Waker};
use std::thread;
use std::time::Duration;

use trace::{
    FlightRecorder, Overflow, Session, Snapshot, SnapshotError, StartError, StopError, TraceFuture,
};
use trace_reader::{Step, Trace, Value};

/// One flight recorder at a time.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A snapshot, strictly valid.
fn snapshot(flight: &FlightRecorder) -> (Snapshot, Trace) {
    let mut bytes = Vec::new();
    let snapshot = flight.write_to(&mut bytes).unwrap();
    assert_eq!(snapshot.bytes, bytes.len() as u64);
    let trace = Trace::from_bytes(bytes).unwrap();
    let violations = trace.validate().unwrap();
    assert!(violations.is_empty(), "{:?}", violations.kept());
    assert_eq!(trace.analyze().unwrap().loss.total, snapshot.events_lost);
    (snapshot, trace)
}

/// What the counters of a thread showed.
fn counted(trace: &Trace, thread: &str) -> Vec<i64> {
    let id = trace.threads().iter().find(|t| t.name() == thread).unwrap().id;
    let (mut steps, mut values) = (trace.steps(id), Vec::new());
    while let Some(item) = steps.next().unwrap() {
        match item.step {
            Step::Counter { value: Value::I64(value), .. } => values.push(value),
            ref step if step.is_event() => panic!("{step:?}"),
            _ => {}
        }
    }
    values
}

fn assert_in_order(values: &[i64]) {
    assert!(values.windows(2).all(|pair| pair[0] + 1 == pair[1]), "one is missing");
}

fn count(from: i64, to: i64) {
    for n in from..to {
        trace::trace_counter!("n", n);
    }
}

#[test]
fn the_newest_events_are_kept_and_the_oldest_are_not() {
    let _turn = turn();
    let flight = FlightRecorder::builder().max_bytes(256 << 10).start().unwrap();
    let counting = |round: i64| {
        let worker = thread::Builder::new().name("counting".to_owned());
        worker
            .spawn(move || count(round * 200_000, (round + 1) * 200_000))
            .unwrap()
            .join()
            .unwrap();
        let (snapshot, trace) = snapshot(&flight);
        assert!((100 << 10..=256 << 10).contains(&snapshot.bytes), "{snapshot:?}");
        assert_eq!(snapshot.events_lost, 0);
        assert_eq!(trace.header().unwrap().overflow, Overflow::Overwrite);
        // The window begins where its events do, not when the flight recorder was started.
        assert!(trace.end().ns() < 1_000_000_000 * 60);
        trace
    };
    let first = counting(0);
    let values = counted(&first, "counting");
    assert_in_order(&values);
    assert_eq!(values.last(), Some(&199_999));
    assert!(values.len() > 10_000 && values[0] > 0, "{} events", values.len());
    // It went on, and does not hold what it held before.
    let values = counted(&counting(1), "counting");
    assert_in_order(&values);
    assert_eq!(values.last(), Some(&399_999));
    assert!(values[0] > 200_000);
    flight.stop().unwrap();
    assert!(!trace::is_enabled());
}

#[test]
fn what_ends_in_the_window_is_complete_wherever_it_began() {
    let _turn = turn();
    let flight = FlightRecorder::builder().max_bytes(64 << 10).start().unwrap();
    let (context, task) = trace::new_task(trace::Context::background(), "long");
    {
        let _entered = context.enter();
        let _around = trace::trace_region!("around");
        thread::sleep(Duration::from_millis(30));
        for _ in 0..100_000 {
            let _small = trace::trace_region!("small");
        }
    }
    let _open = trace::trace_region!("open");
    task.end();
    let (snapshot, trace) = snapshot(&flight);
    assert!(snapshot.bytes <= 64 << 10);
    assert!(snapshot.covers < Duration::from_millis(30), "{snapshot:?}");
    let analysis = trace.analyze().unwrap();
    let region = |name| analysis.regions.iter().find(|region| region.name == name).unwrap();
    assert_eq!(region("around").durations.count(), 1);
    assert!(region("around").durations.max_ns() > 30_000_000);
    assert!(region("small").durations.count() < 100_000);
    assert_eq!(region("open").open, 1);
    let task = &analysis.tasks[0];
    assert_eq!((&*task.name, task.durations.count()), ("long", 1));
    assert!(task.durations.max_ns() > 30_000_000);
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Polled::from_waker(Waker::noop()))
}

#[test]
fn futures_that_end_in_the_window_are_complete_wherever_they_began() {
    let _turn = turn();
    let flight = FlightRecorder::builder().max_bytes(64 << 10).start().unwrap();
    let mut polls = 0;
    let twice = poll_fn(|_| {
        polls += 1;
        if polls < 2 { Poll::Pending } else { Poll::Ready(()) }
    });
    let mut long = pin!(twice.in_region("long"));
    let mut old = pin!(pending::<()>().in_region("waiting"));
    assert!(poll(long.as_mut()).is_pending() && poll(old.as_mut()).is_pending());
    thread::sleep(Duration::from_millis(30));
    let around = poll_fn(|_| {
        for _ in 0..100_000 {
            let _small = trace::trace_region!("small");
        }
        Poll::Ready(())
    });
    assert!(poll(pin!(around.in_region("around"))).is_ready());
    assert!(poll(long.as_mut()).is_ready());
    let mut young = pin!(pending::<()>().in_region("waiting"));
    assert!(poll(young.as_mut()).is_pending());
    let (snapshot, trace) = snapshot(&flight);
    flight.stop().unwrap();
    assert!(snapshot.covers < Duration::from_millis(30), "{snapshot:?}");

    let analysis = trace.analyze().unwrap();
    let future = |name| analysis.futures.iter().find(|future| future.name == name).unwrap();
    let long = future("long");
    assert_eq!((long.began, long.durations.count(), long.polls, long.pending), (0, 1, 2, 0));
    assert!(long.durations.max_ns() > 30_000_000);
    assert_eq!((future("around").durations.count(), future("around").polls), (1, 1));
    // The old one is out of sight.
    let waiting = future("waiting");
    assert_eq!((waiting.began, waiting.durations.count(), waiting.pending), (1, 0, 1));

    // A poll that was going on all the time is known from the heads of chunks.
    let recording = trace.load().unwrap();
    let name = |callsite| trace.callsites().name(callsite);
    let around = recording.fibers.iter().find(|fiber| name(fiber.callsite) == "around").unwrap();
    assert_eq!((around.polls.len(), around.poll_count), (1, 1));
    assert!(around.polls[0].begin.is_some_and(|begin| begin <= trace_reader::Time::START));
    let mut small = recording.regions.iter().filter(|region| name(region.callsite) == "small");
    assert!(small.all(|region| region.fiber == around.id));
}

/// Lets threads end that wait for it, also when the test fails.
struct Release<'a>(&'a AtomicBool, &'a Barrier);

impl Drop for Release<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
        self.1.wait();
    }
}

#[test]
fn snapshots_are_whole_while_threads_go_on() {
    const MAX_BYTES: usize = 1 << 20;
    const IDLE: usize = 100;
    let _turn = turn();
    let flight = FlightRecorder::builder().max_bytes(MAX_BYTES).threads(IDLE + 2).start().unwrap();
    let (stop, idle) = (AtomicBool::new(false), Barrier::new(IDLE + 1));
    let counts = [AtomicI64::new(0), AtomicI64::new(0)];
    thread::scope(|scope| {
        for _ in 0..IDLE {
            scope.spawn(|| {
                count(0, 1);
                idle.wait();
                idle.wait();
            });
        }
        idle.wait();
        let _release = Release(&stop, &idle);
        for (name, shown) in ["one", "other"].iter().zip(&counts) {
            let worker = thread::Builder::new().name((*name).to_owned());
            let stop = &stop;
            let work = move || {
                let mut n = 0;
                while !stop.load(Relaxed) {
                    count(n, n + 1000);
                    n += 1000;
                    shown.store(n, Relaxed);
                }
            };
            worker.spawn_scoped(scope, work).unwrap();
        }
        let mut last = 0;
        for _ in 0..30 {
            for count in &counts {
                let before = count.load(Relaxed);
                while count.load(Relaxed) == before {
                    thread::sleep(Duration::from_millis(1));
                }
            }
            let (snapshot, trace) = snapshot(&flight);
            assert!(snapshot.bytes <= MAX_BYTES as u64, "{snapshot:?}");
            assert_eq!(snapshot.events_lost, 0);
            let values = counted(&trace, "one");
            assert_in_order(&values);
            assert!(*values.last().unwrap() > last, "it goes on");
            last = *values.last().unwrap();
            assert_in_order(&counted(&trace, "other"));
            assert_eq!(
                trace.threads().len(),
                IDLE + 2,
                "the events of idle threads are not overwritten"
            );
        }
    });
}

#[test]
fn a_task_that_goes_from_thread_to_thread_is_never_seen_to_end_before_it_began() {
    let _turn = turn();
    let flight = FlightRecorder::builder().max_bytes(128 << 10).start().unwrap();
    let (sender, receiver) = channel::<(trace::Context, trace::Task)>();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for (context, task) in receiver {
                trace::with_region(context, "work", || ());
                task.end();
            }
        });
        let stop = &stop;
        scope.spawn(move || {
            while !stop.load(Relaxed) {
                sender.send(trace::new_task(trace::Context::background(), "task")).unwrap();
            }
        });
        for _ in 0..50 {
            thread::sleep(Duration::from_millis(2));
            snapshot(&flight);
        }
        stop.store(true, Relaxed);
    });
}

#[test]
fn what_is_too_old_is_left_out() {
    let _turn = turn();
    let flight = FlightRecorder::builder().min_age(Duration::from_millis(40));
    let flight = flight.max_bytes(8 << 20).threads(1024).start().unwrap();
    let started = std::time::Instant::now();
    while started.elapsed() < Duration::from_millis(200) {
        count(0, 50);
        thread::sleep(Duration::from_micros(100));
    }
    let (snapshot, trace) = snapshot(&flight);
    assert!(snapshot.covers >= Duration::from_millis(40), "{snapshot:?}");
    assert!(snapshot.covers < Duration::from_millis(150), "{snapshot:?}");
    // The last event is somewhat older than the snapshot.
    assert!(trace.end().ns() >= 30_000_000 && trace.end().ns() < 150_000_000, "{}", trace.end());
}

#[test]
fn threads_that_get_no_memory_are_counted() {
    let _turn = turn();
    let flight = FlightRecorder::builder().max_bytes(64 << 10).start().unwrap();
    let all_here = Barrier::new(41);
    let lost = || snapshot(&flight).0.events_lost;
    thread::scope(|scope| {
        let work = || {
            count(0, 10);
            all_here.wait();
            all_here.wait();
        };
        let threads: Vec<_> = (0..40).map(|_| scope.spawn(work)).collect();
        all_here.wait();
        // 15 chunks of 4 KiB: as many threads have one.
        assert_eq!(snapshot(&flight).1.threads().len(), 15);
        assert_eq!(lost(), 25 * 10);
        all_here.wait();
        // The end of the closure is not yet that of the thread, which tells what it lost.
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
    assert_eq!(lost(), 25 * 10);
}

/// A writer that panics, or wants a snapshot itself.
struct Strange<'a>(&'a FlightRecorder, bool);

impl io::Write for Strange<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        assert!(!self.1, "this panic is part of the test, too");
        snapshot(self.0);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(unix)]
#[test]
fn writers_may_do_what_they_like() {
    let _turn = turn();
    let directory = tempfile::tempdir().unwrap();
    let flight = FlightRecorder::builder().max_bytes(64 << 10).dump_to(directory.path());
    let flight = flight.dump_on_panic().start().unwrap();
    count(0, 1000);
    let error = flight.write_to(Strange(&flight, true)).unwrap_err();
    assert!(matches!(error, SnapshotError::Write { written: 0, .. }), "{error:?}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "of the panic");
    flight.write_to(Strange(&flight, false)).unwrap();
}

/// Takes so many bytes.
struct Full(usize);

impl io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn errors_tell_what_to_do_and_harm_nothing() {
    let _turn = turn();
    let flight = FlightRecorder::builder().max_bytes(64 << 10).start().unwrap();
    count(0, 100_000);
    let again = FlightRecorder::builder().start();
    assert!(matches!(again, Err(StartError::AlreadyStarted)), "{again:?}");
    assert!(matches!(trace::stop(), Err(StopError::NotStarted)));
    let full = flight.write_to(Full(10_000));
    assert!(matches!(full, Err(SnapshotError::Write { written: ..10_000, .. })), "{full:?}");
    count(100_000, 100_010);
    let (_, trace) = snapshot(&flight);
    let all = trace.analyze().unwrap();
    assert_eq!(all.loss.total, 0);
    drop(flight);
    assert!(!trace::is_enabled());

    let small = FlightRecorder::builder().max_bytes(5000).start();
    let small = small.unwrap_err().to_string();
    assert!(small.contains("found a pool of 4096 bytes"), "{small}");
    let session = Session::builder().overflow(Overflow::Overwrite).start(io::sink());
    let session = session.unwrap_err().to_string();
    assert!(session.contains("a flight recorder does that"), "{session}");
}

/// Set for the program that dies: where its files are.
#[cfg(all(target_os = "linux", not(trace_portable)))]
const DIRECTORY: &str = "TRACE_FLIGHT_DIRECTORY";

/// Not a test, but the program that dies.
#[cfg(all(target_os = "linux", not(trace_portable)))]
#[test]
fn child() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let path = std::path::Path::new(&directory).join("trace");
    let _flight = FlightRecorder::builder().max_bytes(256 << 10).start_file(path).unwrap();
    let worker = thread::Builder::new().name("counting".to_owned());
    worker.spawn(|| count(0, 300_000)).unwrap().join().unwrap();
    thread::spawn(|| {
        trace::trace_log!("last", "words");
        std::process::abort();
    });
    thread::park();
}

#[cfg(all(target_os = "linux", not(trace_portable)))]
#[test]
fn the_newest_events_outlive_the_program() {
    let directory = tempfile::tempdir().unwrap();
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--test-threads=1"])
        .env(DIRECTORY, directory.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(!status.success(), "{status}");
    let trace = Trace::open(directory.path().join("trace")).unwrap();
    let problems: Vec<_> = trace.problems().iter().collect();
    let [trace_reader::Problem::NotStopped { pool }] = problems[..] else { panic!("{problems:?}") };
    let trace_reader::PoolFile::Joined { path, unreadable: 0, .. } = pool else {
        panic!("{pool:?}")
    };
    let values = counted(&trace, "counting");
    assert_in_order(&values);
    assert_eq!(values.last(), Some(&299_999));
    assert!(values.len() > 10_000 && values[0] > 0);
    assert_eq!(trace.analyze().unwrap().logs.len(), 1);
    let mut whole = Vec::new();
    trace.recover(&mut whole).unwrap();
    let whole = Trace::from_bytes(whole).unwrap();
    assert!(whole.validate().unwrap().is_empty(), "{:?}", whole.validate().unwrap().kept());
    assert_eq!(counted(&whole, "counting"), values);
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_flight_recorder_with_a_file_leaves_a_whole_trace() {
    let _turn = turn();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("trace");
    let flight = FlightRecorder::builder().max_bytes(64 << 10).start_file(&path).unwrap();
    count(0, 50_000);
    flight.stop().unwrap();
    let trace = Trace::open(&path).unwrap();
    assert!(trace.validate().unwrap().is_empty());
    assert!(trace.file_len() <= 64 << 10);
    assert!(trace.analyze().unwrap().events > 1_000);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "and nothing else");

    // Where the file cannot be replaced, everything stays as a crash would leave it.
    let gone = directory.path().join("gone");
    let name = format!("flight-recorder-left-by-{}", std::process::id());
    std::fs::create_dir(&gone).unwrap();
    let flight =
        FlightRecorder::builder().max_bytes(64 << 10).start_file(gone.join(&name)).unwrap();
    std::fs::remove_dir_all(&gone).unwrap();
    let error = flight.stop().unwrap_err();
    assert!(matches!(error, SnapshotError::Write { written: 0, .. }), "{error:?}");
    assert!(!trace::is_enabled());
    #[cfg(all(target_os = "linux", not(trace_portable)))]
    {
        let left = std::fs::read_dir("/dev/shm").unwrap().map(|entry| entry.unwrap().path());
        let is_pool = |path: &std::path::PathBuf| path.to_string_lossy().contains(&name);
        let pools: Vec<_> = left.filter(is_pool).collect();
        assert_eq!(pools.len(), 1, "{pools:?}");
        std::fs::remove_file(&pools[0]).unwrap();
    }
}
