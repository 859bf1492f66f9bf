//! What a program can tell of its own recording, from anywhere, while it goes on.

use std::io::{self, Write};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use trace::{FlightRecorder, Overflow, Session, SnapshotError, Status};
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
