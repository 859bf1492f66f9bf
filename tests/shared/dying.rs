//! A program that records at full rate until it dies, and what must then be read back: for
//! `tests/crash.rs`, and for `benches/stress`, which does the same a thousand times.
//!
//! The program is the one that asks, once more. After every call it counts, in memory that outlives
//! it, so that its parent knows what it must find.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::future::{Future, poll_fn};
use std::os::fd::AsRawFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::task::{Context as Polled, Poll, Waker};
use std::time::{Duration, Instant};

use trace::{Overflow, TraceFuture};
use trace_reader::{FiberId, PoolFile, Problem, Step, Trace, Value};

/// So many threads of the child record, the last one in polls of a future.
const THREADS: usize = 2;
const POLLING: usize = THREADS - 1;

/// Set for the child: the directory in which everything is.
const DIRECTORY: &str = "TRACE_CRASH_DIRECTORY";
/// And how it is to die.
const DEATH: &str = "TRACE_CRASH_DEATH";

/// How a program ends without stopping its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// `SIGKILL`, from its parent.
    Kill,
    Abort,
    StackOverflow,
    OutOfMemory,
    Exit,
    /// As in a program that is built with `panic = "abort"`.
    Panic,
}

impl Death {
    /// Those that a program dies of its own accord.
    pub(crate) const OWN: [Self; 5] =
        [Self::Abort, Self::StackOverflow, Self::OutOfMemory, Self::Exit, Self::Panic];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kill => "SIGKILL",
            Self::Abort => "abort",
            Self::StackOverflow => "stack overflow",
            Self::OutOfMemory => "out of memory",
            Self::Exit => "exit",
            Self::Panic => "panic = abort",
        }
    }

    fn is_of(self, status: ExitStatus) -> bool {
        match self {
            Self::Kill => status.signal() == Some(libc::SIGKILL),
            Self::Exit => status.code() == Some(EXIT_CODE),
            _ => status.signal() == Some(libc::SIGABRT),
        }
    }

    /// Dies.
    fn die(self) -> ! {
        match self {
            Self::Kill => loop {
                std::thread::park();
            },
            Self::Abort => std::process::abort(),
            Self::Exit => std::process::exit(EXIT_CODE),
            Self::OutOfMemory => run_out_of_memory(),
            Self::StackOverflow => {
                deeper(1);
                unreachable!("the stack has an end")
            }
            Self::Panic => {
                std::panic::set_hook(Box::new(|_| std::process::abort()));
                panic!("this panic is part of the test");
            }
        }
    }
}

const EXIT_CODE: i32 = 7;

fn run_out_of_memory() -> ! {
    let limit = libc::rlimit { rlim_cur: 1 << 28, rlim_max: 1 << 28 };
    // SAFETY: the call reads a limit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
    let mut kept = Vec::new();
    loop {
        kept.push(std::hint::black_box(vec![1_u8; 1 << 20]));
    }
}

#[expect(unconditional_recursion, reason = "it is to overflow the stack")]
fn deeper(n: u64) -> u64 {
    std::hint::black_box([n; 100]);
    1 + deeper(n + 1)
}

/// Numbers that outlive the process that counts: how many calls of each thread have returned.
struct Counters(*const AtomicU64);

// SAFETY: it points to atomics, in a mapping that is only taken down with the value.
unsafe impl Sync for Counters {}

const COUNTERS_BYTES: usize = 4096;

impl Counters {
    fn open(directory: &Path) -> Self {
        let path = directory.join("counters");
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let file = file.expect("a file for the counters");
        file.set_len(COUNTERS_BYTES as u64).expect("room for the counters");
        // SAFETY: a new mapping of a file that is as long.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                COUNTERS_BYTES,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                file.as_raw_fd(),
                0,
            )
        };
        assert_ne!(base, libc::MAP_FAILED);
        Self(base.cast())
    }

    fn of_thread(&self, thread: usize) -> &AtomicU64 {
        assert!(thread < THREADS);
        // SAFETY: the mapping has room for many more, on cache lines of their own.
        unsafe { &*self.0.add(8 * thread) }
    }
}

impl Drop for Counters {
    fn drop(&mut self) {
        // SAFETY: mapped in `open` with this length; references to it borrow this value.
        unsafe { libc::munmap(self.0.cast_mut().cast(), COUNTERS_BYTES) };
    }
}

/// In a process that was started as the one that dies: records, and dies. Returns in all others.
pub(crate) fn die_if_asked() {
    let Some(directory) = std::env::var_os(DIRECTORY).map(PathBuf::from) else { return };
    let name = std::env::var(DEATH).expect("both are set");
    let death = [Death::Kill].into_iter().chain(Death::OWN).find(|death| death.name() == name);
    let death = death.expect("a way to die");
    die_with_parent();
    let counters: &'static Counters = Box::leak(Box::new(Counters::open(&directory)));
    let builder = trace::Session::builder().overflow(Overflow::Block).pool_bytes(1 << 20);
    builder.start_file(directory.join("trace")).expect("tracing starts").detach();
    for thread in 0..THREADS {
        let mut counted = 0_i64;
        let mut count = move || {
            trace::trace_counter!("work", counted);
            counted += 1;
            counters.of_thread(thread).store(counted as u64, Release);
        };
        let work = move || match thread {
            POLLING => {
                let future = poll_fn(|_| {
                    count();
                    Poll::<()>::Pending
                });
                let mut future = pin!(future.in_region("polled"));
                while future.as_mut().poll(&mut Polled::from_waker(Waker::noop())).is_pending() {}
            }
            _ => loop {
                count();
            },
        };
        let builder = std::thread::Builder::new().name(format!("{thread}"));
        builder.spawn(work).expect("a thread that records");
    }
    if death != Death::Kill {
        std::thread::sleep(Duration::from_millis(30));
    }
    death.die()
}

