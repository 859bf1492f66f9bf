//! Traces [streams](Stream), on any executor: for how long each was busy, could have been and was not, or idle;
//! when each item came; and whether the stream came to its end.
//!
//! A stream is polled as a future is, only that it gives more than one result. So it is a flow of control of its
//! own, a *fiber* of the trace, from its first poll or its creation to its end. Each of its items is a stretch of
//! polls, of which the last one gives the item.
//!
//! ```
//! use std::pin::pin;
//!
//! use futures_util::{StreamExt, stream};
//! use trace_futures::TraceStream;
//!
//! # async fn steam_milk(order: u64) -> u64 { order }
//! # let take_orders = async {
//! let orders = stream::iter(1..=3).then(steam_milk).in_region("orders");
//! let mut orders = pin!(orders);
//! while let Some(order) = orders.next().await {
//!     // …
//! #   _ = order;
//! }
//! # };
//! # let ((), trace) = trace::capture(|| {
//! #     let done = pin!(take_orders).poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
//! #     assert!(done.is_ready());
//! # });
//! # let analysis = trace_reader::Trace::from_bytes(trace)?.analyze()?;
//! # assert_eq!((analysis.futures[0].durations.count(), analysis.logs[0].count), (1, 3));
//! # Ok::<(), trace_reader::Error>(())
//! ```
//!
//! The report then has a row `orders` among the futures, and one among the logs: each item is a log whose category
//! is the stream's name, in the poll that gave it, with the number of the item in its stream. `cargo trace tasks`
//! shows them in the tree of the task. Where they are too many, there is
//! [`without_items`](TracedStream::without_items).
//!
//! | | |
//! |---|---|
//! | busy | it was polled |
//! | ready | it could have been polled and was not: since it was woken, or made by `traced` or `in_task` |
//! | idle | it waited to be woken, or nobody asked for an item |
//!
//! How long whoever wants an item waits for it, is for the future of one item to tell: with
//! `orders.next().in_region("next order")` of [`TraceFuture`](trace_core::TraceFuture), each is a row that is
//! a future, with percentiles.
//!
//! # Ends
//!
//! A stream has *completed* when it said that there are no more items. One that is dropped before is *cancelled*,
//! also if it never ends, as one of ticks does not. To tell apart what was wanted and what was not,
//! trace what has an end: `ticks.take(3).in_region("ticks")` completes where `ticks.in_region("ticks").take(3)` is
//! cancelled.
//!
//! While tracing is off, a stream is its own code, and the load of one flag for each poll.
#![forbid(unsafe_code)]

mod context;
mod polls;
mod traced;

use futures_core::Stream;
use trace_core::Context;

pub use context::InContext;
pub use traced::TracedStream;

/// What can be done with any stream. In scope, it has these methods, which are those that
/// [`TraceFuture`](trace_core::TraceFuture) has for futures.
pub trait TraceStream: Stream + Sized {
    /// Makes the stream a region of type `name`, from its first poll to its end, in the context that is current
    /// here and now.
    #[track_caller]
    fn in_region(self, name: &'static str) -> TracedStream<Self> {
        TracedStream::in_region(self, name)
    }

    /// The same, from here and now on: what it waits for its first poll counts.
    #[track_caller]
    fn traced(self, name: &'static str) -> TracedStream<Self> {
        TracedStream::traced(self, name)
    }

    /// Makes the stream a task of type `name`, as a part of the task that is current here and now. The task begins
    /// here and now, is current whenever the stream is polled, and ends with it.
    #[track_caller]
    fn in_task(self, name: &'static str) -> TracedStream<Self> {
        TracedStream::in_task(self, name)
    }

    /// Makes `context` the current one whenever the stream is polled: what happens in it belongs to that context's
    /// task.
    fn in_context(self, context: Context) -> InContext<Self> {
        InContext::new(self, context)
    }
}

impl<S: Stream> TraceStream for S {}
