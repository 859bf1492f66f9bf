//! Which type the tasks are of that events name, while the events go by.
//!
//! A trace may have more tasks than fit into memory. So those are remembered that are open, and those that
//! ended last: a task hardly ever does something long after its end.

use std::collections::{HashMap, VecDeque};

use trace_reader::{CallsiteId, Step, TaskId};

/// How many tasks that are open are remembered; of more, the later ones are not.
const OPEN: usize = 1 << 19;

/// How many tasks that have ended are remembered.
const ENDED: usize = 1 << 16;

/// The types of tasks.
#[derive(Default)]
pub(crate) struct TaskTypes {
    types: HashMap<TaskId, CallsiteId>,
    /// Those that have ended, the earliest first.
    ended: VecDeque<TaskId>,
}

impl TaskTypes {
    /// Takes in what a step tells.
    pub(crate) fn step(&mut self, step: &Step<'_>) {
        match *step {
            Step::TaskBegan { .. } if self.types.len() >= OPEN + self.ended.len() => {}
            Step::TaskBegan { task, callsite, .. } => _ = self.types.insert(task, callsite),
            Step::TaskEnded { task, callsite, .. } => {
                self.types.insert(task, callsite);
                self.ended.push_back(task);
                if self.ended.len() > ENDED {
                    self.ended.pop_front().map(|earliest| self.types.remove(&earliest));
                }
            }
            _ => {}
        }
    }

    /// The type of a task, if it is known and remembered.
    pub(crate) fn of(&self, task: TaskId) -> Option<CallsiteId> {
        self.types.get(&task).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: CallsiteId = CallsiteId(1);

    fn begin(task: usize) -> Step<'static> {
        Step::TaskBegan { task: TaskId(task as u64), callsite: TYPE, parent: TaskId(0) }
    }

    fn end(task: usize) -> Step<'static> {
        let task = TaskId(task as u64);
        Step::TaskEnded { task, callsite: TYPE, parent: None, begin: None }
    }

    #[trace::test]
    fn tasks_that_are_open_or_ended_last_are_remembered() {
        let mut types = TaskTypes::default();
        let is_known = |types: &TaskTypes, task| types.of(TaskId(task as u64)) == Some(TYPE);
        (1..=2 * OPEN).for_each(|task| {
            types.step(&begin(task));
            types.step(&end(task));
        });
        assert!(is_known(&types, 2 * OPEN) && is_known(&types, 2 * OPEN + 1 - ENDED));
        assert!(!is_known(&types, 2 * OPEN - ENDED));
        assert_eq!(types.types.len(), ENDED);

        (1..=2 * OPEN).for_each(|task| types.step(&begin(3 * OPEN + task)));
        assert!(is_known(&types, 3 * OPEN + 1) && is_known(&types, 4 * OPEN));
        assert!(!is_known(&types, 4 * OPEN + 1));
        assert_eq!(types.types.len(), ENDED + OPEN);
    }
}
