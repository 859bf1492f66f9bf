//! From ticks to nanoseconds, and from those to the wall clock.
//!
//! The trace's clock is related to the operating system's by anchors: readings of both together.
//! Between two anchors time is interpolated linearly, outside of them the nearest segment goes on;
//! the result is exact and rounded down to whole nanoseconds. With a single anchor the header
//! tells the rate, and with none, or when it does not, a tick is a nanosecond.
//!
//! Invariants: conversion is monotonic, and an anchor is converted to exactly what it says.

use trace_format::{Anchor, ClockSource};

use crate::{Header, Time};

/// The ratio of a segment is multiplied by 2^80 so that most conversions need no division.
const FRACTION_BITS: u32 = 80;

/// Up to this many ticks the multiplication gives the same as the division: with ticks and
/// divisor below 2^40 the error, ticks / 2^80, is smaller than the distance of the quotient to
/// the next integer, 1 / divisor.
const FAST_TICKS: u64 = 1 << 40;

/// Converts what the clock of a trace showed.
#[derive(Clone, Debug)]
pub struct Clock {
    /// At least one; their starts ascend. The first is used before its start, too.
    segments: Vec<Segment>,
    /// When each anchor was read, and what the wall clock showed.
    walls: Vec<(Time, u64)>,
    /// What the monotonic clock showed at the start of the trace.
    start_monotonic_ns: Option<i128>,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    start_ticks: u64,
    start_ns: i64,
    ns: u64,
    per_ticks: u64,
    /// `ns / per_ticks`, scaled and rounded up; 0 when it has to be divided.
    scaled: u128,
}

impl Segment {
    fn new(start_ticks: u64, start_ns: i64, ns: u64, per_ticks: u64) -> Self {
        let fast = per_ticks < FAST_TICKS && ns >> 8 < per_ticks && ns < 1 << 48;
        let scaled = if fast {
            (u128::from(ns) << FRACTION_BITS).div_ceil(u128::from(per_ticks))
        } else {
            0
        };
        Self { start_ticks, start_ns, ns, per_ticks, scaled }
    }

    fn convert(&self, ticks: u64) -> i64 {
        let since = ticks.wrapping_sub(self.start_ticks);
        if ticks >= self.start_ticks && since < FAST_TICKS && self.scaled != 0 {
            return self.start_ns.saturating_add(self.multiply(since));
        }
        self.divide(ticks)
    }

    /// The nanoseconds that so many ticks take, fewer than [`FAST_TICKS`]: less than 2^48.
    #[inline(always)]
    fn multiply(&self, ticks: u64) -> i64 {
        ((u128::from(ticks) * self.scaled) >> FRACTION_BITS) as i64
    }

    fn divide(&self, ticks: u64) -> i64 {
        let (ns, per_ticks) = (u128::from(self.ns), u128::from(self.per_ticks));
        let since = u128::from(ticks.abs_diff(self.start_ticks));
        let whole = since * ns;
        let ns = if ticks >= self.start_ticks {
            i128::try_from(whole / per_ticks).unwrap_or(i128::MAX / 2)
        } else {
            -i128::try_from(whole.div_ceil(per_ticks)).unwrap_or(i128::MAX / 2)
        };
        clamp(i128::from(self.start_ns) + ns)
    }
}

