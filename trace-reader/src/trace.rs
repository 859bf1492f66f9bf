//! A trace that has been opened: where everything is, and what the small blocks say.
//!
//! It holds the position of each chunk, the callsites, the clock and the losses, but no events:
//! those are read from the source whenever they are asked for, one chunk per thread at a time.
//!
//! Invariants:
//! 1. The chunks of a thread ascend by sequence number, each number at most once.
//! 2. Threads ascend by id, and each has at least one chunk.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use smallvec::SmallVec;
use trace_format::{Beginning, BlockType};

use crate::analysis::Analysis;
use crate::opening::Pool;
use crate::pool::{self, Snapshot};
use crate::wording::Wording;
use crate::{
    Callsites, Clock, Error, Excerpt, Header, Loss, Merged, Problem, Problems, Recording,
    RecoverError, Recovered, Selection, Source, Steps, Summary, ThreadId, Time, Workers, opening,
    recovery, validate,
};

/// A trace, opened.
///
/// ```
/// # let file = trace_format::text_to_file("runtime-trace 1\n").unwrap();
/// let trace = trace_reader::Trace::from_bytes(file)?;
/// assert_eq!(trace.threads().len(), 0);
/// assert!(!trace.problems().is_empty()); // it has no header, and ends without a summary
/// # Ok::<(), trace_reader::Error>(())
/// ```
pub struct Trace {
    pub(crate) source: Box<dyn Source>,
    pub(crate) file_len: u64,
    pub(crate) header: Option<Header>,
    pub(crate) callsites: Callsites,
    pub(crate) threads: Arc<Vec<Thread>>,
    pub(crate) clock: Clock,
    pub(crate) end: Time,
    pub(crate) end_ticks: u64,
    pub(crate) has_magic: bool,
    pub(crate) summary: Option<(u64, Summary)>,
    pub(crate) losses: Vec<Loss>,
    pub(crate) problems: Problems,
    /// What only a validator minds.
    pub(crate) violations: Problems,
}

/// A thread of the traced program, and where its events are.
///
/// A file may be nothing but threads, of some forty bytes each: so there is no room to waste.
#[derive(Clone, Debug)]
pub struct Thread {
    /// Its number.
    pub id: ThreadId,
    /// The operating system's number of it; 0 when it is not known.
    pub os_thread: u64,
    /// UTF-8, as it was made from a string.
    name: SmallVec<[u8; 16]>,
    /// Most threads of a program that starts many have one.
    pub(crate) chunks: SmallVec<[Chunk; 1]>,
}

const _: () = assert!(size_of::<Thread>() <= 80);

/// Where a chunk is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunk {
    /// Where its payload starts in the file.
    pub(crate) payload_offset: u64,
    pub(crate) payload_len: u32,
    pub(crate) sequence: u64,
    pub(crate) base_ticks: u64,
}

impl Thread {
    /// One of which nothing is known yet.
    pub(crate) fn new(id: ThreadId) -> Self {
        Self { id, os_thread: 0, name: SmallVec::new(), chunks: SmallVec::new() }
    }

    /// Its name, possibly empty, as the program gave it.
    pub fn name(&self) -> &str {
        std::str::from_utf8(&self.name).unwrap_or_default()
    }

    pub(crate) fn set_name(&mut self, name: &str) {
        self.name = SmallVec::from_slice(name.as_bytes());
    }

    /// How many chunks of it there are.
    pub fn chunks(&self) -> usize {
        self.chunks.len()
    }

    /// Its name, or `thread 3` when it has none.
    pub fn label(&self) -> String {
        match self.name() {
            "" => format!("thread {}", self.id),
            name => name.to_owned(),
        }
    }
}

