//! Tasks that take longer than they should.
//!
//! Where a task ends its age is held against one number, the [least](is_slow) that any of them may be. Only
//! what is older is looked at more closely: whether it is one of those that were named, and how long that was
//! by the clock. The first that was too slow is put down and the bell rung. Until its snapshot is written and
//! a pause is over, others are only counted.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::time::Duration;

use crate::bell::Bell;
use crate::clock;

/// How long a task may take.
#[derive(Clone, Debug)]
pub(crate) struct Limit {
    pub(crate) name: String,
    pub(crate) limit: Duration,
}

/// A task that took too long.
#[derive(Clone, Debug)]
pub(crate) struct SlowTask {
    pub(crate) limit: Limit,
    pub(crate) took: Duration,
    /// How many did since the one before.
    pub(crate) others: u64,
}

/// A bit less than the smallest limit, in ticks. Only a number: who sees it late misses a task, or looks at
/// one for nothing.
static LEAST: AtomicU64 = AtomicU64::new(u64::MAX);

/// Whether a task of so many ticks may be one of those that are too slow.
#[inline(always)]
pub(crate) fn is_slow(ticks: u64) -> bool {
    ticks >= LEAST.load(Relaxed)
}

/// The tasks whose time is limited, and which of them took too long.
#[derive(Debug)]
pub(crate) struct Slow {
    limits: Vec<Limit>,
    /// The first, until [`resume`](Self::resume): see [`Packed`]. Exchanged with `AcqRel` by the thread that
    /// ended the task, before it rings; loaded with `Acquire` by the dumper, which stores 0 with `Release`.
    first: AtomicU64,
    /// How many came later. Only a number.
    others: AtomicU64,
}

/// Which limit it is that a task exceeded, and how many nanoseconds the task took, in one word; 0 stands for
/// none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Packed(u64);

impl Packed {
    const TIME_BITS: u32 = 48;
    const TIME: u64 = (1 << Self::TIME_BITS) - 1;

    /// More than three days count as so many.
    fn new(limit: u16, took: Duration) -> Self {
        let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX).clamp(1, Self::TIME);
        Self(u64::from(limit) << Self::TIME_BITS | ns)
    }

    fn limit(self) -> usize {
        (self.0 >> Self::TIME_BITS) as usize
    }

    fn took(self) -> Duration {
        Duration::from_nanos(self.0 & Self::TIME)
    }
}

impl Slow {
    pub(crate) fn than(limits: Vec<Limit>) -> Self {
        Self { limits, first: AtomicU64::new(0), others: AtomicU64::new(0) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.limits.is_empty()
    }

    /// Has tasks looked at from now on.
    pub(crate) fn begin(&self) {
        let Some(least) = self.limits.iter().map(|limit| limit.limit).min() else { return };
        let ticks = least.as_nanos().saturating_mul(clock::about_ticks_per_second().into());
        // The frequency is known roughly.
        let ticks = ticks / 1_000_000_000 / 16 * 15;
        LEAST.store(u64::try_from(ticks).unwrap_or(u64::MAX), Relaxed);
    }

    /// Has none looked at any more.
    pub(crate) fn end(&self) {
        if !self.is_empty() {
            LEAST.store(u64::MAX, Relaxed);
        }
    }

    /// Tells of a task, and rings if it is the first of those that were too slow.
    pub(crate) fn notice(&self, name: &str, took: Duration, bell: &Bell) {
        let exceeded = |limit: &Limit| limit.name == name && took >= limit.limit;
        let at = self.limits.iter().position(exceeded).and_then(|at| u16::try_from(at).ok());
        let Some(packed) = at.map(|at| Packed::new(at, took)) else { return };
        match self.first.compare_exchange(0, packed.0, AcqRel, Relaxed) {
            Ok(_) => bell.ring(),
            Err(_) => _ = self.others.fetch_add(1, Relaxed),
        }
    }

    /// The first that was too slow. Others are counted from now on.
    pub(crate) fn first(&self) -> Option<SlowTask> {
        let packed = Packed(self.first.load(Acquire));
        let limit = self.limits.get(packed.limit()).filter(|_| packed.0 != 0)?;
        let others = self.others.swap(0, Relaxed);
        Some(SlowTask { limit: limit.clone(), took: packed.took(), others })
    }

    /// The next one that is too slow is the first again.
    pub(crate) fn resume(&self) {
        self.first.store(0, Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_and_a_time_fit_into_a_word() {
        for (limit, took) in [(0, 1), (7, 50_000_000), (u16::MAX, Packed::TIME)] {
            let packed = Packed::new(limit, Duration::from_nanos(took));
            assert_eq!(packed.limit(), usize::from(limit));
            assert_eq!(packed.took(), Duration::from_nanos(took));
            assert_ne!(packed.0, 0);
        }
        assert_eq!(Packed::new(1, Duration::ZERO).took(), Duration::from_nanos(1));
        assert_eq!(Packed::new(1, Duration::MAX).took(), Duration::from_nanos(Packed::TIME));
    }
}
