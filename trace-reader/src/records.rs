//! What a trace says about itself, with the strings made readable and the times converted.

use trace_format::{Beginning, ClockSource, LossCause, Overflow};

use crate::{ThreadId, Time};

/// Who wrote the trace, when and how. Its strings are as the program gave them: escape them
/// before they reach a terminal or a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The version of the format.
    pub version: u32,
    /// A random number that a pool file and its trace have in common.
    pub session: u64,
    /// What the clock counts.
    pub clock: ClockSource,
    /// How many ticks are about a second; 0 when it is not known.
    pub ticks_per_second: u64,
    /// Nanoseconds since 1970-01-01 00:00 UTC, at the start.
    pub wall_ns: u64,
    /// The process id.
    pub pid: u64,
    /// The path of the program's executable.
    pub program: String,
    /// The command line, when the program asked for it to be recorded, else empty.
    pub command_line: String,
    /// The name of the machine.
    pub host: String,
    /// The executable's build id in hexadecimal, or empty.
    pub build_id: String,
    /// The path of the pool file, or empty.
    pub pool_path: String,
    /// The size of the pool, in bytes.
    pub pool_bytes: u64,
    /// The size of a chunk, in bytes.
    pub chunk_bytes: u64,
    /// What happens when the pool is full.
    pub overflow: Overflow,
    /// Where in the recording the trace begins.
    pub beginning: Beginning,
}

impl Header {
    pub(crate) fn new(header: &trace_format::Header<'_>) -> Self {
        Self {
            version: header.version,
            session: header.session.0,
            clock: header.clock,
            ticks_per_second: header.ticks_per_second,
            wall_ns: header.wall_ns,
            pid: header.pid,
            program: header.program.to_str().into_owned(),
            command_line: header.command_line.to_str().into_owned(),
            host: header.host.to_str().into_owned(),
            build_id: header.build_id.to_str().into_owned(),
            pool_path: header.pool_path.to_str().into_owned(),
            pool_bytes: header.pool_bytes,
            chunk_bytes: header.chunk_bytes,
            overflow: header.overflow,
            beginning: header.beginning,
        }
    }
}

/// What a trace ends with when the program stopped it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// When it was stopped.
    pub end: Time,
    /// How many chunks were written.
    pub chunks: u64,
    /// How many events were lost, for whatever cause.
    pub lost: u64,
}

/// Events that the program emitted and that could not be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The thread that emitted them, when it is known.
    pub thread: Option<ThreadId>,
    /// Why.
    pub cause: LossCause,
    /// How many.
    pub count: u64,
    /// The first of them happened here or later.
    pub from: Time,
    /// The last of them happened here or earlier.
    pub to: Time,
}
