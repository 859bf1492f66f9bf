//! What a program recorded before it died, in whatever way, is read back to the last event whose call
//! had returned.
//!
//! The program is this one once more: [`child`] records at full rate on two threads. After every call it
//! counts, in memory that outlives it, so that the parent knows what it must find.
#![cfg(all(target_os = "linux", not(trace_portable)))]

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::os::fd::AsRawFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::{Duration, Instant};

use trace::Overflow;
use trace_reader::{PoolFile, Problem, Step, Trace, Value};

/// So many threads of the child record.
const THREADS: usize = 2;

/// Set for the child: the directory in which everything is.
const DIRECTORY: &str = "TRACE_CRASH_DIRECTORY";
/// And how it is to die.
const DEATH: &str = "TRACE_CRASH_DEATH";

/// Numbers that outlive the process that counts: how many calls of each thread have returned.
struct Counters(*const AtomicU64);

// SAFETY: it points to atomics, in a mapping that is never taken down.
unsafe impl Sync for Counters {}

impl Counters {
    fn open(directory: &Path) -> Self {
        let path = directory.join("counters");
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let file: File = file.unwrap();
        file.set_len(4096).unwrap();
        // SAFETY: a new mapping of a file that is as long.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                4096,
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

/// Not a test, but the program that dies.
#[test]
fn child() {
    let Some(directory) = std::env::var_os(DIRECTORY).map(PathBuf::from) else { return };
    let death = std::env::var(DEATH).unwrap();
    let counters: &'static Counters = Box::leak(Box::new(Counters::open(&directory)));
    let builder = trace::Session::builder().overflow(Overflow::Block).pool_bytes(1 << 20);
    builder.start_file(directory.join("trace")).unwrap().detach();
    for thread in 0..THREADS {
        let work = move || {
            for n in 0_i64.. {
                trace::trace_counter!("work", n);
                counters.of_thread(thread).store(n as u64 + 1, Release);
            }
        };
        std::thread::Builder::new().name(format!("{thread}")).spawn(work).unwrap();
    }
    if death == "kill" {
        loop {
            std::thread::park();
        }
    }
    std::thread::sleep(Duration::from_millis(30));
    match &*death {
        "abort" => std::process::abort(),
        "exit" => std::process::exit(7),
        "run out of memory" => {
            let limit = libc::rlimit { rlim_cur: 1 << 28, rlim_max: 1 << 28 };
            // SAFETY: the call reads a limit.
            assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
            let mut kept = Vec::new();
            loop {
                kept.push(std::hint::black_box(vec![1_u8; 1 << 20]));
            }
        }
        "overflow the stack" => _ = deeper(1),
        "panic" => {
            // What a panic does in a program that is built with `panic = "abort"`.
            std::panic::set_hook(Box::new(|_| std::process::abort()));
            panic!("this panic is part of the test");
        }
        _ => unreachable!("{death}"),
    }
    unreachable!("it died");
}

#[expect(unconditional_recursion, reason = "it is to overflow the stack")]
fn deeper(n: u64) -> u64 {
    std::hint::black_box([n; 100]);
    1 + deeper(n + 1)
}

fn start(directory: &Path, death: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(DIRECTORY, directory)
        .env(DEATH, death)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Reads back what the child recorded, and compares it with what it counted.
fn check(directory: &Path) -> u64 {
    let trace = Trace::open(directory.join("trace")).unwrap();
    let problems: Vec<_> = trace.problems().iter().collect();
    let [Problem::NotStopped { pool: PoolFile::Joined { path, unreadable: 0, .. } }] = problems[..]
    else {
        panic!("{problems:?}")
    };
    let mut found: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for thread in trace.threads() {
        let values = found.entry(thread.name.clone()).or_default();
        let mut steps = trace.steps(thread.id);
        while let Some(item) = steps.next().unwrap() {
            match item.step {
                Step::Counter { value: Value::I64(value), .. } => values.push(value as u64),
                step => panic!("{step:?}"),
            }
        }
    }
    let counters = Counters::open(directory);
    let mut all = 0;
    for thread in 0..THREADS {
        let returned = counters.of_thread(thread).load(Acquire);
        let values = found.remove(&thread.to_string()).unwrap_or_default();
        assert!(values.iter().copied().eq(0..values.len() as u64), "in order, and none is missing");
        let read = values.len() as u64;
        assert!((returned..=returned + 1).contains(&read), "{returned} returned, {read} read");
        all += read;
    }
    recovers(directory, &trace, all);
    std::fs::remove_file(path).unwrap();
    all
}

/// A recovered trace is a sound one, and has the same events.
fn recovers(directory: &Path, trace: &Trace, events: u64) {
    let mut bytes = Vec::new();
    let recovered = trace.recover(&mut bytes).unwrap();
    assert_eq!((recovered.bytes, recovered.left_out), (bytes.len() as u64, 0));
    let whole = Trace::from_bytes(bytes).unwrap();
    let violations = whole.validate().unwrap();
    assert!(violations.is_empty(), "{violations:?} in {}", directory.display());
    assert_eq!(whole.analyze().unwrap().events, events);
    assert_eq!(whole.end(), trace.end());
}

#[test]
fn what_a_killed_program_recorded_is_read_back() {
    let mut all = 0;
    for round in 0..20 {
        let directory = tempfile::tempdir().unwrap();
        let mut child = start(directory.path(), "kill");
        let counters = Counters::open(directory.path());
        let begin = Instant::now();
        while counters.of_thread(0).load(Acquire) == 0 {
            assert!(begin.elapsed() < Duration::from_secs(60), "the child records nothing");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(1_700 * round));
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGKILL));
        all += check(directory.path());
    }
    assert!(all > 10_000, "{all}");
}

/// Lets programs die, each of its own accord.
fn dies(death: &str, as_expected: impl Fn(std::process::ExitStatus) -> bool) {
    for _ in 0..5 {
        let directory = tempfile::tempdir().unwrap();
        let status = start(directory.path(), death).wait().unwrap();
        assert!(as_expected(status), "{death}: {status}");
        assert!(check(directory.path()) > 100);
    }
}

#[test]
fn what_an_aborted_program_recorded_is_read_back() {
    dies("abort", |status| status.signal() == Some(libc::SIGABRT));
}

#[test]
fn what_a_program_recorded_that_overflowed_its_stack_is_read_back() {
    dies("overflow the stack", |status| status.signal() == Some(libc::SIGABRT));
}

#[test]
fn what_a_program_recorded_that_panics_and_aborts_is_read_back() {
    dies("panic", |status| status.signal() == Some(libc::SIGABRT));
}

#[test]
fn what_a_program_recorded_that_exits_is_read_back() {
    dies("exit", |status| status.code() == Some(7));
}

#[test]
fn what_a_program_recorded_that_ran_out_of_memory_is_read_back() {
    dies("run out of memory", |status| status.signal() == Some(libc::SIGABRT));
}
