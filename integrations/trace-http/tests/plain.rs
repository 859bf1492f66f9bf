//! The handler without a server and without a runtime: a future and a body that anybody can drive.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use http::request::Parts;
use http::{Method, Request, Response};
use http_body::Body as _;
use trace::{FlightRecorder, Session};
use trace_http::{Body, BodyError, Handler};
use trace_reader::Trace;

/// A process has one session; the tests of this file take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wakes a thread that waits for a future.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn waker() -> Waker {
    Waker::from(Arc::new(Unpark(thread::current())))
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let (mut future, waker) = (pin!(future), waker());
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park_timeout(Duration::from_secs(60)),
        }
    }
}

/// The next piece of a body.
fn next(body: &mut Body) -> Option<Result<Vec<u8>, BodyError>> {
    let frame = std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx));
    Some(block_on(frame)?.map(|frame| frame.into_data().unwrap().to_vec()))
}

fn all(mut body: Body) -> Result<Vec<u8>, BodyError> {
    let mut bytes = Vec::new();
    while let Some(piece) = next(&mut body) {
        bytes.extend(piece?);
    }
    assert!(body.is_end_stream());
    Ok(bytes)
}

fn text(response: Response<Body>) -> String {
    let told = response.body().size_hint().exact().unwrap();
    let bytes = all(response.into_body()).unwrap();
    assert_eq!(bytes.len() as u64, told);
    String::from_utf8(bytes).unwrap()
}

fn request(uri: &str) -> Parts {
    Request::get(uri).body(()).unwrap().into_parts().0
}

/// Lets in everybody.
fn handler() -> Handler {
    Handler::new(|_| true)
}

fn ask(uri: &str) -> Response<Body> {
    block_on(handler().handle(&request(uri)))
}

fn valid(bytes: Vec<u8>) -> Trace {
    let trace = Trace::from_bytes(bytes).unwrap();
    let violations = trace.validate().unwrap();
    assert!(violations.is_empty(), "{:?}", violations.kept());
    trace
}

fn is_off_within(time: Duration) -> bool {
    let begun = Instant::now();
    while trace::is_enabled() {
        if begun.elapsed() > time {
            return false;
        }
        thread::sleep(Duration::from_millis(1));
    }
    true
}

/// The next recording can begin: nothing of the last one is in the way.
fn assert_free() {
    let begun = Instant::now();
    loop {
        let response = ask("/debug/trace?seconds=0.001");
        match response.status().as_u16() {
            200 => {
                valid(all(response.into_body()).unwrap());
                return;
            }
            409 if begun.elapsed() < Duration::from_secs(10) => {
                thread::sleep(Duration::from_millis(1));
            }
            _ => panic!("{}", text(response)),
        }
    }
}

#[test]
fn a_trace_without_any_runtime() {
    let _turn = turn();
    let response = ask("/debug/trace?seconds=0.2");
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/octet-stream");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert!(trace::is_enabled());
    trace::trace_log!("test", "in it");
    let body = response.into_body();
    assert!(!body.is_end_stream() && body.size_hint().upper().is_none());
    let trace = valid(all(body).unwrap());
    assert!(!trace::is_enabled());
    assert_eq!(trace.analyze().unwrap().logs.len(), 1);
}

#[test]
fn paths_and_methods() {
    let _turn = turn();
    let found = ask("/debug/trace/");
    assert_eq!(found.status(), 404);
    assert!(text(found).contains("expected /debug/trace, /debug/trace/flight or"));
    assert_eq!(ask("/debug/trace?seconds=inf").status(), 400);
    let status = ask("/debug/trace/status");
    assert_eq!(status.status(), 200);
    assert!(text(status).contains("\"session\": null"));
    let mut parts = request("/debug/trace");
    for method in [Method::HEAD, Method::POST, Method::OPTIONS] {
        parts.method = method;
        let refused = block_on(handler().handle(&parts));
        assert_eq!(
            (refused.status().as_u16(), &refused.headers()["allow"]),
            (405, &"GET".parse().unwrap())
        );
    }
    assert!(!trace::is_enabled());
}

#[test]
fn the_guard_sees_the_head_and_is_asked_first() {
    let _turn = turn();
    let asked = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&asked);
    let handler = Handler::new(move |request| {
        counts.fetch_add(1, Relaxed);
        request.extensions.get::<&str>() == Some(&"let in") && request.headers.contains_key("key")
    });
    let mut parts = request("/debug/trace/status?what=x");
    assert_eq!(block_on(handler.handle(&parts)).status(), 403);
    parts.extensions.insert("let in");
    assert_eq!(block_on(handler.handle(&parts)).status(), 403);
    parts.headers.insert("key", "it is here".parse().unwrap());
    assert_eq!(block_on(handler.handle(&parts)).status(), 400);
    assert_eq!(handler.status(&parts).status(), 400);
    parts.uri = "/elsewhere".parse().unwrap();
    assert_eq!(block_on(handler.handle(&parts)).status(), 404);
    assert_eq!(asked.load(Relaxed), 5);
}

