//! A small service with traced work, a client that speaks HTTP by hand, and what is to be checked after both.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::{Router, routing::get};
use trace_reader::{Error, Trace};

/// What a request has to know.
pub(crate) const SECRET: &str = "for the test alone";

/// A process has one session; the tests of a file take turns.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until it is so, at most so long; tells whether it is.
pub(crate) fn within(time: Duration, is_so: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < time {
        if is_so() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    is_so()
}

/// Sees to it that nothing is on, and that no thread works for it any more.
pub(crate) fn assert_nothing_is_left() {
    let is_off = || trace::status() == trace::Status::default() && threads_of_recordings() == 0;
    assert!(within(Duration::from_secs(10), is_off), "{:?}", trace::status());
}

/// How many threads of this process work for a recording.
#[cfg(target_os = "linux")]
pub(crate) fn threads_of_recordings() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    // A thread that ends meanwhile has no name any more.
    let names =
        tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok());
    names.filter(|name| ["trace-http", "trace-drainer"].contains(&name.trim())).count()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn threads_of_recordings() -> usize {
    0
}

/// The service. It ends, with all connections, when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Server {
    /// Serves `/work`, and beside it what `endpoint` has.
    pub(crate) fn start(endpoint: Router) -> Self {
        let builder = &mut tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().route("/work", get(|| async { work() })).merge(endpoint);
        runtime.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, runtime: Some(runtime) }
    }

    /// A request by who may ask.
    pub(crate) fn get(&self, path: &str) -> Response {
        self.ask("GET", path, &bearer()).read()
    }

    /// A request of which the response was not read yet.
    pub(crate) fn ask(&self, method: &str, path: &str, header: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\n{header}\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        Answer { stream: BufReader::new(stream), is_head: method == "HEAD" }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(10));
        }
    }
}

/// The line that lets a request in.
pub(crate) fn bearer() -> String {
    format!("Authorization: Bearer {SECRET}\r\n")
}

#[trace::task("work")]
fn work() -> &'static str {
    trace::trace_log!("work", "being done");
    for n in 0..20 {
        let _region = trace::trace_region!("inner", n);
    }
    "done"
}

/// A connection on which a response arrives.
pub(crate) struct Answer {
    pub(crate) stream: BufReader<TcpStream>,
    is_head: bool,
}

/// What arrived before the body.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
}

impl Head {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }
}

/// What has arrived.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
    /// Whether it has come to its end, and was not broken off.
    pub(crate) is_whole: bool,
}

impl Answer {
    /// Reads what comes before the body.
    pub(crate) fn head(&mut self) -> io::Result<Head> {
        let first = self.line()?;
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::other(format!("found {first:?}")))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            match line.split_once(": ") {
                Some((name, value)) => headers.push((name.to_owned(), value.to_owned())),
                None => return Ok(Head { status, headers }),
            }
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }

    /// Reads the next piece of a body that comes in pieces; `None` at its end.
    pub(crate) fn piece(&mut self) -> io::Result<Option<Vec<u8>>> {
        let line = self.line()?;
        let len = usize::from_str_radix(&line, 16).map_err(io::Error::other)?;
        let mut piece = Vec::new();
        self.stream.by_ref().take(len as u64).read_to_end(&mut piece)?;
        if piece.len() < len {
            // What has arrived of it counts, too.
            return Ok(Some(piece));
        }
        self.line()?;
        Ok(if len == 0 { None } else { Some(piece) })
    }

    /// Reads everything.
    pub(crate) fn read(mut self) -> Response {
        let head = self.head().unwrap();
        self.read_body(head)
    }

    /// Reads everything behind the head.
    pub(crate) fn read_body(mut self, head: Head) -> Response {
        let (mut body, mut is_whole) = (Vec::new(), false);
        if head.header("transfer-encoding") == "chunked" {
            while let Ok(piece) = self.piece() {
                let Some(piece) = piece else {
                    is_whole = true;
                    break;
                };
                body.extend(piece);
            }
        } else if self.is_head {
            is_whole = true;
        } else {
            let len: usize = head.header("content-length").parse().unwrap();
            is_whole = self.stream.by_ref().take(len as u64).read_to_end(&mut body).is_ok()
                && body.len() == len;
        }
        Response { head, body, is_whole }
    }

    /// Goes away.
    pub(crate) fn leave(self) {
        let _ = self.stream.get_ref().shutdown(Shutdown::Both);
    }
}

impl Response {
    pub(crate) fn status(&self) -> u16 {
        self.head.status
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// The trace, whole and strictly valid.
    pub(crate) fn trace(self) -> Trace {
        assert_eq!((self.status(), self.is_whole), (200, true), "{:?}", self.head);
        assert_eq!(self.head.header("content-type"), "application/octet-stream");
        valid(self.body)
    }
}

/// A trace that is strictly valid.
pub(crate) fn valid(bytes: Vec<u8>) -> Trace {
    let trace = Trace::from_bytes(bytes).unwrap();
    let violations = trace.validate().unwrap();
    assert!(violations.is_empty(), "{:?}", violations.kept());
    trace
}

/// Reads a trace that was broken off, which the reader has to report; tells how many events it has.
pub(crate) fn broken_off(bytes: Vec<u8>) -> u64 {
    let len = bytes.len();
    let trace = match Trace::from_bytes(bytes) {
        Ok(trace) => trace,
        // Not even the header has arrived.
        Err(Error::Empty | Error::NotATrace { .. }) if len < 64 => return 0,
        Err(error) => panic!("{len} bytes: {error}"),
    };
    assert!(!trace.problems().is_empty(), "the reader did not notice the end at {len} bytes");
    trace.analyze().unwrap().events
}
