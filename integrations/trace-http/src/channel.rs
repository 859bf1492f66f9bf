//! What lies between the thread that writes a trace and the client that takes it.
//!
//! Invariants:
//! 1. Neither side holds the lock while it calls code of somebody else: a waker may do as it likes.
//! 2. What waits for the client is bounded: by [`ROOM`] and one piece while there is more to come. Of a session
//!    that has ended, all that is left comes at once, which is no more than its pool held, so that nobody who
//!    wants to switch tracing on or off waits for a client.
//! 3. Who writes waits for the client no longer than the client's patience lasts, and only while the session is
//!    on: meanwhile the pool takes what the program records, and then events are dropped and counted.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;

/// How much may wait for a client while there is more to come, in bytes: some chunks, so that one is always
/// there to send.
const ROOM: usize = 256 << 10;

/// How often the writer, while it waits for room, looks whether somebody else has ended the session.
const LOOK: Duration = Duration::from_millis(20);

/// The state that the two sides share.
#[derive(Debug)]
pub(crate) struct Channel {
    /// How long something may wait while the client takes nothing.
    patience: Duration,
    state: Mutex<State>,
    /// For the thread of the recording and that of the writer, which wait for the client and for each other.
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    waiting: VecDeque<Bytes>,
    /// The size of all that waits.
    waiting_bytes: usize,
    /// The size of all that was written.
    written_bytes: u64,
    /// When the client took something, or the first piece began to wait for it.
    moved: Instant,
    writer: WriterState,
    /// Why nobody will take anything any more.
    gone: Option<Broken>,
    /// No piece comes after those that wait.
    end: Option<Result<(), Broken>>,
    waker: Option<Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriterState {
    /// More may come.
    Writing,
    /// It was dropped; the trace is whole.
    Done,
    /// It was dropped before the end of the trace.
    Failed,
}

/// Why a body ends before its trace does.
#[derive(Clone, Debug)]
pub(crate) enum Broken {
    /// The body was dropped.
    Left,
    /// The client took nothing for so long.
    Stalled(Duration),
    /// The trace itself has no end.
    CutShort(String),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Left => f.write_str("the client has left"),
            Self::Stalled(patience) => {
                write!(f, "the client took nothing for {} s", patience.as_secs_f64())
            }
            Self::CutShort(why) => write!(f, "the trace was cut short: {why}"),
        }
    }
}

impl State {
    fn forget_waiting(&mut self) {
        self.waiting = VecDeque::new();
        self.waiting_bytes = 0;
    }
}

impl Channel {
    /// A channel to a client that may take nothing for as long as `patience`.
    pub(crate) fn new(patience: Duration) -> Arc<Self> {
        let state = State {
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            written_bytes: 0,
            moved: Instant::now(),
            writer: WriterState::Writing,
            gone: None,
            end: None,
            waker: None,
        };
        Arc::new(Self { patience, state: Mutex::new(state), changed: Condvar::new() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until something has changed, at most until `until`.
    fn wait<'a>(&self, state: MutexGuard<'a, State>, until: Instant) -> MutexGuard<'a, State> {
        let time = until.saturating_duration_since(Instant::now());
        self.changed
            .wait_timeout(state, time)
            .map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state)
    }

    /// Since when the client will have taken nothing for too long, unless it takes something before.
    fn stalls_at(&self, state: &State) -> Option<Instant> {
        if state.waiting.is_empty() { None } else { state.moved.checked_add(self.patience) }
    }

    /// Why nobody will take anything any more, which is found out here if the client stalls. What waits for it
    /// would take memory for as long as its connection is there.
    fn gone(&self, state: &mut State) -> Option<Broken> {
        let stalled = self.stalls_at(state).is_some_and(|at| at <= Instant::now());
        if stalled && state.gone.is_none() {
            state.gone = Some(Broken::Stalled(self.patience));
            state.forget_waiting();
            self.changed.notify_all();
        }
        state.gone.clone()
    }

    /// The size of what was written so far, and of what of it waits for the client, in bytes.
    pub(crate) fn sizes(&self) -> (u64, usize) {
        let state = self.lock();
        (state.written_bytes, state.waiting_bytes)
    }

