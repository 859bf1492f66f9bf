//! The routes for axum.

use axum::Router;
use axum::extract::Request;
use axum::routing::any;
use http::request::Parts;

use crate::Handler;
use crate::handler::{FLIGHT, STATUS, TRACE};

/// The routes `/debug/trace`, `/debug/trace/flight` and `/debug/trace/status`, to be merged into a program's
/// own, for those requests of which `guard` says `true`. All others get 403.
///
/// The guard sees the request's method, URI, headers and extensions; it is called before anything else, for
/// each request, on the thread of the server, and so should not block. [`bearer`](crate::bearer) is one.
///
/// ```
/// use axum::{Router, routing::get};
///
/// let app: Router = Router::new()
///     .route("/", get(|| async { "one cappuccino" }))
///     .merge(trace_http::router(trace_http::bearer("a long random secret")));
/// # let _ = app;
/// ```
///
/// There is no router without a guard:
///
/// ```compile_fail
/// let app: axum::Router = trace_http::router();
/// ```
///
/// [`Handler::into_router`] is the same with options.
pub fn router<S>(guard: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    Handler::new(guard).into_router()
}

impl Handler {
    /// The routes `/debug/trace`, `/debug/trace/flight` and `/debug/trace/status`, for axum; also beneath
    /// another path, with [`Router::nest`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use trace_http::Handler;
    ///
    /// // Only from this machine, if no proxy runs on it.
    /// let handler = Handler::new(|request| {
    ///     use axum::extract::ConnectInfo;
    ///     let peer = request.extensions.get::<ConnectInfo<std::net::SocketAddr>>();
    ///     peer.is_some_and(|peer| peer.0.ip().is_loopback())
    /// });
    /// let app: axum::Router = handler.patience(Duration::from_secs(5)).into_router();
    /// # let _ = app;
    /// ```
    pub fn into_router<S>(self) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        let (trace, flight, status) = (self.clone(), self.clone(), self);
        // `any`, so that the guard is asked before the method is.
        Router::new()
            .route(TRACE, any(move |request: Request| trace.trace(&request.into_parts().0)))
            .route(FLIGHT, any(move |request: Request| flight.flight(&request.into_parts().0)))
            .route(
                STATUS,
                any(move |request: Request| async move { status.status(&request.into_parts().0) }),
            )
    }
}
