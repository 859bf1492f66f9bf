//! Tracing switched on and off, by clients of every kind, while 64 others load the server.
//!
//! `TRACE_HTTP_LOAD_SECONDS` says for how long, for each test; 3 if nothing is said.

mod shared;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use shared::{Answer, Server, assert_nothing_is_left, bearer, broken_off, turn, valid, within};
use trace::FlightRecorder;
use trace_http::Handler;

const CLIENTS: usize = 64;
const TRACERS: u64 = 4;
const PATIENCE: Duration = Duration::from_millis(300);

fn time() -> Duration {
    let seconds = std::env::var("TRACE_HTTP_LOAD_SECONDS").ok();
    Duration::from_secs(seconds.map_or(3, |seconds| seconds.parse().expect("a whole number")))
}

/// Numbers that look random, the same ones each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn pause(&mut self, most_ms: u64) {
        thread::sleep(Duration::from_micros(self.below(most_ms * 1000)));
    }
}

/// How often what happened.
#[derive(Debug, Default)]
struct Tally {
    happened: Mutex<BTreeMap<&'static str, u64>>,
    requests: AtomicU64,
}

impl Tally {
    fn add(&self, what: &'static str, count: u64) {
        let mut happened = self.happened.lock().unwrap_or_else(PoisonError::into_inner);
        *happened.entry(what).or_default() += count;
    }

    fn of(&self, what: &str) -> u64 {
        let happened = self.happened.lock().unwrap_or_else(PoisonError::into_inner);
        happened.get(what).copied().unwrap_or(0)
    }
}