#[test]
fn nothing_begins_before_the_future_is_driven() {
    let _turn = turn();
    let future = handler().trace(&request("/debug/trace?seconds=3600"));
    thread::sleep(Duration::from_millis(20));
    assert!(!trace::is_enabled());
    drop(future);
    assert_free();
}

#[test]
fn a_future_that_is_dropped_midway_ends_it() {
    let _turn = turn();
    let waker = waker();
    for pause in [0, 1, 5, 20] {
        let mut future = Box::pin(handler().trace(&request("/debug/trace?seconds=3600")));
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        thread::sleep(Duration::from_millis(pause));
        drop((polled, future));
        assert_free();
    }
}

#[test]
fn a_body_that_is_dropped_before_it_was_polled_ends_it() {
    let _turn = turn();
    let response = ask("/debug/trace?seconds=3600");
    assert!(trace::is_enabled());
    drop(response);
    assert!(is_off_within(Duration::from_secs(2)));
    assert_free();
}

#[test]
fn a_body_can_be_driven_from_one_thread_after_the_other() {
    let _turn = turn();
    let mut body = ask("/debug/trace?seconds=0.3").into_body();
    // This one waits, and is forgotten: whoever polls last is woken.
    let first = waker();
    while Pin::new(&mut body).poll_frame(&mut Context::from_waker(&first)).is_ready() {}
    let (sender, receiver) = std::sync::mpsc::channel();
    thread::spawn(move || sender.send(all(body).map(|bytes| bytes.len())).unwrap());
    let rest = receiver.recv_timeout(Duration::from_secs(20)).unwrap().unwrap();
    assert!(rest > 0, "the end was yet to come");
    assert_free();
}

#[test]
fn a_body_that_nobody_takes_ends_it_and_says_so_once() {
    let _turn = turn();
    let handler = handler().patience(Duration::from_millis(200));
    let begun = Instant::now();
    let response = block_on(handler.trace(&request("/debug/trace?seconds=3600")));
    assert!(is_off_within(Duration::from_secs(10)), "the trace's first bytes waited for nobody");
    assert!(begun.elapsed() >= Duration::from_millis(200));
    let mut body = response.into_body();
    let error = next(&mut body).unwrap().unwrap_err().to_string();
    assert!(error.contains("the client took nothing for 0.2 s"), "{error}");
    assert!(next(&mut body).is_none() && body.is_end_stream());
    assert_free();
}

#[test]
fn who_stops_the_session_waits_for_no_client() {
    let _turn = turn();
    let response = ask("/debug/trace?seconds=3600");
    let text = "much to say ".repeat(300);
    for _ in 0..1000 {
        trace::trace_log!("test", "{text}");
    }
    thread::sleep(Duration::from_millis(100));
    let begun = Instant::now();
    let summary = trace::stop().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let bytes = all(response.into_body()).unwrap();
    assert_eq!(summary.bytes, bytes.len() as u64);
    assert!(summary.bytes > 3 << 20, "{summary:?}");
    assert_eq!(valid(bytes).analyze().unwrap().logs[0].count, 1000 - summary.events_lost);
    assert_free();
}

#[test]
fn sessions_of_the_program_are_left_alone() {
    let _turn = turn();
    let session = Session::builder().start(std::io::sink()).unwrap();
    let refused = ask("/debug/trace");
    assert_eq!(refused.status(), 409);
    assert!(text(refused).contains("the program itself does"));
    assert!(text(ask("/debug/trace/status")).contains("\"by\": \"program\""));
    session.finish().unwrap();
    assert_free();
}

#[test]
fn snapshots_without_any_runtime() {
    let _turn = turn();
    let none = ask("/debug/trace/flight");
    assert_eq!(none.status(), 404);
    assert!(text(none).contains("FlightRecorder::builder().start()"));
    let flight = FlightRecorder::builder().max_bytes(1 << 20).start().unwrap();
    let words = "much to say ".repeat(300);
    for _ in 0..1000 {
        trace::trace_log!("test", "{words}");
    }
    let first = ask("/debug/trace/flight");
    let second = ask("/debug/trace/flight");
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (200, 409));
    let trace = valid(all(first.into_body()).unwrap());
    assert!((512 << 10..=1 << 20).contains(&trace.file_len()), "{} bytes", trace.file_len());
    // One that nobody takes.
    let handler = handler().patience(Duration::from_millis(100));
    let stalls = block_on(handler.flight(&request("/debug/trace/flight")));
    thread::sleep(Duration::from_millis(300));
    let error = all(stalls.into_body()).unwrap_err().to_string();
    assert!(error.contains("the client took nothing for 0.1 s"), "{error}");
    // And one that is thrown away.
    drop(ask("/debug/trace/flight"));
    let begun = Instant::now();
    while ask("/debug/trace/flight").status() == 409 {
        assert!(begun.elapsed() < Duration::from_secs(10));
        thread::sleep(Duration::from_millis(1));
    }
    flight.stop().unwrap();
}
