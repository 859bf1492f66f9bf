//! How long futures took, per type, and where that time went.
//!
//! From its begin to its end, a future is being polled (*busy*), could be polled and is not (*ready*), or
//! waits to be woken (*idle*). An end tells all of that, so that it counts whether or not the polls are in
//! the trace. What the polls tell themselves is the time in no region inside of them.

use trace_format::{CallsiteId, FiberOutcome};

use super::durations::Durations;
use super::groups::{Group, Groups};
use crate::Callsites;
use crate::step::{Fate, FiberEnd, RegionEnd};

/// The futures of one name.
#[derive(Clone, Debug, PartialEq)]
pub struct FutureType {
    /// The name.
    pub name: String,
    /// Where such futures are.
    pub callsites: Vec<CallsiteId>,
    /// How long they took, those that ended and began in the same recording.
    pub durations: Durations,
    /// The time in their polls, of the same ones.
    pub busy_ns: u128,
    /// The time in which they could have been polled and were not, of the same ones, as far as it is known
    /// when they were woken.
    pub ready_ns: u128,
    /// How often they were polled, the same ones.
    pub polls: u64,
    /// The time in polls and in no region or poll inside of them, of all polls that are whole in the trace.
    pub self_ns: u128,
    /// How many began in the trace.
    pub began: u64,
    /// How many ended that began before the recording did.
    pub began_before: u64,
    /// How many of those that ended were dropped before they had given their result.
    pub cancelled: u64,
    /// How many of those that ended panicked.
    pub panicked: u64,
}

impl FutureType {
    /// The time in which they waited to be woken, of those in [`durations`](Self::durations).
    pub fn idle_ns(&self) -> u128 {
        self.durations.total_ns().saturating_sub(self.busy_ns).saturating_sub(self.ready_ns)
    }
}

#[derive(Debug, Default)]
struct Kept {
    durations: Durations,
    busy_ns: u128,
    ready_ns: u128,
    polls: u64,
    self_ns: u128,
    began: u64,
    began_before: u64,
    cancelled: u64,
    panicked: u64,
}

#[derive(Debug, Default)]
pub(super) struct Futures {
    groups: Groups<Kept>,
}

impl Futures {
    pub(super) fn began(&mut self, callsites: &Callsites, callsite: CallsiteId) {
        self.groups.of(callsites, callsite).began += 1;
    }

    pub(super) fn polled(&mut self, callsites: &Callsites, end: &RegionEnd) {
        if end.fate == Fate::Complete {
            self.groups.of(callsites, end.callsite).self_ns += u128::from(end.self_ns);
        }
    }

    /// Takes time back from the own time of polls: it was spent in regions inside of one.
    pub(super) fn correct(
        &mut self,
        callsites: &Callsites,
        callsite: CallsiteId,
        children_ns: u64,
    ) {
        self.groups.of(callsites, callsite).self_ns -= u128::from(children_ns);
    }

    pub(super) fn ended(&mut self, callsites: &Callsites, end: &FiberEnd, now: crate::Time) {
        let kept = self.groups.of(callsites, end.callsite);
        match end.outcome {
            FiberOutcome::Cancelled => kept.cancelled += 1,
            FiberOutcome::Panicked => kept.panicked += 1,
            _ => {}
        }
        match end.life {
            Some(life) => {
                kept.durations.record(now.since(life.begin));
                kept.busy_ns += u128::from(life.busy_ns);
                kept.ready_ns += u128::from(life.waited_ns);
                kept.polls = kept.polls.saturating_add(life.polls);
            }
            None => kept.began_before += 1,
        }
    }

    /// Is of a part only.
    pub(super) fn of_part(&mut self) {
        self.groups.of_part();
    }

    /// Whether there are so many types that not all of them are told apart.
    pub(super) fn is_full(&self) -> bool {
        self.groups.is_full()
    }

    /// Adds what was counted elsewhere.
    pub(super) fn merge(&mut self, callsites: &Callsites, other: Self) {
        self.groups.merge(callsites, other.groups, |kept, other, _| {
            kept.durations.merge(other.durations);
            kept.busy_ns += other.busy_ns;
            kept.ready_ns += other.ready_ns;
            kept.polls = kept.polls.saturating_add(other.polls);
            kept.self_ns += other.self_ns;
            kept.began += other.began;
            kept.began_before += other.began_before;
            kept.cancelled += other.cancelled;
            kept.panicked += other.panicked;
        });
    }

    pub(super) fn finish(self) -> Vec<FutureType> {
        let future_type = |group: Group<Kept>| {
            let Group { name, callsites, mut kept } = group;
            kept.durations.settle();
            let Kept { durations, busy_ns, ready_ns, polls, self_ns, .. } = kept;
            let Kept { began, began_before, cancelled, panicked, .. } = kept;
            FutureType {
                name,
                callsites,
                durations,
                busy_ns,
                ready_ns,
                polls,
                self_ns,
                began,
                began_before,
                cancelled,
                panicked,
            }
        };
        let mut types: Vec<_> = self.groups.into_groups().into_iter().map(future_type).collect();
        types.sort_by(|a, b| {
            b.durations.total_ns().cmp(&a.durations.total_ns()).then_with(|| a.name.cmp(&b.name))
        });
        types
    }
}
