//! Futures that are spawned: tokio's functions, with futures that are traced.
//!
//! All of these begin with the call, also if the runtime polls them much later, or never.

use std::future::Future;

use tokio::task::JoinHandle;
use trace_core::{Context, TraceFuture};

/// Spawns a future that is traced as `name`, in the context that is current here and now.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let milk = trace_tokio::spawn("steamMilk", async { "foam" });
/// assert_eq!(milk.await.unwrap(), "foam");
/// # });
/// ```
///
/// # Panics
/// Outside of a runtime, as [`tokio::spawn`] does.
#[track_caller]
pub fn spawn<F>(name: &'static str, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(future.traced(name))
}

/// The same in `context`, whatever is current: what happens in the future belongs to that context's task.
///
/// # Panics
/// Outside of a runtime, as [`tokio::spawn`] does.
#[track_caller]
pub fn spawn_in<F>(context: Context, name: &'static str, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let entered = context.enter();
    let future = future.traced(name);
    drop(entered);
    tokio::spawn(future)
}

/// Spawns a future that is a task of type `name`, as a part of the task that is current here and now. Its latency
/// is the time from this call to the future's end.
///
/// # Panics
/// Outside of a runtime, as [`tokio::spawn`] does.
#[track_caller]
pub fn spawn_task<F>(name: &'static str, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(future.in_task(name))
}

/// [`spawn`] for a future that stays on this thread.
///
/// # Panics
/// Outside of a `LocalSet` or a local runtime, as [`tokio::task::spawn_local`] does.
#[track_caller]
pub fn spawn_local<F>(name: &'static str, future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    tokio::task::spawn_local(future.traced(name))
}
