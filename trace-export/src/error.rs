//! Why there is no export.

use std::{fmt, io};

/// Why a trace cannot be exported. What is merely wrong inside a trace is none.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The trace cannot be read.
    Read(trace_reader::Error),
    /// What it is written to failed.
    Write(io::Error),
}

impl From<trace_reader::Error> for Error {
    fn from(error: trace_reader::Error) -> Self {
        Self::Read(error)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => error.fmt(f),
            Self::Write(error) => write!(f, "cannot write the export: {error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read(error) => Some(error),
            Self::Write(error) => Some(error),
        }
    }
}
