//! A signal handler that records may interrupt anything, the recording of an event above all.
#![cfg(unix)]

use std::cell::Cell;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use trace::{Overflow, Session};
use trace_reader::{LossCause, Trace};

thread_local! {
    /// How often the handler ran on this thread. It has no destructor and no initialisation, so that a handler
    /// may use it.
    static HANDLED: Cell<u64> = const { Cell::new(0) };
}

extern "C" fn handler(_: libc::c_int) {
    // The one event takes the short way, the other the long one.
    trace::trace_counter!("handled", HANDLED.get());
    trace::log(trace::Context::current(), "handler", "interrupts");
    HANDLED.set(HANDLED.get() + 1);
}

/// What a thread did, and how often it was interrupted.
struct Done {
    rounds: u64,
    handled: u64,
}

fn record(until: Instant) -> Done {
    let mut rounds = 0;
    while Instant::now() < until {
        for _ in 0..100 {
            let _task = trace::trace_task!("round");
            let _region = trace::trace_region!("outer", number = rounds);
            trace::with_region(trace::Context::current(), "inner", || ());
            trace::trace_log!("test", "round {rounds}");
            rounds += 1;
        }
    }
    Done { rounds, handled: HANDLED.get() }
}

/// What the thread itself records is all there; of what the handler does, what is not is counted.
#[test]
fn a_handler_that_records_harms_nothing() {
    const THREADS: usize = 2;
    let action = handler as extern "C" fn(libc::c_int) as *const () as usize;
    // SAFETY: the handler calls what is promised to be safe in a handler of a thread that has recorded before.
    assert_ne!(unsafe { libc::signal(libc::SIGUSR1, action) }, libc::SIG_ERR);
    let file = tempfile::NamedTempFile::new().unwrap();
    // Small chunks, so that handlers come while one is exchanged for the next.
    let session = Session::builder().overflow(Overflow::Block).chunk_bytes(4 << 10);
    let session = session.start_file(file.path()).unwrap();
    let until = Instant::now() + Duration::from_millis(1500);
    let is_over = AtomicBool::new(false);
    let done = thread::scope(|scope| {
        let (ready, is_ready) = channel();
        let works = [(); THREADS].map(|()| {
            let (ready, is_over) = (ready.clone(), &is_over);
            scope.spawn(move || {
                trace::trace_log!("test", "the first event of a thread is not the handler's");
                // SAFETY: the call takes nothing.
                ready.send(unsafe { libc::pthread_self() } as usize).unwrap();
                let done = record(until);
                // So that no signal is sent to a thread that is gone.
                while !is_over.load(Relaxed) {
                    thread::sleep(Duration::from_millis(1));
                }
                Done { handled: HANDLED.get(), ..done }
            })
        });
        let threads: Vec<usize> = is_ready.iter().take(THREADS).collect();
        while Instant::now() < until {
            for thread in &threads {
                // SAFETY: the thread runs until it is told that this is over.
                unsafe { libc::pthread_kill(*thread as libc::pthread_t, libc::SIGUSR1) };
            }
            thread::sleep(Duration::from_micros(20));
        }
        is_over.store(true, Relaxed);
        works.map(|work| work.join().unwrap())
    });
    session.finish().unwrap();
    let (rounds, handled) =
        done.iter().fold((0, 0), |sum, done| (sum.0 + done.rounds, sum.1 + done.handled));
    assert!(handled > 1000, "{handled}");

    let trace = Trace::open(file.path()).unwrap();
    let violations = trace.validate().unwrap();
    assert!(violations.is_empty(), "{:?}", violations.kept());
    let analysis = trace.analyze().unwrap();
    assert_eq!(analysis.tasks[0].durations.count(), rounds);
    assert_eq!(analysis.regions.len(), 2);
    assert!(analysis.regions.iter().all(|region| region.durations.count() == rounds));
    let logs = |category: &str| {
        analysis.logs.iter().find(|log| *log.name == *category).map_or(0, |log| log.count)
    };
    assert_eq!(logs("test"), rounds + THREADS as u64);
    let by_handlers = analysis.counters[0].count + logs("handler");
    let lost = &analysis.loss;
    assert!(lost.losses.iter().all(|loss| loss.cause == LossCause::Reentrant));
    assert_eq!(by_handlers + lost.total, 2 * handled);
    assert!(lost.total > 0, "some came while an event was being recorded");
}
