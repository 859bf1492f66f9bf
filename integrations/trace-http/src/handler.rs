//! The handler: who may ask, and for what.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{Method, Response, StatusCode};
use trace_core::{Session, SessionBuilder, SnapshotError, StartError};

use crate::recording::{Order, record};
use crate::status::{Permit, SnapshotPermit, status};
use crate::{Body, flight, query, reply};

/// Where a trace is to be had.
pub(crate) const TRACE: &str = "/debug/trace";
/// Where the newest events are to be had.
pub(crate) const FLIGHT: &str = "/debug/trace/flight";
/// Where it says what is on.
pub(crate) const STATUS: &str = "/debug/trace/status";

/// How long a client may take nothing, if nothing else is said. Between a client that takes a hundred
/// kilobytes per second and this program lie buffers of some megabytes, which are filled again when a good part
/// of them is empty.
const PATIENCE: Duration = Duration::from_secs(30);

/// Answers requests for traces, for any server that speaks the [`http`] crate.
///
/// ```
/// # fn doc() -> impl Future<Output = http::Response<trace_http::Body>> {
/// use trace_http::Handler;
///
/// let handler = Handler::new(trace_http::bearer("a long random secret"));
///
/// // For each request of the server:
/// # let request = http::Request::new(());
/// let (parts, _) = request.into_parts();
/// let response = handler.handle(&parts);
/// # response
/// # }
/// ```
///
/// There is no handler without a guard:
///
/// ```compile_fail
/// let handler = trace_http::Handler::new();
/// ```
///
/// Clones are cheap, and share the guard. All handlers of a program share its one session.
#[derive(Clone)]
pub struct Handler {
    guard: Arc<dyn Fn(&Parts) -> bool + Send + Sync>,
    session: SessionBuilder,
    patience: Duration,
}

impl Handler {
    /// A handler that answers those requests of which `guard` says `true`, and all others with 403. The
    /// guard sees the request's method, URI, headers and extensions; it is called before anything else, for
    /// each request, on the thread of the server, and so should not block.
    pub fn new(guard: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        Self { guard: Arc::new(guard), session: Session::builder(), patience: PATIENCE }
    }

    /// The memory of a recording, in bytes: see [`SessionBuilder::pool_bytes`]. What a client takes too
    /// slowly waits there, and then events are dropped and counted. 16 MiB, if nothing is said. When a session
    /// has ended, as much again holds what the client has yet to take.
    #[must_use]
    pub fn pool_bytes(mut self, pool_bytes: usize) -> Self {
        self.session = self.session.pool_bytes(pool_bytes);
        self
    }

