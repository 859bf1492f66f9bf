//! Sets of tasks, kept for a whole trace in a bit per task.
//!
//! Ids are mostly consecutive: the sets are kept side by side, in pages of 64 ids.

use std::collections::HashMap;

use trace_format::TaskId;

/// `N` sets of tasks.
#[derive(Debug)]
pub(crate) struct TaskSets<const N: usize> {
    pages: HashMap<u64, [u64; N]>,
}

impl<const N: usize> Default for TaskSets<N> {
    fn default() -> Self {
        Self { pages: HashMap::new() }
    }
}

impl<const N: usize> TaskSets<N> {
    /// Puts a task into a set; `false` if it is in it already.
    pub(crate) fn insert(&mut self, set: usize, task: TaskId) -> bool {
        let (number, bit) = place(task);
        let page = &mut self.pages.entry(number).or_insert([0; N])[set];
        let is_new = *page & bit == 0;
        *page |= bit;
        is_new
    }

    /// Whether a task is in a set.
    pub(crate) fn contains(&self, set: usize, task: TaskId) -> bool {
        let (number, bit) = place(task);
        self.pages.get(&number).is_some_and(|page| page[set] & bit != 0)
    }

    /// The tasks of which `wanted` accepts the bits: it is given a page, and returns those bits of
    /// it that it wants.
    pub(crate) fn tasks(&self, wanted: fn(&[u64; N]) -> u64) -> impl Iterator<Item = TaskId> {
        self.pages.iter().flat_map(move |(number, page)| {
            let bits = wanted(page);
            (0..64)
                .filter(move |bit| bits >> bit & 1 == 1)
                .map(move |bit| TaskId(number * 64 + bit))
        })
    }
}

fn place(task: TaskId) -> (u64, u64) {
    (task.0 / 64, 1 << (task.0 % 64))
}
