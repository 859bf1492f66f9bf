//! Flight recorders: the last megabytes of events, for when something has gone wrong.
//!
//! There is no thread that works for it and no file that grows. Threads fill chunks, and when none is
//! free take the one that has been full for the longest time; see [`control`](crate::control) for how a
//! [snapshot](crate::snapshot) reads them meanwhile.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use trace_format::{Anchor, Beginning, Overflow};

use crate::about::About;
use crate::control::Control;
use crate::dumps::{Dumps, Wanted};
use crate::error::{SnapshotError, StartError};
use crate::fork::Process;
use crate::memory::Memory;
use crate::output::Output;
use crate::pool::Pool;
use crate::running::{self, Running};
use crate::slow::Limit;
use crate::snapshot::{Window, span};
use crate::storage::{self, MIN_CHUNK_BYTES, Size};
use crate::sync::Arc;
use crate::thread::is_emitting;
use crate::{clock, drainer, program, status};

const DEFAULT_MAX_BYTES: usize = 16 << 20;

/// Chunks are no larger, so that a snapshot is fine-grained at its old end.
const LARGEST_CHUNK: usize = 64 << 10;

/// So many threads are expected to record, at least, when nothing is said.
const USUAL_THREADS: usize = 256;

/// With as many threads as expected, all but one in this many chunks are for the past.
const CHUNKS_PER_THREAD: usize = 4;

/// Keeps the newest events of the program in memory, to be written when they are wanted: after an error,
/// a slow request, a signal. It records until it is [stopped](Self::stop) or dropped.
///
/// A [session](crate::Session) may begin and end meanwhile, and a flight recorder during a session: an event
/// is recorded once for both, and costs no more. What the session has not written yet, a snapshot finds in
/// the session's memory; should the program die, that is in the session's files, if it has any.
///
/// ```
/// # use trace_core as trace;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let path = std::env::temp_dir().join(format!("flight-{}.trace", std::process::id()));
/// let flight = trace::FlightRecorder::builder().max_bytes(4 << 20).start()?;
/// // … for days; and when something has taken too long:
/// let snapshot = flight.write_to(std::fs::File::create(&path)?)?;
/// assert!(snapshot.bytes <= 4 << 20);
/// # std::fs::remove_file(path)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the flight recorder ends when this value is dropped"]
pub struct FlightRecorder {
    recording: std::sync::Arc<Recording>,
}

/// What a flight recorder wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// How many chunks it holds.
    pub chunks: u64,
    /// Its size in bytes, no more than [`max_bytes`](FlightRecorderBuilder::max_bytes).
    pub bytes: u64,
    /// How many events were lost that should be in it. The trace tells which threads lost them, when and
    /// why.
    pub events_lost: u64,
    /// For how long before the call everything is in it, of all threads. Of some there is more.
    pub covers: Duration,
}

impl FlightRecorder {
    /// The options of a flight recorder.
    pub fn builder() -> FlightRecorderBuilder {
        FlightRecorderBuilder {
            max_bytes: DEFAULT_MAX_BYTES,
            min_age: None,
            threads: None,
            command_line: false,
            dumps: Wanted::default(),
        }
    }

    /// Writes what it holds as a trace, while recording goes on.
    ///
    /// It is that of one moment: every event whose call had returned before this one is in it if it is
    /// new enough, and nothing that came later. It is put together in memory first, which takes up to
    /// [`max_bytes`](FlightRecorderBuilder::max_bytes) more for as long as this takes; so a slow writer
    /// holds up nobody.
    ///
    /// # Errors
    /// [`SnapshotError::Write`] with the writer's error; [`TooSmall`](SnapshotError::TooSmall) when the
    /// names of the program's callsites alone are more than `max_bytes`;
    /// [`CalledWhileRecording`](SnapshotError::CalledWhileRecording) from where it cannot be done;
    /// [`OfAnotherProcess`](SnapshotError::OfAnotherProcess) in a child process.
    pub fn write_to(&self, writer: impl Write) -> Result<Snapshot, SnapshotError> {
        self.recording.write_to(writer)
    }

    /// Stops recording. Of a flight recorder with a [file](FlightRecorderBuilder::start_file), writes what
    /// it holds there.
    ///
    /// # Errors
    /// As for [`write_to`](Self::write_to); recording has ended all the same. Then the file and its pool
    /// are left as a crash would leave them.
    pub fn stop(self) -> Result<(), SnapshotError> {
        self.recording.stop()
    }
}

