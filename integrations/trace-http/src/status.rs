//! What is on: the one recording that there can be, and what is told of it.
//!
//! A program has one session, so this is one for all [handlers](crate::Handler) of a program.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::channel::Channel;

struct Endpoint {
    phase: Phase,
    last: Option<Last>,
}

enum Phase {
    Idle,
    /// The session is about to start.
    Starting,
    /// The session is on, or about to end.
    Recording {
        since: SystemTime,
        begun: Instant,
        time: Duration,
        channel: Arc<Channel>,
    },
    /// The session has ended; the client has yet to take the rest.
    Sending,
}

/// The last trace that this crate took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Last {
    pub(crate) bytes: u64,
    /// Nobody has told when the program stopped the session.
    pub(crate) events_lost: Option<u64>,
    pub(crate) duration: Duration,
}

static ENDPOINT: Mutex<Endpoint> = Mutex::new(Endpoint { phase: Phase::Idle, last: None });

fn lock() -> MutexGuard<'static, Endpoint> {
    ENDPOINT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The right to record, which one has at a time. Given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit(());

impl Permit {
    /// # Errors
    /// What is in the way, and what to do.
    pub(crate) fn take() -> Result<Self, String> {
        let mut endpoint = lock();
        let found = match &endpoint.phase {
            Phase::Idle => {
                endpoint.phase = Phase::Starting;
                return Ok(Self(()));
            }
            Phase::Starting => "another request is switching it on".to_owned(),
            Phase::Recording { begun, time, .. } => format!(
                "another request records for {} s, since {:.1} s",
                time.as_secs_f64(),
                begun.elapsed().as_secs_f64(),
            ),
            Phase::Sending => "another request has yet to take the rest of its trace".to_owned(),
        };
        Err(format!("expected that nobody records, found that {found}; wait for its end\n"))
    }

    pub(crate) fn recording(&mut self, time: Duration, channel: Arc<Channel>) {
        let (since, begun) = (SystemTime::now(), Instant::now());
        lock().phase = Phase::Recording { since, begun, time, channel };
    }

    pub(crate) fn sending(&mut self, last: Last) {
        let mut endpoint = lock();
        endpoint.phase = Phase::Sending;
        endpoint.last = Some(last);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        lock().phase = Phase::Idle;
    }
}

/// What the status says; the members are in the documentation of the crate.
pub(crate) fn status() -> Value {
    let endpoint = lock();
    // Asked with the lock held, so that it fits the phase but for a moment at begin and end.
    let on = trace_core::is_enabled();
    let recording = match &endpoint.phase {
        Phase::Recording { since, begun, time, channel } if on => Some(json!({
            "since_unix_ms": since.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64),
            "elapsed_seconds": begun.elapsed().as_secs_f64(),
            "seconds": time.as_secs_f64(),
            "bytes": channel.written_bytes(),
        })),
        _ => None,
    };
    // While one of ours starts, tracing is on a moment before it is known to be ours.
    let by = match (&endpoint.phase, on) {
        (_, false) => None,
        (Phase::Starting, true) => Some("unknown"),
        (Phase::Recording { .. }, true) => Some("endpoint"),
        (Phase::Idle | Phase::Sending, true) => Some("program"),
    };
    json!({
        "on": on,
        "by": by,
        "recording": recording,
        "sending": matches!(endpoint.phase, Phase::Sending),
        "last": endpoint.last.map(|last| json!({
            "bytes": last.bytes,
            "events_lost": last.events_lost,
            "seconds": last.duration.as_secs_f64(),
        })),
    })
}