fn clamp(ns: i128) -> i64 {
    ns.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

impl Clock {
    /// `start_ticks` is what the clock showed at the start of the trace.
    pub(crate) fn new(anchors: &[Anchor], header: Option<&Header>, start_ticks: u64) -> Self {
        let mut sorted = anchors.to_vec();
        sorted.sort_by_key(|anchor| anchor.ticks);
        let mut kept: Vec<Anchor> = Vec::with_capacity(sorted.len());
        for anchor in sorted {
            let later = kept.last().is_none_or(|last| {
                anchor.ticks > last.ticks && anchor.monotonic_ns > last.monotonic_ns
            });
            if later {
                kept.push(anchor);
            }
        }
        let (ns, per_ticks) = match header {
            Some(header) if header.clock != ClockSource::Monotonic => match header.ticks_per_second
            {
                0 => (1, 1),
                ticks_per_second => (1_000_000_000, ticks_per_second),
            },
            _ => (1, 1),
        };
        let mut segments = Vec::with_capacity(kept.len().max(1));
        match &kept[..] {
            [] => segments.push(Segment::new(start_ticks, 0, ns, per_ticks)),
            [only] => segments.push(Segment::new(only.ticks.0, 0, ns, per_ticks)),
            [first, ..] => {
                for pair in kept.windows(2) {
                    let ns = pair[1].monotonic_ns - pair[0].monotonic_ns;
                    let ticks = pair[1].ticks.0 - pair[0].ticks.0;
                    let start = clamp(i128::from(pair[0].monotonic_ns - first.monotonic_ns));
                    segments.push(Segment::new(pair[0].ticks.0, start, ns, ticks));
                }
                let (last, anchor) = (segments[segments.len() - 1], &kept[kept.len() - 1]);
                let start = clamp(i128::from(anchor.monotonic_ns - first.monotonic_ns));
                segments.push(Segment::new(anchor.ticks.0, start, last.ns, last.per_ticks));
            }
        }
        let mut clock = Self { segments, walls: Vec::new(), start_monotonic_ns: None };
        let zero = clock.time(start_ticks).0;
        for segment in &mut clock.segments {
            segment.start_ns = segment.start_ns.saturating_sub(zero);
        }
        let monotonic = |first: &Anchor| {
            i128::from(first.monotonic_ns) - i128::from(clock.time(first.ticks.0).0)
        };
        clock.start_monotonic_ns = kept.first().map(monotonic);
        clock.walls = kept.iter().map(|a| (clock.time(a.ticks.0), a.wall_ns)).collect();
        if let (Some(header), true) = (header, clock.walls.is_empty()) {
            clock.walls.push((Time::START, header.wall_ns));
        }
        clock
    }

    /// The segment for `ticks`: the last one that starts there or before.
    fn segment(&self, ticks: u64) -> usize {
        self.segments.partition_point(|segment| segment.start_ticks <= ticks).saturating_sub(1)
    }

    /// When the clock showed `ticks`.
    pub fn time(&self, ticks: u64) -> Time {
        Time(self.segments[self.segment(ticks)].convert(ticks))
    }

    /// How long so many ticks took, the last of them at `end_ticks`.
    pub(crate) fn elapsed_ns(&self, ticks: u64, end_ticks: u64) -> u64 {
        self.time(end_ticks).since(self.time(end_ticks.saturating_sub(ticks)))
    }

    /// What the wall clock showed then, in nanoseconds since 1970-01-01 00:00 UTC, going by the
    /// anchor before; `None` when neither an anchor nor the header tells.
    pub fn wall_ns(&self, time: Time) -> Option<u64> {
        let next = self.walls.partition_point(|(at, _)| *at <= time);
        let (at, wall_ns) = *self.walls.get(next.saturating_sub(1))?;
        let wall_ns = i128::from(wall_ns) + i128::from(time.0) - i128::from(at.0);
        Some(wall_ns.clamp(0, i128::from(u64::MAX)) as u64)
    }

    /// What the operating system's monotonic clock showed then, in nanoseconds; `None` when no anchor
    /// tells. On Linux that is `CLOCK_MONOTONIC`, which other traces of the same machine go by.
    pub fn monotonic_ns(&self, time: Time) -> Option<u64> {
        let ns = self.start_monotonic_ns? + i128::from(time.0);
        Some(ns.clamp(0, i128::from(u64::MAX)) as u64)
    }

    /// How many anchors are used.
    pub fn anchors(&self) -> usize {
        self.walls.len()
    }
}

/// Converts ticks that mostly ascend, remembering the segment.
#[derive(Clone, Debug)]
pub(crate) struct ClockCursor<'t> {
    clock: &'t Clock,
    segment: Segment,
    /// So many ticks from the start of the segment on, nothing is to be done but multiply and add.
    plain_ticks: u64,
}

impl<'t> ClockCursor<'t> {
    pub(crate) fn new(clock: &'t Clock) -> Self {
        let mut cursor = Self { clock, segment: clock.segments[0], plain_ticks: 0 };
        cursor.seek(0);
        cursor
    }

    #[inline(always)]
    pub(crate) fn time(&mut self, ticks: u64) -> Time {
        self.plain(ticks).unwrap_or_else(|| self.seek(ticks))
    }

    /// When something else was, wherever that is, without going there.
    #[inline(always)]
    pub(crate) fn time_elsewhere(&self, ticks: u64) -> Time {
        self.plain(ticks).unwrap_or_else(|| self.clock.time(ticks))
    }

    #[inline(always)]
    fn plain(&self, ticks: u64) -> Option<Time> {
        let since = ticks.wrapping_sub(self.segment.start_ticks);
        (since < self.plain_ticks)
            .then(|| Time(self.segment.start_ns.wrapping_add(self.segment.multiply(since))))
    }

    #[cold]
    fn seek(&mut self, ticks: u64) -> Time {
        let index = self.clock.segment(ticks);
        self.segment = self.clock.segments[index];
        let Segment { start_ticks, start_ns, scaled, .. } = self.segment;
        let end_ticks = self.clock.segments.get(index + 1).map_or(u64::MAX, |s| s.start_ticks);
        let adds_up = start_ns.checked_add(1 << 48).is_some();
        self.plain_ticks = if adds_up && scaled != 0 {
            end_ticks.saturating_sub(start_ticks).min(FAST_TICKS)
        } else {
            0
        };
        Time(self.segment.convert(ticks))
    }
}