impl Drop for FlightRecorder {
    fn drop(&mut self) {
        // Whoever wants to know calls `stop`.
        let _ = self.recording.stop();
    }
}

/// The options of a flight recorder; from [`FlightRecorder::builder`].
#[derive(Clone, Debug)]
#[must_use = "nothing is recorded before `start` or `start_file`"]
pub struct FlightRecorderBuilder {
    max_bytes: usize,
    min_age: Option<Duration>,
    threads: Option<usize>,
    command_line: bool,
    dumps: Wanted,
}

impl FlightRecorderBuilder {
    /// The memory for events, and the size of a snapshot, are never more than this, in bytes, from
    /// 64 KiB; 16 MiB if nothing is said. Beyond it recording takes some 5 KiB per thread at a time and
    /// some hundred bytes per callsite.
    pub fn max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// A snapshot holds the events of so long before it, as far as `max_bytes` has room for them, and
    /// leaves out chunks that are older. All there is, if nothing is said.
    /// [`Snapshot::covers`] tells how far it reached.
    pub fn min_age(mut self, min_age: Duration) -> Self {
        self.min_age = Some(min_age);
        self
    }

    /// How many threads are expected to have recorded something at the same time. If nothing is said,
    /// twice as many as the program has by now, and no less than 256.
    ///
    /// Each has a chunk of memory to itself, however seldom it records, so that chunks are made as small
    /// as `max_bytes` needs: a quarter of what there is for each thread, within 4 KiB and 64 KiB. With more
    /// threads than chunks, the events of those that came last are counted as lost. If a session is on when
    /// this starts, they are no smaller than that one's.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Whether snapshots tell the program's command line, which can hold secrets. No, if nothing is
    /// said.
    pub fn command_line(mut self, command_line: bool) -> Self {
        self.command_line = command_line;
        self
    }

    /// Where to write the snapshots that it writes by itself; the current directory, if nothing is said.
    ///
    /// Their names are the reason (`panic`, `signal` or `slow`), the process id, a number from 0 and `.trace`, as
    /// in `slow-4711-0.trace`. They are for their owner alone, and files that are there are left alone. A line on
    /// standard error tells of each.
    pub fn dump_to(mut self, directory: impl AsRef<Path>) -> Self {
        self.dumps.directory = Some(directory.as_ref().to_owned());
        self
    }

    /// How many snapshots of panics, and how many of slow tasks, it writes by itself; 16 of each, if nothing is
    /// said, since a program may panic all the time. Those that a signal asked for are not counted.
    pub fn max_dumps(mut self, count: u64) -> Self {
        self.dumps.most = Some(count);
        self
    }

    /// Writes a snapshot when a thread panics, after the panic was reported and before anything else happens.
    ///
    /// The panic hook that is set by then goes first. One that is set later has to call the one before
    /// it, as is usual.
    pub fn dump_on_panic(mut self) -> Self {
        self.dumps.on_panic = true;
        self
    }

    /// Writes a snapshot when the process gets the signal SIGUSR2, as by `kill -USR2` and its number. A thread
    /// that sleeps until then does that. On Linux only.
    ///
    /// A handler that the program has installed by then is called as well, after ours. One that is installed
    /// later has to call the one before it. When the flight recorder has stopped, the signal does what it did
    /// before, except that it does not end the program.
    pub fn dump_on_signal(mut self) -> Self {
        self.dumps.on_signal = true;
        self
    }

