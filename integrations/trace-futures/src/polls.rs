//! A stream as a future: what the recorder knows to trace.
//!
//! It is over when the stream is. A poll that gives an item is, as a future's, one that gives no result yet; the item
//! lies here until whoever polled takes it, which is at once.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context as Polled, Poll, ready};

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
        let Some(item) = ready!(this.stream.poll_next(given)) else {
            // Some go on when they are polled again: that is not in the trace any more.
            *this.are_told = false;
            return Poll::Ready(());
        };
        *this.item = Some(item);
        *this.items += 1;
        if *this.are_told && trace_core::is_enabled() {
            log_at(this.name, this.location, format_args!("item {}", this.items));
        }
        Poll::Pending
    }
}
