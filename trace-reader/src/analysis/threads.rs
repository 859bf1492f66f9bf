//! What each thread did.

use crate::step::{Fate, RegionEnd};
use crate::{ThreadId, Time};

/// What a thread did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadActivity {
    /// The thread.
    pub id: ThreadId,
    /// Its name, possibly empty.
    pub name: String,
    /// How many events it emitted that are in the trace.
    pub events: u64,
    /// When the first of them was.
    pub first: Option<Time>,
    /// When the last of them was.
    pub last: Option<Time>,
    /// The time in regions that nothing is around; those that are open at the end of the trace
    /// count up to there.
    pub covered_ns: u64,
    /// The sum of the self times of all regions: the same, unless something was lost.
    pub self_ns: u64,
    /// How many regions nothing is around at their end.
    pub outermost: u64,
}

impl ThreadActivity {
    pub(super) fn new(id: ThreadId, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            events: 0,
            first: None,
            last: None,
            covered_ns: 0,
            self_ns: 0,
            outermost: 0,
        }
    }

    /// Adds what the thread did next.
    pub(super) fn go_on(&mut self, next: &Self) {
        self.events += next.events;
        self.first = self.first.or(next.first);
        self.last = next.last.or(self.last);
        self.covered_ns = self.covered_ns.saturating_add(next.covered_ns);
        self.self_ns = self.self_ns.saturating_add(next.self_ns);
        self.outermost += next.outermost;
    }

    /// Counts an event.
    #[inline(always)]
    pub(super) fn event(&mut self, time: Time) {
        if self.events == 0 {
            self.first = Some(time);
        }
        self.events += 1;
        self.last = Some(time);
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
