//! Clients that keep the café busy, over connections of this machine. Nothing of theirs is traced.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::Failed;
use crate::cafe::ROASTING;

/// So many at a time, each with a connection of its own.
const CLIENTS: usize = 32;

/// For so long a client waits while its beans are roasted.
const PATIENCE: Duration = Duration::from_millis(2);

/// What became of the requests, as the clients have seen it.
#[derive(Default)]
pub(crate) struct Answers {
    pub(crate) answered: u64,
    pub(crate) left: u64,
}

/// Sends so many requests, numbered from 1, and waits for what becomes of them.
pub(crate) fn send(address: SocketAddr, requests: u64) -> Result<Answers, Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let sent = Arc::new(AtomicU64::new(0));
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            clients.spawn(client(address, Arc::clone(&sent), requests));
        }
        let mut all = Answers::default();
        while let Some(client) = clients.join_next().await {
            let Answers { answered, left } = client??;
            all.answered += answered;
            all.left += left;
        }
        Ok(all)
    })
}

/// One of them: takes the next number until there is none left.
async fn client(
    address: SocketAddr,
    sent: Arc<AtomicU64>,
    requests: u64,
) -> Result<Answers, Failed> {
    let (mut sender, connection) =
        handshake(TokioIo::new(TcpStream::connect(address).await?)).await?;
    tokio::spawn(connection);
    let mut answers = Answers::default();
    loop {
        let order = sent.fetch_add(1, Relaxed) + 1;
        if order > requests {
            return Ok(answers);
        }
        let route = match order % 10 {
            0..=3 => "cappuccino",
            4..=6 => "menu",
            7..=8 => "espresso",
            _ => {
                leave(address, order).await?;
                answers.left += 1;
                continue;
            }
        };
        ask(&mut sender, route, order).await?;
        answers.answered += 1;
    }
}

/// Asks, and takes the whole answer.
async fn ask(
    sender: &mut SendRequest<Empty<Bytes>>,
    route: &str,
    order: u64,
) -> Result<(), Failed> {
    let request = Request::get(format!("/{route}/{order}"));
    let request = request.header("host", "cafe").body(Empty::new())?;
    sender.ready().await?;
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    if !status.is_success() {
        return Err(format!("{route} {order}: {status}: {}", body.escape_ascii()).into());
    }
    Ok(())
}

/// Asks for beans over a connection of its own, and leaves before they are roasted.
async fn leave(address: SocketAddr, order: u64) -> Result<(), Failed> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /roast/{order} HTTP/1.1\r\nhost: cafe\r\n\r\n");
    {
        // One at a time, so that the batch which has been begun is its own.
        static ALONE: Mutex<()> = Mutex::const_new(());
        let _alone = ALONE.lock().await;
        stream.write_all(request.as_bytes()).await?;
        ROASTING.acquire().await?.forget();
    }
    tokio::time::sleep(PATIENCE).await;
    Ok(())
}