    /// Writes a snapshot when a task of type `name` ends that took as long as `limit` or longer: what was going on
    /// meanwhile is in it, as far back as it reaches. A thread that sleeps until then does that.
    ///
    /// Within a second after such a snapshot no other one is written; tasks that are too slow meanwhile are
    /// counted, and the next one tells of them. For other types, call it again. Tasks that were begun before the
    /// flight recorder are not looked at.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use trace_core as trace;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = std::env::temp_dir();
    /// let flight = trace::FlightRecorder::builder()
    ///     .dump_if_slower("makeCappuccino", Duration::from_millis(50))
    ///     .dump_if_slower("makeTea", Duration::from_secs(2))
    ///     .dump_to(directory)
    ///     .start()?;
    /// # flight.stop()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn dump_if_slower(mut self, name: impl Into<String>, limit: Duration) -> Self {
        self.dumps.slower.push(Limit { name: name.into(), limit });
        self
    }

    /// Starts recording into memory.
    ///
    /// # Errors
    /// [`StartError::AlreadyStarted`] when a flight recorder is on;
    /// [`CompiledOut`](StartError::CompiledOut), [`Unsupported`](StartError::Unsupported) and
    /// [`PoolSize`](StartError::PoolSize) when none can be; [`Thread`](StartError::Thread) and
    /// [`Signal`](StartError::Signal) when nothing could be written by itself.
    pub fn start(self) -> Result<FlightRecorder, StartError> {
        let mut on = lock_for_flight()?;
        let memory = self.size(&on)?.on_heap()?;
        let about = About::new(
            &*memory,
            program::random(),
            Overflow::Overwrite,
            Beginning::Midway,
            self.command_line,
        );
        self.run(&mut on, memory, about, None)
    }

    /// Starts recording so that the events outlive the program, should it die: whatever happens to it,
    /// `cargo trace` finds the newest ones in the file at `path` and the pool that it names, as of a
    /// [session](crate::start_file) that was not stopped. After [`stop`](FlightRecorder::stop) they are in
    /// the file alone.
    ///
    /// # Errors
    /// As for [`start`](Self::start), and [`StartError::Output`] or [`StartError::PoolFile`] when a file
    /// cannot be made.
    pub fn start_file(self, path: impl AsRef<Path>) -> Result<FlightRecorder, StartError> {
        let path = path.as_ref();
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let mut on = lock_for_flight()?;
        let size = self.size(&on)?;
        let output = |source| StartError::Output { path: path.clone(), source };
        let file = storage::create_trace(&path).map_err(output)?;
        let session = program::random();
        let memory = size.in_file(&path, session)?;
        let about = About::new(
            &*memory,
            session,
            Overflow::Overwrite,
            Beginning::Midway,
            self.command_line,
        );
        let mut begin = Output::new(file, &about.header(clock::wall_ns()), &clock::read_anchor());
        begin.flush_waiting();
        match begin.error.take() {
            Some(source) => Err(output(source)),
            None => self.run(&mut on, memory, about.without_pool(), Some(path)),
        }
    }

    fn size(&self, on: &Running) -> Result<Size, StartError> {
        let usual = || USUAL_THREADS.max(2 * program::threads());
        let threads = self.threads.unwrap_or_else(usual).max(1);
        let share = self.max_bytes / CHUNKS_PER_THREAD / threads / 64 * 64;
        // As large as those that it gets copies of.
        let least = on.session().map_or(MIN_CHUNK_BYTES, |session| session.pool.chunk_bytes());
        let chunk_bytes = share.clamp(MIN_CHUNK_BYTES, LARGEST_CHUNK).max(least);
        // What the pool has for each chunk beside it is a part of the bound, too.
        let count = self.max_bytes / (chunk_bytes + size_of::<Control>() + Pool::QUEUED_BYTES);
        Size::new(count * chunk_bytes, chunk_bytes)
    }

    fn run(
        self,
        on: &mut Running,
        memory: Box<dyn Memory>,
        about: About,
        path: Option<PathBuf>,
    ) -> Result<FlightRecorder, StartError> {
        let epoch = running::new_epoch();
        let pool = Arc::new(Pool::new(on.recording(epoch), Overflow::Overwrite, memory));
        let recording = std::sync::Arc::new(Recording {
            owner: Process::current(),
            pool: Mutex::new(Some(Arc::clone(&pool))),
            about,
            start: clock::read_anchor(),
            max_bytes: self.max_bytes as u64,
            min_age: self.min_age,
            path,
            dumps: Dumps::of(self.dumps).map_err(StartError::Thread)?,
        });
        recording.dumps.begin(&recording)?;
        status::flies(&recording);
        on.start_flight(epoch, &pool);
        Ok(FlightRecorder { recording })
    }
}

/// What is on, to start a flight recorder in: there is none.
fn lock_for_flight() -> Result<MutexGuard<'static, Running>, StartError> {
    let on = running::lock_to_start()?;
    if on.flight().is_some() { Err(StartError::AlreadyStarted) } else { Ok(on) }
}

