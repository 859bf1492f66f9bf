//! What the header of a trace tells.

use trace_format::{ClockSource, Header, Overflow, Text, Ticks, VERSION};

use crate::memory::Memory;
use crate::{callsite, clock, program};

/// What headers are made of.
#[derive(Debug)]
pub(crate) struct About {
    session: u64,
    clock: ClockSource,
    program: String,
    command_line: String,
    host: String,
    build_id: String,
    pool_path: String,
    pool_bytes: u64,
    chunk_bytes: u64,
    overflow: Overflow,
}

impl About {
    /// About this program and the recording `session` into `memory`.
    pub(crate) fn new(
        memory: &dyn Memory,
        session: u64,
        overflow: Overflow,
        command_line: bool,
    ) -> Self {
        let pool_path = memory.path().map(|path| path.to_string_lossy().into_owned());
        Self {
            session,
            clock: clock::source(),
            program: program::executable(),
            command_line: if command_line { program::command_line() } else { String::new() },
            host: program::host(),
            build_id: program::build_id(),
            pool_path: pool_path.unwrap_or_default(),
            pool_bytes: (memory.controls().len() * memory.chunk_bytes()) as u64,
            chunk_bytes: memory.chunk_bytes() as u64,
            overflow,
        }
    }

    /// The header of a trace that begins at `wall_ns`.
    pub(crate) fn header(&self, wall_ns: u64) -> Header<'_> {
        Header {
            version: VERSION,
            session: Ticks(self.session),
            clock: self.clock,
            ticks_per_second: clock::ticks_per_second(),
            wall_ns,
            pid: u64::from(std::process::id()),
            program: Text::new(&self.program),
            command_line: Text::cut(&self.command_line, callsite::NAME_LIMIT),
            host: Text::new(&self.host),
            build_id: Text::new(&self.build_id),
            pool_path: Text::new(&self.pool_path),
            pool_bytes: self.pool_bytes,
            chunk_bytes: self.chunk_bytes,
            overflow: self.overflow,
        }
    }

    /// For a trace that is whole: it needs no pool.
    pub(crate) fn without_pool(self) -> Self {
        Self { pool_path: String::new(), ..self }
    }
}
