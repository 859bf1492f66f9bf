//! Regions, tasks and logs that a program writes about itself.
//!
//! `runtime-trace` is for Rust what `runtime/trace` is for Go. A program says what it is doing, in
//! its own words; tracing is switched on while it runs; and `cargo trace` tells where the time of
//! each task went.
//!
//! Say you make cappuccinos, and some orders take too long. An order is a *task*: it has a type,
//! `makeCappuccino`, and a latency, and more than one thread may work on it. What a thread does
//! for it are *regions*: they begin and end on one thread, and nest. Now and then there is
//! something to *log*.
//!
//! ```
//! #[trace::task("makeCappuccino", args(order_id))]
//! fn make_cappuccino(order_id: u64) {
//!     trace::trace_log!("order", "for here, order {order_id}");
//!     let ctx = trace::Context::current();
//!     std::thread::scope(|s| {
//!         // Another thread works on the same task when it enters the task's context.
//!         s.spawn(move || ctx.run(steam_milk));
//!         extract_coffee();
//!     });
//!     mix();
//! }
//!
//! #[trace::region("steamMilk")]
//! fn steam_milk() {}
//!
//! #[trace::region("extractCoffee")]
//! fn extract_coffee() {}
//!
//! #[trace::region("mixMilkCoffee")]
//! fn mix() {}
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let path = std::env::temp_dir().join(format!("essay-{}.trace", std::process::id()));
//! trace::start_file(&path)?; // "cappuccino.trace"
//! make_cappuccino(4711);
//! trace::stop()?;
//! # std::fs::remove_file(path)?;
//! # Ok(())
//! # }
//! ```
//!
//! `cargo trace report cappuccino.trace` then shows how the latencies of all orders are
//! distributed, and `cargo trace tasks cappuccino.trace --slowest 3` what the slowest ones did,
//! on which thread, and for how long.
//!
//! # Two ways to say it
//!
//! The attributes above follow the *current* context of a thread. Where work moves about in other
//! ways than threads do, pass the context along by hand, as in Go; both ways mix:
//!
//! ```
//! let (ctx, task) = trace::new_task(trace::Context::current(), "makeCappuccino");
//! trace::log(ctx, "orderID", "4711");
//! let worker = std::thread::spawn(move || {
//!     trace::with_region(ctx, "steamMilk", || { /* … */ });
//!     task.end(); // on whatever thread the work is done
//! });
//! # worker.join().unwrap();
//! ```
//!
//! Pools of threads and channels are given the context in the same way, by one line where the work goes:
//! `rayon::join(|| ctx.run(steam_milk), || ctx.run(extract_coffee))`.
//!
//! Inside of a function, [`trace_region!`] begins a region that lasts to the end of the scope, and
//! [`trace_task!`] a task. The macros and the attributes take arguments, which the report shows with
//! each region and task: `key = value`, `?value` for what `Debug` writes, `%value` for `Display`.
//! [`trace_counter!`] records a number as it goes up and down.
//!
//! ```
//! # let (queue, cup) = (vec![1], "large");
//! let _region = trace::trace_region!("pour", cup, drops = 12, from = ?queue);
//! trace::trace_counter!("queue depth", queue.len());
//! ```
//!
//! # Switched on from outside
//!
//! With [`#[main]`](macro@main) on its `main`, a program is traced when it is started with
//! `TRACE_OUT=cappuccino.trace`, and so are tests with [`#[test]`](macro@test), each of which is a task.
//! `cargo trace run` and `cargo trace test` do that, and report.
//!
//! ```no_run
//! #[trace::main]
//! fn main() {
//!     // …
//! }
//!
//! #[trace::test]
//! fn milk_is_foamed() {
//!     // …
//! }
//! ```
//!
//! # Futures
//!
//! A future is a flow of control of its own: threads take turns to poll it, and several overlap without
//! nesting. So each that is traced is a row of its own, which tells its polls and their threads, who woke it,
//! and how it ended; for how long it was busy, ready and waiting to be polled, or idle. Of futures within each
//! other, which are woken together, the outermost tells for how long it was ready; the others are idle until it
//! polls them. The attributes go on `async` functions, and [`TraceFuture`] has methods for any other future, on any executor.
//!
//! ```
//! use trace::TraceFuture;
//!
//! #[trace::task("makeCappuccino", args(order_id))]
//! async fn make_cappuccino(order_id: u64) {
//!     let milk = steam_milk();
//!     let coffee = async { /* … */ }.in_region("extractCoffee");
//!     # use std::future::Future;
//!     # async fn both(a: impl Future<Output = ()>, b: impl Future<Output = ()>) { a.await; b.await }
//!     both(milk, coffee).await;
//! }
//!
//! #[trace::region("steamMilk")]
//! async fn steam_milk() {}
//! # drop(make_cappuccino(4711));
//! ```
//!
//! Streams have the same methods from `trace-futures`; what is spawned on tokio, and its blocking work, has them from
//! `trace-tokio`.
//!
//! # Across processes
//!
//! A task goes on in another process with the header of W3C Trace Context, whatever carries that:
//!
//! ```
//! # fn call(_: &str) {}
//! # let header = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
//! let came_in = header.map(trace::Context::from_traceparent).unwrap_or_default();
//! came_in.run(|| {
//!     let _task = trace::trace_task!("makeCappuccino"); // a part of the trace that came in
//!     if let Some(goes_out) = trace::Context::current().to_traceparent() {
//!         call(goes_out.as_str());
//!     }
//! });
//! ```
//!
//! Both sides tell the ids in their traces, as arguments of the tasks: `trace_id`, `span_id` of the caller,
//! `parent_span_id` of the one who was called. While nothing is recorded, what came in goes out unchanged.
//!
//! # What it costs
//!
//! While tracing is off, each begin and end, log and counter loads one atomic: no clock is read,
//! nothing is allocated, no argument of a macro or an attribute is evaluated. While it is on, a region costs little more than the two readings of
//! the clock that it is made of. So annotate once, libraries too, and leave it in.
//!
//! The memory of a session is what [`Session::builder`] says. Should the program outrun the
//! writer, events are dropped, counted, and the loss is shown wherever it matters.
//!
//! The features `off` and `release_off` compile all annotations to nothing, `release_off` only
//! without debug assertions. They are for the final binary to choose: Cargo builds a crate once
//! with the features that *any* package asks for, so that a library that turned tracing off would
//! turn it off for everybody, and `cargo build --all-features` builds without tracing. [`start`]
//! then returns [`StartError::CompiledOut`]. Arguments are type-checked all the same.
//!
//! A dynamic library that links this crate by itself records by itself.
//!
//! # Where things are
//!
//! | | |
//! |---|---|
//! | switch on and off | [`start`], [`start_file`], [`stop`], [`Session`] and its [`SessionBuilder`], [`Overflow`], [`Summary`], [`StartError`], [`StopError`], [`is_enabled`], [`status`](status()), [`capture`](capture()) |
//! | from outside | [`#[main]`](macro@main), [`#[test]`](macro@test), [`start_from_env`], [`SessionFromEnv`] |
//! | the last megabytes | [`FlightRecorder`], [`FlightRecorderBuilder`], [`Snapshot`], [`snapshot`](snapshot()), [`SnapshotError`], [`open_regions`], [`OpenThread`], [`OpenRegion`] |
//! | tasks | [`#[task]`](macro@task), [`trace_task!`], [`new_task`], [`Task`], [`EnteredTask`], [`Context`], [`Entered`], [`Traceparent`] |
//! | threads | [`thread`]: [`spawn`](thread::spawn), [`scope`](thread::scope()), [`Builder`](thread::Builder) |
//! | regions | [`#[region]`](macro@region), [`#[region_all]`](macro@region_all), [`#[skip]`](macro@skip), [`trace_region!`], [`start_region`], [`with_region`], [`Region`] |
//! | futures | [`TraceFuture`], [`Traced`], [`InContext`] |
//! | logs, counters | [`trace_log!`], [`log`](log()), [`trace_counter!`], [`Number`] |
//! | arguments | [`Arg`], [`Value`], [`region_arg`], [`Region::arg`], [`Task::arg`], [`Context::arg`] |
//!
//! Those who know Go's package find each of its names in `docs/from-go.md`.
#![forbid(unsafe_code)]

// So that `::trace` in what the attributes expand to is this crate here as well.
extern crate self as trace;

pub use trace_core::threads as thread;
pub use trace_core::{
    Arg, Context, Entered, EnteredTask, FlightRecorder, FlightRecorderBuilder, InContext, Number,
    OpenRegion, OpenThread, Overflow, RecordingStatus, Region, Session, SessionBuilder,
    SessionFromEnv, Snapshot, SnapshotError, StartError, Status, StopError, Summary, Task,
    TraceFuture, Traced, Traceparent, Value, capture, is_enabled, log, new_task, open_regions,
    region_arg, snapshot, start, start_file, start_from_env, start_region, status, stop,
    trace_counter, trace_log, trace_region, trace_task, with_region,
};
pub use trace_macros::{main, region, region_all, skip, task, test};

#[doc(hidden)]
pub use trace_core::__private;
