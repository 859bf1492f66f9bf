//! What happens when the program is faster than the writer: emitted = read + lost, exactly.

#[path = "shared/slow_writer.rs"]
mod slow_writer;

use std::io::{self, Write};
use std::sync::mpsc::channel;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use slow_writer::Slow;
use trace::{Overflow, Session};
use trace_reader::{LossCause, ThreadId, Trace};

fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets `threads` threads emit `logs` messages and as many regions each, through a small pool.
fn flood(overflow: Overflow, threads: usize, logs: u64) -> Trace {
    let (to, receiver) = channel();
    let slow = Slow { bytes: Vec::new(), pause: Duration::from_millis(1), to };
    let session = Session::builder()
        .pool_bytes(64 << 10)
        .chunk_bytes(4 << 10)
        .overflow(overflow)
        .start(slow)
        .unwrap();
    thread::scope(|scope| {
        for number in 0..threads {
            let emit = move || {
                for i in 0..logs {
                    let _region = trace::trace_region!("flood");
                    trace::trace_log!("flood", "{i}");
                }
            };
            let name = format!("flood {number}");
            thread::Builder::new().name(name).spawn_scoped(scope, emit).unwrap();
        }
    });
    let summary = session.finish().unwrap();
    let trace = Trace::from_bytes(receiver.recv().unwrap()).unwrap();
    let violations = trace.validate().unwrap();
    assert!(violations.is_empty(), "{:?}", violations.kept());
    assert_eq!(trace.analyze().unwrap().loss.total, summary.events_lost);
    trace
}

fn lost_by(trace: &Trace, thread: ThreadId) -> u64 {
    let analysis = trace.analyze().unwrap();
    let losses = analysis.loss.losses.iter().filter(|loss| loss.thread == Some(thread));
    losses.inspect(|loss| assert_eq!(loss.cause, LossCause::PoolFull)).map(|loss| loss.count).sum()
}

#[test]
fn dropping_is_exact_per_thread() {
    const LOGS: u64 = 3_000;
    let _turn = turn();
    let trace = flood(Overflow::Drop, 8, LOGS);
    assert!(trace.analyze().unwrap().loss.total > 0, "the writer must have been too slow");
    let mut threads = 0;
    for thread in trace.analyze().unwrap().threads {
        let name = trace.thread(thread.id).unwrap().name();
        assert!(name.starts_with("flood"));
        assert_eq!(thread.events + lost_by(&trace, thread.id), 3 * LOGS, "{name}");
        threads += 1;
    }
    // A thread that never got a chunk is in the losses alone.
    let analysis = trace.analyze().unwrap();
    let unseen: u64 = analysis
        .loss
        .losses
        .iter()
        .filter(|loss| !trace.threads().iter().any(|thread| Some(thread.id) == loss.thread))
        .map(|loss| loss.count)
        .sum();
    assert_eq!(unseen, (8 - threads) * 3 * LOGS);
}

#[test]
fn regions_around_a_gap_are_complete_when_their_end_was_recorded() {
    let _turn = turn();
    let (to, receiver) = channel();
    let slow = Slow { bytes: Vec::new(), pause: Duration::from_millis(20), to };
    let session = Session::builder().pool_bytes(16 << 10).chunk_bytes(4 << 10).start(slow).unwrap();
    {
        let _around = trace::trace_region!("around the gap");
        for _ in 0..10_000 {
            let _small = trace::trace_region!("small");
        }
        // Time for the writer to make room.
        thread::sleep(Duration::from_millis(200));
        let _last = trace::trace_region!("last");
    }
    session.finish().unwrap();
    let trace = Trace::from_bytes(receiver.recv().unwrap()).unwrap();
    let analysis = trace.analyze().unwrap();
    assert!(analysis.loss.total > 0);
    let count = |name| {
        let region = analysis.regions.iter().find(|region| region.name == name).unwrap();
        (region.durations.count(), region.open, region.lost)
    };
    assert_eq!(count("around the gap"), (1, 0, 0));
    assert_eq!(count("last"), (1, 0, 0));
    assert!(trace.validate().unwrap().is_empty());
}

