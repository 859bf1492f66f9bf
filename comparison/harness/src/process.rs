//! What the operating system tells about a process.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The CPU time that all threads of this process have used, those that ended too.
pub fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

/// The most memory that this process has had resident, in bytes.
///
/// # Panics
/// Where there is no `/proc`.
pub fn peak_memory() -> u64 {
    peak_memory_of(std::process::id()).expect("the status of this process")
}

/// The same of another process.
pub fn peak_memory_of(process: u32) -> Option<u64> {
    let process = procfs::process::Process::new(process.try_into().ok()?).ok()?;
    Some(process.status().ok()?.vmhwm? * 1024)
}

/// The CPU time of another process, to the nearest hundredth of a second.
pub fn cpu_time_of(process: u32) -> Option<Duration> {
    let stat = procfs::process::Process::new(process.try_into().ok()?).ok()?.stat().ok()?;
    let ticks = (stat.utime + stat.stime) as f64;
    Some(Duration::from_secs_f64(ticks / procfs::ticks_per_second() as f64))
}
