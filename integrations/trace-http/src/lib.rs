//! Switches tracing on from outside, over HTTP: what `/debug/pprof/trace` is for Go.
//!
//! A program is slow, now, somewhere else, and was not started with tracing on. It has an HTTP server, or
//! can have one. Then
//!
//! ```sh
//! curl -H "Authorization: Bearer $SECRET" 'http://host:3000/debug/trace?seconds=5' -o slow.trace
//! cargo trace report slow.trace
//! ```
//!
//! records for five seconds, while the trace flows into the response, and is off again. What the program has to
//! do for it is to give a route to it, and to say who may ask:
//!
#![cfg_attr(feature = "axum", doc = "```no_run")]
#![cfg_attr(not(feature = "axum"), doc = "```ignore")]
//! use axum::{Router, routing::get};
//!
//! #[trace::region("makeCappuccino")]
//! fn make_cappuccino() -> &'static str { "here you are" }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let app = Router::new()
//!     .route("/", get(|| async { make_cappuccino() }))
//!     .merge(trace_http::router(trace_http::bearer(std::env::var("SECRET")?)));
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//! axum::serve(listener, app).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Without the feature `axum`, which is on by default, there is [`Handler`] for every server that speaks the
//! [`http`] crate, with or without a runtime.
//!
//! # What can be asked for
//!
//! | `GET` | |
//! |---|---|
//! | `/debug/trace?seconds=5` | records for so long, up to an hour; 1 s if nothing is said |
//! | `/debug/trace/flight` | what the [flight recorder](trace_core::FlightRecorder) holds that the program has started: what happened until now |
//! | `/debug/trace/status` | what is on, as JSON |
//!
//! | answer | when |
//! |---|---|
//! | 200 | the trace, or the status |
//! | 400 | the query is not understood |
//! | 403 | the guard said no; nothing else is told |
//! | 404 | no flight recorder is on |
//! | 405 | the method is not `GET`; a `HEAD` does not record either |
//! | 409 | somebody records already: another request, or the program; or somebody takes a snapshot |
//! | 500 | the recording cannot be as the program wants it, with less memory than a chunk for example |
//! | 501 | tracing was compiled out |
//! | 503 | there is no thread to be had |
//!
//! All but 403 say in their text what was expected, what was found and what to do.
//!
//! # What can be relied on
//!
//! - **Nobody is answered whom the program does not let in.** There is no handler without a guard. It sees the
//!   head of the request, with what the server adds to its extensions. [`bearer`] is a guard.
//! - **A client that goes away ends the recording at once**, and so does a response that is dropped before
//!   anybody read from it.
//! - **A slow client never blocks the program.** What it does not take waits in the recording's
//!   [pool](Handler::pool_bytes); when that is full, events are dropped and counted. A client that takes nothing
//!   for [some time](Handler::patience) ends the recording, and gets no more than it has.
//! - **One trace and one snapshot at a time**, whatever clients do; so what they take of memory is bounded: a
//!   pool and what waits of it to be sent, and `max_bytes` of the flight recorder once more.
//! - **A trace that ended well is strictly valid; one that was broken off can be read up to there**, and the
//!   reader says that it has no end.
//! - **A session of the program is never touched.** One that a request has started can be stopped by the
//!   program, with [`stop`](trace_core::stop); the client then has a whole trace of the time until then.
//! - **Nothing is left**: a recording takes a thread beside that of its session, named `trace-http`, which ends
//!   with it.
//!
//! What the program puts before the routes applies to them as well: a layer that ends requests after a while ends
//! recordings that are longer, and one that compresses holds the trace back.
//!
//! # The status
//!
//! | member | what |
//! |---|---|
//! | `session` | the session that is on, or null: `since_unix_ms`, `elapsed_seconds`, `pool_bytes`, `events_lost` as far as it is known, and `by`, which is `request` or `program`, and missing for the moment in which a request switches it on |
//! | `flight_recorder` | the same of the flight recorder |
//! | `open` | while something is on, what each thread is in the middle of: `thread`, `os_thread` and its open `regions`, with the futures that it polls, from the outside in, each with `name`, `file`, `line` and the `seconds` since it began; else null |
//! | `request` | the request for a trace that is being answered, or null: its `phase`, which is `starting`, `recording` or `sending`, the `seconds` that it asked for, `bytes` so far, and `bytes_waiting` for the client |
//! | `ignored_traceparents` | how many `traceparent` headers were malformed since the program began |
//! | `snapshot` | whether a snapshot is being taken or sent |
//! | `last` | the last trace that was taken by a request, or null: `bytes`, `seconds`, `events_lost`, which is null if the program ended it |
//!
//! # Who may ask
//!
//! A trace tells what the program was told to write down; see `docs/security.md`. Recording costs little, but
//! somebody who records all the time keeps others from it. So let in those who may also log in to the machine.
//! A guard that looks at the peer's address lets in everybody who comes through a proxy on that address, and
//! browsers on that machine with whatever page is open in them; a secret in a header is safe from both.
#![forbid(unsafe_code)]

mod body;
mod channel;
mod flight;
mod guard;
mod handler;
mod promise;
mod query;
mod recording;
mod reply;
#[cfg(feature = "axum")]
mod router;
mod status;

pub use body::{Body, BodyError};
pub use guard::bearer;
pub use handler::Handler;
#[cfg(feature = "axum")]
pub use router::router;
