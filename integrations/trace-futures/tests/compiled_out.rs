//! What a stream does when tracing is compiled out: run by `ci/features`. Else there is nothing to see here but that
//! it does the same.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use futures_util::{Stream, stream};
use trace_futures::TraceStream;

#[test]
fn every_item_is_given() {
    let (sum, _) = trace::capture(|| {
        let stream = stream::iter([1, 2, 4]).in_region("region").traced("traced").in_task("task");
        let mut stream = pin!(stream.in_context(trace::Context::current()));
        let mut sum = 0;
        let mut polled = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(item)) = stream.as_mut().poll_next(&mut polled) {
            sum += item;
        }
        sum
    });
    assert_eq!(sum, 7);
}
