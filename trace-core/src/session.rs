//! Sessions: from start to stop.

use std::io::{self, Write};
use std::path::Path;
use std::sync::MutexGuard;
use std::time::Duration;

use trace_format::{Beginning, Overflow};

use crate::about::About;
use crate::error::{StartError, StopError};
use crate::memory::Memory;
use crate::output::Output;
use crate::pool::Pool;
use crate::running::{OfSession, Running};
use crate::storage::{MIN_CHUNK_BYTES, Size, TraceFile};
use crate::sync::Arc;
use crate::thread::is_emitting;
use crate::{clock, drainer, program, running, storage, thread_name};

const DEFAULT_POOL_BYTES: usize = 16 << 20;
const DEFAULT_CHUNK_BYTES: usize = 64 << 10;

/// Starts recording into `writer`, with the default [options](Session::builder).
///
/// # Errors
/// [`StartError::AlreadyStarted`] when a session is on; [`CompiledOut`](StartError::CompiledOut),
/// [`Unsupported`](StartError::Unsupported), [`PoolSize`](StartError::PoolSize) and
/// [`Thread`](StartError::Thread) when none can be.
pub fn start(writer: impl Write + Send + 'static) -> Result<(), StartError> {
    Session::builder().start(writer).map(Session::detach)
}

/// Starts recording into the file at `path`, with the default [options](Session::builder). An
/// existing file is replaced.
///
/// A thread's events are written when its chunk is full, and at the end. On Linux they lie in a file
/// until then, the *pool*: in `/dev/shm` if it fits there, else beside the trace. It is as large as
/// [`pool_bytes`](SessionBuilder::pool_bytes) says, and removed when the session ends. A program
/// that dies before, in whatever way, leaves it behind with every event whose call had returned:
/// `cargo trace` finds it and reads both as one trace, and `cargo trace recover` makes one file of them.
/// Both files can be read by their owner only.
///
/// # Errors
/// As for [`start`], and [`StartError::Output`] or [`StartError::PoolFile`] when a file cannot be
/// made. An existing trace may be gone then.
pub fn start_file(path: impl AsRef<Path>) -> Result<(), StartError> {
    Session::builder().start_file(path).map(Session::detach)
}

/// Stops recording. Returns after the last byte was written.
///
/// Every event whose call had returned before, on any thread, is in the trace or counted as lost.
///
/// # Errors
/// [`StopError::NotStarted`] when no session is on; [`StopError::Write`] with the writer's first
/// error; [`CalledFromWriter`](StopError::CalledFromWriter) and
/// [`CalledWhileRecording`](StopError::CalledWhileRecording) from where it cannot be done.
pub fn stop() -> Result<Summary, StopError> {
    stop_if(|_| true)
}

/// Whether a session is on. It may have ended by the time that you act on it.
#[inline(always)]
#[must_use]
pub fn is_enabled() -> bool {
    crate::switch::is_on()
}

/// What a session recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// How many chunks were written.
    pub chunks: u64,
    /// The size of the trace in bytes.
    pub bytes: u64,
    /// How many events were lost. The trace tells which threads lost them, when and why.
    pub events_lost: u64,
    /// From start to stop.
    pub duration: Duration,
}

/// A running session, which is stopped by [`finish`](Self::finish) or when this is dropped. Only
/// `finish` tells whether the trace could be written.
///
/// Beside a [flight recorder](crate::FlightRecorder) it begins midway: of tasks and regions that are open
/// then the ends are in it, but not the begins.
///
/// ```
/// # use trace_core as trace;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let path = std::env::temp_dir().join(format!("session-{}.trace", std::process::id()));
/// let session = trace::Session::builder().pool_bytes(4 << 20).start_file(&path)?;
/// // …
/// let summary = session.finish()?;
/// assert_eq!(summary.events_lost, 0);
/// # std::fs::remove_file(path)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the session ends when this value is dropped; `start` keeps one on until `stop`"]
pub struct Session {
    /// 0 when somebody else will stop it.
    epoch: usize,
}

impl Session {
    /// The options of a session.
    pub fn builder() -> SessionBuilder {
        SessionBuilder {
            pool_bytes: DEFAULT_POOL_BYTES,
            chunk_bytes: None,
            overflow: Overflow::Drop,
            command_line: false,
        }
    }

    /// Stops the session. Returns after the last byte was written.
    ///
    /// # Errors
    /// As for [`stop`]; [`StopError::NotStarted`] also when [`stop`] has ended it before.
    pub fn finish(mut self) -> Result<Summary, StopError> {
        let epoch = std::mem::take(&mut self.epoch);
        stop_if(|on| on == epoch)
    }

    /// Leaves the session on after this value is gone, for [`stop`] to end it.
    pub fn detach(mut self) {
        self.epoch = 0;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.epoch != 0 {
            // Whoever wants to know calls `finish`.
            let _ = stop_if(|on| on == self.epoch);
        }
    }
}

/// The options of a session; from [`Session::builder`].
#[derive(Clone, Debug)]
#[must_use = "nothing is recorded before `start` or `start_file`"]
pub struct SessionBuilder {
    pool_bytes: usize,
    chunk_bytes: Option<usize>,
    overflow: Overflow,
    command_line: bool,
}

