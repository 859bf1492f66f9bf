//! One recording: a thread that starts the session, keeps the time, and ends it.
//!
//! Starting and finishing a session can wait, for another one that is ending just then or for the last
//! blocks, and so are not done where requests are answered. A thread of its own also needs no runtime.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use trace_core::{Session, StartError, StopError};

use crate::Body;
use crate::channel::{Broken, Channel, Writer, WriterState};
use crate::status::{Last, Permit};

/// How long a client may take nothing, once the trace has ended, before the rest is thrown away.
const PATIENCE: Duration = Duration::from_secs(10);

/// Records for so long. The body yields the trace while it is being written, and ends when the session
/// has; dropped before that, it ends the session.
///
/// # Errors
/// When no session could be started. Nothing is left of it.
pub(crate) async fn record(permit: Permit, time: Duration) -> Result<Body, StartError> {
    let channel = Channel::new();
    // Made first: should nobody wait for the answer any more, it is dropped, and ends the session.
    let body = Body::of_channel(Arc::clone(&channel));
    let started = Arc::new(Started::default());
    let answer = Arc::clone(&started);
    thread::Builder::new()
        .name("trace-http".to_owned())
        .spawn(move || run(permit, time, &channel, &answer))
        .map_err(StartError::Thread)?;
    started.wait().await?;
    Ok(body)
}

fn run(mut permit: Permit, time: Duration, channel: &Arc<Channel>, started: &Started) {
    let session = match Session::builder().start(Writer::new(Arc::clone(channel))) {
        Ok(session) => session,
        Err(error) => {
            // In this order: who is told may ask again at once.
            drop(permit);
            started.tell(Err(error));
            return;
        }
    };
    let begun = Instant::now();
    permit.recording(time, Arc::clone(channel));
    started.tell(Ok(()));

    let writer = channel.wait_for_end(begun + time);
    let (end, events_lost) = finish(session, writer);
    let last = Last { bytes: channel.written_bytes(), events_lost, duration: begun.elapsed() };
    permit.sending(last);
    let end = end.and_then(|()| channel.wait_until_taken(PATIENCE));
    // In this order: the client may ask for the next trace as soon as it has seen the end of this one.
    drop(permit);
    channel.end(end);
}

/// Ends the session, and tells how many events it lost, if anybody knows.
fn finish(session: Session, writer: WriterState) -> (Result<(), Broken>, Option<u64>) {
    if writer != WriterState::Writing {
        // Somebody called `stop`, and has the summary.
        session.detach();
        let whole = writer == WriterState::Done;
        return (if whole { Ok(()) } else { Err(cut_short("its writer failed")) }, None);
    }
    match session.finish() {
        Ok(summary) => (Ok(()), Some(summary.events_lost)),
        // `stop` came between, and returned after the last byte was written.
        Err(StopError::NotStarted) => (Ok(()), None),
        Err(StopError::Write { source, lost, .. }) => (Err(cut_short(source)), Some(lost)),
        Err(error) => (Err(cut_short(error)), None),
    }
}

fn cut_short(why: impl std::fmt::Display) -> Broken {
    Broken(format!("the trace was cut short: {why}"))
}

/// Whether the session started, told from one thread to a task.
#[derive(Default)]
struct Started(Mutex<(Option<Result<(), StartError>>, Option<Waker>)>);

impl Started {
    fn tell(&self, result: Result<(), StartError>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = Some(result);
        let waker = state.1.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    async fn wait(&self) -> Result<(), StartError> {
        poll_fn(|cx| {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match state.0.take() {
                Some(result) => Poll::Ready(result),
                None => {
                    state.1 = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}
