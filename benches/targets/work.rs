//! What is measured.

use std::future::{Future, poll_fn};
use std::hint::black_box;
use std::task::{Poll, Waker};

use trace::{Context, Overflow, Session, TraceFuture};

use crate::measure::Row;

/// What the row of a task does besides.
pub(crate) const CONTEXT: &str = "a context, hidden from the compiler";
pub(crate) const NOTHING: &str = "an empty loop";
pub(crate) const FLOOR: &str = "two clock reads";
pub(crate) const PLAIN_CALLER: &str = "function that calls others, plain";
pub(crate) const OFF_CALLER: &str = "function that calls others, annotated";
pub(crate) const REGION: &str = "#[region]";
pub(crate) const START_REGION: &str = "start_region, current context";
pub(crate) const START_REGION_IN: &str = "start_region, another context";
pub(crate) const NO_INTEGER: &str = "trace_region!";
pub(crate) const FOUR_INTEGERS: &str = "trace_region! with four integers";
pub(crate) const CLOCK: &str = "one clock read";
pub(crate) const TASK: &str = "new_task and its end";
pub(crate) const FUNCTION_TASK: &str = "#[task]";
pub(crate) const PLAIN_LEAF: &str = "leaf function, plain";
pub(crate) const LOG: &str = "trace_log! with an integer";
pub(crate) const PLAIN_POLL: &str = "poll of a future, plain";
pub(crate) const POLL: &str = "poll of a future, traced";
pub(crate) const WOKEN_POLL: &str = "poll of a future that is woken, traced";

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
        row!(NOTHING, black_box(())),
        row!(CONTEXT, {
            black_box(black_box(Context::background()));
        }),
        row!(FLOOR, clock_twice()),
        row!(PLAIN_LEAF, black_box(plain_leaf(black_box(1)))),
        row!("leaf function, annotated", black_box(annotated_leaf(black_box(1)))),
        row!(PLAIN_CALLER, black_box(plain(black_box(1)))),
        row!(OFF_CALLER, black_box(annotated(black_box(1)))),
        row!(TASK, task_in_go_style()),
        row!(FUNCTION_TASK, black_box(task(black_box(1)))),
        row!(LOG, trace::trace_log!("category", "{}", black_box(7))),
        polled(PLAIN_POLL, poll_fn(|_| Poll::Pending)),
        polled(POLL, poll_fn(|_| Poll::Pending).in_region("future")),
    ]
}

/// Polls a future that is never ready.
fn polled(name: &'static str, future: impl Future<Output = ()> + 'static) -> Row {
    let mut future = Box::pin(future);
    Row::new(name, move |runs| {
        for _ in 0..runs {
            let mut given = std::task::Context::from_waker(Waker::noop());
            black_box(future.as_mut().poll(&mut given).is_pending());
        }
    })
}

/// While it is on.
pub(crate) fn on() -> Vec<Row> {
    vec![
        row!(FLOOR, clock_twice()),
        row!(CLOCK, black_box(clock())),
        row!(REGION, black_box(annotated_leaf(black_box(1)))),
        row!(START_REGION, {
            trace::start_region(black_box(Context::background()), "region").end();
        }),
        Row::new(START_REGION_IN, {
            let (context, _task) = trace::new_task(Context::background(), "task");
            move |runs| {
                for _ in 0..runs {
                    trace::start_region(black_box(context), "region").end();
                }
            }
        }),
        row!(NO_INTEGER, trace::trace_region!("region").end()),
        row!("trace_region! with one integer", {
            trace::trace_region!("region", a = black_box(7)).end();
        }),
        row!(FOUR_INTEGERS, {
            let [a, b, c, d] = black_box([7, 1000, 70_000, 1]);
            trace::trace_region!("region", a, b, c, d).end();
        }),
        row!(TASK, task_in_go_style()),
        row!(FUNCTION_TASK, black_box(task(black_box(1)))),
        row!(LOG, trace::trace_log!("category", "{}", black_box(7))),
        row!("log, a string as it is", trace::log(Context::background(), "category", "message")),
        row!("trace_counter!", trace::trace_counter!("depth", black_box(7))),
        polled(PLAIN_POLL, poll_fn(|_| Poll::Pending)),
        polled(POLL, poll_fn(|_| Poll::Pending).in_region("future")),
        polled(WOKEN_POLL, poll_fn(wake_and_wait).in_region("future")),
    ]
}

fn wake_and_wait(polled: &mut std::task::Context<'_>) -> Poll<()> {
    polled.waker().wake_by_ref();
    Poll::Pending
}

#[inline(never)]
fn plain_leaf(x: u64) -> u64 {
    black_box(x)
}

#[trace::region("leaf")]
#[inline(never)]
pub(crate) fn annotated_leaf(x: u64) -> u64 {
    black_box(x)
}

#[trace::task("leaf")]
#[inline(never)]
fn task(x: u64) -> u64 {
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
pub(crate) fn clock() -> u64 {
    // SAFETY: every x86-64 processor has the instruction.
    unsafe { core::arch::x86_64::_rdtsc() }
}

#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn clock() -> u64 {
    static START: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed().as_nanos() as u64
}