impl SessionBuilder {
    /// The memory for events that were not yet written, in bytes, from 8 KiB; 16 MiB if nothing is
    /// said. This is all that recording takes, but for some 5 KiB per thread at a time and some hundred bytes
    /// per callsite.
    pub fn pool_bytes(mut self, pool_bytes: usize) -> Self {
        self.pool_bytes = pool_bytes;
        self
    }

    /// The size of a chunk in bytes, from 4 KiB to 16 MiB, and rounded up to a multiple of 64. If nothing
    /// is said 64 KiB, or less in a pool of less than 1 MiB, so that there are about 16 of them. Beside a
    /// [flight recorder](crate::FlightRecorder) it is no more than that one's chunks have. A pool has at
    /// least two. A thread fills a chunk at a time, so that a program with many threads wants more than
    /// as many of them in its pool.
    pub fn chunk_bytes(mut self, chunk_bytes: usize) -> Self {
        self.chunk_bytes = Some(chunk_bytes);
        self
    }

    /// What happens to an event when the pool is full: [`Overflow::Drop`], if nothing is said.
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// Whether the trace tells the program's command line, which can hold secrets. No, if nothing
    /// is said.
    pub fn command_line(mut self, command_line: bool) -> Self {
        self.command_line = command_line;
        self
    }

    /// Starts recording into `writer`, which a thread of the session calls with some whole blocks
    /// at a time.
    ///
    /// A writer that fails is not called again; [`finish`](Session::finish) returns its error.
    ///
    /// # Errors
    /// As for [`start`].
    pub fn start(self, writer: impl Write + Send + 'static) -> Result<Session, StartError> {
        let mut on = lock_for_session()?;
        let memory = self.size(&on)?.on_heap()?;
        self.run(&mut on, writer, memory, program::random(), |_| ())
    }

    /// Starts recording into the file at `path`. An existing file is replaced.
    ///
    /// # Errors
    /// As for [`start_file`].
    pub fn start_file(self, path: impl AsRef<Path>) -> Result<Session, StartError> {
        self.start_in(path.as_ref(), storage::create_trace)
    }

    /// Starts recording into the file at `path`, which `create` makes.
    pub(crate) fn start_in(
        self,
        path: &Path,
        create: fn(&Path) -> io::Result<TraceFile>,
    ) -> Result<Session, StartError> {
        let mut on = lock_for_session()?;
        let size = self.size(&on)?;
        let file =
            create(path).map_err(|source| StartError::Output { path: path.to_owned(), source })?;
        let session = program::random();
        let memory = size.in_file(path, session)?;
        // Whatever happens from now on, the header tells where the pool is.
        self.run(&mut on, file, memory, session, Output::flush_waiting)
    }

    fn size(&self, on: &Running) -> Result<Size, StartError> {
        if self.overflow == Overflow::Overwrite {
            return Err(StartError::Overwrite);
        }
        let usual = DEFAULT_CHUNK_BYTES.min(self.pool_bytes / 16).max(MIN_CHUNK_BYTES);
        let chunk_bytes = self.chunk_bytes.unwrap_or(usual);
        // A flight recorder keeps copies of them.
        let most = on.flight().map_or(usize::MAX, |flight| flight.chunk_bytes());
        Size::new(self.pool_bytes, chunk_bytes.min(most))
    }

    fn run<W: Write + Send + 'static>(
        &self,
        on: &mut Running,
        writer: W,
        memory: Box<dyn Memory>,
        session: u64,
        begin: impl FnOnce(&mut Output<W>),
    ) -> Result<Session, StartError> {
        let epoch = running::new_epoch();
        let beginning = if on.flight().is_some() { Beginning::Midway } else { Beginning::Start };
        let about = About::new(&*memory, session, self.overflow, beginning, self.command_line);
        let mut output =
            Output::new(writer, &about.header(clock::wall_ns()), &clock::read_anchor());
        begin(&mut output);
        let pool = Arc::new(Pool::new(on.recording(epoch), self.overflow, memory));
        let drainer = {
            let pool = Arc::clone(&pool);
            let work = move || {
                pool.set_drainer(std::thread::current());
                drainer::run(&pool, output)
            };
            let builder = std::thread::Builder::new().name("trace-drainer".to_owned());
            thread_name::without_signals(|| builder.spawn(work)).map_err(StartError::Thread)?
        };
        on.start_session(OfSession { id: epoch, pool, drainer });
        Ok(Session { epoch: epoch.word() })
    }
}

/// Stops the session that is on, if `chosen` says so of its epoch.
fn stop_if(chosen: impl FnOnce(usize) -> bool) -> Result<Summary, StopError> {
    if is_emitting() {
        return Err(StopError::CalledWhileRecording);
    }
    if drainer::is_current() {
        return Err(StopError::CalledFromWriter);
    }
    let mut on = running::lock();
    let is_ours = !on.is_parents();
    let Some(session) = on.stop_session(|on| is_ours && chosen(on.id.word())) else {
        return Err(StopError::NotStarted);
    };
    let OfSession { pool, drainer, .. } = session;
    pool.begin_stopping(drainer.thread());
    let written = drainer.join().unwrap_or_else(|_| {
        let source = io::Error::other("the thread that writes the trace panicked");
        Err(StopError::Write { source, written: 0, lost: 0 })
    });
    on.end_session(&pool);
    written
}

/// What is on, to start a session in: there is none.
fn lock_for_session() -> Result<MutexGuard<'static, Running>, StartError> {
    let on = running::lock_to_start()?;
    if on.session().is_some() { Err(StartError::AlreadyStarted) } else { Ok(on) }
}
