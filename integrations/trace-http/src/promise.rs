//! A value that one thread owes to a task.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// The side that waits.
pub(crate) struct Promise<T>(Arc<Mutex<State<T>>>);

/// The side that tells, at most once. Dropped before that, it lets nobody wait.
pub(crate) struct Debtor<T>(Option<Arc<Mutex<State<T>>>>);

enum State<T> {
    Owed(Option<Waker>),
    Told(Option<T>),
}

/// Both sides.
pub(crate) fn promise<T>() -> (Debtor<T>, Promise<T>) {
    let state = Arc::new(Mutex::new(State::Owed(None)));
    (Debtor(Some(Arc::clone(&state))), Promise(state))
}

fn lock<T>(state: &Mutex<State<T>>) -> MutexGuard<'_, State<T>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> Debtor<T> {
    pub(crate) fn tell(&mut self, value: T) {
        self.settle(Some(value));
    }

    fn settle(&mut self, value: Option<T>) {
        let Some(state) = self.0.take() else { return };
        let before = std::mem::replace(&mut *lock(&state), State::Told(value));
        if let State::Owed(Some(waker)) = before {
            waker.wake();
        }
    }
}

impl<T> Drop for Debtor<T> {
    fn drop(&mut self) {
        self.settle(None);
    }
}

impl<T> Promise<T> {
    /// The value; `None` if it was never told.
    pub(crate) async fn wait(self) -> Option<T> {
        poll_fn(|cx| {
            let waker = cx.waker().clone();
            let mut state = lock(&self.0);
            let before = match &mut *state {
                State::Told(value) => return Poll::Ready(value.take()),
                State::Owed(before) => before.replace(waker),
            };
            drop(state);
            drop(before);
            Poll::Pending
        })
        .await
    }
}
