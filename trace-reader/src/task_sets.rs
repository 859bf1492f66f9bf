//! Sets of tasks, kept for a whole trace in some bits per task.
//!
//! Ids are mostly consecutive, and the sets are kept side by side, in leaves of 4,096 ids: with few of them a
//! leaf is a list, with many a bit each. A file may be made of ids of which each has a leaf of its own, so that
//! there is an end to the number of lists; with 131,072 of them, tasks that would need another one are not kept.
//! A trace that was recorded does not come near to that: its lists are where its last tasks are, and where a
//! thread came and went.

use trace_format::TaskId;

use crate::numbers::NumberMap;

/// How many bits of an id tell its place in a leaf.
const LEAF_BITS: u32 = 12;
const LEAF_LEN: usize = 1 << LEAF_BITS;
const WORDS: usize = LEAF_LEN / u64::BITS as usize;

/// A list is no longer than this.
const FEW: usize = 128;

/// There are no more lists than this.
const MOST_LISTS: usize = 1 << 17;

/// And no more in the sets of a part that is read ahead, of which there are several at a time.
const MOST_LISTS_OF_PART: usize = 1 << 12;

/// Which of the sets a task is in, a bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Member(u16);

impl Member {
    /// So many sets there can be, beside the place in one word of a list.
    const BITS: u32 = u16::BITS - LEAF_BITS;

    pub(crate) fn is_in(self, set: usize) -> bool {
        self.0 >> set & 1 == 1
    }
}

/// Some tasks whose ids differ in the last bits only.
#[derive(Debug)]
enum Leaf<const N: usize> {
    /// The places of tasks, ascending, with the sets that each is in.
    Few(Vec<u16>),
    /// For each set the tasks that are in it.
    Many(Box<[[u64; WORDS]; N]>),
}

impl<const N: usize> Leaf<N> {
    const NONE: Self = Self::Few(Vec::new());

    fn of(&self, place: usize) -> Member {
        match self {
            Self::Few(list) => find(list, place).map_or(Member(0), |at| sets_of(list[at])),
            Self::Many(sets) => {
                let (word, bit) = (place / 64, place % 64);
                let bits = sets.iter().enumerate();
                Member(
                    bits.fold(0, |all, (set, words)| {
                        all | ((words[word] >> bit & 1) as u16) << set
                    }),
                )
            }
        }
    }

    /// Puts a task into all these sets.
    fn insert(&mut self, place: usize, sets: Member) {
        match self {
            Self::Few(list) => match find(list, place) {
                Ok(at) => list[at] |= sets.0,
                Err(at) if list.len() < FEW => {
                    list.insert(at, (place as u16) << Member::BITS | sets.0)
                }
                Err(_) => {
                    let mut many = Self::Many(Box::new([[0; WORDS]; N]));
                    self.for_each(|place, sets| many.insert(place, sets));
                    many.insert(place, sets);
                    *self = many;
                }
            },
            Self::Many(all) => {
                for (_, words) in all.iter_mut().enumerate().filter(|(set, _)| sets.is_in(*set)) {
                    words[place / 64] |= 1 << (place % 64);
                }
            }
        }
    }

    /// All tasks that are in any set.
    fn for_each(&self, mut f: impl FnMut(usize, Member)) {
        match self {
            Self::Few(list) => list.iter().for_each(|&one| f(place_of(one), sets_of(one))),
            Self::Many(sets) => {
                for word in 0..WORDS {
                    let mut any = sets.iter().fold(0, |any, words| any | words[word]);
                    while any != 0 {
                        let place = word * 64 + any.trailing_zeros() as usize;
                        f(place, self.of(place));
                        any &= any - 1;
                    }
                }
            }
        }
    }

    fn is_disjoint(&self, other: &Self) -> bool {
        let (list, of) = match (self, other) {
            (Self::Many(own), Self::Many(other)) => {
                let mut words = own.iter().flatten().zip(other.iter().flatten());
                return words.all(|(own, other)| own & other == 0);
            }
            (Self::Few(list), of) | (of, Self::Few(list)) => (list, of),
        };
        list.iter().all(|&one| sets_of(one).0 & of.of(place_of(one)).0 == 0)
    }

