//! The handler: who may ask, and for what.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use http::request::Parts;
use http::{Method, Response, StatusCode};
use trace_core::StartError;

use crate::status::{Permit, status};
use crate::{Body, query, recording, reply};

/// Where a trace is to be had.
pub(crate) const TRACE: &str = "/debug/trace";
/// Where it says what is on.
pub(crate) const STATUS: &str = "/debug/trace/status";

/// Answers requests for traces, for any server that speaks the [`http`] crate.
///
/// ```
/// # fn doc() -> impl Future<Output = http::Response<trace_http::Body>> {
/// use trace_http::Handler;
///
/// // Only who knows the secret.
/// let handler = Handler::new(|request| {
///     request.headers.get("authorization").is_some_and(|found| found == "Bearer secret")
/// });
///
/// // For each request of the server:
/// # let request = http::Request::new(());
/// let (parts, _) = request.into_parts();
/// let response = handler.handle(&parts);
/// # response
/// # }
/// ```
///
/// Clones are cheap, and share the guard. All handlers of a program share its one session.
#[derive(Clone)]
pub struct Handler {
    guard: Arc<dyn Fn(&Parts) -> bool + Send + Sync>,
}

impl Handler {
    /// A handler that answers those requests of which `guard` says `true`, and all others with 403. The
    /// guard sees the request's method, URI, headers and extensions; it is called before anything else, for
    /// each request, on the thread of the server, and so should not block.
    pub fn new(guard: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        Self { guard: Arc::new(guard) }
    }

    /// Answers a request by its path: [`trace`](Self::trace) for `/debug/trace`,
    /// [`status`](Self::status) for `/debug/trace/status`, else 404, if the guard allows as much.
    ///
    /// The future needs no particular runtime, and borrows nothing.
    pub fn handle(
        &self,
        request: &Parts,
    ) -> impl Future<Output = Response<Body>> + Send + 'static + use<> {
        let answer = match request.uri.path() {
            TRACE => self.answer_trace(request),
            STATUS => Answer::Done(self.status(request)),
            _ => Answer::Done(match self.refusal(request) {
                Some(refusal) => refusal,
                None => reply::empty(StatusCode::NOT_FOUND),
            }),
        };
        answer.give()
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

    /// Says what is on, whatever the path of the request. Does not block.
    pub fn status(&self, request: &Parts) -> Response<Body> {
        self.refusal(request).unwrap_or_else(|| reply::json(&status()))
    }

    fn answer_trace(&self, request: &Parts) -> Answer {
        if let Some(refusal) = self.refusal(request) {
            return Answer::Done(refusal);
        }
        match query::time(request.uri.query()) {
            Ok(time) => Answer::Record(time),
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
        f.debug_struct("Handler").finish_non_exhaustive()
    }
}

/// What is left to do when the request was read.
enum Answer {
    Done(Response<Body>),
    Record(std::time::Duration),
}

impl Answer {
    async fn give(self) -> Response<Body> {
        let time = match self {
            Self::Done(response) => return response,
            Self::Record(time) => time,
        };
        let permit = match Permit::take() {
            Ok(permit) => permit,
            Err(message) => return reply::text(StatusCode::CONFLICT, message),
        };
        match recording::record(permit, time).await {
            Ok(body) => reply::trace(body),
            Err(error) => not_started(&error),
        }
    }
}

fn not_started(error: &StartError) -> Response<Body> {
    match error {
        StartError::AlreadyStarted => reply::text(
            StatusCode::CONFLICT,
            "expected that nobody records, found that the program itself does; wait until it stops\n"
                .to_owned(),
        ),
        StartError::CompiledOut | StartError::Unsupported => {
            reply::text(StatusCode::NOT_IMPLEMENTED, format!("{error}\n"))
        }
        _ => reply::text(StatusCode::SERVICE_UNAVAILABLE, format!("{error}; try again later\n")),
    }
}