/// What a flight recorder is, for all who may want a snapshot of it.
#[derive(Debug)]
pub(crate) struct Recording {
    owner: Process,
    /// Gone when it has ended. Held while chunks are copied, by one thread at a time.
    pool: Mutex<Option<Arc<Pool>>>,
    about: About,
    start: Anchor,
    max_bytes: u64,
    min_age: Option<Duration>,
    /// Where it leaves what it holds in the end.
    path: Option<PathBuf>,
    dumps: Dumps,
}

impl Recording {
    /// What it writes by itself.
    pub(crate) fn dumps(&self) -> &Dumps {
        &self.dumps
    }

    /// How long so many ticks are; nothing in a child process.
    pub(crate) fn time_of(&self, ticks: u64) -> Option<Duration> {
        let (whole_ticks, whole_ns) = span(&self.start, &clock::read_anchor());
        let ns = u128::from(ticks) * whole_ns / whole_ticks;
        (!self.owner.is_child()).then(|| Duration::from_nanos(ns as u64))
    }

    /// Writes a snapshot into a new file. Unless it may wait, not while somebody takes one, who could be this
    /// thread.
    pub(crate) fn dump(&self, path: &Path, may_wait: bool) -> Result<Snapshot, SnapshotError> {
        self.check()?;
        let pool = match (self.pool.try_lock(), may_wait) {
            (Ok(pool), _) => pool,
            (Err(_), true) => self.lock()?,
            (Err(_), false) => return Err(SnapshotError::CalledWhileRecording),
        };
        let window = self.window(pool.as_deref().ok_or(SnapshotError::Ended)?);
        drop(pool);
        let file = storage::create_new_trace(path)
            .map_err(|source| SnapshotError::Write { source, written: 0 })?;
        self.write(window, file)
    }

    pub(crate) fn write_to(&self, writer: impl Write) -> Result<Snapshot, SnapshotError> {
        // The writer may take its time, panic, or want a snapshot itself: nothing is held meanwhile.
        let window = self.window(self.lock()?.as_deref().ok_or(SnapshotError::Ended)?);
        self.write(window, writer)
    }

    fn lock(&self) -> Result<MutexGuard<'_, Option<Arc<Pool>>>, SnapshotError> {
        self.check()?;
        Ok(self.pool.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether this is where a snapshot can be taken.
    fn check(&self) -> Result<(), SnapshotError> {
        if is_emitting() || drainer::is_current() {
            return Err(SnapshotError::CalledWhileRecording);
        }
        if self.owner.is_child() {
            return Err(SnapshotError::OfAnotherProcess);
        }
        Ok(())
    }

    fn window(&self, pool: &Pool) -> Window {
        let mut window = Window::of(pool, &self.start);
        if let Some(age) = self.min_age {
            window.keep_younger_than(age, &self.start);
        }
        window
    }

    fn write(&self, mut window: Window, writer: impl Write) -> Result<Snapshot, SnapshotError> {
        let output = window.write(writer, &self.about, &self.start, self.max_bytes)?;
        let (chunks, bytes, events_lost) = (output.chunks, output.written, output.lost);
        match output.error {
            Some(source) => Err(SnapshotError::Write { source, written: bytes }),
            None => Ok(Snapshot { chunks, bytes, events_lost, covers: window.covers(&self.start) }),
        }
    }

    fn stop(&self) -> Result<(), SnapshotError> {
        self.check()?;
        // Before anything is locked that a snapshot needs.
        self.dumps.end();
        let mut pool = self.lock()?;
        let mut on = running::lock();
        let Some(ours) = pool.take() else { return Ok(()) };
        on.stop_flight(&ours);
        drop(on);
        let window = self.path.is_some().then(|| self.window(&ours));
        *ours.feeder() = None;
        let (Some(path), Some(window)) = (&self.path, window) else { return Ok(()) };
        // Whole or not at all: until it has its name, a crash leaves the file and the pool as they were.
        let mut beside = path.clone().into_os_string();
        beside.push(".part");
        let written = storage::create_trace(Path::new(&beside))
            .map_err(|source| SnapshotError::Write { source, written: 0 })
            .and_then(|file| self.write(window, file))
            .and_then(|_| {
                std::fs::rename(&beside, path)
                    .map_err(|source| SnapshotError::Write { source, written: 0 })
            });
        if written.is_err() {
            ours.memory().leave_behind();
            let _ = std::fs::remove_file(&beside);
        }
        written
    }
}
