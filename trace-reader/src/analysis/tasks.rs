//! How long tasks took, per type.

use std::collections::hash_map::Entry as MapEntry;

use trace_format::{CallsiteId, TaskId};

use super::durations::Durations;
use super::groups::{Group, Groups};
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
}

impl Tasks {
    /// A task begins, for the first time.
    pub(super) fn began(&mut self, callsites: &Callsites, task: TaskId, callsite: CallsiteId) {
        match self.unpaired.entry(task) {
            MapEntry::Occupied(ended_already) => {
                ended_already.remove();
            }
            MapEntry::Vacant(unpaired) => {
                unpaired.insert(Some(callsite));
                self.groups.of(callsites, callsite).open += 1;
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

    pub(super) fn finish(self) -> Vec<TaskType> {
        let task_type = |group: Group<Kept>| {
            let Group { name, callsites, kept: Kept { mut durations, open, began_before } } = group;
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
