//! The endpoint in a real server, asked over a real connection.

mod shared;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use shared::{SECRET, Server, assert_nothing_is_left, bearer, broken_off, turn, valid, within};
use trace::{FlightRecorder, Session, TraceFuture};
use trace_http::Handler;

fn handler() -> Handler {
    Handler::new(trace_http::bearer(SECRET))
}

fn server() -> Server {
    Server::start(trace_http::router(trace_http::bearer(SECRET)))
}

fn status(server: &Server) -> Value {
    let response = server.get("/debug/trace/status");
    assert_eq!(response.status(), 200);
    assert_eq!(response.head.header("content-type"), "application/json");
    serde_json::from_slice(&response.body).unwrap()
}

/// Threads that record as much as they can, in long messages, until this is dropped.
struct Flood {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<u64>>,
}

impl Flood {
    fn start(threads: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let work = || {
            let (stop, text) = (Arc::clone(&stop), "much to say ".repeat(300));
            move || {
                let before = waited();
                while !stop.load(Relaxed) {
                    trace::trace_log!("flood", "{text}");
                }
                waited() - before
            }
        };
        let threads = (0..threads).map(|_| std::thread::spawn(work())).collect();
        Self { stop, threads }
    }

    /// Ends it, and sees that no call has waited for anything, however long it took on a busy machine.
    fn stop(mut self) {
        self.stop.store(true, Relaxed);
        for thread in self.threads.drain(..) {
            let waited = thread.join().unwrap();
            assert!(waited < 10, "a thread that records has waited {waited} times");
        }
    }
}

/// How often this thread has given up its processor by itself.
fn waited() -> u64 {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.map_or(0, |count| count.trim().parse().unwrap())
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
    }
}

#[test]
fn a_trace_arrives_while_it_is_recorded_and_is_strictly_valid() {
    let _turn = turn();
    let server = server();
    let begun = Instant::now();
    let mut answer = server.ask("GET", "/debug/trace?seconds=0.5", &bearer());
    let head = answer.head().unwrap();
    assert!(begun.elapsed() < Duration::from_millis(400), "the head does not wait for the end");
    assert_eq!(head.header("cache-control"), "no-store");
    assert_eq!(head.header("x-content-type-options"), "nosniff");
    let name = head.header("content-disposition");
    assert!(name.starts_with("attachment; filename=\"endpoint-"), "{name}");
    assert!(name.ends_with(".trace\""), "{name}");
    assert_eq!(server.get("/work").text(), "done");
    let first = answer.piece().unwrap().unwrap();
    assert!(first.starts_with(b"runtime-trace"));
    assert!(trace::is_enabled(), "the first piece came before the end");
    let mut response = answer.read_body(head);
    assert!(begun.elapsed() >= Duration::from_millis(500));
    assert!(!trace::is_enabled());
    response.body.splice(0..0, first);
    let analysis = response.trace().analyze().unwrap();
    assert_eq!((&*analysis.tasks[0].name, analysis.tasks[0].durations.count()), ("work", 1));
    assert_eq!(analysis.logs.len(), 1);
    assert_nothing_is_left();
}

#[test]
fn who_may_not_ask_learns_and_changes_nothing() {
    let _turn = turn();
    let server = server();
    let last = status(&server)["last"].clone();
    for header in ["", "Authorization: Bearer guess\r\n"] {
        for path in ["/debug/trace", "/debug/trace/flight", "/debug/trace/status?seconds=x"] {
            for method in ["GET", "POST"] {
                let response = server.ask(method, path, header).read();
                assert_eq!((response.status(), response.body.len()), (403, 0), "{method} {path}");
                assert!(!trace::is_enabled());
            }
        }
    }
    assert_eq!(status(&server)["last"], last, "nothing was recorded");
    assert_nothing_is_left();
}

