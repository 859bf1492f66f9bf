//! Sessions: from start to stop.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use trace_format::{ClockSource, Header, Overflow, Text, Ticks, VERSION};

use crate::epoch::Epoch;
use crate::error::{StartError, StopError};
use crate::fork::Process;
use crate::memory::{Heap, Memory};
use crate::output::Output;
use crate::pool::Pool;
use crate::sync::Arc;
use crate::thread::{RECORDER, is_emitting};
use crate::{barrier, callsite, clock, drainer, fork, program, thread_name};

/// The smallest chunk: it holds the largest head, and some events behind it.
pub(crate) const MIN_CHUNK_BYTES: usize = 4 << 10;
/// The largest chunk.
pub(crate) const MAX_CHUNK_BYTES: usize = 16 << 20;

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
            chunk_bytes: DEFAULT_CHUNK_BYTES,
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
    chunk_bytes: usize,
    overflow: Overflow,
    command_line: bool,
}

impl SessionBuilder {
    /// The memory for events that were not yet written, in bytes; 16 MiB if nothing is said. This
    /// is all that recording takes, but for some 5 KiB per thread at a time and some hundred bytes
    /// per callsite.
    pub fn pool_bytes(mut self, pool_bytes: usize) -> Self {
        self.pool_bytes = pool_bytes;
        self
    }

    /// The size of a chunk in bytes, from 4 KiB to 16 MiB, and rounded up to a multiple of 64; 64 KiB
    /// if nothing is said. A pool has at least two. A thread
    /// fills a chunk at a time, so that a program with many threads wants more than as many of
    /// them in its pool.
    pub fn chunk_bytes(mut self, chunk_bytes: usize) -> Self {
        self.chunk_bytes = chunk_bytes;
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
        let mut on = self.lock_idle()?;
        let (count, bytes) = self.chunks()?;
        let memory = Heap::new(count, bytes).ok_or_else(|| self.size_error())?;
        self.run(&mut on, writer, Box::new(memory), program::random(), |_| ())
    }

    /// Starts recording into the file at `path`. An existing file is replaced.
    ///
    /// # Errors
    /// As for [`start_file`].
    pub fn start_file(self, path: impl AsRef<Path>) -> Result<Session, StartError> {
        let path = path.as_ref();
        let mut on = self.lock_idle()?;
        let (count, bytes) = self.chunks()?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(path)
            .map_err(|source| StartError::Output { path: path.to_owned(), source })?;
        let session = program::random();
        let memory = self.file_memory(path, session, count, bytes)?;
        // Whatever happens from now on, the header tells where the pool is.
        self.run(&mut on, file, memory, session, Output::flush_waiting)
    }

    #[cfg(all(target_os = "linux", not(trace_portable)))]
    fn file_memory(
        &self,
        path: &Path,
        session: u64,
        count: usize,
        bytes: usize,
    ) -> Result<Box<dyn Memory>, StartError> {
        match crate::mapping::Mapped::new(path, session, count, bytes) {
            Ok(memory) => Ok(Box::new(memory)),
            Err((path, source)) => Err(StartError::PoolFile { path, source }),
        }
    }

    #[cfg(not(all(target_os = "linux", not(trace_portable))))]
    fn file_memory(
        &self,
        _: &Path,
        _: u64,
        count: usize,
        bytes: usize,
    ) -> Result<Box<dyn Memory>, StartError> {
        match Heap::new(count, bytes) {
            Some(memory) => Ok(Box::new(memory)),
            None => Err(self.size_error()),
        }
    }

