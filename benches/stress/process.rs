//! What a process or a thread took, and how children end.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// Kills a process that takes too long, unless this is dropped before.
pub(crate) struct Deadline {
    _done: Sender<()>,
}

impl Deadline {
    pub(crate) fn new(process: u32, seconds: u64) -> Self {
        let (done, wait) = channel::<()>();
        std::thread::spawn(move || {
            if wait.recv_timeout(Duration::from_secs(seconds)) == Err(RecvTimeoutError::Timeout) {
                // SAFETY: sends a signal. The process is a child that was not waited for yet, so
                // that its number is still its own.
                unsafe { libc::kill(process as libc::pid_t, libc::SIGKILL) };
            }
        });
        Self { _done: done }
    }
}

/// What the calling thread has taken so far.
pub(crate) fn of_thread() -> libc::rusage {
    // SAFETY: all zeros is a value of this struct of numbers, and the call may write to it.
    unsafe {
        let mut usage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_THREAD, &mut usage);
        usage
    }
}

/// The processor's time that the calling thread has taken so far, in nanoseconds.
pub(crate) fn thread_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a timespec that the call may write to.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// What is in memory of this process, in KiB, but for pages of files: of its code, sixteen more may come with any
/// one.
pub(crate) fn resident_kib() -> i64 {
    status_kib("RssAnon:") + status_kib("RssShmem:")
}

/// The most that ever was in memory of this process, in KiB.
pub(crate) fn most_resident_kib() -> i64 {
    status_kib("VmHWM:")
}

fn status_kib(name: &str) -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
    kib.expect("it tells")
}

/// How many descriptors this process has open.
pub(crate) fn descriptors() -> i64 {
    std::fs::read_dir("/proc/self/fd").expect("Linux has it").count() as i64
}
