//! What can go wrong with starting and stopping. Nothing else in this crate can.

use std::path::PathBuf;
use std::{fmt, io};

/// Why a session did not start. Tracing is as it was before.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// Another session, or another flight recorder, is on already; it goes on unharmed.
    AlreadyStarted,
    /// Tracing was compiled out with the feature `off` or `release_off`.
    CompiledOut,
    /// This target has no threads, so that nothing could write the trace.
    Unsupported,
    /// The output file cannot be made.
    Output {
        /// Its path.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The pool file cannot be made.
    PoolFile {
        /// Its path.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The pool's size, or a chunk's, is out of range.
    PoolSize {
        /// The size asked for, in bytes.
        pool_bytes: usize,
        /// The size of a chunk asked for, in bytes.
        chunk_bytes: usize,
    },
    /// [`Overflow::Overwrite`](crate::Overflow::Overwrite) was asked of a session, which keeps the oldest
    /// events: [`FlightRecorder`](crate::FlightRecorder) keeps the newest.
    Overwrite,
    /// The thread that writes the trace cannot be started.
    Thread(io::Error),
    /// The signal that is to ask for a snapshot cannot be had.
    Signal(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyStarted => {
                f.write_str("tracing is on already; stop it before starting it again")
            }
            Self::CompiledOut => f.write_str(
                "tracing was compiled out by the feature `off` or `release_off` of runtime-trace; \
                 build without it",
            ),
            Self::Unsupported => {
                f.write_str("tracing needs threads, which this target does not have")
            }
            Self::Output { path, source } => {
                write!(f, "cannot write the trace to {}: {source}", path.display())
            }
            Self::PoolFile { path, source } => {
                write!(f, "cannot make the pool file {}: {source}", path.display())
            }
            Self::PoolSize { pool_bytes, chunk_bytes } => write!(
                f,
                "expected chunks of {} to {} bytes and a pool that holds at least 2 and there is \
                 memory for, found a pool of {pool_bytes} bytes in chunks of {chunk_bytes}",
                crate::storage::MIN_CHUNK_BYTES,
                crate::storage::MAX_CHUNK_BYTES,
            ),
            Self::Overwrite => f.write_str(
                "expected a session to drop events or to block when its pool is full, found \
                 `Overflow::Overwrite`; a flight recorder does that",
            ),
            Self::Thread(source) => {
                write!(f, "cannot start the thread that writes the trace: {source}")
            }
            Self::Signal(source) => {
                write!(f, "cannot listen for the signal that asks for a snapshot: {source}")
            }
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Output { source, .. }
            | Self::PoolFile { source, .. }
            | Self::Thread(source)
            | Self::Signal(source) => Some(source),
            _ => None,
        }
    }
}

/// What went wrong by the time a session was stopped.
#[derive(Debug)]
#[non_exhaustive]
pub enum StopError {
    /// No session is on, or the one that this was for was stopped already.
    NotStarted,
    /// Called from the writer, which the end of the session has to wait for. The session goes on.
    CalledFromWriter,
    /// Called while this thread was recording an event: from an allocator or a signal handler. The
    /// session goes on.
    CalledWhileRecording,
    /// The writer failed; the session has ended. What it had been given by then is a trace that
    /// can be read, as far as it got.
    Write {
        /// Its first error.
        source: io::Error,
        /// The size of what had been written before, in bytes.
        written: u64,
        /// How many events were lost, this way or another.
        lost: u64,
    },
}

impl fmt::Display for StopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted => f.write_str("tracing is not on"),
            Self::CalledFromWriter => {
                f.write_str("the writer of a trace cannot stop it; call stop from another thread")
            }
            Self::CalledWhileRecording => f.write_str(
                "tracing cannot be stopped by an allocator or a signal handler that interrupts \
                 the recording of an event",
            ),
            Self::Write { source, written, lost } => write!(
                f,
                "writing the trace failed after {written} bytes: {source}; {lost} events were lost"
            ),
        }
    }
}

impl std::error::Error for StopError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Write { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Why a flight recorder wrote no snapshot. It goes on recording, unless it was being stopped.
#[derive(Debug)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The writer failed.
    Write {
        /// Its first error.
        source: io::Error,
        /// The size of what had been written before, in bytes.
        written: u64,
    },
    /// What a trace begins and ends with, the names of callsites above all, takes more than a snapshot
    /// may.
    TooSmall {
        /// The bound, in bytes.
        max_bytes: u64,
        /// What is needed before there is room for any event, in bytes.
        needed: u64,
    },
    /// Called while this thread was recording an event: from an allocator or a signal handler.
    CalledWhileRecording,
    /// The flight recorder was started by the process that this one is a copy of.
    OfAnotherProcess,
    /// It was stopped.
    Ended,
    /// No flight recorder is on.
    NotStarted,
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write { source, written } => {
                write!(f, "writing the snapshot failed after {written} bytes: {source}")
            }
            Self::TooSmall { max_bytes, needed } => write!(
                f,
                "expected room for the names of callsites, which takes {needed} bytes, found a flight \
                 recorder of at most {max_bytes}; give it more `max_bytes`"
            ),
            Self::CalledWhileRecording => f.write_str(
                "a snapshot cannot be taken by an allocator or a signal handler that interrupts the \
                 recording of an event",
            ),
            Self::OfAnotherProcess => f.write_str(
                "the flight recorder is that of the parent process; start another one in this one",
            ),
            Self::Ended => f.write_str("the flight recorder was stopped"),
            Self::NotStarted => f.write_str(
                "no flight recorder is on; start one with `FlightRecorder::builder().start()`",
            ),
        }
    }
}

impl std::error::Error for SnapshotError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Write { source, .. } => Some(source),
            _ => None,
        }
    }
}
