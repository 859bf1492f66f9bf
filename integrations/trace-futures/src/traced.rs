//! Streams that are traced.

use std::pin::Pin;
use std::task::{Context as Polled, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;
use pin_project_lite::pin_project;
use trace_core::{Context, TraceFuture, Traced};

use crate::polls::Polls;

pin_project! {
    /// A stream that is traced; see [`TraceStream`](crate::TraceStream) for how to get one.
    ///
    /// To drop it before it has come to its end is to cancel it, and the trace says so.
    #[derive(Debug)]
    #[must_use = "streams do nothing unless they are polled"]
    pub struct TracedStream<S: Stream> {
        #[pin]
        polls: Traced<Polls<S, S::Item>>,
    }
}

impl<S: Stream> TracedStream<S> {
    #[track_caller]
    pub(crate) fn in_region(stream: S, name: &'static str) -> Self {
        Self { polls: Polls::of(stream, name).in_region(name) }
    }

    #[track_caller]
    pub(crate) fn traced(stream: S, name: &'static str) -> Self {
        Self { polls: Polls::of(stream, name).traced(name) }
    }

    #[track_caller]
    pub(crate) fn in_task(stream: S, name: &'static str) -> Self {
        Self { polls: Polls::of(stream, name).in_task(name) }
    }

    /// Does not log each item.
    pub fn without_items(mut self) -> Self {
        self.polls.get_mut().are_told = false;
        self
    }

    /// Does not record who wakes the stream, and so not for how long it waits to be polled either; see
    /// [`Traced::without_wakes`].
    pub fn without_wakes(mut self) -> Self {
        self.polls = self.polls.without_wakes();
        self
    }

    /// What happens in the stream belongs to this context: that of its task, if it is one. The background if
    /// nothing is recorded of it.
    pub fn context(&self) -> Context {
        self.polls.context()
    }
}

impl<S: Stream> Stream for TracedStream<S> {
    type Item = S::Item;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, given: &mut Polled<'_>) -> Poll<Option<S::Item>> {
        let mut polls = self.project().polls;
        let over = polls.as_mut().poll(given).map(|()| None);
        match polls.get_pin_mut().project().item.take() {
            Some(item) => Poll::Ready(Some(item)),
            None => over,
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.polls.get_ref().stream.size_hint()
    }
}

impl<S: FusedStream> FusedStream for TracedStream<S> {
    fn is_terminated(&self) -> bool {
        self.polls.get_ref().stream.is_terminated()
    }
}