    /// How long a client may take nothing while something is there for it. Then the recording ends, and the
    /// connection is broken off as soon as the client looks again. 30 s, if nothing is said.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Answers a request by its path: [`trace`](Self::trace) for `/debug/trace`, [`flight`](Self::flight) for
    /// `/debug/trace/flight`, [`status`](Self::status) for `/debug/trace/status`, else 404, if the guard allows
    /// as much.
    ///
    /// The future needs no particular runtime, and borrows nothing.
    pub fn handle(
        &self,
        request: &Parts,
    ) -> impl Future<Output = Response<Body>> + Send + 'static + use<> {
        match request.uri.path() {
            TRACE => self.answer_trace(request),
            FLIGHT => self.answer_flight(request),
            STATUS => Answer::Done(self.status(request)),
            _ => Answer::Done(self.refusal(request).unwrap_or_else(|| {
                let message =
                    format!("expected {TRACE}, {FLIGHT} or {STATUS}, found another path\n");
                reply::text(StatusCode::NOT_FOUND, message)
            })),
        }
        .give()
    }

    /// Records a trace, whatever the path of the request.
    ///
    /// A session is started when the future is polled, and ended when its time is up, or as soon as the
    /// future or the body of its response is dropped.
    pub fn trace(
        &self,
        request: &Parts,
    ) -> impl Future<Output = Response<Body>> + Send + 'static + use<> {
        self.answer_trace(request).give()
    }

    /// Takes a snapshot of the flight recorder that the program has started, whatever the path of the request.
    pub fn flight(
        &self,
        request: &Parts,
    ) -> impl Future<Output = Response<Body>> + Send + 'static + use<> {
        self.answer_flight(request).give()
    }

    /// Says what is on, whatever the path of the request. Does not wait for anything, but takes a copy of what
    /// threads are writing to when a flight recorder is on: up to a few milliseconds with hundreds of threads.
    pub fn status(&self, request: &Parts) -> Response<Body> {
        if let Some(refusal) = self.refusal(request) {
            return refusal;
        }
        match query::nothing(request.uri.query()) {
            Ok(()) => reply::json(&status()),
            Err(message) => reply::text(StatusCode::BAD_REQUEST, message),
        }
    }

    fn answer_trace(&self, request: &Parts) -> Answer {
        if let Some(refusal) = self.refusal(request) {
            return Answer::Done(refusal);
        }
        match query::time(request.uri.query()) {
            Ok(time) => {
                let session = self.session.clone();
                Answer::Record(Order { time, session, patience: self.patience })
            }
            Err(message) => Answer::Done(reply::text(StatusCode::BAD_REQUEST, message)),
        }
    }

    fn answer_flight(&self, request: &Parts) -> Answer {
        if let Some(refusal) = self.refusal(request) {
            return Answer::Done(refusal);
        }
        match query::nothing(request.uri.query()) {
            Ok(()) => Answer::Snapshot(self.patience),
            Err(message) => Answer::Done(reply::text(StatusCode::BAD_REQUEST, message)),
        }
    }

    /// The answer to a request that is not to be answered. Who may not ask learns nothing, not even that
    /// the method was wrong.
    fn refusal(&self, request: &Parts) -> Option<Response<Body>> {
        if !(self.guard)(request) {
            return Some(reply::empty(StatusCode::FORBIDDEN));
        }
        (request.method != Method::GET).then(|| reply::wrong_method(&request.method))
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler")
            .field("session", &self.session)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// What is left to do when the request was read.
enum Answer {
    Done(Response<Body>),
    Record(Order),
    Snapshot(Duration),
}

impl Answer {
    async fn give(self) -> Response<Body> {
        let conflict = |message| reply::text(StatusCode::CONFLICT, message);
        match self {
            Self::Done(response) => response,
            Self::Record(order) => match Permit::take() {
                Ok(permit) => match record(permit, order).await {
                    Ok(body) => reply::trace(body, ""),
                    Err(error) => no_session(&error),
                },
                Err(message) => conflict(message),
            },
            Self::Snapshot(patience) => match SnapshotPermit::take() {
                Ok(permit) => match flight::snapshot(permit, patience).await {
                    Ok(body) => reply::trace(body, "-flight"),
                    Err(error) => no_snapshot(&error),
                },
                Err(message) => conflict(message),
            },
        }
    }
}

fn no_session(error: &StartError) -> Response<Body> {
    let (status, message) = match error {
        StartError::AlreadyStarted => {
            let on = trace_core::status();
            let found = match &on.session {
                Some(session) => format!(
                    "the program itself does, since {:.1} s; wait until it stops",
                    session.elapsed.as_secs_f64()
                ),
                None => "somebody did until just now; try again".to_owned(),
            };
            (StatusCode::CONFLICT, format!("expected that nobody records, found that {found}\n"))
        }
        StartError::CompiledOut | StartError::Unsupported => {
            (StatusCode::NOT_IMPLEMENTED, format!("{error}\n"))
        }
        StartError::Thread(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("{error}; try again later\n"))
        }
        _ => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    };
    reply::text(status, message)
}

fn no_snapshot(error: &SnapshotError) -> Response<Body> {
    let (status, message) = match error {
        SnapshotError::NotStarted => (
            StatusCode::NOT_FOUND,
            format!(
                "expected that a flight recorder is on, found none; let the program start one with \
                 `FlightRecorder::builder().start()`, or get {TRACE}?seconds=5, which records what \
                 happens from now on\n"
            ),
        ),
        SnapshotError::Write { .. } => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("{error}; try again later\n"))
        }
        _ => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    };
    reply::text(status, message)
}
