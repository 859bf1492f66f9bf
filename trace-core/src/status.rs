//! What is on: for programs that tell it to somebody, over HTTP for example.
//!
//! Told by [`running`](crate::running), which holds its own lock for as long as a session takes to end. Here a
//! lock is held for some instructions only, so that whoever asks never waits: the writer of a session may,
//! while that session is being stopped.

use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use trace_format::{Anchor, Overflow};

use crate::error::SnapshotError;
use crate::flight::{Recording, Snapshot};
use crate::fork::Process;
use crate::pool::Pool;
use crate::sync::Arc;
use crate::thread::RECORDER;
use crate::{clock, context};

/// What is on. From [`status`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The session that is on.
    pub session: Option<RecordingStatus>,
    /// The flight recorder that is on.
    pub flight_recorder: Option<RecordingStatus>,
    /// How many `traceparent` headers were malformed, and so ignored, since the program began; see
    /// [`Context::from_traceparent`](crate::Context::from_traceparent).
    pub ignored_traceparents: u64,
}

/// What there is to tell of a session or a flight recorder while it is on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordingStatus {
    /// When it began, by the clock on the wall.
    pub since: SystemTime,
    /// How long ago that is, whatever became of the clock on the wall.
    pub elapsed: Duration,
    /// The memory that it has for events, in bytes.
    pub pool_bytes: u64,
    /// How many events were lost so far. Those that a session loses count for a flight recorder beside it when
    /// the session has ended.
    pub events_lost: u64,
}

/// Something that is on.
struct On {
    owner: Process,
    pool: Arc<Pool>,
    since: SystemTime,
    begun: Instant,
    anchor: Anchor,
}

static ON: Mutex<Vec<On>> = Mutex::new(Vec::new());

fn lock() -> MutexGuard<'static, Vec<On>> {
    ON.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells that recording into `pool` is on.
pub(crate) fn began(pool: Arc<Pool>) {
    let (since, begun, anchor) = (SystemTime::now(), Instant::now(), clock::read_anchor());
    let on = On { owner: Process::current(), pool, since, begun, anchor };
    let mut all = lock();
    let (parents, ours) = std::mem::take(&mut *all).into_iter().partition(On::is_parents);
    *all = ours;
    all.push(on);
    drop(all);
    // The memory is the parent's.
    std::mem::forget::<Vec<On>>(parents);
}

/// Ends what [`began`] began.
pub(crate) fn ended(pool: &Arc<Pool>) {
    lock().retain(|on| !Arc::ptr_eq(&on.pool, pool));
}

/// The pools in which events are, and what the clock was when the first of them was made; nothing when
/// nothing is on.
pub(crate) fn pools() -> Option<(Vec<Arc<Pool>>, Anchor)> {
    let on = lock();
    let ours = || on.iter().filter(|on| !on.is_parents());
    let anchor = ours().next()?.anchor.clone();
    Some((ours().map(|on| Arc::clone(&on.pool)).collect(), anchor))
}

/// Tells what is on. Never waits for a session that starts or stops: one that is being stopped is off as soon
/// as nothing can be recorded any more, although its last bytes may still have to be written.
///
/// ```
/// # use trace_core as trace;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// assert!(trace::status().session.is_none());
/// let session = trace::Session::builder().start(std::io::sink())?;
/// let status = trace::status().session.ok_or("it is on")?;
/// println!("on for {:?}, {} events lost", status.elapsed, status.events_lost);
/// # session.finish()?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn status() -> Status {
    let ignored_traceparents = context::ignored_traceparents();
    let mut status = Status { ignored_traceparents, ..Status::default() };
    for on in lock().iter().filter(|on| !on.is_parents()) {
        let place = match on.pool.overflow {
            Overflow::Overwrite => &mut status.flight_recorder,
            _ => &mut status.session,
        };
        *place = Some(on.status());
    }
    // Threads lose them in the session's pool, if there is one.
    if let Some(on) = status.session.as_mut().or(status.flight_recorder.as_mut()) {
        on.events_lost += RECORDER.untold();
    }
    status
}

impl On {
    fn is_parents(&self) -> bool {
        self.owner.is_child()
    }

    fn status(&self) -> RecordingStatus {
        let memory = self.pool.memory();
        RecordingStatus {
            since: self.since,
            elapsed: self.begun.elapsed(),
            pool_bytes: (memory.controls().len() * memory.chunk_bytes()) as u64,
            events_lost: self.pool.lost(),
        }
    }
}

/// The flight recorder that was started last.
static FLYING: Mutex<Weak<Recording>> = Mutex::new(Weak::new());

/// Tells which flight recorder is on.
pub(crate) fn flies(recording: &std::sync::Arc<Recording>) {
    *FLYING.lock().unwrap_or_else(PoisonError::into_inner) = std::sync::Arc::downgrade(recording);
}

/// The flight recorder that is on, for who must not wait. If somebody else asks the same, nothing now and
/// then.
pub(crate) fn flying_if_free() -> Option<std::sync::Arc<Recording>> {
    const TRIES: u32 = 100;
    for _ in 0..TRIES {
        if let Ok(flying) = FLYING.try_lock() {
            return flying.upgrade();
        }
        std::hint::spin_loop();
    }
    None
}

/// Writes what the flight recorder that is on holds, as [`FlightRecorder::write_to`] does, for code that does
/// not have the [`FlightRecorder`].
///
/// # Errors
/// [`SnapshotError::NotStarted`] when none is on, and as for [`FlightRecorder::write_to`].
///
/// [`FlightRecorder`]: crate::FlightRecorder
/// [`FlightRecorder::write_to`]: crate::FlightRecorder::write_to
pub fn snapshot(writer: impl Write) -> Result<Snapshot, SnapshotError> {
    let flying = FLYING.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
    match flying.ok_or(SnapshotError::NotStarted)?.write_to(writer) {
        Err(SnapshotError::Ended) => Err(SnapshotError::NotStarted),
        done => done,
    }
}
