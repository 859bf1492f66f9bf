//! How long futures took, per type, and where that time went.
//!
//! From its begin to its end, a future is being polled (*busy*), could be polled and is not (*ready*), or
//! waits to be woken (*idle*). An end tells all of that, so that it counts whether or not the polls are in
//! the trace. What the polls tell themselves is the time in no region inside of them. The end of one that was
//! deeper in the stack than the head of a chunk lists does not tell the future, and counts as that of a region.

use trace_format::{CallsiteId, FiberOutcome};

use super::durations::Durations;
use super::groups::{Group, Groups};
use crate::ledger::Pair;
use crate::step::{Fate, FiberEnd, RegionEnd};
use crate::{Callsites, Time};

/// The futures of one name.
#[derive(Clone, Debug, Default, PartialEq)]
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
    /// when they were woken. One that is polled within another one is woken with that: it is idle, but for its
    /// first poll, and the other one tells the time.
    pub ready_ns: u128,
    /// How often they were polled, the same ones.
    pub polls: u64,
    /// The time in polls and in no region or poll inside of them, of all polls that are whole in the trace.
    pub self_ns: u128,
    /// How many began in the trace.
    pub began: u64,
    /// How many of those did not end in it.
    pub pending: u64,
    /// How many ended that began before the recording did.
    pub began_before: u64,
    /// How many of those that ended were dropped before they had given their result.
    pub cancelled: u64,
    /// How many of those that ended panicked.
    pub panicked: u64,
}

impl FutureType {
    /// Adds what others did: of a part of the trace, or of another trace. The name and the callsites stay.
    pub fn add(&mut self, other: Self) {
        let Self { name: _, callsites: _, durations, busy_ns, ready_ns, polls, self_ns, .. } =
            other;
        let Self { began, pending, began_before, cancelled, panicked, .. } = other;
        self.durations.merge(durations);
        self.busy_ns += busy_ns;
        self.ready_ns += ready_ns;
        // A file may say any number of these, unlike of the others, which are counted.
        self.polls = self.polls.saturating_add(polls);
        self.self_ns += self_ns;
        self.began += began;
        self.pending += pending;
        self.began_before += began_before;
        self.cancelled += cancelled;
        self.panicked += panicked;
    }

    /// The rest: the time in which they waited to be woken, or within others that were ready, of those in [`durations`](Self::durations).
    pub fn idle_ns(&self) -> u128 {
        self.durations.total_ns().saturating_sub(self.busy_ns).saturating_sub(self.ready_ns)
    }
}

#[derive(Debug, Default)]
struct Kept {
    /// All of it but the name, the callsites and what is pending.
    row: FutureType,
    /// How many began and have not been seen to end. Less than none where one ended as one of another type.
    pending: i64,
}

#[derive(Debug, Default)]
pub(super) struct Futures {
    groups: Groups<Kept>,
}

impl Futures {
    #[inline]
    pub(super) fn began(&mut self, callsites: &Callsites, callsite: CallsiteId, pair: Pair) {
        let kept = self.groups.of(callsites, callsite);
        kept.row.began += 1;
        kept.pending += i64::from(pair == Pair::One);
    }

    pub(super) fn polled(&mut self, callsites: &Callsites, end: &RegionEnd) {
        if end.fate == Fate::Complete {
            self.groups.of(callsites, end.callsite).row.self_ns += u128::from(end.self_ns);
        }
    }

    /// Takes time back from the own time of polls: it was spent in regions inside of one.
    pub(super) fn correct(
        &mut self,
        callsites: &Callsites,
        callsite: CallsiteId,
        children_ns: u64,
    ) {
        self.groups.of(callsites, callsite).row.self_ns -= u128::from(children_ns);
    }

    pub(super) fn ended(&mut self, callsites: &Callsites, end: &FiberEnd, now: Time, pair: Pair) {
        let Kept { row, pending } = self.groups.of(callsites, end.callsite);
        *pending -= i64::from(pair == Pair::Both);
        match end.outcome {
            FiberOutcome::Cancelled => row.cancelled += 1,
            FiberOutcome::Panicked => row.panicked += 1,
            _ => {}
        }
        match end.life {
            Some(life) => {
                row.durations.record(now.since(life.begin));
                row.busy_ns += u128::from(life.busy_ns);
                row.ready_ns += u128::from(life.waited_ns);
                row.polls = row.polls.saturating_add(life.polls);
            }
            None => row.began_before += 1,
        }
    }

    /// A begin or an end with this callsite, of which the other half was not known when it was counted, turns
    /// out to have one.
    pub(super) fn paired(&mut self, callsites: &Callsites, callsite: CallsiteId) {
        self.groups.of(callsites, callsite).pending -= 1;
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
            kept.row.add(other.row);
            kept.pending += other.pending;
        });
    }

    pub(super) fn finish(self) -> Vec<FutureType> {
        let future_type = |group: Group<Kept>| {
            let Group { name, callsites, kept: Kept { row, pending } } = group;
            let pending = u64::try_from(pending).unwrap_or(0);
            let mut row = FutureType { name, callsites, pending, ..row };
            row.durations.settle();
            row
        };
        let mut types: Vec<_> = self.groups.into_groups().into_iter().map(future_type).collect();
        types.sort_by(|a, b| {
            b.durations.total_ns().cmp(&a.durations.total_ns()).then_with(|| a.name.cmp(&b.name))
        });
        types
    }
}