impl Trace {
    /// Opens a file, together with the pool file of a program that did not stop its trace.
    ///
    /// The header tells where that is. It is also looked for beside the trace, under its own name and as
    /// `PATH.pool`. What is in it and not in the trace is read as if it stood at the trace's end, and
    /// copied into memory.
    ///
    /// # Errors
    /// See [`Error`]. A damaged trace is none: see [`problems`](Self::problems).
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|source| Error::Io { offset: 0, source })?;
        Self::open_through(path, file)
    }

    /// The same as [`open`](Self::open), where `source` is what the file is read through.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_through(
        path: impl AsRef<Path>,
        source: impl Source + 'static,
    ) -> Result<Self, Error> {
        let header = opening::header_of(&source)?.filter(|header| !header.pool_path.is_empty());
        let pool = match header {
            None => Pool::Unknown,
            Some(header) => match pool::find(path.as_ref(), &header) {
                None => Pool::Missing,
                Some((path, pool)) => Pool::Taken(path, Snapshot::take(&pool, header.session)?),
            },
        };
        opening::open(Box::new(source), pool)
    }

    /// Takes the sources of a trace and of its pool file.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_sources(
        trace: impl Source + 'static,
        pool: impl Source + 'static,
    ) -> Result<Self, Error> {
        let pool = match opening::header_of(&trace)? {
            None => Pool::Unknown,
            Some(header) => {
                Pool::Taken(header.pool_path.into(), Snapshot::take(&pool, header.session)?)
            }
        };
        opening::open(Box::new(trace), pool)
    }

    /// Takes the bytes of a file.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, Error> {
        Self::from_source(bytes)
    }

    /// Takes a source of bytes.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_source(source: impl Source + 'static) -> Result<Self, Error> {
        opening::open(Box::new(source), Pool::Unknown)
    }

    /// Who wrote the trace; `None` when that block is damaged or missing.
    pub fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// What the ids in events mean.
    pub fn callsites(&self) -> &Callsites {
        &self.callsites
    }

    /// The threads that recorded something, by id.
    pub fn threads(&self) -> &[Thread] {
        &self.threads
    }

    /// The same, for whoever needs them longer than the trace: they are not copied.
    pub fn keep_threads(&self) -> Arc<Vec<Thread>> {
        Arc::clone(&self.threads)
    }

    /// The thread with this id.
    pub fn thread(&self, id: ThreadId) -> Option<&Thread> {
        by_id(&self.threads, id)
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// When the trace was stopped, or else the latest thing it tells of.
    pub fn end(&self) -> Time {
        self.end
    }

    /// What the trace ends with; `None` when the program did not stop it.
    pub fn summary(&self) -> Option<Summary> {
        self.summary.map(|(_, summary)| summary)
    }

    /// Losses that no chunk tells of. Those in chunks come as [`Step::Loss`](crate::Step::Loss).
    pub fn losses(&self) -> &[Loss] {
        &self.losses
    }

    /// What is wrong with the file. What is wrong with events comes as
    /// [`Step::Problem`](crate::Step::Problem).
    pub fn problems(&self) -> &Problems {
        &self.problems
    }

    /// The length of the file in bytes.
    pub fn file_len(&self) -> u64 {
        self.file_len
    }

    /// The steps of one thread; none when it is unknown.
    pub fn steps(&self, thread: ThreadId) -> Steps<'_> {
        Steps::new(self, self.thread(thread), thread, false)
    }

    /// The steps of all threads by time.
    pub fn merged(&self) -> Merged<'_> {
        Merged::new(self, false)
    }

    /// Reads everything into memory, some 280 bytes per region: up to 70 times the file.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn load(&self) -> Result<Recording, Error> {
        Recording::new(self)
    }

    /// Reads what belongs to some tasks: at most `limit` regions, logs and subtasks for each, the
    /// first ones by time. Goes through the trace two or three times.
    ///
    /// Memory depends on what is kept, but for some 20 bytes per subtask in the trace.
    ///
    /// # Errors
    /// When the source cannot be read. A selection that nothing fits is none.
    pub fn excerpt(&self, selection: &Selection, limit: usize) -> Result<Excerpt, Error> {
        Excerpt::new(self, selection, limit)
    }

    /// Computes all analyses in one pass, on all processors, in memory that depends on the number of
    /// callsites, threads and open tasks, but not on that of events.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn analyze(&self) -> Result<Analysis, Error> {
        self.analyze_with(Workers::default())
    }

    /// The same as [`analyze`](Self::analyze) by so many workers, each of which takes some megabytes.
    /// Their number makes no difference to the result.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn analyze_with(&self, workers: Workers) -> Result<Analysis, Error> {
        Analysis::new(self, workers)
    }

    /// Everything that is not exactly as the format demands. Recorded loss is fine.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn validate(&self) -> Result<Problems, Error> {
        validate::validate(self)
    }

    /// Writes all that can be read of the trace into `out`, as a trace that was stopped: its sound blocks,
    /// what its pool file yielded, and a summary. Chunks that are missing or damaged are missing there
    /// as well. Reads the trace twice.
    ///
    /// # Errors
    /// When the source cannot be read, or `out` not be written.
    pub fn recover(&self, out: &mut dyn Write) -> Result<Recovered, RecoverError> {
        recovery::recover(self, out)
    }

    /// The problem in words, with the names of callsites.
    pub fn describe(&self, problem: &Problem) -> String {
        let (callsites, threads) = (Some(&self.callsites), &**self.threads);
        Wording { problem, callsites, threads }.to_string()
    }

    /// Whether nothing of what the program recorded is missing: a step without its counterpart is
    /// then a mistake.
    pub(crate) fn is_whole(&self) -> bool {
        let missing = |problem: &Problem| {
            matches!(
                problem,
                Problem::Damaged { .. }
                    | Problem::EndsInsideBlock { .. }
                    | Problem::MissingChunks(_)
                    | Problem::MalformedBlock { block_type: BlockType::Chunk, .. }
            )
        };
        self.header.as_ref().is_none_or(|header| header.beginning == Beginning::Start)
            && self.losses.is_empty()
            && self.threads.iter().all(|thread| thread.chunks[0].sequence == 0)
            && !self.problems.iter().any(missing)
    }
}

/// The thread with this id, of threads that ascend by it.
pub(crate) fn by_id(threads: &[Thread], id: ThreadId) -> Option<&Thread> {
    let at = threads.binary_search_by_key(&id, |thread| thread.id).ok()?;
    Some(&threads[at])
}

impl std::fmt::Debug for Trace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trace")
            .field("file_len", &self.file_len)
            .field("threads", &self.threads.len())
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}
