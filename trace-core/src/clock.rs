//! The clock of a trace, and the reading of three clocks together.
//!
//! Time is read from the processor where it has a counter that runs at one speed and is the same
//! on all processors, and from the operating system elsewhere. Ticks get their meaning from
//! [anchors](read_anchor) in the trace, not from a calibration: nothing waits, nothing runs before
//! `main`.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use trace_format::{Anchor, ClockSource, Ticks};

/// The clock that sessions on this machine use.
pub(crate) fn source() -> ClockSource {
    static SOURCE: OnceLock<ClockSource> = OnceLock::new();
    *SOURCE.get_or_init(counter::source)
}

/// Reads the clock, for callers that cannot tell which it is.
pub(crate) fn now_here() -> u64 {
    now(source() != ClockSource::Monotonic)
}

/// Reads the clock. `has_counter` tells whether [`source`] is the processor's counter; callers on
/// the recording path have it at hand in the epoch.
#[inline(always)]
pub(crate) fn now(has_counter: bool) -> u64 {
    if has_counter { counter::read() } else { monotonic_ns() }
}

/// Reads the processor's counter, where it is known that there is one.
#[inline(always)]
pub(crate) fn counter() -> u64 {
    counter::read()
}

/// How many ticks are about a second; 0 when only anchors can tell.
pub(crate) fn ticks_per_second() -> u64 {
    match source() {
        ClockSource::Monotonic => 1_000_000_000,
        _ => counter::frequency(),
    }
}

/// How many ticks a second has, within some percent. May wait for two milliseconds to find out.
pub(crate) fn about_ticks_per_second() -> u64 {
    match ticks_per_second() {
        0 => {
            let before = read_anchor();
            std::thread::sleep(Duration::from_millis(2));
            let after = read_anchor();
            let ticks = after.ticks.0.saturating_sub(before.ticks.0);
            let ns = after.monotonic_ns.saturating_sub(before.monotonic_ns).max(1);
            (u128::from(ticks) * 1_000_000_000 / u128::from(ns)) as u64
        }
        known => known,
    }
}

/// Reads the trace's clock, the monotonic and the wall clock as nearly together as can be: of a
/// few tries, the one during which the least time went by.
pub(crate) fn read_anchor() -> Anchor {
    let has_counter = source() != ClockSource::Monotonic;
    let try_once = || {
        let before = now(has_counter);
        let monotonic_ns = monotonic_ns();
        let wall_ns = wall_ns();
        let after = now(has_counter);
        let width = after.wrapping_sub(before);
        (width, Anchor { ticks: Ticks(before.wrapping_add(width / 2)), monotonic_ns, wall_ns })
    };
    let mut best = try_once();
    for _ in 0..4 {
        let next = try_once();
        if next.0 < best.0 {
            best = next;
        }
    }
    if !has_counter {
        // The same clock: let the anchor say so exactly.
        best.1.ticks = Ticks(best.1.monotonic_ns);
    }
    best.1
}

/// Nanoseconds since 1970-01-01 00:00 UTC; 0 on a machine whose clock stands before that.
pub(crate) fn wall_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as u64)
}

/// Nanoseconds of the operating system's monotonic clock.
#[cfg(all(unix, not(trace_portable)))]
pub(crate) fn monotonic_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a timespec that the call may write to; CLOCK_MONOTONIC always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Nanoseconds since this process first asked.
#[cfg(not(all(unix, not(trace_portable))))]
pub(crate) fn monotonic_ns() -> u64 {
    static START: OnceLock<std::time::Instant> = OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed().as_nanos() as u64
}

/// The time-stamp counter.
#[cfg(all(target_arch = "x86_64", not(trace_portable)))]
mod counter {
    use core::arch::x86_64::{__cpuid, _rdtsc};
    use trace_format::ClockSource;

    #[inline(always)]
    pub(super) fn read() -> u64 {
        // SAFETY: every x86-64 processor has the instruction.
        unsafe { _rdtsc() }
    }

    /// The counter is used when the processor calls it invariant and the kernel, which watches it,
    /// still lists it as a clock source: Linux takes a counter off that list once it saw two
    /// processors disagree.
    pub(super) fn source() -> ClockSource {
        if has_invariant_counter() && !kernel_distrusts_it() {
            ClockSource::Tsc
        } else {
            ClockSource::Monotonic
        }
    }

    #[allow(unused_unsafe)] // `__cpuid` became safe after the oldest supported compiler.
    fn has_invariant_counter() -> bool {
        // SAFETY: every x86-64 processor has the instruction and leaf 0x8000_0000, which tells
        // whether there is a leaf 0x8000_0007.
        unsafe { __cpuid(0x8000_0000).eax >= 0x8000_0007 && __cpuid(0x8000_0007).edx & 1 << 8 != 0 }
    }

    fn kernel_distrusts_it() -> bool {
        let list = "/sys/devices/system/clocksource/clocksource0/available_clocksource";
        match std::fs::read_to_string(list) {
            Ok(names) => !names.split_whitespace().any(|name| name == "tsc"),
            Err(_) => false,
        }
    }

    pub(super) fn frequency() -> u64 {
        0
    }
}

/// The virtual counter.
#[cfg(all(target_arch = "aarch64", not(trace_portable)))]
mod counter {
    use trace_format::ClockSource;

    #[inline(always)]
    pub(super) fn read() -> u64 {
        let ticks: u64;
        // SAFETY: the architecture makes the virtual counter readable, unprivileged, by default,
        // and every operating system with a Rust standard library leaves it so.
        unsafe {
            core::arch::asm!("mrs {}, cntvct_el0", out(reg) ticks, options(nomem, nostack));
        }
        ticks
    }

    pub(super) fn source() -> ClockSource {
        ClockSource::Cntvct
    }

    pub(super) fn frequency() -> u64 {
        let frequency: u64;
        // SAFETY: as for the counter.
        unsafe {
            core::arch::asm!("mrs {}, cntfrq_el0", out(reg) frequency, options(nomem, nostack));
        }
        frequency
    }
}

/// No counter that is known.
#[cfg(any(not(any(target_arch = "x86_64", target_arch = "aarch64")), trace_portable))]
mod counter {
    use trace_format::ClockSource;

    #[inline(always)]
    pub(super) fn read() -> u64 {
        super::monotonic_ns()
    }

    pub(super) fn source() -> ClockSource {
        ClockSource::Monotonic
    }

    pub(super) fn frequency() -> u64 {
        0
    }
}
