//! A small café with an HTTP server, of which traces can be had while it serves.
//!
//! ```sh
//! cargo run -p trace-http --example server                  # at 127.0.0.1:3000
//! cargo run -p trace-http --example server -- 127.0.0.1:0   # at another address
//! cargo run -p trace-http --example server -- --flight      # with a flight recorder
//! ```
//!
//! It prints what to ask for, and serves until it is stopped. With `TRACE_SECRET` in its environment it answers
//! those who know that secret, else those who come from the same machine.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::{ConnectInfo, Path};
use axum::{Router, routing::get};
use http::request::Parts;
use trace_http::Handler;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (flags, address): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    // The newest events are kept all the time. Without this, `/debug/trace` records when it is asked to.
    let newest = flags.iter().any(|flag| flag == "--flight");
    let builder = trace::FlightRecorder::builder().max_bytes(4 << 20);
    let _flight = if newest { Some(builder.start()?) } else { None };

    let secret = std::env::var("TRACE_SECRET").ok();
    let handler = Handler::new(guard(secret.clone()));
    let app = Router::new()
        .route("/cappuccino/{order}", get(cappuccino))
        .merge(handler.patience(Duration::from_secs(10)).into_router());

    let address = address.first().map_or("127.0.0.1:3000", String::as_str);
    let listener = tokio::net::TcpListener::bind(address).await?;
    tell(listener.local_addr()?, secret.is_some(), newest);
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

/// Lets in who knows the secret. Where there is none, who comes from this machine, which would be everybody if
/// there were a proxy on it.
fn guard(secret: Option<String>) -> impl Fn(&Parts) -> bool + Send + Sync + 'static {
    let has_secret = secret.map(trace_http::bearer);
    move |request| match &has_secret {
        Some(has_secret) => has_secret(request),
        None => {
            let peer = request.extensions.get::<ConnectInfo<SocketAddr>>();
            peer.is_some_and(|ConnectInfo(peer)| peer.ip().is_loopback())
        }
    }
}

fn tell(address: SocketAddr, has_secret: bool, newest: bool) {
    let header = if has_secret { "-H \"Authorization: Bearer $TRACE_SECRET\" " } else { "" };
    let what = if newest { "/flight" } else { "?seconds=5" };
    println!(
        "keep it busy:   while true; do curl -s {address}/cappuccino/[1-100] >/dev/null; done"
    );
    println!("take a trace:   curl {header}'{address}/debug/trace{what}' -o cafe.trace");
    println!("read it:        cargo run -p trace-tool -- report cafe.trace");
    println!("what is on:     curl {header}{address}/debug/trace/status");
}

async fn cappuccino(Path(order): Path<u64>) -> String {
    // The function goes on on whatever thread is free, so that the context is passed along by hand.
    let (context, _task) = trace::new_task(trace::Context::background(), "cappuccino");
    trace::trace_log!(context: context, "order", "for here, order {order}");
    // The two are made on other threads, for the same task.
    let milk = tokio::task::spawn_blocking(move || context.run(|| steam_milk(order)));
    let coffee = tokio::task::spawn_blocking(move || context.run(extract_coffee));
    let (milk, coffee) = (milk.await, coffee.await);
    context.run(|| match (milk, coffee) {
        (Ok(()), Ok(())) => format!("cappuccino {order}\n"),
        _ => {
            trace::trace_log!("order", "spilt");
            format!("no cappuccino {order}\n")
        }
    })
}

#[trace::region("steamMilk", args(order))]
fn steam_milk(order: u64) {
    // Every tenth order is with oat milk, which takes its time.
    std::thread::sleep(Duration::from_millis(if order % 10 == 0 { 12 } else { 2 }));
}

#[trace::region("extractCoffee")]
fn extract_coffee() {
    std::thread::sleep(Duration::from_millis(3));
}
