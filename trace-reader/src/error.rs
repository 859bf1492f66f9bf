//! Why nothing at all can be read. What is merely wrong inside a trace is a
//! [`Problem`](crate::Problem), and the rest of the trace is still read.

use std::{fmt, io};

use trace_format::VERSION;

/// Why a trace cannot be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be opened or read.
    Io {
        /// Where in the file; 0 when it could not be opened.
        offset: u64,
        /// What the operating system said.
        source: io::Error,
    },
    /// There is not a single byte.
    Empty,
    /// Neither the magic nor a sound block is in it.
    NotATrace {
        /// How many bytes were searched.
        len: u64,
    },
    /// The trace was written by a later version of the format.
    NewerVersion {
        /// The version it says it has.
        found: u64,
        /// Where it says so.
        offset: u64,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { offset, source } => write!(f, "cannot read at offset {offset}: {source}"),
            Self::Empty => write!(
                f,
                "expected a trace, found an empty file; was the program killed before its first \
                 write, or is it still running?"
            ),
            Self::NotATrace { len } => write!(
                f,
                "expected a trace, found neither `runtime-trace` at offset 0 nor a block anywhere \
                 in {len} bytes; is this the right file?"
            ),
            Self::NewerVersion { found, offset } => write!(
                f,
                "expected format version {VERSION} at offset {offset}, found version {found}; \
                 read it with the version of this tool that belongs to the program"
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Why a trace cannot be [recovered](crate::Trace::recover).
#[derive(Debug)]
#[non_exhaustive]
pub enum RecoverError {
    /// It cannot be read.
    Read(Error),
    /// What it is written to failed.
    Write(io::Error),
}

impl From<Error> for RecoverError {
    fn from(error: Error) -> Self {
        Self::Read(error)
    }
}

impl fmt::Display for RecoverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => error.fmt(f),
            Self::Write(error) => write!(f, "cannot write the recovered trace: {error}"),
        }
    }
}

impl std::error::Error for RecoverError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read(error) => Some(error),
            Self::Write(error) => Some(error),
        }
    }
}
