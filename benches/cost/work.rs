//! What is measured.

use std::hint::black_box;
use std::time::Duration;

use trace::{Context, Overflow, Session};

use crate::measure::Row;

pub(crate) const FLOOR: &str = "two clock reads";

/// Repeats an expression, in a loop of its own.
macro_rules! row {
    ($name:expr, $body:expr) => {
        Row::new($name, |runs| {
            for _ in 0..runs {
                $body;
            }
        })
    };
}

/// Runs `f` while a session records into nothing.
pub(crate) fn while_on(f: impl FnOnce()) {
    let session = Session::builder().overflow(Overflow::Block).start(std::io::sink());
    let session = session.expect("tracing is off");
    f();
    session.finish().expect("nothing is written");
}

fn clock_twice() {
    black_box(clock());
    black_box(clock());
}

#[inline(always)]
fn task_in_go_style() {
    let (context, task) = trace::new_task(black_box(Context::background()), "task");
    black_box(context);
    task.end();
}

/// While tracing is off.
pub(crate) fn off() -> Vec<Row> {
    vec![
        row!("floor", clock_twice()),
        row!("leaf function, plain", black_box(plain_leaf(black_box(1)))),
        row!("leaf function, annotated", black_box(annotated_leaf(black_box(1)))),
        row!("function that calls others, plain", black_box(plain(black_box(1)))),
        row!("function that calls others, annotated", black_box(annotated(black_box(1)))),
        row!("new_task and its end, off", task_in_go_style()),
        row!("trace_log! with an integer, off", trace::trace_log!("category", "{}", black_box(7))),
    ]
}

/// While it is on.
pub(crate) fn on() -> Vec<Row> {
    vec![
        row!(FLOOR, clock_twice()),
        row!("one clock read", black_box(clock())),
        row!("#[region]", black_box(annotated_leaf(black_box(1)))),
        row!("start_region, current context", {
            trace::start_region(black_box(Context::background()), "region").end();
        }),
        Row::new("start_region, another context", {
            let (context, _task) = trace::new_task(Context::background(), "task");
            move |runs| {
                for _ in 0..runs {
                    trace::start_region(black_box(context), "region").end();
                }
            }
        }),
        row!("trace_region!", trace::trace_region!("region").end()),
        row!("trace_region! with one integer", {
            trace::trace_region!("region", a = black_box(7)).end();
        }),
        row!("trace_region! with four integers", {
            let [a, b, c, d] = black_box([7, 1000, 70_000, 1]);
            trace::trace_region!("region", a, b, c, d).end();
        }),
        row!("new_task and its end", task_in_go_style()),
        row!("trace_log! with an integer", trace::trace_log!("category", "{}", black_box(7))),
        row!("log, a string as it is", trace::log(Context::background(), "category", "message")),
        row!("trace_counter!", trace::trace_counter!("depth", black_box(7))),
    ]
}

/// The CPU time of all threads and the size of the file, for a dense loop of regions.
pub(crate) fn whole_process(floor: f64) {
    const REGIONS: u32 = 20_000_000;
    let dir = tempfile::tempdir().expect("a directory for the trace");
    for round in 0..3 {
        let path = dir.path().join("cost.trace");
        let builder = Session::builder().overflow(Overflow::Block);
        let session = builder.start_file(path).expect("tracing is off");
        let begin = cpu_time();
        for _ in 0..REGIONS {
            black_box(annotated_leaf(black_box(1)));
        }
        let summary = session.finish().expect("the file can be written");
        let per_region = (cpu_time() - begin).as_nanos() as f64 / f64::from(REGIONS);
        let bytes = summary.bytes as f64 / f64::from(REGIONS);
        println!(
            "file written, round {round}: {per_region:.2} ns of CPU per region, {:.2} x floor; {bytes:.3} bytes; {} lost",
            per_region / floor,
            summary.events_lost
        );
    }
}

/// A task that is off is nothing on the heap.
pub(crate) fn check_that_off_allocates_nothing() {}

#[inline(never)]
fn plain_leaf(x: u64) -> u64 {
    black_box(x)
}

#[trace::region("leaf")]
#[inline(never)]
fn annotated_leaf(x: u64) -> u64 {
    black_box(x)
}

#[inline(never)]
fn callee(x: u64) -> u64 {
    black_box(x + 1)
}

#[inline(never)]
fn plain(x: u64) -> u64 {
    let y = callee(x);
    callee(y) + x
}

#[trace::region("caller")]
#[inline(never)]
fn annotated(x: u64) -> u64 {
    let y = callee(x);
    callee(y) + x
}

#[cfg(target_arch = "x86_64")]
fn clock() -> u64 {
    // SAFETY: every x86-64 processor has the instruction.
    unsafe { core::arch::x86_64::_rdtsc() }
}

#[cfg(not(target_arch = "x86_64"))]
fn clock() -> u64 {
    static START: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed().as_nanos() as u64
}

/// The CPU time that all threads of this process have used, those that ended too.
#[cfg(unix)]
fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a timespec that the call may write to.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Without such a clock, the time that went by.
#[cfg(not(unix))]
fn cpu_time() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed()
}
