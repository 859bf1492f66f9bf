//! Snapshots that are written when something happens, into a directory: so far, when a thread panics.
//!
//! The hook is installed with the first flight recorder that asks for it, once per process, before what
//! was the hook by then. It does nothing while no such flight recorder is on.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, Once, PoisonError};

use crate::error::SnapshotError;
use crate::flight::{Recording, Snapshot};

/// So many snapshots of one flight recorder are kept: a program that panics all the time would do little
/// else than write them.
const MOST: u64 = 16;

type Written = Result<Snapshot, SnapshotError>;

/// Where snapshots go.
#[derive(Debug)]
pub(crate) struct Dumps {
    directory: PathBuf,
    /// How many were begun. Only a number.
    count: AtomicU64,
}

impl Dumps {
    pub(crate) fn to(directory: &Path) -> Self {
        let directory = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
        Self { directory, count: AtomicU64::new(0) }
    }

    /// Writes the next one, unless there have been enough, and tells where. A number whose file is there
    /// already, of an earlier process perhaps, is left out.
    fn write(&self, recording: &Recording, reason: &str) -> Option<(PathBuf, Written)> {
        let process = std::process::id();
        loop {
            let number = self.count.fetch_add(1, Relaxed);
            if number >= MOST {
                return None;
            }
            let path = self.directory.join(format!("{reason}-{process}-{number}.trace"));
            let written = recording.dump(&path);
            let is_there = matches!(&written, Err(SnapshotError::Write { source, .. })
                if source.kind() == ErrorKind::AlreadyExists);
            if !is_there {
                return Some((path, written));
            }
        }
    }
}

/// The flight recorder that is on, if it writes a snapshot when a thread panics.
static ON_PANIC: Mutex<Option<std::sync::Weak<Recording>>> = Mutex::new(None);

/// Lets `recording` write a snapshot when a thread panics, as long as it lives.
pub(crate) fn write_on_panic(recording: &std::sync::Arc<Recording>) {
    static HOOK: Once = Once::new();
    let weak = std::sync::Arc::downgrade(recording);
    *ON_PANIC.lock().unwrap_or_else(PoisonError::into_inner) = Some(weak);
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
    // Nothing here may wait for the thread that panics: it could hold any of these.
    let recording = match ON_PANIC.try_lock() {
        Ok(recording) => recording.as_ref().and_then(std::sync::Weak::upgrade),
        Err(_) => None,
    };
    let Some(recording) = recording else { return };
    let Some(dumps) = recording.dumps() else { return };
    let Some((path, written)) = dumps.write(&recording, "panic") else { return };
    let told = match written {
        Ok(snapshot) => format!(
            "the last {} ms before the panic are in {}",
            snapshot.covers.as_millis(),
            path.display()
        ),
        Err(error) => format!("no trace of the panic in {}: {error}", path.display()),
    };
    // Standard error may be closed.
    let _ = writeln!(std::io::stderr(), "{told}");
}
