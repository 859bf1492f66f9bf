//! Sets of ids that are mostly consecutive: a bit each.

use hashbrown::HashMap;

/// Ids that differ in the last bits only are kept together, in so many words.
const WORDS: usize = 8;
const LEAF_LEN: u64 = WORDS as u64 * 64;

/// So many leaves there are at most: as many as a table of 9 MiB holds, which is room for 58 million ids that are
/// consecutive. Only a file that is made to fill the memory has ids so far apart that this is too little.
pub(crate) const MOST_LEAVES: usize = 7 << 14;

/// A set of ids of tasks, or of futures.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    leaves: HashMap<u64, [u64; WORDS], foldhash::fast::RandomState>,
    has_forgotten: bool,
}

/// Where an id is: its leaf, the word there, and the bit in that.
fn place(id: u64) -> (u64, usize, u64) {
    (id / LEAF_LEN, (id % LEAF_LEN / 64) as usize, 1 << (id % 64))
}

impl Ids {
    /// Puts an id in; whether it was not there. When there is no room for more, all others are
    /// forgotten.
    #[inline]
    pub(crate) fn insert(&mut self, id: u64) -> bool {
        let (leaf, word, bit) = place(id);
        if self.leaves.len() >= MOST_LEAVES && !self.leaves.contains_key(&leaf) {
            self.leaves = HashMap::default();
            self.has_forgotten = true;
        }
        let word = &mut self.leaves.entry(leaf).or_insert([0; WORDS])[word];
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// Takes an id out; whether it was there.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let (leaf, word, bit) = place(id);
        let Some(words) = self.leaves.get_mut(&leaf) else { return false };
        let was_there = words[word] & bit != 0;
        words[word] &= !bit;
        if *words == [0; WORDS] {
            self.leaves.remove(&leaf);
        }
        was_there
    }

    /// Whether an id is there.
    #[inline]
    pub(crate) fn contains(&self, id: u64) -> bool {
        let (leaf, word, bit) = place(id);
        self.leaves.get(&leaf).is_some_and(|words| words[word] & bit != 0)
    }

    /// The ids that are there and not in another set.
    pub(crate) fn without(&self, others: &Self) -> Self {
        let left = |(&leaf, words): (&u64, &[u64; WORDS])| {
            let mut left = *words;
            if let Some(others) = others.leaves.get(&leaf) {
                left.iter_mut().zip(others).for_each(|(word, others)| *word &= !others);
            }
            (left != [0; WORDS]).then_some((leaf, left))
        };
        let leaves = self.leaves.iter().filter_map(left).collect();
        Self { leaves, has_forgotten: self.has_forgotten }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// Whether ids were forgotten.
    pub(crate) fn has_forgotten(&self) -> bool {
        self.has_forgotten
    }

    /// All of them, in any order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> {
        self.leaves.iter().flat_map(|(&leaf, words)| {
            let ids = leaf * LEAF_LEN..=leaf * LEAF_LEN + (LEAF_LEN - 1);
            ids.filter(|id| words[(id % LEAF_LEN / 64) as usize] >> (id % 64) & 1 == 1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[trace::test]
    fn ids_come_and_go() {
        let mut ids = Ids::default();
        for id in [0, 1, 63, 64, 511, 512, u64::MAX] {
            assert!(!ids.contains(id));
            assert!(ids.insert(id));
            assert!(!ids.insert(id));
            assert!(ids.contains(id));
        }
        let mut others = Ids::default();
        [1, 5, 64].into_iter().for_each(|id| assert!(others.insert(id)));
        let mut without: Vec<u64> = ids.without(&others).iter().collect();
        without.sort_unstable();
        assert_eq!(without, [0, 63, 511, 512, u64::MAX]);
        assert!(ids.remove(63) && !ids.remove(63) && !ids.remove(2));
        assert!(ids.contains(1) && ids.contains(64));
        assert!(others.without(&others).is_empty() && !others.is_empty());
        assert!(!ids.has_forgotten());
    }

    #[trace::test]
    fn there_is_an_end_to_ids_far_apart() {
        let mut ids = Ids::default();
        let all = 3 * MOST_LEAVES as u64;
        (0..all).for_each(|leaf| assert!(ids.insert(LEAF_LEN * leaf)));
        assert!(ids.leaves.len() <= MOST_LEAVES && ids.has_forgotten());
        assert!(!ids.contains(0) && ids.contains(LEAF_LEN * (all - 1)));
    }
}
