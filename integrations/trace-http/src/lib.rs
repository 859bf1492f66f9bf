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
//! records for five seconds, while the trace flows into the response, and is off again.
//!
//! ```no_run
#![cfg_attr(feature = "axum", doc = "use axum::{Router, routing::get};")]
#![cfg_attr(feature = "axum", doc = "")]
#![cfg_attr(feature = "axum", doc = "#[trace::region(\"makeCappuccino\")]")]
#![cfg_attr(feature = "axum", doc = "fn make_cappuccino() -> &'static str { \"here you are\" }")]
#![cfg_attr(feature = "axum", doc = "")]
#![cfg_attr(feature = "axum", doc = "# #[tokio::main]")]
#![cfg_attr(
    feature = "axum",
    doc = "# async fn main() -> Result<(), Box<dyn std::error::Error>> {"
)]
#![cfg_attr(
    feature = "axum",
    doc = "let secret = format!(\"Bearer {}\", std::env::var(\"SECRET\")?);"
)]
#![cfg_attr(feature = "axum", doc = "let app = Router::new()")]
#![cfg_attr(feature = "axum", doc = "    .route(\"/\", get(|| async { make_cappuccino() }))")]
#![cfg_attr(feature = "axum", doc = "    .merge(trace_http::router(move |request| {")]
#![cfg_attr(
    feature = "axum",
    doc = "        request.headers.get(\"authorization\").is_some_and(|found| *found == *secret)"
)]
#![cfg_attr(feature = "axum", doc = "    }));")]
#![cfg_attr(
    feature = "axum",
    doc = "let listener = tokio::net::TcpListener::bind(\"127.0.0.1:3000\").await?;"
)]
#![cfg_attr(feature = "axum", doc = "axum::serve(listener, app).await?;")]
#![cfg_attr(feature = "axum", doc = "# Ok(())")]
#![cfg_attr(feature = "axum", doc = "# }")]
//! ```
#![forbid(unsafe_code)]

mod body;
mod channel;
mod handler;
mod query;
mod recording;
mod reply;
#[cfg(feature = "axum")]
mod router;
mod status;

pub use body::{Body, BodyError};
pub use handler::Handler;
#[cfg(feature = "axum")]
pub use router::router;
