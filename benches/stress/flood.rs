//! Threads that are faster than the writer: they never wait, and every event is read or counted as lost.
//!
//! Eight threads share fewer processors, so that most of the slowest calls are slow because the system
//! gave the processor to another thread. Calls are therefore timed in batches, and a batch during which
//! the thread was preempted (`ru_nivcsw` of `getrusage`) says nothing and is dropped; how many were is in
//! the row. A thread that goes to sleep by itself, on a lock, is not preempted: such calls are kept. So are
//! page faults, interrupts, and what a hypervisor takes away.

use std::hint::black_box;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use trace::{Overflow, Session};
use trace_reader::{LossCause, Thread, Trace};

use crate::Size;
use crate::process::of_thread;
use crate::rows::Rows;
use crate::slow_writer::Slow;

const THREADS: usize = 8;
/// Short enough that few are preempted, long enough that asking costs little.
const BATCH: u64 = 200;

pub(crate) fn run(size: Size, rows: &mut Rows) {
    let batches = size.pick(500, 10_000);
    let events = batches * BATCH;
    let (trace, latencies) = flood(batches);
    let (lost, mut wrong) = count(&trace, events);
    if lost == 0 {
        wrong.push("the writer was not too slow".into());
    }
    let all = events * THREADS as u64;
    let what = format!("flood: {THREADS} threads, pool of 1 MiB, a writer that sleeps");
    let done = format!("{all} emitted, {} read, {lost} lost", all - lost);
    rows.runs(&what, "emitted = read + lost, per thread", &done, &wrong);

    let mut times = Histogram::<u64>::new(3).expect("three digits can be kept");
    let mut preempted = 0;
    for latency in latencies {
        times += latency.times;
        preempted += latency.preempted;
    }
    let ns = |part| times.value_at_quantile(part);
    let measured = format!(
        "{} ns; p50 {} ns, p99.99 {} ns, most {} µs; {:.1} % of batches preempted",
        ns(0.999),
        ns(0.5),
        ns(0.9999),
        times.max() / 1000,
        100.0 * preempted as f64 / (batches * THREADS as u64) as f64
    );
    // Most batches have to come through, or what is left is no sample.
    let met = ns(0.999) < 2_000 && preempted * 5 < batches * THREADS as u64;
    rows.judge("flood: p99.9 of a call, one clock reading included", "< 2 µs", &measured, met);
}

/// What calls took.
struct Latencies {
    times: Histogram<u64>,
    /// So many batches are not in there.
    preempted: u64,
}

fn flood(batches: u64) -> (Trace, Vec<Latencies>) {
    let (to, receiver) = channel();
    let slow = Slow { bytes: Vec::new(), pause: Duration::from_millis(10), to };
    let builder = Session::builder().pool_bytes(1 << 20).overflow(Overflow::Drop);
    let session = builder.start(slow).expect("tracing is off");
    let latencies = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|number| {
                let builder = std::thread::Builder::new().name(format!("flood {number}"));
                builder.spawn_scoped(scope, move || emit(batches)).expect("a thread")
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    session.finish().expect("the writer does not fail");
    let bytes = receiver.recv().expect("the writer gave them away");
    (Trace::from_bytes(bytes).expect("it is a trace"), latencies)
}

fn emit(batches: u64) -> Latencies {
    let mut times = Histogram::new(3).expect("three digits can be kept");
    let mut preempted = 0;
    let mut batch = [0; BATCH as usize];
    for _ in 0..batches {
        let before = of_thread().ru_nivcsw;
        for nanoseconds in &mut batch {
            let begin = Instant::now();
            trace::trace_log!("flood", "{}", black_box(7));
            *nanoseconds = begin.elapsed().as_nanos() as u64;
        }
        if of_thread().ru_nivcsw == before {
            for nanoseconds in batch {
                times.record(nanoseconds).expect("it grows as it must");
            }
        } else {
            preempted += 1;
        }
    }
    Latencies { times, preempted }
}

/// How many were lost, and where the numbers do not agree.
fn count(trace: &Trace, events: u64) -> (u64, Vec<String>) {
    let mut wrong = Vec::new();
    let violations = trace.validate().expect("memory can be read");
    if !violations.is_empty() {
        wrong.push(format!("{:?}", violations.kept()));
    }
    let analysis = trace.analyze().expect("memory can be read");
    let lost_by = |thread| {
        let losses = analysis.loss.losses.iter().filter(|loss| loss.thread == thread);
        losses.map(|loss| loss.count).sum::<u64>()
    };
    for thread in &analysis.threads {
        let lost = lost_by(Some(thread.id));
        if thread.events + lost != events {
            let (name, read) = (trace.thread(thread.id).map(Thread::name), thread.events);
            wrong.push(format!("{name:?} emitted {events}: {read} read and {lost} lost"));
        }
    }
    // A thread that never got a chunk is in the losses alone, by its number, and has no name.
    let seen: u64 = analysis.threads.iter().map(|thread| lost_by(Some(thread.id))).sum();
    let unseen = (THREADS - analysis.threads.len()) as u64;
    let unknown = lost_by(None);
    if analysis.loss.total - seen - unknown != unseen * events || unknown != 0 {
        wrong.push(format!("{unknown} lost by nobody; {unseen} threads without a chunk"));
    }
    if let Some(other) = analysis.loss.losses.iter().find(|l| l.cause != LossCause::PoolFull) {
        wrong.push(format!("{other:?}"));
    }
    (analysis.loss.total, wrong)
}
