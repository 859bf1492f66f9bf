//! The thread that writes a flight recorder's snapshots by itself, for reasons that are noticed where it cannot
//! be done. It is there only if there may be such a reason, and sleeps until there is one.

use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::bell::Bell;
use crate::dumps::{Dumps, Reason};
use crate::flight::Recording;
use crate::fork::Process;
use crate::{signal, thread_name};

/// After a snapshot of a slow task, so long none is written of another.
const PAUSE: Duration = Duration::from_secs(1);

/// The process's bell. It is never given back, since a signal handler may be about to ring it.
static BELL: Mutex<Option<(Process, &'static Bell)>> = Mutex::new(None);

/// What all that is noticed in this process rings.
pub(crate) fn bell() -> io::Result<&'static Bell> {
    let mut bell = BELL.lock().unwrap_or_else(PoisonError::into_inner);
    match *bell {
        Some((owner, bell)) if !owner.is_child() => Ok(bell),
        _ => {
            let new: &'static Bell = Box::leak(Box::new(Bell::new()?));
            *bell = Some((Process::current(), new));
            Ok(new)
        }
    }
}

/// The thread, as long as it has something to wait for.
#[derive(Debug)]
pub(crate) struct Dumper {
    bell: &'static Bell,
    /// Swapped with `AcqRel` by [`end`](Self::end) before it rings, loaded with `Acquire` by the thread.
    is_ending: AtomicBool,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Dumper {
    /// Will wait for that bell.
    pub(crate) fn new(bell: &'static Bell) -> Self {
        Self { bell, is_ending: AtomicBool::new(false), thread: Mutex::new(None) }
    }

    /// Wakes it.
    pub(crate) fn bell(&self) -> &'static Bell {
        self.bell
    }

    /// Starts it for a recording, whose dumper it must be.
    pub(crate) fn start(&self, recording: &Arc<Recording>) -> io::Result<()> {
        let recording = Arc::clone(recording);
        let work = move || {
            if let Some(dumper) = recording.dumps().dumper() {
                dumper.run(recording.dumps(), &recording);
            }
        };
        let builder = std::thread::Builder::new().name("trace-dumper".to_owned());
        let thread = thread_name::without_signals(|| builder.spawn(work))?;
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(())
    }

    /// Calls `first` and ends it, when it has written what there is a reason for by then; unless that was done
    /// before.
    pub(crate) fn end(&self, first: impl FnOnce()) {
        if self.is_ending.swap(true, AcqRel) {
            return;
        }
        first();
        self.bell.ring();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // If it panicked, no more snapshots are written.
        let _ = thread.map(JoinHandle::join);
    }

    fn run(&self, dumps: &Dumps, recording: &Recording) {
        let mut slow = Slow::Awaited;
        loop {
            // In this order: what was noticed before is written.
            let is_ending = self.is_ending.load(Acquire);
            if dumps.on_signal && signal::has_come() {
                dumps.write(recording, &Reason::Signal, true);
            }
            if matches!(slow, Slow::Paused { until } if until <= Instant::now()) {
                dumps.slow.resume();
                slow = Slow::Awaited;
            }
            if matches!(slow, Slow::Awaited) {
                if let Some(task) = dumps.slow.first() {
                    let may_be_more = dumps.write(recording, &Reason::Slow(task), true);
                    slow = match may_be_more {
                        true => Slow::Paused { until: Instant::now() + PAUSE },
                        false => Slow::Enough,
                    };
                }
            }
            if is_ending {
                return;
            }
            self.bell.wait(match slow {
                Slow::Paused { until } => Some(until.saturating_duration_since(Instant::now())),
                Slow::Awaited | Slow::Enough => None,
            });
        }
    }
}

/// Where the dumper is with tasks that are too slow.
#[derive(Clone, Copy, Debug)]
enum Slow {
    /// The next one is written.
    Awaited,
    /// Until then, others are counted.
    Paused { until: Instant },
    /// No more are written.
    Enough,
}
