//! What lies between the thread that writes a trace and the client that takes it.
//!
//! The thread waits for a client that is too slow only while the session is on: meanwhile the pool takes
//! what the program records, and then events are dropped and counted. Once the session is over, all that is
//! left comes into memory at once, so that nobody who wants to switch tracing on or off waits for a client.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;

/// How much may wait for a client while the session is on, in bytes: some chunks, so that one is always
/// there to send.
const ROOM: usize = 256 << 10;

/// How often the writer, while it waits for room, looks whether somebody else has ended the session.
const LOOK: Duration = Duration::from_millis(20);

/// The state that the two sides share.
#[derive(Debug)]
pub(crate) struct Channel {
    state: Mutex<State>,
    /// For the writer and for the thread that keeps the time. Who takes or leaves notifies it.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Bytes>,
    /// The size of all that waits.
    waiting_bytes: usize,
    /// The size of all that was written.
    written_bytes: u64,
    /// How many pieces were taken.
    taken: u64,
    writer: WriterState,
    /// Nobody will take anything any more.
    left: bool,
    /// No piece comes after those that wait.
    end: Option<Result<(), Broken>>,
    waker: Option<Waker>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum WriterState {
    /// More may come.
    #[default]
    Writing,
    /// It was dropped; the trace is whole.
    Done,
    /// It was dropped before the end of the trace.
    Failed,
}

/// Why a body ends before its trace does.
#[derive(Clone, Debug)]
pub(crate) struct Broken(pub(crate) String);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Channel {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), changed: Condvar::new() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `done`, or until `deadline`. Returns whether it was `done`.
    fn wait<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        deadline: Instant,
        mut done: impl FnMut(&State) -> bool,
    ) -> (MutexGuard<'a, State>, bool) {
        loop {
            if done(&state) {
                return (state, true);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return (state, false);
            }
            state = self
                .changed
                .wait_timeout(state, left)
                .map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state);
        }
    }

    /// The size of what was written so far, in bytes.
    pub(crate) fn written_bytes(&self) -> u64 {
        self.lock().written_bytes
    }

    /// Waits until the client has left, the trace has ended or `deadline` is there.
    pub(crate) fn wait_for_end(&self, deadline: Instant) -> WriterState {
        let ended = |state: &State| state.left || state.writer != WriterState::Writing;
        self.wait(self.lock(), deadline, ended).0.writer
    }

    /// Waits until the client has taken everything.
    ///
    /// # Errors
    /// When it has left, or took nothing for as long as `patience`.
    pub(crate) fn wait_until_taken(&self, patience: Duration) -> Result<(), Broken> {
        let mut state = self.lock();
        while !state.waiting.is_empty() && !state.left {
            let taken = state.taken;
            let deadline = Instant::now() + patience;
            let moved;
            (state, moved) = self.wait(state, deadline, |now| now.left || now.taken != taken);
            if !moved {
                return Err(Broken(format!(
                    "the client took nothing for {} s after the trace had ended",
                    patience.as_secs()
                )));
            }
        }
        if state.left { Err(Broken("the client has left".to_owned())) } else { Ok(()) }
    }

    /// Ends the body; with an error, also what waits is gone.
    pub(crate) fn end(&self, end: Result<(), Broken>) {
        let mut state = self.lock();
        if end.is_err() {
            state.waiting.clear();
            state.waiting_bytes = 0;
        }
        state.end = Some(end);
        wake(state);
    }

    /// The next piece, or the end.
    pub(crate) fn poll_take(&self, cx: &Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        let mut state = self.lock();
        if let Some(piece) = state.waiting.pop_front() {
            state.waiting_bytes -= piece.len();
            state.taken += 1;
            drop(state);
            self.changed.notify_all();
            return Poll::Ready(Some(Ok(piece)));
        }
        match &mut state.end {
            Some(Ok(())) => Poll::Ready(None),
            // Told once.
            Some(end) => {
                let error = std::mem::replace(end, Ok(()));
                Poll::Ready(error.err().map(Err))
            }
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Whether everything was taken, and the trace is whole.
    pub(crate) fn is_at_end(&self) -> bool {
        let state = self.lock();
        state.waiting.is_empty() && matches!(state.end, Some(Ok(())))
    }

    /// Nobody will take anything any more.
    pub(crate) fn leave(&self) {
        let mut state = self.lock();
        state.left = true;
        // A waker keeps what it wakes; the rest is of no use to anybody.
        let waker = state.waker.take();
        let waiting = std::mem::take(&mut state.waiting);
        state.waiting_bytes = 0;
        drop(state);
        self.changed.notify_all();
        drop((waker, waiting));
    }
}

/// Wakes the client's task. Not with the lock held: a waker is code of somebody else.
fn wake(mut state: MutexGuard<'_, State>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// The end of the channel that a session writes to.
#[derive(Debug)]
pub(crate) struct Writer {
    channel: Arc<Channel>,
    /// A session flushes its writer after the last byte, and only then.
    flushed: bool,
}

impl Writer {
    pub(crate) fn new(channel: Arc<Channel>) -> Self {
        Self { channel, flushed: false }
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.channel.lock();
        loop {
            if state.left {
                return Err(io::Error::new(io::ErrorKind::BrokenPipe, "the client has left"));
            }
            if state.waiting_bytes < ROOM || !trace_core::is_enabled() {
                break;
            }
            let deadline = Instant::now() + LOOK;
            let room = |state: &State| state.left || state.waiting_bytes < ROOM;
            state = self.channel.wait(state, deadline, room).0;
        }
        state.waiting.push_back(Bytes::copy_from_slice(bytes));
        state.waiting_bytes += bytes.len();
        state.written_bytes += bytes.len() as u64;
        wake(state);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flushed = true;
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let mut state = self.channel.lock();
        state.writer = if self.flushed { WriterState::Done } else { WriterState::Failed };
        drop(state);
        self.channel.changed.notify_all();
    }
}
