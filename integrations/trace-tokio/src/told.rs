//! Says in each recording what cannot be seen in it.
//!
//! Nobody tells when a recording begins, and one may begin while another is on. So what is on is looked at by
//! the runtime's callbacks: as soon as they find tracing on, and now and then while it is.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use trace_core::{Context, RecordingStatus, trace_log};

#[cfg(not(tokio_unstable))]
const UNSEEN: &str = "not seen here: tasks that were not spawned through trace-tokio; \
                      with --cfg tokio_unstable they are";

#[cfg(tokio_unstable)]
const UNSEEN: &str = "not seen here: the future of block_on and the tasks of a LocalSet, \
                      unless they are traced futures";

/// While something is on, it is looked at so often: that takes a lock which others want as well.
const PERIOD: Duration = Duration::from_millis(100);

/// When the recordings began that are on: a session, and a flight recorder.
type Since = [Option<SystemTime>; 2];

/// Which recordings were told.
#[derive(Debug)]
pub(crate) struct Told {
    made: Instant,
    /// When to look again, in milliseconds since it was made. Guards nothing: whoever moves it looks.
    next: AtomicU64,
    known: Mutex<Since>,
}

impl Told {
    pub(crate) fn nothing() -> Self {
        Self { made: Instant::now(), next: AtomicU64::new(0), known: Mutex::default() }
    }

    /// Tells what is on, unless it was told.
    pub(crate) fn look(&self) {
        if !trace_core::is_enabled() {
            if self.next.load(Relaxed) != 0 {
                self.next.store(0, Relaxed);
            }
            return;
        }
        let (next, now) = (self.next.load(Relaxed), self.made.elapsed().as_millis() as u64);
        let later = now + PERIOD.as_millis() as u64;
        if now < next || self.next.compare_exchange(next, later, Relaxed, Relaxed).is_err() {
            return;
        }
        let status = trace_core::status();
        let began = |on: Option<RecordingStatus>| on.map(|on| on.since);
        let on: Since = [began(status.session), began(status.flight_recorder)];
        if on == [None, None] {
            // It begins in this moment.
            return self.next.store(0, Relaxed);
        }
        let known =
            std::mem::replace(&mut *self.known.lock().unwrap_or_else(PoisonError::into_inner), on);
        if on.iter().zip(known).any(|(since, known)| since.is_some() && *since != known) {
            trace_log!(context: Context::background(), "tokio", "{UNSEEN}");
        }
    }
}
