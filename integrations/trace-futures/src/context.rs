//! Streams in whose polls a context is current.

use std::pin::Pin;
use std::task::{Context as Polled, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;
use pin_project_lite::pin_project;
use trace_core::Context;

pin_project! {
    /// A stream in whose polls a context is current; see [`TraceStream::in_context`](crate::TraceStream::in_context).
    #[derive(Debug)]
    #[must_use = "streams do nothing unless they are polled"]
    pub struct InContext<S> {
        #[pin]
        stream: S,
        context: Context,
    }
}

impl<S> InContext<S> {
    pub(crate) fn new(stream: S, context: Context) -> Self {
        Self { stream, context }
    }
}

impl<S: Stream> Stream for InContext<S> {
    type Item = S::Item;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, given: &mut Polled<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let _entered = this.context.enter();
        this.stream.poll_next(given)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}

impl<S: FusedStream> FusedStream for InContext<S> {
    fn is_terminated(&self) -> bool {
        self.stream.is_terminated()
    }
}
