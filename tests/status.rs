//! What a program can tell of its own recording, from anywhere, while it goes on.

use std::future::{Future, poll_fn};
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context as Polled, Poll, Waker};
use std::time::{Duration, SystemTime};

use trace::{FlightRecorder, Overflow, Session, SnapshotError, Status, TraceFuture};
use trace_reader::Trace;

/// A process has one session; the tests of this file take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn it_tells_what_is_on_and_since_when() {
    let _turn = turn();
    assert_eq!(trace::status(), Status::default());
    let before = SystemTime::now();
    let session = Session::builder().pool_bytes(1 << 20).start(io::sink()).unwrap();
    let status = trace::status();
    assert!(status.flight_recorder.is_none());
    let first = status.session.unwrap();
    assert!(first.since >= before && first.since <= SystemTime::now(), "{first:?}");
    assert_eq!((first.pool_bytes, first.events_lost), (1 << 20, 0));
    std::thread::sleep(Duration::from_millis(20));
    let later = trace::status().session.unwrap();
    assert_eq!(later.since, first.since);
    assert!(later.elapsed >= first.elapsed + Duration::from_millis(20), "{later:?}");
    session.finish().unwrap();
    assert_eq!(trace::status(), Status::default());

    let flight = FlightRecorder::builder().max_bytes(1 << 20).start().unwrap();
    let status = trace::status();
    assert!(status.session.is_none());
    let flying = status.flight_recorder.unwrap();
    assert!(flying.since >= first.since && flying.pool_bytes <= 1 << 20, "{flying:?}");
    drop(flight);
    assert_eq!(trace::status(), Status::default());
}

/// A writer that tells what is on each time that it is called, and waits until it may go on.
struct Asking(Sender<Status>, std::sync::mpsc::Receiver<()>);

