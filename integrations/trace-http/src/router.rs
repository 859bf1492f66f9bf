//! The routes for axum.

use axum::Router;
use axum::extract::Request;
use axum::routing::any;
use http::request::Parts;

use crate::Handler;
use crate::handler::{STATUS, TRACE};

/// The routes `/debug/trace` and `/debug/trace/status`, to be merged into a program's own, for those
/// requests of which `guard` says `true`. All others get 403.
///
/// The guard sees the request's method, URI, headers and extensions; it is called before anything else, for
/// each request, on the thread of the server, and so should not block.
///
/// ```
/// use axum::{Router, routing::get};
///
/// # let secret = String::from("secret");
/// let expected = format!("Bearer {secret}");
/// let app: Router = Router::new()
///     .route("/", get(|| async { "one cappuccino" }))
///     .merge(trace_http::router(move |request| {
///         request.headers.get("authorization").is_some_and(|found| *found == *expected)
///     }));
/// # let _ = app;
/// ```
///
/// There is no router without a guard:
///
/// ```compile_fail
/// let app: axum::Router = trace_http::router();
/// ```
pub fn router<S>(guard: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let handler = Handler::new(guard);
    // `any`, so that the guard is asked before the method is.
    let answer = any(move |request: Request| handler.handle(&request.into_parts().0));
    Router::new().route(TRACE, answer.clone()).route(STATUS, answer)
}
