//! Rows that are no tracer's. They are timed in every process, next to the tracer's own.
//!
//! The floor is what ratios refer to. The two loops do always the same; if they take longer than in
//! other processes, somebody else was using the machine.

use std::hint::black_box;

/// Two bare readings of the clock.
#[inline(always)]
pub(crate) fn floor() {
    black_box(clock());
    black_box(clock());
}

/// What every annotated function does besides.
#[inline(never)]
pub(crate) fn plain(x: u64) -> u64 {
    black_box(x)
}

/// `steps` steps of arithmetic in four sequences that do not wait for each other, so that they keep a
/// core's units busy, and notice whoever shares them.
pub(crate) fn arithmetic(steps: u64) -> u64 {
    let mut sequences = black_box([1_u64, 2, 3, 4]);
    for _ in 0..steps {
        for x in &mut sequences {
            *x = x.wrapping_mul(6_364_136_223_846_793_005).rotate_left(17) ^ 0x9e37;
        }
    }
    black_box(sequences.into_iter().fold(0, u64::wrapping_add))
}

/// As much memory as the second cache of a core holds, to be read in an order that no prefetcher
/// guesses.
pub(crate) struct Memory(Vec<u32>);

impl Memory {
    const CELLS: u32 = 1 << 16;

    pub(crate) fn new() -> Self {
        // A full cycle: the multiplier is 5 modulo 8, the increment odd.
        let next = |cell: u32| cell.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Self((0..Self::CELLS).map(|cell| next(cell) % Self::CELLS).collect())
    }

    /// `steps` readings, each of which needs the one before.
    pub(crate) fn walk(&self, steps: u64) -> u32 {
        let mut cell = black_box(0);
        for _ in 0..steps {
            cell = self.0[cell as usize];
        }
        black_box(cell)
    }
}

/// The processor's counter.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
fn clock() -> u64 {
    // SAFETY: every x86-64 processor has the instruction.
    unsafe { core::arch::x86_64::_rdtsc() }
}

/// Where the counter is not known to be at hand, the system's clock.
#[cfg(not(target_arch = "x86_64"))]
fn clock() -> std::time::Instant {
    std::time::Instant::now()
}