impl Write for Asking {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.send(trace::status());
        let _ = self.1.recv();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn nobody_waits_for_an_answer_while_a_session_ends() {
    let _turn = turn();
    let (sender, asked) = channel();
    let (go_on, waits) = channel();
    let session = Session::builder().start(Asking(sender, waits)).unwrap();
    trace::trace_log!("test", "a chunk to write");
    // What the trace begins with.
    asked.recv().unwrap();
    go_on.send(()).unwrap();
    assert!(trace::status().session.is_some());
    let stopping = std::thread::spawn(|| session.finish());
    // The chunk is written when the session ends.
    assert!(asked.recv().unwrap().session.is_none());
    assert!(trace::status().session.is_none());
    assert!(!stopping.is_finished());
    drop(go_on);
    stopping.join().unwrap().unwrap();
}

#[test]
fn losses_are_told_while_it_goes_on() {
    let _turn = turn();
    let (go_on, waits) = channel();
    let (sender, _asked) = channel();
    let builder = Session::builder().pool_bytes(64 << 10).overflow(Overflow::Drop);
    let session = builder.start(Asking(sender, waits)).unwrap();
    for n in 0..100_000 {
        trace::trace_counter!("n", n);
    }
    drop(go_on);
    // This thread tells of its losses as soon as it gets a chunk again.
    let lost = loop {
        trace::trace_counter!("n", 0);
        match trace::status().session.unwrap().events_lost {
            0 => std::thread::yield_now(),
            lost => break lost,
        }
    };
    let summary = session.finish().unwrap();
    assert!(lost > 10_000, "{lost}");
    assert!(summary.events_lost >= lost, "{lost} of {summary:?}");
}

#[test]
fn anybody_can_write_what_the_flight_recorder_holds() {
    let _turn = turn();
    let error = trace::snapshot(io::sink()).unwrap_err();
    assert!(matches!(error, SnapshotError::NotStarted), "{error:?}");
    assert!(error.to_string().contains("FlightRecorder::builder().start()"), "{error}");
    let flight = FlightRecorder::builder().max_bytes(1 << 20).start().unwrap();
    trace::trace_log!("test", "in the air");
    let mut bytes = Vec::new();
    let snapshot = trace::snapshot(&mut bytes).unwrap();
    assert_eq!(snapshot.bytes, bytes.len() as u64);
    let trace = Trace::from_bytes(bytes).unwrap();
    assert!(trace.validate().unwrap().is_empty());
    assert_eq!(trace.analyze().unwrap().logs.len(), 1);
    flight.stop().unwrap();
    assert!(matches!(trace::snapshot(io::sink()), Err(SnapshotError::NotStarted)));
    // A session has no snapshot.
    let session = Session::builder().start(io::sink()).unwrap();
    assert!(matches!(trace::snapshot(io::sink()), Err(SnapshotError::NotStarted)));
    session.finish().unwrap();
}

#[cfg(unix)]
#[test]
fn in_a_copy_of_the_process_nothing_is_on() {
    let _turn = turn();
    let session = Session::builder().start(io::sink()).unwrap();
    // SAFETY: the child calls nothing but what is tested and `_exit`, and no other thread of this file
    // holds a lock meanwhile.
    let status = unsafe {
        let child = libc::fork();
        if child == 0 {
            let mut code = i32::from(trace::status() != Status::default());
            match Session::builder().start(io::sink()) {
                Ok(ours) => {
                    code |= i32::from(trace::status().session.is_none()) << 1;
                    code |= i32::from(ours.finish().is_err()) << 2;
                    code |= i32::from(trace::status() != Status::default()) << 3;
                }
                Err(_) => code |= 1 << 4,
            }
            libc::_exit(code);
        }
        let mut status = 0;
        libc::waitpid(child, &mut status, 0);
        status
    };
    assert_eq!(status, 0);
    assert!(trace::status().session.is_some());
    session.finish().unwrap();
}

/// What is open on the thread with this name.
fn open_on(name: &str) -> Vec<(&'static str, Duration)> {
    let all = trace::open_regions().unwrap();
    let thread = all.into_iter().find(|thread| thread.name == name);
    let regions = thread.map(|thread| thread.regions).unwrap_or_default();
    regions.into_iter().map(|region| (region.name, region.age)).collect()
}

#[test]
fn it_tells_what_threads_are_in_the_middle_of() {
    let _turn = turn();
    assert!(matches!(trace::open_regions(), Err(SnapshotError::NotStarted)));
    let flight = FlightRecorder::builder().max_bytes(256 << 10).start().unwrap();
    let (go_on, waits) = channel::<()>();
    let (sender, asked) = channel::<()>();
    let work = move || {
        let next = || {
            sender.send(()).unwrap();
            waits.recv().unwrap();
        };
        let outer = trace::trace_region!("outer", order = 7);
        // More than fits into the recorder.
        for _ in 0..100_000 {
            let _small = trace::trace_region!("small");
        }
        let middle = trace::start_region(trace::Context::background(), "middle");
        let inner = trace::trace_region!("inner");
        next();
        // Mis-nested.
        drop(middle);
        next();
        drop(outer);
        drop(inner);
        next();
    };
    let worker = std::thread::Builder::new().name("waiter".to_owned()).spawn(work).unwrap();
    asked.recv().unwrap();
    std::thread::sleep(Duration::from_millis(30));
    let open = open_on("waiter");
    let names: Vec<_> = open.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["outer", "middle", "inner"]);
    assert!(open.windows(2).all(|pair| pair[0].1 >= pair[1].1), "{open:?}");
    assert!(open[2].1 >= Duration::from_millis(30) && open[0].1 < Duration::from_secs(60));
    let region = trace::open_regions().unwrap().remove(0).regions.remove(0);
    assert!(region.file.ends_with("status.rs") && region.line > 100, "{region:?}");

    go_on.send(()).unwrap();
    asked.recv().unwrap();
    let names: Vec<_> = open_on("waiter").into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["outer", "inner"]);
    go_on.send(()).unwrap();
    asked.recv().unwrap();
    assert_eq!(open_on("waiter"), []);
    go_on.send(()).unwrap();
    worker.join().unwrap();
    flight.stop().unwrap();
}

