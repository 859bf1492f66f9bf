//! One recording: a thread that starts the session, keeps the time, and ends it.
//!
//! Starting and finishing a session can wait, for another one that is ending just then or for the last
//! blocks, and so are not done where requests are answered. A thread of its own also needs no runtime. It ends
//! when the client has everything, has left, or has taken nothing for too long.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use trace_core::{Session, SessionBuilder, StartError, StopError};

use crate::Body;
use crate::channel::{Broken, Channel, Waits, Writer, WriterState};
use crate::promise::{Debtor, promise};
use crate::status::{Last, Permit};

/// The name of this crate's threads.
pub(crate) const THREAD: &str = "trace-http";

/// What to record, and for whom.
pub(crate) struct Order {
    pub(crate) time: Duration,
    pub(crate) session: SessionBuilder,
    /// How long the client may take nothing while something waits for it.
    pub(crate) patience: Duration,
}

/// Records for so long. The body yields the trace while it is being written, and ends when the session
/// has; dropped before that, it ends the session.
///
/// # Errors
/// When no session could be started. Nothing is left of it.
pub(crate) async fn record(permit: Permit, order: Order) -> Result<Body, StartError> {
    let channel = Channel::new(order.patience);
    // Made first: should nobody wait for the answer any more, it is dropped, and ends the session.
    let body = Body::of_channel(Arc::clone(&channel));
    let (debtor, started) = promise();
    thread::Builder::new()
        .name(THREAD.to_owned())
        .spawn(move || run(permit, order, &channel, debtor))
        .map_err(StartError::Thread)?;
    started.wait().await.unwrap_or_else(|| Err(StartError::Thread(panicked())))?;
    Ok(body)
}

pub(crate) fn panicked() -> std::io::Error {
    std::io::Error::other("the thread that was to do it panicked")
}

fn run(
    mut permit: Permit,
    order: Order,
    channel: &Arc<Channel>,
    mut started: Debtor<Result<(), StartError>>,
) {
    let _end = EndsAnyway(channel);
    let writer = Writer::new(Arc::clone(channel), Waits::WhileSessionIsOn);
    let session = match order.session.start(writer) {
        Ok(session) => session,
        Err(error) => {
            // In this order: who is told may ask again at once.
            drop(permit);
            started.tell(Err(error));
            return;
        }
    };
    let begun = Instant::now();
    permit.recording(order.time, Arc::clone(channel));
    started.tell(Ok(()));

    let writer = channel.wait_for_end(begun + order.time);
    let (end, events_lost) = finish(session, writer);
    permit.sending(Last { bytes: channel.sizes().0, events_lost, duration: begun.elapsed() });
    let end = channel.wait_until_taken().and(end);
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
        let failed = || Broken::CutShort("it could not be written".to_owned());
        return (if whole { Ok(()) } else { Err(failed()) }, None);
    }
    match session.finish() {
        Ok(summary) => (Ok(()), Some(summary.events_lost)),
        // `stop` came between, and returned after the last byte was written.
        Err(StopError::NotStarted) => (Ok(()), None),
        Err(StopError::Write { source, lost, .. }) => {
            (Err(Broken::CutShort(source.to_string())), Some(lost))
        }
        Err(error) => (Err(Broken::CutShort(error.to_string())), None),
    }
}

/// Lets no client wait for a thread that has panicked.
pub(crate) struct EndsAnyway<'a>(pub(crate) &'a Channel);

impl Drop for EndsAnyway<'_> {
    fn drop(&mut self) {
        self.0.end(Err(Broken::CutShort(panicked().to_string())));
    }
}
