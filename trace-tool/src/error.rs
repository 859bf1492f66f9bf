//! Why a command has no answer.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{fmt, io};

use trace_format::TextError;
use trace_reader::TaskId;

/// Why a command has no answer. What is merely wrong inside a trace is part of the answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The trace cannot be read.
    Trace {
        /// The file, when it was opened by this crate.
        path: Option<PathBuf>,
        /// Why not.
        source: trace_reader::Error,
    },
    /// A file cannot be read.
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file is not in the text form.
    Text {
        /// The file.
        path: PathBuf,
        /// The first line that is wrong.
        source: TextError,
    },
    /// No task of the trace has this type.
    NoTaskType {
        /// What was asked for.
        wanted: String,
        /// The types that there are.
        present: Vec<String>,
    },
    /// No task of the trace has this id.
    NoTask(TaskId),
    /// Cargo cannot be run.
    Cargo {
        /// What was to be run.
        program: OsString,
        /// Why not.
        source: io::Error,
    },
    /// There can be no traces in a directory.
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// No process of a run wrote a trace.
    NoTraces {
        /// What was run.
        command: String,
        /// Its exit code.
        code: u8,
    },
    /// The output cannot be written.
    Write {
        /// The file, or none for standard output.
        path: Option<PathBuf>,
        /// Why not.
        source: io::Error,
    },
}

impl Error {
    /// The same, with the file that was read where it is not known yet.
    pub(crate) fn in_file(self, path: &Path) -> Self {
        match self {
            Self::Trace { path: None, source } => {
                Self::Trace { path: Some(path.to_owned()), source }
            }
            other => other,
        }
    }

    /// The exit code of a command that has no answer: that of the program that it ran, if that failed.
    pub(crate) fn code(&self) -> u8 {
        /// Of commands that have run nothing.
        const FAILURE: u8 = 2;
        match self {
            Self::NoTraces { code, .. } if *code != 0 => *code,
            _ => FAILURE,
        }
    }

    /// Whether nobody reads what is written to standard output any more.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Write { path: None, source }
            if source.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl From<trace_reader::Error> for Error {
    fn from(source: trace_reader::Error) -> Self {
        Self::Trace { path: None, source }
    }
}

/// Writing to standard output, or to whatever the caller gave, failed.
impl From<io::Error> for Error {
    fn from(source: io::Error) -> Self {
        Self::Write { path: None, source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trace { path: Some(path), source } => {
                write!(f, "cannot read {}: ", path.display())?;
                match source {
                    trace_reader::Error::Io { offset: 0, source, .. } => reason(f, source),
                    source => write!(f, "{source}"),
                }
            }
            Self::Trace { path: None, source } => write!(f, "cannot read the trace: {source}"),
            Self::File { path, source } => {
                write!(f, "cannot read {}: ", path.display())?;
                reason(f, source)
            }
            Self::Text { path, source } => write!(
                f,
                "cannot read {}: {source}; the text form is what `cargo trace dump` prints",
                path.display()
            ),
            Self::NoTaskType { wanted, present } if present.is_empty() => {
                write!(f, "no task has the type `{wanted}`: this trace has no tasks")
            }
            Self::NoTaskType { wanted, present } => write!(
                f,
                "no task has the type `{wanted}`; this trace has `{}`",
                present.join("`, `")
            ),
            Self::NoTask(id) => write!(
                f,
                "no task has the id {}; `cargo trace tasks` shows the ids of the slowest ones",
                id.0
            ),
            Self::Cargo { program, source } => {
                write!(
                    f,
                    "cannot run {}: {source}; expected Cargo there, which `CARGO` names in the environment, \
                     or else `cargo` in the `PATH`",
                    program.to_string_lossy()
                )
            }
            Self::Directory { path, source } => {
                write!(
                    f,
                    "cannot keep traces in {}: {source}; name another directory with `--out`",
                    path.display()
                )
            }
            Self::NoTraces { command, code: 0 } => write!(
                f,
                "expected traces of what `{command}` ran, found none; put `#[trace::main]` on the \
                 program's `main` and `#[trace::test]` on tests, or begin with \
                 `trace::start_from_env()`"
            ),
            Self::NoTraces { command, code } => {
                write!(
                    f,
                    "`{command}` failed with exit code {code}, and nothing it ran wrote a trace; see \
                     above what it said, and let it run without `trace` first"
                )
            }
            Self::Write { path: Some(path), source } => {
                write!(f, "cannot write {}: {source}", path.display())
            }
            Self::Write { path: None, source } => write!(f, "cannot write the output: {source}"),
        }
    }
}

/// What the operating system said, and what to do when that is known.
fn reason(f: &mut fmt::Formatter<'_>, source: &io::Error) -> fmt::Result {
    match source.kind() {
        io::ErrorKind::NotFound => {
            write!(f, "expected a trace, found no such file; check the name and the directory")
        }
        io::ErrorKind::IsADirectory => {
            write!(f, "expected a trace, found a directory; name the file in it")
        }
        _ => write!(f, "{source}"),
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Trace { source, .. } => Some(source),
            Self::File { source, .. }
            | Self::Cargo { source, .. }
            | Self::Directory { source, .. }
            | Self::Write { source, .. } => Some(source),
            Self::Text { source, .. } => Some(source),
            Self::NoTaskType { .. } | Self::NoTask(_) | Self::NoTraces { .. } => None,
        }
    }
}
