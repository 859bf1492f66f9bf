//! The body of a response.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::channel::{Broken, Channel};

/// The body of a response: a trace while it is being recorded, or a short text.
///
/// It wakes the task that polls it from a thread of the recording, and needs no particular runtime. It never
/// blocks. Dropping it stops the recording at once, which is how a client that goes away ends the trace.
#[derive(Debug)]
pub struct Body(Kind);

#[derive(Debug)]
enum Kind {
    Whole(Option<Bytes>),
    Trace(Arc<Channel>),
}

impl Body {
    pub(crate) fn of_text(text: impl Into<Bytes>) -> Self {
        let text = text.into();
        Self(Kind::Whole(if text.is_empty() { None } else { Some(text) }))
    }

    pub(crate) fn of_channel(channel: Arc<Channel>) -> Self {
        Self(Kind::Trace(channel))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.get_mut().0 {
            Kind::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Kind::Trace(channel) => channel
                .poll_take(cx)
                .map(|next| next.map(|piece| piece.map(Frame::data).map_err(BodyError))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(bytes) => bytes.is_none(),
            Kind::Trace(channel) => channel.is_at_end(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Kind::Trace(_) => SizeHint::default(),
        }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if let Kind::Trace(channel) = &self.0 {
            channel.leave();
        }
    }
}

/// Why a [`Body`] ended before its trace did: the client took nothing for too long, or the trace could not
/// be written to its end. A server then breaks the connection off, so that the client knows. What it has
/// got by then is a trace that can be read, as far as it goes.
#[derive(Debug)]
pub struct BodyError(Broken);

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the response with the trace is not whole: {}", self.0)
    }
}

impl std::error::Error for BodyError {}
