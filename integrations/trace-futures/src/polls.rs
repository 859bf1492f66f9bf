//! A stream as a future: what the recorder knows to trace.
//!
//! It is over when the stream is. A poll that gives an item is, as a future's, one that gives no result yet; the item
//! lies here until whoever polled takes it, which is at once.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context as Polled, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;
use trace_core::__private::log_at;

pin_project! {
    /// The polls of a stream of these items.
    #[derive(Debug)]
    pub(crate) struct Polls<S, T> {
        #[pin]
        pub(crate) stream: S,
        pub(crate) item: Option<T>,
        // How many it gave.
        items: u64,
        // Whether each is in the trace.
        pub(crate) are_told: bool,
        name: &'static str,
        location: &'static Location<'static>,
    }
}

impl<S, T> Polls<S, T> {
    #[track_caller]
    pub(crate) fn of(stream: S, name: &'static str) -> Self {
        let location = Location::caller();
        Self { stream, item: None, items: 0, are_told: true, name, location }
    }
}

impl<S: Stream<Item = T>, T> Future for Polls<S, T> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, given: &mut Polled<'_>) -> Poll<()> {
        let this = self.project();
        // Not if this is the end, or panics: some streams go on behind that, which is not in the trace any more.
        let are_told = std::mem::take(this.are_told);
        *this.item = match this.stream.poll_next(given) {
            Poll::Ready(None) => return Poll::Ready(()),
            Poll::Ready(item) => item,
            Poll::Pending => None,
        };
        *this.are_told = are_told;
        if this.item.is_some() {
            *this.items += 1;
            if are_told && trace_core::is_enabled() {
                log_at(this.name, this.location, format_args!("item {}", this.items));
            }
        }
        Poll::Pending
    }
}
