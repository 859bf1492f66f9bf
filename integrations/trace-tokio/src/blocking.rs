//! Work that blocks: a closure that waits for a thread, and then runs on it to its end.
//!
//! It is traced as a future that is polled once: its wait in the queue is that for the first poll, its run is the
//! poll, and it is cancelled if no thread ever came to it.

use std::future::Future;
use std::pin::pin;
use std::task::{Context as Polled, Poll, Waker};

use tokio::task::JoinHandle;
use trace_core::TraceFuture;

/// Runs `f` on a thread of tokio's for work that blocks, traced as `name`, in the context that is current here
/// and now.
///
/// The trace tells how long it was queued, when and on which thread it ran, and whether it completed, panicked, or
/// was aborted before it began.
///
/// # Panics
/// Outside of a runtime, as [`tokio::task::spawn_blocking`] does.
#[track_caller]
pub fn spawn_blocking<F, R>(name: &'static str, f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    tokio::task::spawn_blocking(blocking(name, f))
}

/// A closure that does the same as `f` and is traced as `name`, from here and now until it has run: for whatever
/// takes one, like `Handle::spawn_blocking` or a pool of threads. To drop it is to cancel it.
///
/// ```
/// let grind = trace_tokio::blocking("grindBeans", || "grounds");
/// assert_eq!(std::thread::spawn(grind).join().unwrap(), "grounds");
/// ```
#[track_caller]
pub fn blocking<F, R>(name: &'static str, f: F) -> impl FnOnce() -> R
where
    F: FnOnce() -> R,
{
    let once = async move { f() }.traced(name).without_wakes();
    move || match pin!(once).poll(&mut Polled::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => unreachable!("there is nothing in it to wait for"),
    }
}