    /// Whether the end of the trace was not written yet.
    pub(crate) fn is_writing(&self) -> bool {
        self.lock().writer == WriterState::Writing
    }

    /// Waits until nobody takes anything any more, the trace has ended or `deadline` is there.
    pub(crate) fn wait_for_end(&self, deadline: Instant) -> WriterState {
        let mut state = self.lock();
        loop {
            let is_over = self.gone(&mut state).is_some() || Instant::now() >= deadline;
            if is_over || state.writer != WriterState::Writing {
                return state.writer;
            }
            let until = self.stalls_at(&state).map_or(deadline, |at| at.min(deadline));
            state = self.wait(state, until);
        }
    }

    /// Waits until the client has taken everything.
    ///
    /// # Errors
    /// When it has left, or stalls.
    pub(crate) fn wait_until_taken(&self) -> Result<(), Broken> {
        let mut state = self.lock();
        loop {
            if let Some(gone) = self.gone(&mut state) {
                return Err(gone);
            }
            if state.waiting.is_empty() {
                return Ok(());
            }
            let until = self.stalls_at(&state).unwrap_or_else(|| Instant::now() + LOOK);
            state = self.wait(state, until);
        }
    }

    /// Ends the body; with an error, also what waits is gone. Only the first end counts.
    pub(crate) fn end(&self, end: Result<(), Broken>) {
        let mut state = self.lock();
        if state.end.is_some() {
            return;
        }
        if end.is_err() {
            state.forget_waiting();
        }
        state.end = Some(end);
        wake(state);
    }

    /// The next piece, or the end.
    pub(crate) fn poll_take(&self, cx: &Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        let mut waker = Some(cx.waker().clone());
        let mut state = self.lock();
        let next = if let Some(piece) = state.waiting.pop_front() {
            state.waiting_bytes -= piece.len();
            state.moved = Instant::now();
            self.changed.notify_all();
            Poll::Ready(Some(Ok(piece)))
        } else {
            match &mut state.end {
                None => {
                    // What is there by now goes when the lock is gone.
                    std::mem::swap(&mut state.waker, &mut waker);
                    Poll::Pending
                }
                // An error is told once.
                Some(end) => Poll::Ready(std::mem::replace(end, Ok(())).err().map(Err)),
            }
        };
        drop(state);
        next
    }

    /// Whether everything was taken, and nothing more is to be told.
    pub(crate) fn is_at_end(&self) -> bool {
        let state = self.lock();
        state.waiting.is_empty() && matches!(state.end, Some(Ok(())))
    }

    /// Nobody will take anything any more.
    pub(crate) fn leave(&self) {
        let mut state = self.lock();
        state.gone = Some(Broken::Left);
        // A waker keeps what it wakes; the rest is of no use to anybody.
        let waker = state.waker.take();
        state.forget_waiting();
        drop(state);
        self.changed.notify_all();
        drop(waker);
    }
}

/// Wakes the client's task, after the lock.
fn wake(mut state: MutexGuard<'_, State>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// When a writer waits for a client that is slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    Always,
    /// Whoever stops the session waits for the writer.
    WhileSessionIsOn,
}

impl Waits {
    fn now(self) -> bool {
        match self {
            Self::Always => true,
            Self::WhileSessionIsOn => trace_core::status().session.is_some(),
        }
    }
}

/// The end of the channel that a trace is written to.
#[derive(Debug)]
pub(crate) struct Writer {
    channel: Arc<Channel>,
    waits: Waits,
    /// A trace is flushed after the last byte, and only then.
    flushed: bool,
}

impl Writer {
    pub(crate) fn new(channel: Arc<Channel>, waits: Waits) -> Self {
        Self { channel, waits, flushed: false }
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.channel.lock();
        loop {
            if let Some(gone) = self.channel.gone(&mut state) {
                return Err(io::Error::new(io::ErrorKind::BrokenPipe, gone.to_string()));
            }
            if state.waiting_bytes < ROOM || !self.waits.now() {
                break;
            }
            let look = Instant::now() + LOOK;
            let until = self.channel.stalls_at(&state).map_or(look, |at| at.min(look));
            state = self.channel.wait(state, until);
        }
        if state.waiting.is_empty() {
            state.moved = Instant::now();
            self.channel.changed.notify_all();
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