    /// Sees to it that no session is on, and that none begins before the guard is dropped.
    fn lock_idle(&self) -> Result<MutexGuard<'static, Option<Running>>, StartError> {
        if !crate::COMPILED_IN {
            return Err(StartError::CompiledOut);
        }
        if cfg!(target_family = "wasm") {
            return Err(StartError::Unsupported);
        }
        if is_emitting() || drainer::is_current() {
            // Of a session that is on, or that is ending and waits for this thread.
            return Err(StartError::AlreadyStarted);
        }
        let mut on = lock_running();
        if on.as_ref().is_some_and(|running| running.owner.is_child()) {
            // It is the parent's, and so are the thread and the memory that it refers to.
            std::mem::forget(on.take());
            crate::thread::forget_others();
        }
        if on.is_some() { Err(StartError::AlreadyStarted) } else { Ok(on) }
    }

    /// How many chunks of which size.
    fn chunks(&self) -> Result<(usize, usize), StartError> {
        let bytes = self.chunk_bytes.checked_next_multiple_of(64).unwrap_or(usize::MAX);
        let count = self.pool_bytes / bytes.max(1);
        let sound = (MIN_CHUNK_BYTES..=MAX_CHUNK_BYTES).contains(&bytes)
            && (2..u32::MAX as usize).contains(&count);
        if sound { Ok((count, bytes)) } else { Err(self.size_error()) }
    }

    fn size_error(&self) -> StartError {
        StartError::PoolSize { pool_bytes: self.pool_bytes, chunk_bytes: self.chunk_bytes }
    }

    fn run<W: Write + Send + 'static>(
        &self,
        on: &mut Option<Running>,
        writer: W,
        memory: Box<dyn Memory>,
        session: u64,
        begin: impl FnOnce(&mut Output<W>),
    ) -> Result<Session, StartError> {
        static GENERATION: AtomicUsize = AtomicUsize::new(1);
        fork::prepare();
        let source = clock::source();
        let epoch = Epoch::new(
            GENERATION.fetch_add(1, Relaxed),
            !barrier::is_asymmetric(),
            source != ClockSource::Monotonic,
        );
        let mut output = self.output(writer, &*memory, session, source);
        begin(&mut output);
        let pool = Arc::new(Pool::new(epoch, self.overflow, memory));
        let drainer = {
            let pool = Arc::clone(&pool);
            let work = move || {
                pool.set_drainer(std::thread::current());
                drainer::run(&pool, output)
            };
            let builder = std::thread::Builder::new().name("trace-drainer".to_owned());
            thread_name::without_signals(|| builder.spawn(work)).map_err(StartError::Thread)?
        };
        callsite::keep_in(Arc::clone(&pool));
        RECORDER.start(Arc::clone(&pool));
        *on = Some(Running { owner: Process::current(), pool, drainer });
        Ok(Session { epoch: epoch.word() })
    }

    fn output<W: Write>(
        &self,
        writer: W,
        memory: &dyn Memory,
        session: u64,
        clock: ClockSource,
    ) -> Output<W> {
        let (program, host, build_id) =
            (program::executable(), program::host(), program::build_id());
        let command_line = if self.command_line { program::command_line() } else { String::new() };
        let pool_path = memory.path().map(|path| path.to_string_lossy()).unwrap_or_default();
        let header = Header {
            version: VERSION,
            session: Ticks(session),
            clock,
            ticks_per_second: clock::ticks_per_second(),
            wall_ns: clock::wall_ns(),
            pid: u64::from(std::process::id()),
            program: Text::new(&program),
            command_line: Text::cut(&command_line, callsite::NAME_LIMIT),
            host: Text::new(&host),
            build_id: Text::new(&build_id),
            pool_path: Text::new(&pool_path),
            pool_bytes: (memory.controls().len() * memory.chunk_bytes()) as u64,
            chunk_bytes: memory.chunk_bytes() as u64,
            overflow: self.overflow,
        };
        Output::new(writer, &header, &clock::read_anchor())
    }
}

/// The session that is on.
struct Running {
    owner: Process,
    pool: Arc<Pool>,
    drainer: JoinHandle<Result<Summary, StopError>>,
}

/// Held during all of start and stop, so that they come one after the other.
static RUNNING: Mutex<Option<Running>> = Mutex::new(None);

fn lock_running() -> MutexGuard<'static, Option<Running>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Stops the session that is on, if `chosen` says so of its epoch.
fn stop_if(chosen: impl FnOnce(usize) -> bool) -> Result<Summary, StopError> {
    if is_emitting() {
        return Err(StopError::CalledWhileRecording);
    }
    if drainer::is_current() {
        return Err(StopError::CalledFromWriter);
    }
    let mut on = lock_running();
    let ours = on.as_ref().filter(|running| !running.owner.is_child());
    let epoch = ours.map(|running| running.pool.epoch.word());
    if !epoch.is_some_and(chosen) {
        return Err(StopError::NotStarted);
    }
    let Some(Running { pool, drainer, .. }) = on.take() else { return Err(StopError::NotStarted) };
    RECORDER.stop(&pool);
    callsite::forget_pool();
    pool.begin_stopping(drainer.thread());
    drainer.join().unwrap_or_else(|_| {
        let source = std::io::Error::other("the thread that writes the trace panicked");
        Err(StopError::Write { source, written: 0, lost: 0 })
    })
}
