//! Snapshots that a flight recorder writes by itself, when something happens:
//!
//! | what | noticed by | written by |
//! |---|---|---|
//! | a thread panics | the panic hook | the same thread, since the program may end next |
//! | somebody sends a signal | its [handler](crate::signal) | the [dumper](crate::dumper) |
//! | a task was slow | the thread that [ended](crate::slow) it | the dumper |
//!
//! The hook and the handler are installed with the first flight recorder that asks for them, once per process,
//! and go on to what was there before. They do nothing while no such flight recorder is on.

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Once};
use std::time::Duration;

use crate::dumper::{self, Dumper};
use crate::error::{SnapshotError, StartError};
use crate::flight::Recording;
use crate::slow::{Limit, Slow, SlowTask};
use crate::{signal, status};

/// So many snapshots are written for each kind of reason, if nothing is said: a program that panics all the
/// time would do little else.
const MOST: u64 = 16;

/// When to write snapshots, and where to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) directory: Option<PathBuf>,
    pub(crate) most: Option<u64>,
    pub(crate) on_panic: bool,
    pub(crate) on_signal: bool,
    pub(crate) slower: Vec<Limit>,
}

/// Why a snapshot is written.
#[derive(Clone, Debug)]
pub(crate) enum Reason {
    Panic,
    Signal,
    Slow(SlowTask),
}

/// What a flight recorder writes by itself.
#[derive(Debug)]
pub(crate) struct Dumps {
    directory: PathBuf,
    most: u64,
    pub(crate) on_panic: bool,
    pub(crate) on_signal: bool,
    pub(crate) slow: Slow,
    /// Of what a thread of its own has to do.
    dumper: Option<Dumper>,
    /// How many were begun for each reason. Only numbers.
    counts: [AtomicU64; 3],
}

impl Dumps {
    /// # Errors
    /// If there is no descriptor left to wake a thread with.
    pub(crate) fn of(wanted: Wanted) -> io::Result<Self> {
        let Wanted { directory, most, on_panic, on_signal, slower } = wanted;
        let directory = directory.unwrap_or_else(|| PathBuf::from("."));
        let need_dumper = on_signal || !slower.is_empty();
        Ok(Self {
            directory: std::path::absolute(&directory).unwrap_or(directory),
            most: most.unwrap_or(MOST),
            on_panic,
            on_signal,
            slow: Slow::than(slower),
            dumper: if need_dumper { Some(Dumper::new(dumper::bell()?)) } else { None },
            counts: Default::default(),
        })
    }

    /// See [`Dumper`].
    pub(crate) fn dumper(&self) -> Option<&Dumper> {
        self.dumper.as_ref()
    }

    /// Has what is wanted noticed from now on, for `recording`, of which these must be.
    ///
    /// # Errors
    /// If a thread cannot be started, or the signal not be had. Then nothing is noticed.
    pub(crate) fn begin(&self, recording: &Arc<Recording>) -> Result<(), StartError> {
        if let Some(dumper) = &self.dumper {
            dumper.start(recording).map_err(StartError::Thread)?;
            if self.on_signal {
                signal::listen(dumper.bell()).map_err(|source| {
                    dumper.end(|| ());
                    StartError::Signal(source)
                })?;
            }
            self.slow.begin();
        }
        if self.on_panic {
            notice_panics();
        }
        Ok(())
    }

    /// Has nothing noticed any more, and waits for what is being written by the [dumper](Self::dumper).
    pub(crate) fn end(&self) {
        if let Some(dumper) = &self.dumper {
            // Once, since by the next time another flight recorder may be on.
            dumper.end(|| {
                self.slow.end();
                if self.on_signal {
                    signal::ignore();
                }
            });
        }
    }

    fn notice_task(&self, name: &str, took: Duration) {
        if let Some(dumper) = &self.dumper {
            self.slow.notice(name, took, dumper.bell());
        }
    }

    /// Writes the next one, unless there have been enough, and tells where on standard error. Returns whether
    /// there may be another one for this reason. `may_wait` is false where this thread could be in the middle
    /// of a snapshot already.
    ///
    /// A number whose file is there already, of an earlier process perhaps, is left out.
    pub(crate) fn write(&self, recording: &Recording, reason: &Reason, may_wait: bool) -> bool {
        let most = if matches!(reason, Reason::Signal) { u64::MAX } else { self.most };
        let count = &self.counts[reason.index()];
        let process = std::process::id();
        loop {
            let number = count.fetch_add(1, Relaxed);
            if number >= most {
                return false;
            }
            let path = self.directory.join(format!("{}-{process}-{number}.trace", reason.word()));
            let written = recording.dump(&path, may_wait);
            let is_there = matches!(&written, Err(SnapshotError::Write { source, .. })
                if source.kind() == ErrorKind::AlreadyExists);
            if is_there {
                continue;
            }
            let is_last = number + 1 == most;
            tell(reason, &path, written.map(|snapshot| snapshot.covers), is_last);
            return !is_last;
        }
    }
}

impl Reason {
    fn index(&self) -> usize {
        match self {
            Self::Panic => 0,
            Self::Signal => 1,
            Self::Slow(_) => 2,
        }
    }

    /// The first word of the file's name.
    fn word(&self) -> &'static str {
        match self {
            Self::Panic => "panic",
            Self::Signal => "signal",
            Self::Slow(_) => "slow",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panic => f.write_str("a panic"),
            Self::Signal => f.write_str("a signal"),
            Self::Slow(SlowTask { limit: Limit { name, limit }, took, others }) => {
                write!(f, "task {name} took {took:.1?}, with a limit of {limit:?}")?;
                match others {
                    0 => Ok(()),
                    others => write!(f, " (and {others} more since the last snapshot)"),
                }
            }
        }
    }
}

fn tell(reason: &Reason, path: &Path, covers: Result<Duration, SnapshotError>, is_last: bool) {
    let path = path.display();
    let mut told = match covers {
        Ok(covers) => format!("{reason}: the last {covers:.1?} before it are in {path}"),
        Err(error) => format!("{reason}: no trace of it in {path}: {error}"),
    };
    if is_last {
        told.push_str("; no more of these are written");
    }
    told.push('\n');
    // Standard error may be closed. In one piece, so that other lines do not come in between.
    let _ = std::io::stderr().write_all(told.as_bytes());
}

/// Sees to it that panics are noticed.
fn notice_panics() {
    static HOOK: Once = Once::new();
    // The hook cannot be changed from a destructor that a panic runs; the next flight recorder does it.
    if !std::thread::panicking() {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                before(panic);
                panicked();
            }));
        });
    }
}

fn panicked() {
    // Nothing here may wait for the thread that panics: it could hold any lock.
    let Some(recording) = status::flying_if_free() else { return };
    if recording.dumps().on_panic {
        recording.dumps().write(&recording, &Reason::Panic, false);
    }
}

/// Notices that a task with this name took so many ticks. Not to be called while an event is being recorded.
#[cold]
pub(crate) fn notice_task(name: &str, ticks: u64) {
    let Some(recording) = status::flying_if_free() else { return };
    if let Some(took) = recording.time_of(ticks) {
        recording.dumps().notice_task(name, took);
    }
}
