//! Sets of tasks: tokio's `JoinSet`, with futures and blocking work that are traced.

use std::future::Future;

use tokio::task::{AbortHandle, JoinSet};
use trace_core::TraceFuture;

use crate::blocking;

/// What can be done with a [`JoinSet`] beside what tokio has. In scope, it has these methods.
///
/// ```
/// use trace_tokio::JoinSetExt;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let mut cups = tokio::task::JoinSet::new();
/// for cup in 1..=3 {
///     cups.spawn_traced("fillCup", async move { cup });
/// }
/// assert_eq!(cups.join_all().await.iter().sum::<u64>(), 6);
/// # });
/// ```
pub trait JoinSetExt<T: 'static> {
    /// [`JoinSet::spawn`] of a future that is traced as `name`, from here and now, in the current context.
    ///
    /// # Panics
    /// Outside of a runtime.
    #[track_caller]
    fn spawn_traced<F>(&mut self, name: &'static str, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send;

    /// The same for a future that stays on this thread.
    ///
    /// # Panics
    /// Outside of a `LocalSet` or a local runtime.
    #[track_caller]
    fn spawn_local_traced<F>(&mut self, name: &'static str, future: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static;

    /// The same for work that blocks; see [`spawn_blocking`](crate::spawn_blocking).
    ///
    /// # Panics
    /// Outside of a runtime.
    #[track_caller]
    fn spawn_blocking_traced<F>(&mut self, name: &'static str, f: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send;
}

impl<T: 'static> JoinSetExt<T> for JoinSet<T> {
    #[track_caller]
    fn spawn_traced<F>(&mut self, name: &'static str, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.spawn(future.traced(name))
    }

    #[track_caller]
    fn spawn_local_traced<F>(&mut self, name: &'static str, future: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.spawn_local(future.traced(name))
    }

    #[track_caller]
    fn spawn_blocking_traced<F>(&mut self, name: &'static str, f: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.spawn_blocking(blocking(name, f))
    }
}
