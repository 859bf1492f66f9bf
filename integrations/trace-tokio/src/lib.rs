//! Traces programs on [tokio]: what each of their tasks waited for, and when their workers had nothing to do.
//!
//! ```
//! use trace_tokio::{BuilderExt, JoinSetExt};
//!
//! #[trace::task("makeCappuccino", args(order))]
//! async fn make_cappuccino(order: u64) {
//!     let milk = trace_tokio::spawn("steamMilk", async { /* … */ });
//!     let beans = trace_tokio::spawn_blocking("grindBeans", || { /* … */ });
//!     milk.await.expect("the milk boiled over");
//!     beans.await.expect("the mill is stuck");
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let runtime = tokio::runtime::Builder::new_multi_thread().traced().enable_all().build()?;
//! # let ((), trace) = trace::capture(|| {
//! runtime.block_on(async {
//!     let mut orders = tokio::task::JoinSet::new();
//!     for order in 0..3 {
//!         orders.spawn_traced("order", make_cappuccino(order));
//!     }
//!     orders.join_all().await;
//! });
//! # });
//! # let analysis = trace_reader::Trace::from_bytes(trace)?.analyze()?;
//! # assert_eq!(analysis.futures.iter().map(|row| row.began).sum::<u64>(), 12);
//! # Ok(())
//! # }
//! ```
//!
//! While tracing is off, all of this is tokio's own functions and the load of one flag here and there.
//!
//! # Tasks
//!
//! A future that is spawned is a flow of control of its own, a *fiber* of the trace. It begins with the call, so
//! that the wait for its first poll counts, and in the context that is current there. The trace tells each poll
//! with its thread, who woke it, and whether it completed, was aborted (*cancelled*), or panicked.
//!
//! | instead of | |
//! |---|---|
//! | `tokio::spawn(future)` | [`spawn`]`(name, future)`; [`spawn_in`] for another context |
//! | the same, for a logical operation with a latency of its own: a request | [`spawn_task`]`(name, future)` |
//! | `tokio::task::spawn_local(future)` | [`spawn_local`]`(name, future)` |
//! | `tokio::task::spawn_blocking(f)` | [`spawn_blocking`]`(name, f)`: the trace tells how long it was queued |
//! | `set.spawn(future)` of a `JoinSet` | `set.spawn_traced(name, future)` and the like: [`JoinSetExt`] |
//! | anything else that takes a future | `future.traced(name)`, `future.in_task(name)` of [`TraceFuture`](trace_core::TraceFuture) |
//! | anything else that takes blocking work | [`blocking`]`(name, f)` |
//!
//! *Task* is tokio's word for what is spawned, and that of a trace for a logical operation. They are not the same:
//! what is spawned belongs to the task of whoever spawned it, and is one itself only with [`spawn_task`].
//!
//! # Runtimes
//!
//! [`BuilderExt::traced`] records when a thread of the runtime is parked, as the region `tokio park`, and when it
//! starts and stops, as logs of the category `tokio`; and it numbers the threads. Tokio keeps one callback of each
//! kind: those that the program has itself are given to [`Hooks`]. To be parked is a region like others: where a
//! report says how much of a thread's time is in regions, that counts. How much of it that was is in the row of
//! `tokio park`.
//!
//! With `--cfg tokio_unstable` in `RUSTFLAGS`, and tokio 1.47 or later, each poll of every task is the region
//! `tokio poll` with tokio's id of it, spawned through this crate or not; where a task was spawned and when it
//! ended are logs. What a worker does is then `tokio park`, `tokio poll`, and between them the runtime's own
//! work. Which context a task that was not spawned through this crate belongs to is not known: its polls are in
//! the background.
//!
//! What cannot be seen is said in the trace, as a log, once in each recording for each runtime: without that flag, tasks that were
//! not spawned through this crate; with it, the future of `block_on` and the tasks of a `LocalSet`, unless they are
//! traced futures.
#![forbid(unsafe_code)]

mod between;
mod blocking;
mod hooks;
mod join_set;
mod runtime;
mod spawn;
#[cfg(tokio_unstable)]
mod tasks;
mod told;

pub use blocking::{blocking, spawn_blocking};
pub use hooks::Hooks;
pub use join_set::JoinSetExt;
pub use runtime::BuilderExt;
pub use spawn::{spawn, spawn_in, spawn_local, spawn_task};