#[test]
fn blocking_loses_nothing() {
    const LOGS: u64 = 1_000;
    let _turn = turn();
    let trace = flood(Overflow::Block, 4, LOGS);
    let analysis = trace.analyze().unwrap();
    assert_eq!(analysis.loss.total, 0);
    assert_eq!(analysis.events, 4 * 3 * LOGS);
    let recording = trace.load().unwrap();
    for thread in &recording.threads {
        let of_thread = recording.logs.iter().filter(|log| log.thread == thread.id);
        let messages: Vec<u64> =
            of_thread.map(|log| log.message.to_str().parse().unwrap()).collect();
        assert_eq!(messages, (0..LOGS).collect::<Vec<_>>());
    }
}

#[test]
fn an_event_larger_than_a_chunk_is_counted() {
    let _turn = turn();
    let text = "x".repeat(4_000);
    let (to, receiver) = channel();
    let slow = Slow { bytes: Vec::new(), pause: Duration::ZERO, to };
    let session = Session::builder().chunk_bytes(4 << 10).pool_bytes(64 << 10).start(slow).unwrap();
    drop(trace::trace_region!("fits without them", a = text, b = text));
    trace::trace_log!("test", "goes on");
    session.finish().unwrap();
    let trace = Trace::from_bytes(receiver.recv().unwrap()).unwrap();
    assert!(trace.validate().unwrap().is_empty());
    let recording = trace.load().unwrap();
    assert_eq!((recording.regions.len(), recording.logs.len()), (1, 1));
    assert_eq!(trace.analyze().unwrap().loss.total, 1, "the arguments");
}

#[test]
fn stop_does_not_wait_for_those_who_wait_for_a_chunk() {
    let _turn = turn();
    let (to, receiver) = channel();
    let slow = Slow { bytes: Vec::new(), pause: Duration::from_millis(30), to };
    let session = Session::builder()
        .pool_bytes(16 << 10)
        .chunk_bytes(4 << 10)
        .overflow(Overflow::Block)
        .start(slow)
        .unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while trace::is_enabled() {
                    trace::trace_log!("flood", "{}", "x".repeat(1_000));
                }
            });
        }
        thread::sleep(Duration::from_millis(100));
        session.finish().unwrap();
    });
    let trace = Trace::from_bytes(receiver.recv().unwrap()).unwrap();
    assert!(trace.validate().unwrap().is_empty());
}

#[test]
fn blocking_does_not_wait_for_threads_that_hold_all_chunks() {
    let _turn = turn();
    let (to, receiver) = channel();
    let slow = Slow { bytes: Vec::new(), pause: Duration::ZERO, to };
    let builder = Session::builder().pool_bytes(16 << 10).chunk_bytes(4 << 10);
    let session = builder.overflow(Overflow::Block).start(slow).unwrap();
    let (end, ended) = channel::<()>();
    let ended = Mutex::new(ended);
    thread::scope(|scope| {
        let (emitted, has_emitted) = channel();
        for _ in 0..4 {
            let (emitted, ended) = (emitted.clone(), &ended);
            scope.spawn(move || {
                trace::trace_log!("test", "holds a chunk");
                emitted.send(()).unwrap();
                let _ = ended.lock().unwrap().recv();
            });
            has_emitted.recv().unwrap();
        }
        trace::trace_log!("test", "there is none left, and none will come back");
        drop(end);
    });
    assert_eq!(session.finish().unwrap().events_lost, 1);
    let trace = Trace::from_bytes(receiver.recv().unwrap()).unwrap();
    assert!(trace.validate().unwrap().is_empty());
}

#[test]
fn a_writer_that_starts_a_session_is_refused() {
    struct Starter;
    impl Write for Starter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            assert!(matches!(trace::start(io::sink()), Err(trace::StartError::AlreadyStarted)));
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            assert!(matches!(trace::start(io::sink()), Err(trace::StartError::AlreadyStarted)));
            Ok(())
        }
    }
    let _turn = turn();
    let session = Session::builder().start(Starter).unwrap();
    trace::trace_log!("test", "hello");
    session.finish().unwrap();
}
