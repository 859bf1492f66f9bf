//! What is on: the one recording and the one snapshot that there can be, and what is told of them.
//!
//! A program has one session, so this is one for all [handlers](crate::Handler) of a program.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, UNIX_EPOCH};

use serde_json::{Value, json};
use trace_core::{OpenRegion, OpenThread, RecordingStatus};

use crate::channel::Channel;

struct Endpoint {
    /// The process that all this is of.
    owner: u32,
    phase: Phase,
    /// A snapshot is being taken or sent.
    snapshot: bool,
    last: Option<Last>,
}

enum Phase {
    Idle,
    /// The session is about to start.
    Starting,
    /// The session is on, or about to end.
    Recording {
        begun: Instant,
        time: Duration,
        channel: Arc<Channel>,
    },
    /// The session has ended; the client has yet to take the rest.
    Sending {
        channel: Arc<Channel>,
    },
}

/// The last trace that this crate took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Last {
    pub(crate) bytes: u64,
    /// Nobody has told when the program stopped the session.
    pub(crate) events_lost: Option<u64>,
    pub(crate) duration: Duration,
}

impl Endpoint {
    const fn of(owner: u32) -> Self {
        Self { owner, phase: Phase::Idle, snapshot: false, last: None }
    }
}

static ENDPOINT: Mutex<Endpoint> = Mutex::new(Endpoint::of(0));

fn lock() -> MutexGuard<'static, Endpoint> {
    let mut endpoint = ENDPOINT.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    if endpoint.owner != process {
        // What a copy of the process has of it is its parent's: no thread of it is here to end it.
        *endpoint = Endpoint::of(process);
    }
    endpoint
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
            Phase::Sending { .. } => {
                "another request has yet to take the rest of its trace".to_owned()
            }
        };
        Err(format!("expected that nobody records, found that {found}; wait for its end\n"))
    }

    pub(crate) fn recording(&mut self, time: Duration, channel: Arc<Channel>) {
        lock().phase = Phase::Recording { begun: Instant::now(), time, channel };
    }

    pub(crate) fn sending(&mut self, last: Last) {
        let mut endpoint = lock();
        endpoint.last = Some(last);
        if let Phase::Recording { channel, .. } = &endpoint.phase {
            endpoint.phase = Phase::Sending { channel: Arc::clone(channel) };
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        lock().phase = Phase::Idle;
    }
}

/// The right to take a snapshot, which one has at a time. Given back when it is dropped.
#[derive(Debug)]
pub(crate) struct SnapshotPermit(());

impl SnapshotPermit {
    /// # Errors
    /// What is in the way, and what to do.
    pub(crate) fn take() -> Result<Self, String> {
        if std::mem::replace(&mut lock().snapshot, true) {
            return Err("expected that nobody takes a snapshot, found that another request does; \
                        wait until it has it\n"
                .to_owned());
        }
        Ok(Self(()))
    }
}

impl Drop for SnapshotPermit {
    fn drop(&mut self) {
        lock().snapshot = false;
    }
}

/// What the status says; the members are in the documentation of the crate.
pub(crate) fn status() -> Value {
    let endpoint = lock();
    // Asked with the lock held, so that it fits the phase but for a moment at begin and end.
    let on = trace_core::status();
    let is_ours = match &endpoint.phase {
        // One that is on is ours, or keeps ours from starting.
        Phase::Starting => None,
        Phase::Recording { channel, .. } => Some(channel.is_writing()),
        Phase::Idle | Phase::Sending { .. } => Some(false),
    };
    let session = on.session.as_ref().map(|session| {
        let by = is_ours.map(|ours| if ours { "request" } else { "program" });
        recording(session, by)
    });
    let request = match &endpoint.phase {
        Phase::Idle => Value::Null,
        Phase::Starting => json!({ "phase": "starting" }),
        Phase::Recording { begun, time, channel } => json!({
            "phase": "recording",
            "seconds": time.as_secs_f64(),
            "elapsed_seconds": begun.elapsed().as_secs_f64(),
            "bytes": channel.sizes().0,
            "bytes_waiting": channel.sizes().1,
        }),
        Phase::Sending { channel } => json!({
            "phase": "sending",
            "bytes": channel.sizes().0,
            "bytes_waiting": channel.sizes().1,
        }),
    };
    json!({
        "session": session,
        // In what each thread is, when somebody knows.
        "open": trace_core::open_regions().ok().map(|threads| {
            threads.iter().map(open).collect::<Vec<_>>()
        }),
        "flight_recorder": on.flight_recorder.as_ref().map(|flight| recording(flight, None)),
        "request": request,
        "ignored_traceparents": on.ignored_traceparents,
        "snapshot": endpoint.snapshot,
        "last": endpoint.last.map(|last| json!({
            "bytes": last.bytes,
            "events_lost": last.events_lost,
            "seconds": last.duration.as_secs_f64(),
        })),
    })
}

fn open(thread: &OpenThread) -> Value {
    let region = |region: &OpenRegion| {
        json!({
            "name": region.name,
            "file": region.file,
            "line": region.line,
            "seconds": region.age.as_secs_f64(),
        })
    };
    json!({
        "thread": thread.name,
        "os_thread": thread.os_thread,
        "regions": thread.regions.iter().map(region).collect::<Vec<_>>(),
    })
}

fn recording(on: &RecordingStatus, by: Option<&str>) -> Value {
    let since = on.since.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    let mut value = json!({
        "since_unix_ms": since,
        "elapsed_seconds": on.elapsed.as_secs_f64(),
        "pool_bytes": on.pool_bytes,
        "events_lost": on.events_lost,
    });
    if let Some(by) = by {
        value["by"] = by.into();
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_in_each_process() {
        let permit = Permit::take().unwrap();
        let snapshot = SnapshotPermit::take().unwrap();
        assert!(Permit::take().unwrap_err().contains("another request is switching it on"));
        assert!(SnapshotPermit::take().unwrap_err().contains("another request does"));
        assert_eq!(status()["request"]["phase"], "starting");
        // As a copy of the process finds it.
        lock_as_it_is().owner += 1;
        std::mem::forget((permit, snapshot));
        assert_eq!((&status()["request"], &status()["snapshot"]), (&Value::Null, &false.into()));
        drop((Permit::take().unwrap(), SnapshotPermit::take().unwrap()));
        drop((Permit::take().unwrap(), SnapshotPermit::take().unwrap()));
    }

    fn lock_as_it_is() -> MutexGuard<'static, Endpoint> {
        ENDPOINT.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
