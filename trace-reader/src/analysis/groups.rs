//! Telling types apart: from a callsite's id to what is kept about all callsites of its name.

use std::collections::HashMap;

use trace_format::CallsiteId;

use crate::Callsites;

/// So many callsites, the first that are described, are found by indexing, others by hashing: each
/// part of the trace has a table of its own, whatever the number of callsites.
const DENSE_LEN: usize = 1 << 16;

/// One `T` per name.
#[derive(Debug)]
pub(super) struct Groups<T> {
    /// For each of the first callsites, which group it belongs to, plus one; 0 if none yet.
    by_index: Vec<u32>,
    /// Which group the others belong to, and those that are not described.
    others: HashMap<CallsiteId, usize>,
    by_name: HashMap<String, usize>,
    groups: Vec<Group<T>>,
}

/// What is kept about a name.
#[derive(Debug)]
pub(super) struct Group<T> {
    pub(super) name: String,
    pub(super) callsites: Vec<CallsiteId>,
    pub(super) kept: T,
}

impl<T> Default for Groups<T> {
    fn default() -> Self {
        Self {
            by_index: Vec::new(),
            others: HashMap::new(),
            by_name: HashMap::new(),
            groups: Vec::new(),
        }
    }
}

impl<T: Default> Groups<T> {
    /// What is kept about the name of this callsite.
    #[inline]
    pub(super) fn of(&mut self, callsites: &Callsites, id: CallsiteId) -> &mut T {
        let known = callsites.index(id).and_then(|index| self.by_index.get(index));
        let at = match known {
            Some(&group) if group > 0 => group as usize - 1,
            _ => self.new_callsite(callsites, id),
        };
        &mut self.groups[at].kept
    }

    #[cold]
    fn new_callsite(&mut self, callsites: &Callsites, id: CallsiteId) -> usize {
        let index = callsites.index(id).filter(|&index| index < DENSE_LEN);
        if let (None, Some(&at)) = (index, self.others.get(&id)) {
            return at;
        }
        let name = callsites.name(id);
        let groups = &mut self.groups;
        let at = *self.by_name.entry(name.clone().into_owned()).or_insert_with(|| {
            let (name, kept) = (name.into_owned(), T::default());
            groups.push(Group { name, callsites: Vec::new(), kept });
            groups.len() - 1
        });
        groups[at].callsites.push(id);
        match index {
            Some(index) => {
                self.by_index.resize(callsites.len().min(DENSE_LEN), 0);
                self.by_index[index] = at as u32 + 1;
            }
            None => {
                self.others.insert(id, at);
            }
        }
        at
    }

    /// Adds what is kept elsewhere, behind which callsites of a name come that are not here yet.
    pub(super) fn merge(
        &mut self,
        callsites: &Callsites,
        other: Self,
        mut add: impl FnMut(&mut T, T),
    ) {
        for Group { callsites: ids, kept, .. } in other.groups {
            let mut kept = Some(kept);
            for id in ids {
                let own = self.of(callsites, id);
                if let Some(kept) = kept.take() {
                    add(own, kept);
                }
            }
        }
    }

    /// All of them, in the order of their appearance.
    pub(super) fn into_groups(self) -> Vec<Group<T>> {
        self.groups
    }
}
