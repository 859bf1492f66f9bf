//! What each thread did.

use crate::step::{Fate, RegionEnd};
use crate::{ThreadId, Time};

/// What a thread did. A file may be nothing but threads: there is no room to waste here, so that its name
/// is left [where it is](crate::Thread::name).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadActivity {
    /// The thread.
    pub id: ThreadId,
    /// How many events it emitted that are in the trace.
    pub events: u64,
    /// When the first of them was, and the last.
    pub span: Option<(Time, Time)>,
    /// The time in regions that nothing is around; those that are open at the end of the trace
    /// count up to there.
    pub covered_ns: u64,
    /// The sum of the self times of all regions: the same, unless something was lost.
    pub self_ns: u64,
    /// How many regions nothing is around at their end.
    pub outermost: u64,
}

const _: () = assert!(size_of::<ThreadActivity>() <= 64);

impl ThreadActivity {
    pub(super) fn new(id: ThreadId) -> Self {
        Self { id, events: 0, span: None, covered_ns: 0, self_ns: 0, outermost: 0 }
    }

    /// Adds what the thread did next.
    pub(super) fn go_on(&mut self, next: &Self) {
        self.events += next.events;
        self.span = match (self.span, next.span) {
            (Some((first, _)), Some((_, last))) => Some((first, last)),
            (span, next) => span.or(next),
        };
        self.covered_ns = self.covered_ns.saturating_add(next.covered_ns);
        self.self_ns = self.self_ns.saturating_add(next.self_ns);
        self.outermost += next.outermost;
    }

    /// Counts an event.
    #[inline(always)]
    pub(super) fn event(&mut self, time: Time) {
        self.events += 1;
        let (_, last) = self.span.get_or_insert((time, time));
        *last = time;
    }

    /// Adds the time of a region that is over.
    #[inline(always)]
    pub(super) fn region_ended(&mut self, end: &RegionEnd) {
        self.self_ns = self.self_ns.saturating_add(end.self_ns);
        if end.depth == 0 && end.fate != Fate::BeganBefore {
            self.covered_ns = self.covered_ns.saturating_add(end.covered_ns);
            self.outermost += 1;
        }
    }
}
