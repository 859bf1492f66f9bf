//! What of a trace is kept: everything, or what belongs to some tasks.

use trace_format::{FiberId, TaskId};

use crate::Loss;
use crate::family::Family;
use crate::task_sets::TaskSets;

/// Decides what is kept, and counts what would be.
pub(super) struct Scope(Option<Tasks>);

/// The tasks that are told of.
struct Tasks {
    family: Family,
    /// How many entries are kept for each chosen task.
    limit: u64,
    /// How many there are of each.
    entries: Vec<u64>,
    /// The members that have been seen, and the fibers of members. A damaged file may call both by one number.
    seen: TaskSets<2>,
    lost_events: u64,
    /// The last task of which it turned out that it does not belong to any of these.
    stranger: TaskId,
}

const MEMBERS: usize = 0;
const FIBERS: usize = 1;

impl Scope {
    pub(super) fn everything() -> Self {
        Self(None)
    }

    /// `count` tasks with their `family`.
    pub(super) fn of(family: Family, count: usize, limit: usize, losses: &[Loss]) -> Self {
        Self(Some(Tasks {
            family,
            limit: limit as u64,
            entries: vec![0; count],
            seen: TaskSets::default(),
            lost_events: losses.iter().map(|loss| loss.count).fold(0, u64::saturating_add),
            stranger: TaskId::BACKGROUND,
        }))
    }

    pub(super) fn is_everything(&self) -> bool {
        self.0.is_none()
    }

    /// Counts a region or log of this task. Is it kept?
    pub(super) fn keeps(&mut self, task: TaskId) -> bool {
        self.0.as_mut().is_none_or(|tasks| tasks.keep_once(task, None))
    }

    /// Counts a fiber of this task when it is seen for the first time. Is it kept?
    pub(super) fn keeps_fiber(&mut self, fiber: FiberId, task: TaskId) -> bool {
        self.0.as_mut().is_none_or(|tasks| tasks.keep_once(task, Some(fiber)))
    }

    /// Whether the task is one that was chosen, of which there are few.
    pub(super) fn is_chosen(&self, task: TaskId) -> bool {
        self.0.as_ref().is_some_and(|tasks| tasks.family.is_chosen(task))
    }

    /// Counts a task when it is seen for the first time. Is it kept?
    pub(super) fn keeps_task(&mut self, task: TaskId) -> bool {
        let Some(tasks) = &mut self.0 else { return true };
        let mut owners = tasks.family.owners(task);
        let is_chosen = tasks.family.is_chosen(task);
        if is_chosen {
            // It is no entry of its own.
            owners = &owners[1..];
        } else if owners.is_empty() {
            return false;
        }
        is_new(&mut tasks.seen, MEMBERS, task) && count(&mut tasks.entries, owners, tasks.limit)
            || is_chosen
    }

    /// The task that a member is known to be a part of.
    pub(super) fn parent(&self, task: TaskId) -> Option<TaskId> {
        self.0.as_ref().and_then(|tasks| tasks.family.parent(task))
    }

    /// Counts a loss, and gives it back if it is kept.
    pub(super) fn loss(&mut self, loss: Loss) -> Option<Loss> {
        let Some(tasks) = &mut self.0 else { return Some(loss) };
        tasks.lost_events = tasks.lost_events.saturating_add(loss.count);
        None
    }

    /// How many entries each chosen task has, and how many events were lost.
    pub(super) fn counts(self) -> (Vec<u64>, u64) {
        self.0.map(|tasks| (tasks.entries, tasks.lost_events)).unwrap_or_default()
    }
}

impl Tasks {
    /// Counts an entry of this task, and if it is a fiber only once. Is it kept?
    fn keep_once(&mut self, task: TaskId, fiber: Option<FiberId>) -> bool {
        if task == self.stranger {
            return false;
        }
        let owners = self.family.owners(task);
        if owners.is_empty() {
            self.stranger = task;
            return false;
        }
        // Fibers and tasks are numbered together.
        fiber.is_none_or(|fiber| is_new(&mut self.seen, FIBERS, TaskId(fiber.0)))
            && count(&mut self.entries, owners, self.limit)
    }
}

/// Puts a task or fiber among those that have been seen. Is it new? There is room: what is kept is of a few
/// tasks, and their ids are.
fn is_new(seen: &mut TaskSets<2>, set: usize, id: TaskId) -> bool {
    seen.insert(set, id).is_some_and(|before| !before.is_in(set))
}

/// Counts an entry of these owners. Has one of them room for it?
fn count(entries: &mut [u64], owners: &[usize], limit: u64) -> bool {
    let mut has_room = false;
    for &owner in owners {
        entries[owner] += 1;
        has_room |= entries[owner] <= limit;
    }
    has_room
}
