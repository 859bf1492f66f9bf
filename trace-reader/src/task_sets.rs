//! Sets of tasks, kept for a whole trace in a bit per task.
//!
//! Ids are mostly consecutive: the sets are kept side by side, in pages of 16 ids. Larger pages would take less
//! of such, and much more of a file in which every id has a page of its own.

use trace_format::TaskId;

use crate::numbers::NumberMap;

/// How many ids share a page: as many as a word of one has bits.
const PAGE_LEN: u64 = u16::BITS as u64;

/// `N` sets of tasks.
#[derive(Debug)]
pub(crate) struct TaskSets<const N: usize> {
    /// All pages but the last one.
    pages: NumberMap<u64, [u16; N]>,
    /// The page that was written last, by its number: the next task is likely to be in it.
    last: (u64, [u16; N]),
}

impl<const N: usize> Default for TaskSets<N> {
    fn default() -> Self {
        Self { pages: NumberMap::default(), last: (0, [0; N]) }
    }
}

impl<const N: usize> TaskSets<N> {
    /// Puts a task into a set; `false` if it is in it already.
    pub(crate) fn insert(&mut self, set: usize, task: TaskId) -> bool {
        let (number, bit) = place(task);
        if number != self.last.0 {
            let page = self.pages.remove(&number).unwrap_or([0; N]);
            let (number, page) = std::mem::replace(&mut self.last, (number, page));
            self.pages.insert(number, page);
        }
        let page = &mut self.last.1[set];
        let is_new = *page & bit == 0;
        *page |= bit;
        is_new
    }

    /// Whether a task is in a set.
    pub(crate) fn contains(&self, set: usize, task: TaskId) -> bool {
        let (number, bit) = place(task);
        self.page(number).is_some_and(|page| page[set] & bit != 0)
    }

    fn page(&self, number: u64) -> Option<&[u16; N]> {
        if number == self.last.0 { Some(&self.last.1) } else { self.pages.get(&number) }
    }

    /// Whether no task is in a set both here and there.
    pub(crate) fn are_disjoint(&self, other: &Self) -> bool {
        other.all_pages().all(|(number, other)| {
            self.page(*number)
                .is_none_or(|own| own.iter().zip(other).all(|(own, other)| own & other == 0))
        })
    }

    /// Puts the tasks that are in a set there into the same set here.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (number, other) in other.all_pages() {
            let own = if *number == self.last.0 {
                &mut self.last.1
            } else {
                self.pages.entry(*number).or_insert([0; N])
            };
            own.iter_mut().zip(other).for_each(|(own, other)| *own |= other);
        }
    }

    fn all_pages(&self) -> impl Iterator<Item = (&u64, &[u16; N])> {
        self.pages.iter().chain(std::iter::once((&self.last.0, &self.last.1)))
    }

    /// The tasks of which `wanted` accepts the bits: it is given a page, and returns those bits of
    /// it that it wants.
    pub(crate) fn tasks(&self, wanted: fn(&[u16; N]) -> u16) -> impl Iterator<Item = TaskId> {
        self.all_pages().flat_map(move |(number, page)| {
            let bits = wanted(page);
            (0..PAGE_LEN)
                .filter(move |bit| bits >> bit & 1 == 1)
                .map(move |bit| TaskId(number * PAGE_LEN + bit))
        })
    }
}

fn place(task: TaskId) -> (u64, u16) {
    (task.0 / PAGE_LEN, 1 << (task.0 % PAGE_LEN))
}