#[test]
fn what_is_not_understood_is_refused_and_says_what_to_do() {
    let _turn = turn();
    let server = server();
    let refused = [
        ("GET", "/debug/trace?seconds=nan", 400, "found `nan`"),
        ("GET", "/debug/trace?seconds=-1", 400, "found `-1`"),
        ("GET", "/debug/trace?seconds=0", 400, "found `0`"),
        ("GET", "/debug/trace?seconds=1e9", 400, "above 0 and up to 3600"),
        ("GET", "/debug/trace?seconds=", 400, "try /debug/trace?seconds=5"),
        ("GET", "/debug/trace?seconds=1&seconds=2", 400, "expected one parameter"),
        ("GET", "/debug/trace?second=5", 400, "found `second`"),
        ("GET", "/debug/trace/flight?seconds=5", 400, "leave it out"),
        ("GET", "/debug/trace/status?pretty", 400, "found `pretty`"),
        ("POST", "/debug/trace?seconds=0.1", 405, "expected the method GET, found POST; use GET"),
        ("PUT", "/debug/trace/flight", 405, "found PUT"),
        ("DELETE", "/debug/trace/status", 405, "found DELETE"),
        ("HEAD", "/debug/trace", 405, ""),
        ("GET", "/debug/trace/flight", 404, "found none; let the program start one"),
    ];
    for (method, path, status, told) in refused {
        let response = server.ask(method, path, &bearer()).read();
        let text = response.text();
        assert_eq!(response.status(), status, "{method} {path}: {text}");
        assert!(text.contains(told) && !trace::is_enabled(), "{method} {path}: {text}");
        assert_eq!(response.head.header("x-content-type-options"), "nosniff");
        assert_eq!(response.head.header("cache-control"), "no-store");
        assert_eq!(response.head.header("content-type"), "text/plain; charset=utf-8");
        let allowed = if status == 405 { "GET" } else { "" };
        assert_eq!(response.head.header("allow"), allowed, "{method} {path}");
    }
    assert_nothing_is_left();
}

#[test]
fn a_second_request_is_refused_and_harms_nothing() {
    let _turn = turn();
    let server = server();
    let mut first = server.ask("GET", "/debug/trace?seconds=0.6", &bearer());
    let head = first.head().unwrap();
    for _ in 0..20 {
        let second = server.get("/debug/trace?seconds=9");
        assert_eq!(second.status(), 409);
        assert!(second.text().contains("another request records for 0.6 s"), "{}", second.text());
        assert!(trace::is_enabled());
    }
    server.get("/work");
    let trace = first.read_body(head).trace();
    assert_eq!(trace.analyze().unwrap().tasks.len(), 1);
    // As soon as the end of the first one is there, the next one may begin.
    for _ in 0..10 {
        server.get("/debug/trace?seconds=0.001").trace();
    }
    assert_nothing_is_left();
}

#[test]
fn the_programs_own_session_is_left_alone() {
    let _turn = turn();
    let server = server();
    let session = Session::builder().start(std::io::sink()).unwrap();
    let refused = server.get("/debug/trace");
    assert_eq!(refused.status(), 409);
    assert!(refused.text().contains("the program itself does, since 0."), "{}", refused.text());
    assert_eq!(status(&server)["session"]["by"], "program");
    assert_eq!(status(&server)["request"], Value::Null);
    server.get("/work");
    assert!(session.finish().unwrap().chunks > 0);
    server.get("/debug/trace?seconds=0.01").trace();
    assert_nothing_is_left();
}

#[test]
fn the_program_can_end_what_a_request_began() {
    let _turn = turn();
    let server = server();
    let begun = Instant::now();
    let mut answer = server.ask("GET", "/debug/trace?seconds=3600", &bearer());
    let head = answer.head().unwrap();
    server.get("/work");
    assert_eq!(trace::stop().unwrap().events_lost, 0);
    let trace = answer.read_body(head).trace();
    assert_eq!(trace.analyze().unwrap().tasks.len(), 1);
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(status(&server)["last"]["events_lost"], Value::Null, "the program was told");
    assert_nothing_is_left();
}

#[test]
fn a_client_that_leaves_ends_it_at_once() {
    let _turn = turn();
    let server = server();
    for pieces in [0, 1] {
        let mut answer = server.ask("GET", "/debug/trace?seconds=3600", &bearer());
        answer.head().unwrap();
        for _ in 0..pieces {
            answer.piece().unwrap().unwrap();
        }
        assert!(trace::is_enabled());
        answer.leave();
        assert!(within(Duration::from_secs(2), || !trace::is_enabled()));
        assert_nothing_is_left();
    }
    // One that does not even wait for the head.
    server.ask("GET", "/debug/trace?seconds=3600", &bearer()).leave();
    std::thread::sleep(Duration::from_millis(50));
    assert_nothing_is_left();
    server.get("/debug/trace?seconds=0.01").trace();
}

