//! How long tasks took, per type.

use trace_format::CallsiteId;

use super::durations::Durations;
use super::groups::{Group, Groups};
use super::many::Many;
use crate::ledger::Pair;
use crate::{Callsites, Time};

/// The tasks of one name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskType {
    /// The name.
    pub name: String,
    /// Where such tasks begin.
    pub callsites: Vec<CallsiteId>,
    /// How long they took, those that ended.
    pub durations: Durations,
    /// How many are open at the end of the trace.
    ///
    /// A task that ends as one of another type than it began, as none does that was recorded, is taken to have
    /// been of the one that comes later in the order in which threads are read.
    pub open: u64,
    /// How many ended that began before the trace.
    pub began_before: u64,
}

impl TaskType {
    /// Adds others: of a part of the trace, or of another trace. The name and the callsites stay.
    pub fn add(&mut self, other: Self) {
        let Self { name: _, callsites: _, durations, open, began_before } = other;
        self.durations.merge(durations);
        self.open += open;
        self.began_before += began_before;
    }
}

#[derive(Debug, Default)]
struct Kept {
    /// All of it but the name, the callsites and what is open.
    row: TaskType,
    /// How many began and have not been seen to end. Less than none where a task ended as one of another
    /// type.
    open: i64,
}

#[derive(Debug, Default)]
pub(super) struct Tasks {
    groups: Groups<Kept>,
    /// What was found when others were added.
    many: Many,
}

impl Tasks {
    /// A task begins, for the first time.
    #[inline]
    pub(super) fn began(&mut self, callsites: &Callsites, callsite: CallsiteId, pair: Pair) {
        let kept = self.groups.of(callsites, callsite);
        kept.open += i64::from(pair == Pair::One);
    }

    /// A task ends, for the first time.
    #[inline]
    pub(super) fn ended(
        &mut self,
        callsites: &Callsites,
        callsite: CallsiteId,
        begin: Option<Time>,
        end: Time,
        pair: Pair,
    ) {
        let kept = self.groups.of(callsites, callsite);
        kept.open -= i64::from(pair == Pair::Both);
        match begin {
            Some(begin) => kept.row.durations.record(end.since(begin)),
            None => kept.row.began_before += 1,
        }
    }

    /// A begin or an end with this callsite, of which the other half was not known when it was counted, turns
    /// out to have one.
    pub(super) fn paired(&mut self, callsites: &Callsites, callsite: CallsiteId) {
        self.groups.of(callsites, callsite).open -= 1;
    }

    /// Is of a part only.
    pub(super) fn of_part(&mut self) {
        self.groups.of_part();
    }

    /// Whether there are so many types that not all of them are told apart.
    pub(super) fn is_full(&self) -> bool {
        self.groups.is_full()
    }

    /// The types of which there are many, as far as is known.
    pub(super) fn many(&self) -> &Many {
        &self.many
    }

    /// Is told of which there are many: their durations need not be kept exactly.
    pub(super) fn expect(&mut self, callsites: &Callsites, many: &Many) {
        for callsite in many.iter() {
            self.groups.of(callsites, callsite).row.durations.expect_many();
        }
    }

    /// Adds what was found elsewhere.
    pub(super) fn merge(&mut self, callsites: &Callsites, other: Self) {
        let many = &mut self.many;
        self.groups.merge(callsites, other.groups, |kept, other, ids| {
            kept.row.add(other.row);
            if !kept.row.durations.is_exact() {
                many.add(ids);
            }
            kept.open += other.open;
        });
    }

    pub(super) fn finish(self) -> Vec<TaskType> {
        let task_type = |group: Group<Kept>| {
            let Group { name, callsites, kept: Kept { row, open } } = group;
            let open = u64::try_from(open).unwrap_or(0);
            let mut row = TaskType { name, callsites, open, ..row };
            row.durations.settle();
            row
        };
        let mut types: Vec<_> = self.groups.into_groups().into_iter().map(task_type).collect();
        types.sort_by(|a, b| {
            b.durations.total_ns().cmp(&a.durations.total_ns()).then_with(|| a.name.cmp(&b.name))
        });
        types
    }
}