#[test]
fn polls_of_futures_are_among_it() {
    let _turn = turn();
    let flight = FlightRecorder::builder().max_bytes(256 << 10).start().unwrap();
    let (go_on, waits) = channel::<()>();
    let (sender, asked) = channel::<()>();
    let work = move || {
        let next = || {
            sender.send(()).unwrap();
            waits.recv().unwrap();
        };
        let mut polled = 0;
        let future = poll_fn(|_| {
            polled += 1;
            // So many that chunks begin in the middle of it.
            for _ in 0..if polled == 4 { 100_000 } else { 0 } {
                let _small = trace::trace_region!("small");
            }
            let _inner = trace::trace_region!("inner");
            if polled > 2 {
                next();
            }
            if polled < 4 { Poll::<()>::Pending } else { Poll::Ready(()) }
        });
        let _executor = trace::trace_region!("executor");
        // One belongs to the current task when it is polled, the other to its own.
        let mut future = std::pin::pin!(future.in_region("steamMilk").in_task("makeCappuccino"));
        let mut poll = || future.as_mut().poll(&mut Polled::from_waker(Waker::noop()));
        assert!(poll().is_pending() && poll().is_pending());
        next();
        assert!(poll().is_pending());
        next();
        assert!(poll().is_ready());
        next();
    };
    let worker = std::thread::Builder::new().name("executor".to_owned()).spawn(work).unwrap();
    let polling = ["executor", "makeCappuccino", "steamMilk", "inner"];
    for (state, expected) in [
        ("polled twice", &polling[..1]),
        ("in the third poll", &polling[..]),
        ("polled three times", &polling[..1]),
        ("in the last poll", &polling[..]),
        ("over", &polling[..1]),
    ] {
        asked.recv().unwrap();
        std::thread::sleep(Duration::from_millis(10));
        let open = open_on("executor");
        let names: Vec<_> = open.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, expected, "{state}");
        assert!(open.windows(2).all(|pair| pair[0].1 >= pair[1].1), "{state}: {open:?}");
        assert!(open.iter().all(|(_, age)| *age >= Duration::from_millis(10)), "{state}: {open:?}");
        go_on.send(()).unwrap();
    }
    worker.join().unwrap();
    flight.stop().unwrap();
}

#[test]
fn a_session_tells_it_too_and_a_thread_that_idles_is_not_forgotten() {
    let _turn = turn();
    let flight = FlightRecorder::builder().max_bytes(1 << 20).threads(8).start().unwrap();
    let (go_on, waits) = channel::<()>();
    let (sender, asked) = channel::<()>();
    let work = move || {
        let _outer = trace::trace_region!("outer");
        sender.send(()).unwrap();
        waits.recv().unwrap();
        let _inner = trace::trace_region!("inner");
        sender.send(()).unwrap();
        waits.recv().unwrap();
    };
    let worker = std::thread::Builder::new().name("waiter".to_owned()).spawn(work).unwrap();
    let names = || open_on("waiter").into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    asked.recv().unwrap();
    assert_eq!(names(), ["outer"]);
    let session = Session::builder().start(io::sink()).unwrap();
    assert_eq!(names(), ["outer"], "it has not recorded since");
    go_on.send(()).unwrap();
    asked.recv().unwrap();
    assert_eq!(names(), ["outer", "inner"]);
    // As far as the session knows.
    flight.stop().unwrap();
    assert_eq!(names(), ["outer", "inner"]);
    let flight = FlightRecorder::builder().max_bytes(1 << 20).threads(8).start().unwrap();
    session.finish().unwrap();
    assert_eq!(names(), ["outer", "inner"], "it has not recorded since");
    go_on.send(()).unwrap();
    worker.join().unwrap();
    assert_eq!(names(), [] as [&str; 0]);
    flight.stop().unwrap();
}

#[test]
fn who_looks_disturbs_nobody() {
    let _turn = turn();
    let flight = FlightRecorder::builder().max_bytes(256 << 10).start().unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for name in ["one", "other"] {
            let worker = std::thread::Builder::new().name(name.to_owned());
            let work = || {
                let _around = trace::trace_region!("around");
                while !stop.load(Relaxed) {
                    let _outer = trace::trace_region!("outer");
                    let _inner = trace::trace_region!("inner");
                }
            };
            worker.spawn_scoped(scope, work).unwrap();
        }
        // Also when something is not as expected, the others have to end.
        let _stop = StopAtEnd(&stop);
        let began = std::time::Instant::now();
        while open_on("one").is_empty() || open_on("other").is_empty() {
            assert!(began.elapsed() < Duration::from_secs(20));
        }
        let (mut seen, mut missed) = (0, 0);
        for _ in 0..100 {
            for name in ["one", "other"] {
                let open: Vec<_> = open_on(name).into_iter().map(|(name, _)| name).collect();
                assert!(["around", "outer", "inner"].starts_with(&open), "{open:?}");
                seen += i32::from(!open.is_empty());
                missed += i32::from(open.is_empty());
            }
            let mut bytes = Vec::new();
            assert_eq!(trace::snapshot(&mut bytes).unwrap().events_lost, 0);
            let trace = Trace::from_bytes(bytes).unwrap();
            assert!(trace.validate().unwrap().is_empty());
        }
        assert!(seen > 10 * missed, "seen {seen} times, missed {missed} times");
    });
    flight.stop().unwrap();
}

struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}