/// Sees to it that this process does not outlive the one that started it and waits for it, should that
/// be killed: it would record for ever.
fn die_with_parent() {
    // SAFETY: asks for a signal.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
}

/// Lets a program die in `directory`; one that is killed, so long after its first event. Returns how
/// many events were read back, which are all whose call had returned.
///
/// # Errors
/// What was not as it must be.
pub(crate) fn one_death(
    directory: &Path,
    death: Death,
    arguments: &[&str],
    kill_after: Duration,
) -> Result<u64, String> {
    let program = std::env::current_exe().expect("this program has a path");
    let mut child = Command::new(program)
        .args(arguments)
        .env(DIRECTORY, directory)
        .env(DEATH, death.name())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("this program can be started once more");
    let mut records = Ok(());
    if death == Death::Kill {
        records = wait_for_first_event(directory);
        std::thread::sleep(kill_after);
        child.kill().expect("the child can be killed");
    }
    let status = child.wait().expect("the child ends");
    records?;
    if !death.is_of(status) {
        return Err(format!("{}: the child ended with {status}", death.name()));
    }
    check(directory)
}

fn wait_for_first_event(directory: &Path) -> Result<(), String> {
    let counters = Counters::open(directory);
    let begin = Instant::now();
    while counters.of_thread(0).load(Acquire) == 0 {
        if begin.elapsed() > Duration::from_secs(60) {
            return Err("the child records nothing".into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// Reads back what the child recorded, and compares it with what it counted.
fn check(directory: &Path) -> Result<u64, String> {
    let trace = Trace::open(directory.join("trace")).map_err(|error| error.to_string())?;
    let problems: Vec<_> = trace.problems().iter().collect();
    let [Problem::NotStopped { pool: PoolFile::Joined { path, unreadable: 0, .. } }] = problems[..]
    else {
        return Err(format!("{problems:?}"));
    };
    let counters = Counters::open(directory);
    let mut found = found(&trace)?;
    let (mut all, mut events) = (0, 0);
    for thread in 0..THREADS {
        let returned = counters.of_thread(thread).load(Acquire);
        let Found { values, fibers, polls, polled } =
            found.remove(&thread.to_string()).unwrap_or_default();
        let read = values.len() as u64;
        if !values.iter().copied().eq(0..read) {
            return Err(format!("thread {thread}: out of order, or one is missing"));
        }
        if !(returned..=returned + 1).contains(&read) {
            return Err(format!("thread {thread}: {returned} returned, {read} read"));
        }
        // It polls, counts, and ends the poll; one may be going on.
        let expected = if thread == POLLING { read } else { 0 };
        if !(expected..=expected + 1).contains(&polls) || polled > read || polls > polled + 1 {
            return Err(format!("thread {thread}: {read} read, {polled} of {polls} polls ended"));
        }
        if fibers != u64::from(polls > 0) {
            return Err(format!("thread {thread}: {fibers} futures began"));
        }
        all += read;
        events += read + fibers + polls + polled;
    }
    if !found.is_empty() {
        return Err(format!("threads that never were: {:?}", found.keys()));
    }
    recovers(&trace, events)?;
    std::fs::remove_file(path).map_err(|error| error.to_string())?;
    Ok(all)
}

/// What a thread did.
#[derive(Default)]
struct Found {
    /// What it counted, in order.
    values: Vec<u64>,
    /// The futures that it began, their polls, and those that ended.
    fibers: u64,
    polls: u64,
    polled: u64,
}

/// What each thread did.
fn found(trace: &Trace) -> Result<BTreeMap<String, Found>, String> {
    let mut all: BTreeMap<String, Found> = BTreeMap::new();
    for thread in trace.threads() {
        let found = all.entry(thread.name().to_owned()).or_default();
        let mut steps = trace.steps(thread.id);
        while let Some(item) = steps.next().map_err(|error| error.to_string())? {
            let is_event = item.step.is_event();
            match item.step {
                Step::Counter { value: Value::I64(value), .. } => found.values.push(value as u64),
                Step::FiberBegan { .. } => found.fibers += 1,
                Step::PollBegan { .. } => found.polls += 1,
                // One that has no end is told of behind the last event.
                Step::RegionEnded(end) if end.fiber != FiberId::NONE => {
                    found.polled += u64::from(is_event);
                }
                step => return Err(format!("nobody wrote {step:?}")),
            }
        }
    }
    Ok(all)
}

/// A recovered trace is a sound one, and has the same events.
fn recovers(trace: &Trace, events: u64) -> Result<(), String> {
    let mut bytes = Vec::new();
    let recovered = trace.recover(&mut bytes).map_err(|error| error.to_string())?;
    if (recovered.bytes, recovered.left_out) != (bytes.len() as u64, 0) {
        return Err(format!("{recovered:?}, and {} bytes were written", bytes.len()));
    }
    let whole = Trace::from_bytes(bytes).map_err(|error| error.to_string())?;
    let violations = whole.validate().map_err(|error| error.to_string())?;
    let found = whole.analyze().map_err(|error| error.to_string())?.events;
    if !violations.is_empty() || found != events || whole.end() != trace.end() {
        let kept = violations.kept();
        return Err(format!("recovered: {found} events of {events}, violations {kept:?}"));
    }
    Ok(())
}
