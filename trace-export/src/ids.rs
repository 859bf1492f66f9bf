//! Sets of ids that are mostly consecutive: a bit each.

use hashbrown::HashMap;

/// So many words of 64 ids there are at most: 32 MiB. Only a file that is made to fill the memory has
/// ids so far apart from each other that this is too little.
const MOST_WORDS: usize = 1 << 20;

/// A set of ids of tasks, or of futures.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    words: HashMap<u64, u64, foldhash::fast::RandomState>,
}

impl Ids {
    /// Puts an id in; whether it was not there. When there is no room for more, all others are
    /// forgotten.
    pub(crate) fn insert(&mut self, id: u64) -> bool {
        if self.words.len() >= MOST_WORDS {
            self.words = HashMap::default();
        }
        let word = self.words.entry(id / 64).or_insert(0);
        let bit = 1 << (id % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// Takes an id out; whether it was there.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let Some(word) = self.words.get_mut(&(id / 64)) else { return false };
        let bit = 1 << (id % 64);
        let was_there = *word & bit != 0;
        *word &= !bit;
        if *word == 0 {
            self.words.remove(&(id / 64));
        }
        was_there
    }

    /// The ids that are there and not in another set.
    pub(crate) fn without(&self, others: &Self) -> Self {
        let left = |(&word, bits): (&u64, &u64)| {
            let left = bits & !others.words.get(&word).copied().unwrap_or(0);
            (left != 0).then_some((word, left))
        };
        Self { words: self.words.iter().filter_map(left).collect() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// All of them, in any order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> {
        let ids = |(&word, &bits): (&u64, &u64)| {
            (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word * 64 + bit)
        };
        self.words.iter().flat_map(ids)
    }

    /// Whether an id is there.
    pub(crate) fn contains(&self, id: u64) -> bool {
        self.words.get(&(id / 64)).is_some_and(|word| word >> (id % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[trace::test]
    fn ids_come_and_go() {
        let mut ids = Ids::default();
        for id in [0, 1, 63, 64, u64::MAX] {
            assert!(!ids.contains(id));
            assert!(ids.insert(id));
            assert!(!ids.insert(id));
            assert!(ids.contains(id));
        }
        let mut others = Ids::default();
        [1, 5, 64].into_iter().for_each(|id| assert!(others.insert(id)));
        let mut without: Vec<u64> = ids.without(&others).iter().collect();
        without.sort_unstable();
        assert_eq!(without, [0, 63, u64::MAX]);
        assert!(ids.remove(63) && !ids.remove(63) && !ids.remove(2));
        assert!(ids.contains(1) && ids.contains(64));
    }

    #[trace::test]
    fn there_is_an_end_to_ids_far_apart() {
        let mut ids = Ids::default();
        (0..3 * MOST_WORDS as u64).for_each(|word| assert!(ids.insert(64 * word)));
        assert!(ids.words.len() <= MOST_WORDS);
        assert!(!ids.contains(0) && ids.contains(64 * (3 * MOST_WORDS as u64 - 1)));
    }
}