    fn is_list(&self) -> bool {
        matches!(self, Self::Few(_))
    }
}

fn find(list: &[u16], place: usize) -> Result<usize, usize> {
    // Most ids are larger than those before.
    match list.last() {
        Some(&last) if place_of(last) < place => Err(list.len()),
        _ => list.binary_search_by_key(&place, |&one| place_of(one)),
    }
}

fn place_of(one: u16) -> usize {
    usize::from(one >> Member::BITS)
}

fn sets_of(one: u16) -> Member {
    Member(one & ((1 << Member::BITS) - 1))
}

/// `N` sets of tasks, up to four.
#[derive(Debug)]
pub(crate) struct TaskSets<const N: usize> {
    /// All leaves but the last one.
    leaves: NumberMap<u64, Leaf<N>>,
    /// The leaf that was written last, by its number: the next task is likely to be in it.
    last: (u64, Leaf<N>),
    /// How many leaves are lists, or have been.
    lists: usize,
    most_lists: usize,
}

impl<const N: usize> Default for TaskSets<N> {
    fn default() -> Self {
        const { assert!(N <= Member::BITS as usize) };
        Self {
            leaves: NumberMap::default(),
            last: (0, Leaf::NONE),
            lists: 1,
            most_lists: MOST_LISTS,
        }
    }
}

impl<const N: usize> TaskSets<N> {
    /// Those of a part only: there is less room.
    pub(crate) fn of_part() -> Self {
        Self { most_lists: MOST_LISTS_OF_PART, ..Self::default() }
    }

    /// Puts a task into a set. Returns the sets that it was in before; `None` if it is not kept.
    pub(crate) fn insert(&mut self, set: usize, task: TaskId) -> Option<Member> {
        let (number, place) = split(task);
        if number != self.last.0 {
            self.go_to(number)?;
        }
        let leaf = &mut self.last.1;
        let before = leaf.of(place);
        if !before.is_in(set) {
            leaf.insert(place, Member(1 << set));
        }
        Some(before)
    }

    /// Makes another leaf the last one.
    fn go_to(&mut self, number: u64) -> Option<()> {
        let leaf = match self.leaves.remove(&number) {
            Some(leaf) => leaf,
            None if self.lists < self.most_lists => {
                self.lists += 1;
                Leaf::NONE
            }
            None => return None,
        };
        let (number, leaf) = std::mem::replace(&mut self.last, (number, leaf));
        self.leaves.insert(number, leaf);
        Some(())
    }

    /// The sets that a task is in.
    pub(crate) fn of(&self, task: TaskId) -> Member {
        let (number, place) = split(task);
        self.leaf(number).map_or(Member(0), |leaf| leaf.of(place))
    }

    fn leaf(&self, number: u64) -> Option<&Leaf<N>> {
        if number == self.last.0 { Some(&self.last.1) } else { self.leaves.get(&number) }
    }

    /// Whether no task is in a set both here and there, and there is room here for all that are there.
    pub(crate) fn can_be_joined(&self, other: &Self) -> bool {
        self.lists + other.lists <= self.most_lists
            && other
                .all_leaves()
                .all(|(number, other)| self.leaf(*number).is_none_or(|own| own.is_disjoint(other)))
    }

    /// Puts the tasks that are in a set there into the same set here.
    pub(crate) fn merge(&mut self, other: Self) {
        for (number, leaf) in other.leaves.into_iter().chain([other.last]) {
            let own = if number == self.last.0 {
                &mut self.last.1
            } else {
                self.leaves.entry(number).or_insert_with(|| {
                    self.lists += 1;
                    Leaf::NONE
                })
            };
            // The smaller one is added to the larger one.
            let (mut large, small) = match own.is_list() {
                true => (leaf, std::mem::replace(own, Leaf::NONE)),
                false => (std::mem::replace(own, Leaf::NONE), leaf),
            };
            match (&mut large, &small) {
                (Leaf::Many(large), Leaf::Many(small)) => {
                    let words = large.iter_mut().flatten().zip(small.iter().flatten());
                    words.for_each(|(large, small)| *large |= small);
                }
                _ => small.for_each(|place, sets| large.insert(place, sets)),
            }
            *own = large;
        }
    }

