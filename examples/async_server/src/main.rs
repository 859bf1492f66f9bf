//! A café that serves over HTTP on tokio, clients that keep it busy, and where the time of each request went.
//!
//! ```text
//! cargo run --release -p async_server [-- REQUESTS]
//! ```
//!
//! Each request is a task that is named after its route, and each route takes its time in a way of its own:
//!
//! | route | |
//! |---|---|
//! | `/menu/{order}` | answers at once |
//! | `/cappuccino/{order}` | waits for two sub-requests that wait themselves, one of them now and then for a third |
//! | `/espresso/{order}` | computes, on a thread for work that blocks, of which there are two |
//! | `/roast/{order}` | waits for so long that the client leaves: the request is cancelled, with its sub-request |
//!
//! Writes `async_server.trace` into the current directory. Prints what it counted itself, which is what the trace
//! tells to the last one (`tests/counts.rs`), and the report.

mod cafe;
mod clients;
mod counts;

use std::error::Error;
use std::{env, thread};

use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use trace::{Overflow, Session};
use trace_tokio::BuilderExt;

use crate::clients::Answers;

type Failed = Box<dyn Error + Send + Sync>;

const TRACE: &str = "async_server.trace";
const REQUESTS: u64 = 10_000;

/// Threads that serve, and threads that grind beans.
const WORKERS: usize = 2;
const GRINDERS: usize = 2;

fn main() -> Result<(), Failed> {
    let requests = env::args().nth(1).map_or(Ok(REQUESTS), |arg| arg.parse())?;

    // Everything is to be in the trace: should the disk be slow, the café waits for it.
    let session = Session::builder().overflow(Overflow::Block).start_file(TRACE)?;
    let answers = open_cafe(requests)?;
    let summary = session.finish()?;

    let Answers { answered, left } = answers;
    println!("{requests} requests: {answered} answered, {left} left before");
    counts::print();
    println!("{} events lost; {TRACE}: {} bytes\n", summary.events_lost, summary.bytes);
    trace_tool::print_report(TRACE)?;
    println!("\nthe slowest: cargo trace tasks {TRACE} --type 'GET /cappuccino' --slowest 1");
    Ok(())
}

/// Serves until so many requests were sent. When it returns, all that was spawned has ended.
fn open_cafe(requests: u64) -> Result<Answers, Failed> {
    let mut builder = Builder::new_multi_thread();
    builder.traced().worker_threads(WORKERS).max_blocking_threads(GRINDERS).enable_all();
    let runtime = builder.build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (closing, closed) = oneshot::channel::<()>();
        // On a thread and a runtime of their own: what is traced is the server.
        let clients = thread::Builder::new().name("clients".to_owned()).spawn(move || {
            let _until_the_last_has_gone = closing;
            clients::send(address, requests)
        })?;
        let shut = async { _ = closed.await };
        axum::serve(listener, cafe::routes()).with_graceful_shutdown(shut).await?;
        clients.join().expect("no client panicked")
    })
}
