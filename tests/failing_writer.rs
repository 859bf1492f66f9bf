//! Writers that fail, stall, write short, panic, and call back.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use trace::{Overflow, Session, StopError};
use trace_reader::Trace;

fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes so many bytes, and behaves in some way after that.
struct Limited<F> {
    room: usize,
    taken: Arc<Mutex<Vec<u8>>>,
    then: F,
}

impl<F: FnMut(&[u8]) -> io::Result<usize>> Write for Limited<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.room == 0 {
            return (self.then)(bytes);
        }
        let len = bytes.len().min(self.room);
        self.room -= len;
        self.taken.lock().unwrap().extend_from_slice(&bytes[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const EVENTS: u64 = 20_000;

/// Records into a writer that takes `room` bytes; returns what it took and what `stop` said.
fn record(
    room: usize,
    then: impl FnMut(&[u8]) -> io::Result<usize> + Send + 'static,
) -> (Vec<u8>, Result<trace::Summary, StopError>) {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let session = Session::builder()
        .pool_bytes(256 << 10)
        .chunk_bytes(16 << 10)
        .overflow(Overflow::Block)
        .start(Limited { room, taken: Arc::clone(&taken), then })
        .unwrap();
    for i in 0..EVENTS {
        trace::trace_log!("test", "{i}");
    }
    let result = session.finish();
    let taken = std::mem::take(&mut *taken.lock().unwrap());
    (taken, result)
}

/// The logs that can be read of a trace, which must be the first ones.
fn first_logs(bytes: Vec<u8>) -> u64 {
    let recording = Trace::from_bytes(bytes).unwrap().load().unwrap();
    for (i, log) in recording.logs.iter().enumerate() {
        assert_eq!(log.message.to_str(), i.to_string());
    }
    recording.logs.len() as u64
}

#[test]
fn the_first_error_comes_back_from_stop_with_what_was_lost() {
    let _turn = turn();
    let mut failures = 0;
    let (bytes, result) = record(100_000, move |_| {
        failures += 1;
        Err(io::Error::other(format!("failure {failures}")))
    });
    let Err(StopError::Write { source, written, lost }) = result else { panic!("{result:?}") };
    assert_eq!(source.to_string(), "failure 1", "and it was not called again");
    assert!(written <= bytes.len() as u64);
    let read = first_logs(bytes);
    assert!(read > 0);
    assert_eq!(read + lost, EVENTS, "what was not written was counted");
}

#[test]
fn a_writer_that_panics_has_failed() {
    let _turn = turn();
    let (bytes, result) = record(50_000, |_| panic!("this panic is part of the test"));
    let Err(StopError::Write { source, lost, .. }) = result else { panic!("{result:?}") };
    assert!(source.to_string().contains("panicked"), "{source}");
    assert_eq!(first_logs(bytes) + lost, EVENTS);
}

#[test]
fn a_full_disk_is_an_error() {
    let _turn = turn();
    let (_, result) = record(0, |_| Ok(0));
    let Err(StopError::Write { source, written: 0, lost: EVENTS }) = result else {
        panic!("{result:?}")
    };
    assert_eq!(source.kind(), io::ErrorKind::WriteZero);
}

#[test]
fn short_and_interrupted_writes_lose_nothing() {
    struct Short {
        calls: u64,
        taken: Arc<Mutex<Vec<u8>>>,
    }
    impl Write for Short {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.calls += 1;
            if self.calls % 3 == 0 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let len = bytes.len().min(1 + (self.calls as usize * 37) % 500);
            self.taken.lock().unwrap().extend_from_slice(&bytes[..len]);
            Ok(len)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let _turn = turn();
    let taken = Arc::new(Mutex::new(Vec::new()));
    trace::start(Short { calls: 0, taken: Arc::clone(&taken) }).unwrap();
    for i in 0..EVENTS {
        trace::trace_log!("test", "{i}");
    }
    let summary = trace::stop().unwrap();
    let bytes = std::mem::take(&mut *taken.lock().unwrap());
    assert_eq!(summary.bytes, bytes.len() as u64);
    assert!(Trace::from_bytes(bytes.clone()).unwrap().validate().unwrap().is_empty());
    assert_eq!(first_logs(bytes), EVENTS);
}

#[test]
fn a_writer_cannot_stop_the_session_that_waits_for_it() {
    static REFUSED: AtomicBool = AtomicBool::new(false);
    struct Stopper;
    impl Write for Stopper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if let Err(StopError::CalledFromWriter) = trace::stop() {
                REFUSED.store(true, Relaxed);
            }
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let _turn = turn();
    trace::start(Stopper).unwrap();
    trace::trace_log!("test", "hello");
    trace::stop().unwrap();
    assert!(REFUSED.load(Relaxed));
}

#[test]
fn a_writer_may_be_traced_itself() {
    struct Traced(Vec<u8>, std::sync::mpsc::Sender<Vec<u8>>);
    impl Write for Traced {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _region = trace::trace_region!("write", len = bytes.len());
            self.0.extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            self.1.send(std::mem::take(&mut self.0)).map_err(io::Error::other)
        }
    }
    for overflow in [Overflow::Drop, Overflow::Block] {
        let _turn = turn();
        let (sender, receiver) = std::sync::mpsc::channel();
        let builder = Session::builder().pool_bytes(64 << 10).chunk_bytes(8 << 10);
        let session = builder.overflow(overflow).start(Traced(Vec::new(), sender)).unwrap();
        for i in 0..EVENTS {
            trace::trace_log!("test", "{i}");
        }
        session.finish().unwrap();
        let trace = Trace::from_bytes(receiver.recv().unwrap()).unwrap();
        assert!(trace.validate().unwrap().is_empty());
        let analysis = trace.analyze().unwrap();
        assert!(trace.threads().iter().any(|thread| thread.name() == "trace-drainer"));
        assert_eq!(analysis.logs[0].count + analysis.loss.total, EVENTS + lost_writes(&trace));
    }

    /// Events that the drainer itself lost, which are no logs.
    fn lost_writes(trace: &Trace) -> u64 {
        let analysis = trace.analyze().unwrap();
        let drainer = trace.threads().iter().find(|t| t.name() == "trace-drainer").unwrap().id;
        let of_drainer = |loss: &&trace_reader::analysis::LossTotal| loss.thread == Some(drainer);
        analysis.loss.losses.iter().filter(of_drainer).map(|loss| loss.count).sum()
    }
}
