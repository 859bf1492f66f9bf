//! Who belongs to the tasks that were chosen: they and their subtasks, and those of these.
//!
//! A chosen task may be a part of another one, and what belongs to it belongs to both. A damaged
//! trace may call two tasks parts of each other: every walk towards the background ends where it
//! has been.

use std::collections::HashMap;

use trace_format::TaskId;

/// Which of the chosen tasks a task belongs to.
#[derive(Debug)]
pub(crate) struct Family {
    /// Where the chosen tasks are among their like.
    chosen: HashMap<TaskId, usize>,
    /// For each chosen task, the ones that it belongs to: first itself.
    owners: Vec<Vec<usize>>,
    /// The parts of chosen tasks, the chosen ones too, sorted by the part.
    members: Vec<Member>,
}

/// A task that is a part of a chosen one, directly or not.
#[derive(Clone, Copy, Debug)]
struct Member {
    task: TaskId,
    parent: TaskId,
    /// The nearest chosen task on the way to the background, possibly the task itself.
    chosen: u32,
}

const UNKNOWN: u32 = u32::MAX;
const NONE: u32 = u32::MAX - 1;

impl Family {
    /// Of the chosen `tasks`, where `parts` tells which task is a part of which.
    pub(crate) fn new(tasks: &[TaskId], parts: Vec<(TaskId, TaskId)>) -> Self {
        let position = |(at, &task): (usize, &TaskId)| (task, at);
        let chosen: HashMap<TaskId, usize> = tasks.iter().enumerate().map(position).collect();
        let member = |(task, parent): (TaskId, TaskId)| {
            let chosen = chosen.get(&task).map_or(UNKNOWN, |&at| at as u32);
            Member { task, parent, chosen }
        };
        let mut members: Vec<Member> = parts.into_iter().map(member).collect();
        // Stable: of two parents the one that was told first.
        members.sort_by_key(|member| member.task);
        members.dedup_by_key(|member| member.task);
        let mut family = Self { owners: Vec::new(), chosen, members };
        family.find_members();
        family.find_owners(tasks);
        family
    }

    /// Follows each part to the nearest chosen task, and lets all on the way know.
    fn find_members(&mut self) {
        let mut way = Vec::new();
        for start in 0..self.members.len() {
            let mut at = start;
            let found = loop {
                if self.members[at].chosen != UNKNOWN {
                    break self.members[at].chosen;
                }
                // Known for now, so that a circle ends here.
                self.members[at].chosen = NONE;
                way.push(at);
                let parent = self.members[at].parent;
                match (self.chosen.get(&parent), self.position(parent)) {
                    (Some(&chosen), _) => break chosen as u32,
                    (None, Some(next)) => at = next,
                    (None, None) => break NONE,
                }
            };
            for at in way.drain(..) {
                self.members[at].chosen = found;
            }
        }
        self.members.retain(|member| member.chosen != NONE);
        self.members.shrink_to_fit();
    }

    /// Goes from each chosen task to the next one towards the background, and so on.
    fn find_owners(&mut self, tasks: &[TaskId]) {
        let around = |&task: &TaskId| self.parent(task).and_then(|parent| self.nearest(parent));
        let around: Vec<Option<usize>> = tasks.iter().map(around).collect();
        let owners = |at: usize| {
            let mut owners = vec![at];
            let mut next = around[at];
            while let Some(at) = next.filter(|at| !owners.contains(at)) {
                owners.push(at);
                next = around[at];
            }
            owners
        };
        self.owners = (0..tasks.len()).map(owners).collect();
    }

    /// The chosen task that is nearest to a task on its way to the background, if not itself.
    fn nearest(&self, task: TaskId) -> Option<usize> {
        let chosen = self.chosen.get(&task).copied();
        chosen.or_else(|| self.member(task).map(|member| member.chosen as usize))
    }

    fn position(&self, task: TaskId) -> Option<usize> {
        self.members.binary_search_by_key(&task, |member| member.task).ok()
    }

    fn member(&self, task: TaskId) -> Option<Member> {
        self.position(task).map(|at| self.members[at])
    }

    /// The task that a member is a part of.
    pub(crate) fn parent(&self, task: TaskId) -> Option<TaskId> {
        self.member(task).map(|member| member.parent)
    }

    /// Whether a task is one of the chosen ones.
    pub(crate) fn is_chosen(&self, task: TaskId) -> bool {
        self.chosen.contains_key(&task)
    }

    /// The chosen tasks that a task belongs to, by position: itself, when it is chosen, first. None
    /// when it belongs to no chosen one.
    pub(crate) fn owners(&self, task: TaskId) -> &[usize] {
        self.nearest(task).map_or(&[], |at| &self.owners[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn family(chosen: &[u64], parts: &[(u64, u64)]) -> Family {
        let chosen: Vec<TaskId> = chosen.iter().copied().map(TaskId).collect();
        Family::new(&chosen, parts.iter().map(|&(part, of)| (TaskId(part), TaskId(of))).collect())
    }

    #[trace::test]
    fn parts_of_parts_belong() {
        let family = family(&[1, 3], &[(5, 4), (2, 1), (3, 2), (4, 3), (9, 8)]);
        assert_eq!(family.owners(TaskId(1)), [0]);
        assert_eq!(family.owners(TaskId(2)), [0]);
        assert_eq!(family.owners(TaskId(3)), [1, 0]);
        assert_eq!(family.owners(TaskId(5)), [1, 0]);
        assert_eq!(family.parent(TaskId(5)), Some(TaskId(4)));
        assert!(family.owners(TaskId(9)).is_empty());
        assert!(family.owners(TaskId(8)).is_empty());
    }

    #[trace::test]
    fn circles_end() {
        let both = family(&[1, 2], &[(1, 2), (2, 1)]);
        assert_eq!((both.owners(TaskId(1)), both.owners(TaskId(2))), (&[0, 1][..], &[1, 0][..]));
        // A circle that chosen tasks are no part of, and one that one of them hangs on.
        let beside = family(&[5], &[(1, 2), (2, 1), (3, 1), (5, 2)]);
        assert_eq!(beside.owners(TaskId(5)), [0]);
        assert!(beside.owners(TaskId(3)).is_empty());
    }
}
