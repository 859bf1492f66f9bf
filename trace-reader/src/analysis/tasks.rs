//! How long tasks took, per type.

use std::collections::hash_map::Entry as MapEntry;

use trace_format::{CallsiteId, TaskId};

use super::durations::Durations;
use super::groups::{Group, Groups};
use super::many::Many;
use crate::numbers::NumberMap;
use crate::{Callsites, Time};

/// The tasks of one name.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskType {
    /// The name.
    pub name: String,
    /// Where such tasks begin.
    pub callsites: Vec<CallsiteId>,
    /// How long they took, those that ended.
    pub durations: Durations,
    /// How many are open at the end of the trace.
    pub open: u64,
    /// How many ended that began before the trace.
    pub began_before: u64,
}

#[derive(Debug, Default)]
struct Kept {
    durations: Durations,
    /// How many began and have not been seen to end.
    open: u64,
    began_before: u64,
}

#[derive(Debug, Default)]
pub(super) struct Tasks {
    groups: Groups<Kept>,
    /// What has begun, and no end been seen of. Threads are read one after the other, so that the
    /// end may come first: then the callsite is `None`.
    unpaired: NumberMap<TaskId, Option<CallsiteId>>,
    /// What was found when others were added.
    many: Many,
}

impl Tasks {
    /// A task begins, for the first time.
    pub(super) fn began(&mut self, callsites: &Callsites, task: TaskId, callsite: CallsiteId) {
        let kept = self.groups.of(callsites, callsite);
        match self.unpaired.entry(task) {
            MapEntry::Occupied(ended_already) => {
                ended_already.remove();
            }
            MapEntry::Vacant(unpaired) => {
                unpaired.insert(Some(callsite));
                kept.open += 1;
            }
        }
    }

    /// A task ends, for the first time.
    pub(super) fn ended(
        &mut self,
        callsites: &Callsites,
        task: TaskId,
        callsite: CallsiteId,
        begin: Option<Time>,
        end: Time,
    ) {
        match self.unpaired.entry(task) {
            MapEntry::Occupied(unpaired) => match *unpaired.get() {
                Some(began) => {
                    unpaired.remove();
                    self.groups.of(callsites, began).open -= 1;
                }
                None if begin.is_none() => {
                    unpaired.remove();
                }
                None => {}
            },
            MapEntry::Vacant(unpaired) if begin.is_some() => {
                unpaired.insert(None);
            }
            // What is said to have begun before the trace has no begin in it.
            MapEntry::Vacant(_) => {}
        }
        let kept = self.groups.of(callsites, callsite);
        match begin {
            Some(begin) => kept.durations.record(end.since(begin)),
            None => kept.began_before += 1,
        }
    }

    /// Whether a task began and has not been seen to end.
    pub(super) fn is_open(&self, task: TaskId) -> bool {
        matches!(self.unpaired.get(&task), Some(Some(_)))
    }

    /// The tasks that began and have not been seen to end.
    pub(super) fn open(&self) -> impl Iterator<Item = TaskId> {
        self.unpaired.iter().filter_map(|(task, began)| began.map(|_| *task))
    }

    /// The types of which there are many, as far as is known.
    pub(super) fn many(&self) -> &Many {
        &self.many
    }

    /// Is told of which there are many: their durations need not be kept exactly.
    pub(super) fn expect(&mut self, callsites: &Callsites, many: &Many) {
        for callsite in many.iter() {
            self.groups.of(callsites, callsite).durations.expect_many();
        }
    }

    /// Adds what was found elsewhere, later in the trace. No task may have begun, or ended, both here
    /// and there. There, `unseen` ended without having begun, and are said to have done so before the
    /// trace.
    pub(super) fn merge(&mut self, callsites: &Callsites, other: Self, unseen: &[TaskId]) {
        let many = &mut self.many;
        self.groups.merge(callsites, other.groups, |kept, other, ids| {
            kept.durations.merge(other.durations);
            if !kept.durations.is_exact() {
                many.add(ids);
            }
            kept.open += other.open;
            kept.began_before += other.began_before;
        });
        for task in unseen {
            if let Some(Some(began)) = self.unpaired.remove(task) {
                self.groups.of(callsites, began).open -= 1;
            }
        }
        for (task, there) in other.unpaired {
            match self.unpaired.entry(task) {
                MapEntry::Occupied(here) => {
                    if let Some(began) = here.remove().or(there) {
                        self.groups.of(callsites, began).open -= 1;
                    }
                }
                MapEntry::Vacant(unpaired) => {
                    unpaired.insert(there);
                }
            }
        }
    }

    pub(super) fn finish(self) -> Vec<TaskType> {
        let task_type = |group: Group<Kept>| {
            let Group { name, callsites, kept } = group;
            let Kept { mut durations, open, began_before } = kept;
            durations.settle();
            TaskType { name, callsites, durations, open, began_before }
        };
        let mut types: Vec<_> = self.groups.into_groups().into_iter().map(task_type).collect();
        types.sort_by(|a, b| {
            b.durations.total_ns().cmp(&a.durations.total_ns()).then_with(|| a.name.cmp(&b.name))
        });
        types
    }
}
