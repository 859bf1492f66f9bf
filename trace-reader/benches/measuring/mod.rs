//! What it takes to read a trace: time on the clock, time on processors, memory.
//!
//! CPU time and memory are known on Linux only.

use std::time::{Duration, Instant};

/// Says whether a target was met.
pub(crate) fn told(target: &str, is_met: bool) {
    println!("  target {}: {target}", if is_met { "met" } else { "MISSED" });
}

/// What something took, or the readings between which it did.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) clock: Duration,
    pub(crate) cpu: Duration,
}

impl Cost {
    pub(crate) const MOST: Self = Self { clock: Duration::MAX, cpu: Duration::MAX };

    /// Since this was called first.
    pub(crate) fn so_far() -> Self {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        let clock = START.get_or_init(Instant::now).elapsed();
        Self { clock, cpu: cpu_time() }
    }

    pub(crate) fn since(self, start: Self) -> Self {
        Self { clock: self.clock - start.clock, cpu: self.cpu - start.cpu }
    }

    pub(crate) fn least(self, other: Self) -> Self {
        Self { clock: self.clock.min(other.clock), cpu: self.cpu.min(other.cpu) }
    }
}

/// The time of all threads of this process on processors, in steps of a hundredth of a second.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field is a name in parentheses; the 14th and 15th are user and system time.
    let fields = stat.rsplit(')').next().unwrap_or("").split_whitespace();
    let hundredths: u64 =
        fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(hundredths * 10)
}

/// The most memory that was ever resident, as Linux counts it.
pub(crate) mod memory {
    /// Starts counting anew.
    pub(crate) fn forget_peak() {
        let _ = std::fs::write("/proc/self/clear_refs", "5");
    }

    /// In MiB.
    pub(crate) fn peak() -> Option<u64> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kibibytes.div_ceil(1024))
    }
}