/// One connection that works until it is told to stop.
fn load(server: &Server, tally: &Tally, stop: &AtomicBool) {
    let mut stream = BufReader::new(TcpStream::connect(server.address).unwrap());
    stream.get_ref().set_nodelay(true).unwrap();
    while !stop.load(Relaxed) {
        stream.get_mut().write_all(b"GET /work HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        assert!(line.starts_with("HTTP/1.1 200"), "{line}");
        while line != "\r\n" {
            line.clear();
            stream.read_line(&mut line).unwrap();
        }
        let mut body = [0; 4];
        stream.read_exact(&mut body).unwrap();
        assert_eq!(&body, b"done");
        tally.requests.fetch_add(1, Relaxed);
    }
}

/// Takes what arrives, in one of the ways in which clients do, and checks it.
fn take(mut answer: Answer, random: &mut Random, tally: &Tally) {
    let leaves = random.below(3) == 0;
    if leaves && random.below(4) == 0 {
        random.pause(20);
        tally.add("left before the head", 1);
        return answer.leave();
    }
    let head = answer.head().unwrap();
    if head.status == 409 {
        let response = answer.read_body(head);
        assert!(response.text().starts_with("expected that nobody"), "{}", response.text());
        random.pause(5);
        return tally.add("refused", 1);
    }
    assert_eq!(head.status, 200, "{head:?}");
    if leaves {
        return leave_midway(answer, random, tally);
    }
    let stalls = random.below(10) == 0;
    if stalls {
        thread::sleep(PATIENCE * 2);
    }
    let response = answer.read_body(head);
    if response.is_whole {
        tally.add("whole", 1);
        let analysis = response.trace().analyze().unwrap();
        tally.add("events of whole traces", analysis.events);
        tally.add("tasks", analysis.tasks.iter().map(|task| task.durations.count()).sum());
        tally.add("lost", analysis.loss.total);
    } else {
        assert!(stalls, "only a client that stalls is broken off");
        tally.add("broken off", 1);
        tally.add("events of broken traces", broken_off(response.body));
    }
}

/// Takes some of what arrives, and is gone before the end.
fn leave_midway(mut answer: Answer, random: &mut Random, tally: &Tally) {
    let mut body = Vec::new();
    while random.below(8) != 0 {
        let wait = Duration::from_millis(1 + random.below(100));
        answer.stream.get_ref().set_read_timeout(Some(wait)).unwrap();
        match answer.piece() {
            Ok(Some(piece)) => body.extend(piece),
            // It was all there already.
            Ok(None) => {
                drop(valid(body));
                return tally.add("whole", 1);
            }
            Err(error) => {
                let is_late = [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind());
                assert!(is_late, "{error}");
                break;
            }
        }
    }
    answer.leave();
    tally.add("left", 1);
    // Not even the last piece has arrived as a whole.
    let missing = 1 + random.below(1 + body.len() as u64 / 4);
    body.truncate(body.len().saturating_sub(missing as usize));
    tally.add("events of broken traces", broken_off(body));
}

/// Lets tracers ask for `path` while others load the server, until each of `wanted` has happened, and sees that
/// nothing is left.
fn under_load(path: impl Fn(&mut Random) -> String + Sync, wanted: &[&str]) -> Tally {
    let descriptors = descriptors();
    let handler = Handler::new(trace_http::bearer(shared::SECRET)).patience(PATIENCE);
    let server = Server::start(handler.pool_bytes(256 << 10).into_router());
    let (tally, stop) = (Tally::default(), AtomicBool::new(false));
    let begun = Instant::now();
    let goes_on = || {
        let is_wanted = wanted.iter().any(|what| tally.of(what) == 0);
        begun.elapsed() < time() || is_wanted && begun.elapsed() < Duration::from_secs(60)
    };
    thread::scope(|scope| {
        // Also when a tracer panics, the others have to end.
        let _stop = StopAtEnd(&stop);
        for _ in 0..CLIENTS {
            scope.spawn(|| load(&server, &tally, &stop));
        }
        let tracers: Vec<_> = (1..=TRACERS)
            .map(|seed| {
                let (server, tally, path, goes_on) = (&server, &tally, &path, &goes_on);
                scope.spawn(move || {
                    let mut random = Random(seed);
                    while goes_on() {
                        let answer = server.ask("GET", &path(&mut random), &bearer());
                        take(answer, &mut random, tally);
                        if random.below(4) == 0 {
                            assert_eq!(server.get("/debug/trace/status").status(), 200);
                        }
                    }
                })
            })
            .collect();
        tracers.into_iter().for_each(|tracer| tracer.join().unwrap());
        // The others go on without it.
        let before = tally.requests.load(Relaxed);
        let go_on = || tally.requests.load(Relaxed) > before + CLIENTS as u64;
        assert!(within(Duration::from_secs(20), go_on), "{tally:?}");
    });
    drop(server);
    let is_closed = || self::descriptors() == descriptors;
    assert!(within(Duration::from_secs(10), is_closed), "descriptors were left open");
    println!("{tally:?}");
    for what in wanted {
        assert!(tally.of(what) > 0, "nothing of {what:?} in {tally:?}");
    }
    tally
}

struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// How many descriptors this process has open.
#[cfg(target_os = "linux")]
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[cfg(not(target_os = "linux"))]
fn descriptors() -> usize {
    0
}

#[test]
fn tracing_comes_and_goes_under_load() {
    let _turn = turn();
    let path = |random: &mut Random| {
        format!("/debug/trace?seconds={}", random.below(250) as f64 / 1000.0 + 0.001)
    };
    under_load(path, &["whole", "left", "refused", "tasks", "events of broken traces"]);
    assert_nothing_is_left();
}

#[test]
fn the_newest_events_are_had_under_load() {
    let _turn = turn();
    let flight = FlightRecorder::builder().max_bytes(4 << 20).start().unwrap();
    let path = |_: &mut Random| "/debug/trace/flight".to_owned();
    let tally = under_load(path, &["whole", "left", "tasks", "events of broken traces"]);
    assert_eq!(tally.of("lost"), 0, "{tally:?}");
    flight.stop().unwrap();
    assert_nothing_is_left();
}