#[test]
fn the_status_tells_before_during_and_after() {
    let _turn = turn();
    let server = server();
    let before = status(&server);
    for member in ["session", "flight_recorder", "request", "open"] {
        assert_eq!(before[member], Value::Null, "{member}");
    }
    assert_eq!(before["snapshot"], false);

    let mut answer = server.ask("GET", "/debug/trace?seconds=0.5", &bearer());
    let head = answer.head().unwrap();
    let during = status(&server);
    let session = &during["session"];
    assert_eq!(session["by"], "request");
    assert_eq!(session["pool_bytes"], 16 << 20);
    assert_eq!(session["events_lost"], 0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let age = now.as_millis() as u64 - session["since_unix_ms"].as_u64().unwrap();
    assert!(age < 10_000, "{during}");
    assert!(session["elapsed_seconds"].as_f64().unwrap() < 10.0);
    assert_eq!(during["request"]["phase"], "recording");
    assert_eq!(during["request"]["seconds"], 0.5);

    let bytes = answer.read_body(head).body.len();
    let after = status(&server);
    assert_eq!((&after["session"], &after["request"]), (&Value::Null, &Value::Null));
    assert_eq!(after["last"]["bytes"], bytes);
    assert_eq!(after["last"]["events_lost"], 0);
    assert!(after["last"]["seconds"].as_f64().unwrap() >= 0.5);
    assert_nothing_is_left();
}

#[test]
fn a_flight_recorder_is_read_while_everything_runs() {
    let _turn = turn();
    let server = server();
    let flight = FlightRecorder::builder().max_bytes(4 << 20).start().unwrap();
    assert_eq!(status(&server)["session"], Value::Null);
    let flying = status(&server)["flight_recorder"].clone();
    assert!(flying["pool_bytes"].as_u64().unwrap() <= 4 << 20, "{flying}");
    server.get("/work");
    let response = server.get("/debug/trace/flight");
    let name = response.head.header("content-disposition");
    assert!(name.ends_with("-flight.trace\""), "{name}");
    assert!(response.trace().analyze().unwrap().tasks.iter().any(|task| task.name == "work"));

    {
        let _region = trace::trace_region!("waiting for an answer");
        let open = status(&server)["open"].clone();
        let regions = open[0]["regions"].as_array().unwrap();
        assert_eq!((regions.len(), &regions[0]["name"]), (1, &"waiting for an answer".into()));
        assert!(regions[0]["seconds"].as_f64().unwrap() < 60.0, "{open}");
        assert!(regions[0]["file"].as_str().unwrap().ends_with("endpoint.rs"));
    }
    let asking = poll_fn(|_| Poll::Ready(status(&server)["open"].clone())).in_region("asking");
    let Poll::Ready(open) = pin!(asking).poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("asking takes one poll");
    };
    let regions = open[0]["regions"].as_array().unwrap();
    assert_eq!((regions.len(), &regions[0]["name"]), (1, &"asking".into()), "{open}");
    assert_eq!(status(&server)["open"], Value::Array(Vec::new()));
    let flood = Flood::start(2);
    // At this rate all may be overwritten while one snapshot is taken, but hardly while all are.
    let of_ten_snapshots = || {
        let mut events = 0;
        for _ in 0..10 {
            let response = server.get("/debug/trace/flight");
            assert!(response.body.len() <= 4 << 20, "{} bytes", response.body.len());
            events += response.trace().analyze().unwrap().events;
        }
        events
    };
    let events = of_ten_snapshots();
    assert!(events > 1000, "{events} events");
    // A session beside it.
    let beside = server.get("/debug/trace?seconds=0.05").trace();
    assert!(beside.analyze().unwrap().events > 100);
    let events = of_ten_snapshots();
    assert!(events > 1000, "{events} events");
    flood.stop();
    flight.stop().unwrap();
    assert_eq!(server.get("/debug/trace/flight").status(), 404);
    assert_nothing_is_left();
}