    fn all_leaves(&self) -> impl Iterator<Item = (&u64, &Leaf<N>)> {
        self.leaves.iter().chain(std::iter::once((&self.last.0, &self.last.1)))
    }

    /// Calls `f` for each task that is in any set.
    pub(crate) fn for_each(&self, mut f: impl FnMut(TaskId, Member)) {
        for (number, leaf) in self.all_leaves() {
            leaf.for_each(|place, sets| f(TaskId(number << LEAF_BITS | place as u64), sets));
        }
    }
}

fn split(task: TaskId) -> (u64, usize) {
    (task.0 >> LEAF_BITS, task.0 as usize % LEAF_LEN)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// Ids side by side, some leaves apart, and far apart.
    fn ids(seed: u64) -> Vec<TaskId> {
        let mut state = seed;
        let mut random = || {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            state >> 33
        };
        let dense = (0..3000).map(|n| n + 100 * seed);
        let loose: Vec<u64> = (0..1000).map(|_| random() % 100_000).collect();
        let far = (0..300).map(|n| n << 40 | seed);
        dense.chain(loose).chain(far).map(TaskId).collect()
    }

    type Naive = HashMap<TaskId, u16>;

    fn assert_same(sets: &TaskSets<3>, naive: &Naive) {
        let mut found = Naive::new();
        sets.for_each(|task, member| assert!(found.insert(task, member.0).is_none(), "{task:?}"));
        assert_eq!(&found, naive);
        for (task, member) in naive {
            assert_eq!(sets.of(*task), Member(*member));
            assert_eq!(sets.of(TaskId(task.0 ^ 1 << 60)), Member(0));
        }
    }

    #[trace::test]
    fn they_hold_what_was_put_into_them() {
        let (mut sets, mut naive) = (TaskSets::<3>::default(), Naive::new());
        for seed in 0..3 {
            for (n, task) in ids(seed).into_iter().enumerate() {
                let set = n % 3;
                let entry = naive.entry(task).or_default();
                assert_eq!(sets.insert(set, task), Some(Member(*entry)));
                *entry |= 1 << set;
            }
        }
        assert_same(&sets, &naive);
    }

    #[trace::test]
    fn joined_they_hold_what_both_held() {
        let half = |which: u64| {
            let (mut sets, mut naive) = (TaskSets::<3>::default(), Naive::new());
            for task in ids(which) {
                let set = (task.0 % 3) as usize;
                sets.insert(set, task);
                *naive.entry(task).or_default() |= 1 << set;
            }
            (sets, naive)
        };
        for (left, right) in [(0, 1), (1, 0), (2, 0), (1, 1)] {
            let ((mut sets, mut naive), (others, other_naive)) = (half(left), half(right));
            let is_disjoint = other_naive
                .iter()
                .all(|(task, sets)| naive.get(task).is_none_or(|own| own & sets == 0));
            assert_eq!(sets.can_be_joined(&others), is_disjoint);
            sets.merge(others);
            other_naive
                .into_iter()
                .for_each(|(task, sets)| *naive.entry(task).or_default() |= sets);
            assert_same(&sets, &naive);
        }
        let mut apart = TaskSets::<3>::default();
        (0..5000).for_each(|n| _ = apart.insert(1, TaskId(1 << 50 | n)));
        assert!(half(0).0.can_be_joined(&apart));
    }

    #[trace::test]
    fn there_is_an_end_to_ids_that_are_far_apart() {
        let mut sets = TaskSets::<1>::default();
        let far = |n: u64| TaskId((n + 1) << LEAF_BITS);
        let kept = (0..2 * MOST_LISTS as u64).filter(|n| sets.insert(0, far(*n)).is_some()).count();
        assert_eq!(kept, MOST_LISTS - 1);
        assert!(sets.of(far(0)).is_in(0) && !sets.of(far(MOST_LISTS as u64)).is_in(0));
        assert_eq!(
            sets.insert(0, TaskId(far(0).0 + 1)),
            Some(Member(0)),
            "beside one that is kept"
        );
        assert!(!TaskSets::<1>::default().can_be_joined(&sets));
    }
}
