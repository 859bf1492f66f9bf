//! What is answered when tracing is compiled out: run by `ci/features`. Else there is nothing to see here but
//! that a trace is to be had.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use trace::{Session, StartError};
use trace_http::Handler;

/// Drives a future by asking again and again.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn who_asks_is_told() {
    let handler = Handler::new(|_| true);
    let ask = |uri: &str| {
        let parts = http::Request::get(uri).body(()).unwrap().into_parts().0;
        block_on(handler.handle(&parts)).status().as_u16()
    };
    let is_compiled_out = match Session::builder().start(std::io::sink()) {
        Err(StartError::CompiledOut) => true,
        session => {
            session.unwrap().finish().unwrap();
            false
        }
    };
    let status = if is_compiled_out { 501 } else { 200 };
    assert_eq!(ask("/debug/trace?seconds=0.01"), status);
    assert_eq!(ask("/debug/trace/flight"), 404);
    assert_eq!(ask("/debug/trace/status"), 200);
}
