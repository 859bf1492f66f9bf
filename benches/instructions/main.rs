//! How many instructions annotations take, counted by valgrind: the same on every run of the same
//! program, however busy the machine is. `ci/instructions` runs this and holds it to a budget.
//!
//! Every function here whose name begins with `op_` does one thing [`RUNS`] times.

use std::future::{Future, poll_fn};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Poll, Waker};

use trace::{Context, Overflow, Session, TraceFuture};

/// How often each thing is done. A chunk is begun every few thousand events: that is a part of what
/// events cost.
const RUNS: u32 = 20_000;

macro_rules! ops {
    ($($name:ident: $body:expr;)*) => {
        $(
            #[unsafe(no_mangle)]
            #[inline(never)]
            fn $name() {
                for _ in 0..RUNS {
                    $body;
                }
            }
        )*
    };
}

ops! {
    op_nothing: black_box(0);
    op_plain_leaf: black_box(plain_leaf(black_box(1)));
    op_off_leaf: black_box(leaf(black_box(2)));
    op_plain_caller: black_box(plain_caller(black_box(1)));
    op_off_caller: black_box(caller(black_box(3)));
    op_off_log: trace::trace_log!("category", "{}", black_box(7));
    op_off_task: {
        let (context, task) = trace::new_task(Context::background(), "task");
        black_box(context);
        task.end();
    };
    op_off_function_task: black_box(task(black_box(2)));
    op_off_start_region: trace::start_region(Context::background(), "region").end();
    op_region: black_box(leaf(black_box(1)));
    op_start_region: trace::start_region(Context::background(), "region").end();
    op_region_one_integer: trace::trace_region!("region", a = black_box(7)).end();
    op_region_four_integers: {
        let [a, b, c, d] = black_box([7, 1000, 70_000, 1]);
        trace::trace_region!("region", a, b, c, d).end();
    };
    op_task: {
        let (context, task) = trace::new_task(Context::background(), "task");
        black_box(context);
        task.end();
    };
    op_function_task: black_box(task(black_box(1)));
    op_context: black_box(Context::background()).run(|| black_box(1));
    op_log: trace::trace_log!("category", "{}", black_box(7));
    op_log_string: trace::log(Context::background(), "category", "message");
    op_counter: trace::trace_counter!("depth", black_box(7));
}

#[unsafe(no_mangle)]
#[inline(never)]
fn op_off_poll() {
    poll_often(poll_fn(|_| Poll::Pending).in_region("future"));
}

#[unsafe(no_mangle)]
#[inline(never)]
fn op_poll() {
    poll_often(poll_fn(|_| Poll::Pending).in_region("future"));
}

#[unsafe(no_mangle)]
#[inline(never)]
fn op_woken_poll() {
    poll_often(poll_fn(wake_and_wait).in_region("future"));
}

#[inline(always)]
fn poll_often(future: impl Future<Output = ()>) {
    let mut future = pin!(future);
    for _ in 0..RUNS {
        let mut given = std::task::Context::from_waker(Waker::noop());
        black_box(future.as_mut().poll(&mut given).is_pending());
    }
}

fn wake_and_wait(polled: &mut std::task::Context<'_>) -> Poll<()> {
    polled.waker().wake_by_ref();
    Poll::Pending
}

fn main() {
    op_nothing();
    op_plain_leaf();
    op_off_leaf();
    op_plain_caller();
    op_off_caller();
    op_off_log();
    op_off_task();
    op_off_function_task();
    op_off_start_region();
    op_off_poll();
    let session = Session::builder().overflow(Overflow::Block).start(std::io::sink());
    let session = session.expect("tracing is off");
    op_region();
    op_start_region();
    op_region_one_integer();
    op_region_four_integers();
    op_task();
    op_function_task();
    op_context();
    op_log();
    op_log_string();
    op_counter();
    op_poll();
    op_woken_poll();
    let summary = session.finish().expect("nothing is written");
    println!("{RUNS} runs, {} events lost", summary.events_lost);
}

#[inline(never)]
fn plain_leaf(x: u64) -> u64 {
    black_box(x)
}

#[trace::region("leaf")]
#[inline(never)]
fn leaf(x: u64) -> u64 {
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
fn plain_caller(x: u64) -> u64 {
    let y = callee(x);
    callee(y) + x
}

#[trace::region("caller")]
#[inline(never)]
fn caller(x: u64) -> u64 {
    let y = callee(x);
    callee(y) + x
}
