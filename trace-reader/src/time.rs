//! Instants and threads: the two coordinates of everything in a trace.

use std::fmt;

/// An instant, in nanoseconds since the start of the trace.
///
/// Every reading of the trace's clock is converted once, to an integer, and durations are
/// differences of those integers: sums of durations telescope without a rounding error.
///
/// Negative for what began before the start and is known to have: a region that was already open
/// when the window of a flight recorder began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

impl Time {
    /// The start of the trace: its first clock anchor or chunk.
    pub const START: Self = Self(0);

    /// Nanoseconds since the start of the trace.
    #[inline]
    pub fn ns(self) -> i64 {
        self.0
    }

    /// Nanoseconds from `earlier` to here; 0 when `earlier` is later.
    #[inline]
    pub fn since(self, earlier: Self) -> u64 {
        if self.0 > earlier.0 { self.0.abs_diff(earlier.0) } else { 0 }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ns", self.0)
    }
}

/// A thread of the traced program, numbered from 1 in the order of their first events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThreadId(pub u64);

impl fmt::Display for ThreadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