#[test]
fn one_snapshot_at_a_time_and_none_for_who_has_left() {
    let _turn = turn();
    let server = server();
    let flight = FlightRecorder::builder().max_bytes(32 << 20).start().unwrap();
    let flood = Flood::start(2);
    assert!(within(Duration::from_secs(20), || {
        let mut bytes = 0;
        let count = |piece: &[u8]| bytes += piece.len();
        trace::snapshot(Counting(count)).unwrap();
        bytes > 24 << 20
    }));
    flood.stop();
    // More than fits between the two, so that it is not done before it is read.
    let mut slow = server.ask("GET", "/debug/trace/flight", &bearer());
    let head = slow.head().unwrap();
    let second = server.get("/debug/trace/flight");
    assert_eq!(second.status(), 409);
    assert!(second.text().contains("another request does"), "{}", second.text());
    assert_eq!(status(&server)["snapshot"], true);
    slow.read_body(head).trace();

    let mut leaves = server.ask("GET", "/debug/trace/flight", &bearer());
    leaves.head().unwrap();
    leaves.leave();
    let is_free = || status(&server)["snapshot"] == false;
    assert!(within(Duration::from_secs(5), is_free));
    flight.stop().unwrap();
    assert_nothing_is_left();
}

/// A writer that only looks.
struct Counting<F>(F);

impl<F: FnMut(&[u8])> std::io::Write for Counting<F> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        (self.0)(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_slow_reader_costs_events_and_blocks_nobody() {
    let _turn = turn();
    let server = Server::start(handler().pool_bytes(1 << 20).into_router());
    let flood = Flood::start(2);
    let begun = Instant::now();
    let mut answer = server.ask("GET", "/debug/trace?seconds=0.5", &bearer());
    let head = answer.head().unwrap();
    let mut body = Vec::new();
    // About two megabytes per second.
    let mut most_waiting = 0;
    while let Some(piece) = answer.piece().unwrap() {
        if trace::is_enabled() {
            std::thread::sleep(Duration::from_millis(30));
        }
        let request = &status(&server)["request"];
        most_waiting = most_waiting.max(request["bytes_waiting"].as_u64().unwrap_or(0));
        body.extend(piece);
    }
    // What the channel holds, one chunk, and in the end the pool.
    assert!((256 << 10..(256 + 64 + 1024) << 10).contains(&most_waiting), "{most_waiting} bytes");
    assert_eq!(head.status, 200);
    assert!(begun.elapsed() < Duration::from_secs(30));
    let trace = valid(body);
    let lost = trace.analyze().unwrap().loss.total;
    assert!(lost > 0, "nothing was lost of {} bytes", trace.file_len());
    assert_eq!(status(&server)["last"]["events_lost"], lost);
    flood.stop();
    assert_nothing_is_left();
}

#[test]
fn a_client_that_stalls_ends_it() {
    let _turn = turn();
    let patience = Duration::from_millis(300);
    let server = Server::start(handler().pool_bytes(1 << 20).patience(patience).into_router());
    let flood = Flood::start(2);
    let begun = Instant::now();
    let mut answer = server.ask("GET", "/debug/trace?seconds=3600", &bearer());
    let head = answer.head().unwrap();
    let is_off = || !trace::is_enabled();
    assert!(within(Duration::from_secs(30), is_off), "it goes on for a client that takes nothing");
    assert!(begun.elapsed() >= patience);
    assert_nothing_is_left();
    flood.stop();
    // What it gets when it looks again.
    let response = answer.read_body(head);
    assert!(!response.is_whole, "the client is not told that the trace was broken off");
    assert!(broken_off(response.body) > 0);
    server.get("/debug/trace?seconds=0.01").trace();
}

#[test]
fn memory_that_cannot_be_is_the_programs_mistake() {
    let _turn = turn();
    let server = Server::start(handler().pool_bytes(10).into_router());
    let refused = server.get("/debug/trace");
    assert_eq!(refused.status(), 500);
    assert!(refused.text().contains("found a pool of 10 bytes"), "{}", refused.text());
    assert_nothing_is_left();
}

#[test]
fn it_can_be_beneath_another_path() {
    let _turn = turn();
    let app = axum::Router::new().nest("/admin", handler().into_router());
    let server = Server::start(app);
    assert_eq!(server.get("/debug/trace").status(), 404);
    server.get("/admin/debug/trace?seconds=0.01").trace();
    assert_eq!(server.get("/admin/debug/trace/flight").status(), 404);
    assert_eq!(server.get("/admin/debug/trace/status").status(), 200);
    assert_nothing_is_left();
}
