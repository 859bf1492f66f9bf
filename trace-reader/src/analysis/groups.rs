//! Telling types apart: from a callsite's id to what is kept about all callsites of its name.

use std::collections::HashMap;

use trace_format::CallsiteId;

use crate::Callsites;

/// Callsites with ids below this one are found by indexing, others by hashing: each part of the trace
/// has a table of its own, whatever the ids are.
const DENSE_LEN: usize = 1 << 16;

/// Stands for a group that there is not.
const NONE: u32 = u32::MAX;

/// One `T` per name.
#[derive(Debug)]
pub(super) struct Groups<T> {
    /// For each of the lowest ids, which group it belongs to; [`NONE`] if none yet.
    by_id: Vec<u32>,
    /// Which group the others belong to.
    others: HashMap<CallsiteId, u32>,
    by_name: HashMap<String, u32>,
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
            by_id: Vec::new(),
            others: HashMap::new(),
            by_name: HashMap::new(),
            groups: Vec::new(),
        }
    }
}

impl<T: Default> Groups<T> {
    /// What is kept about the name of this callsite.
    #[inline(always)]
    pub(super) fn of(&mut self, callsites: &Callsites, id: CallsiteId) -> &mut T {
        let at = self.by_id.get(id.0 as usize).map_or(NONE, |&at| at);
        // Where there is none, there is no group of that number either.
        let at = if (at as usize) < self.groups.len() { at } else { self.find(callsites, id) };
        &mut self.groups[at as usize].kept
    }

    /// Finds the group of a callsite with a large id, or of one that was not seen before.
    #[inline(never)]
    fn find(&mut self, callsites: &Callsites, id: CallsiteId) -> u32 {
        if let Some(&at) = self.others.get(&id) {
            return at;
        }
        let name = callsites.name(id);
        let groups = &mut self.groups;
        let at = *self.by_name.entry(name.clone().into_owned()).or_insert_with(|| {
            let (name, kept) = (name.into_owned(), T::default());
            groups.push(Group { name, callsites: Vec::new(), kept });
            groups.len() as u32 - 1
        });
        groups[at as usize].callsites.push(id);
        let index = id.0 as usize;
        if index < DENSE_LEN {
            if index >= self.by_id.len() {
                self.by_id.resize(index + 1, NONE);
            }
            self.by_id[index] = at;
        } else {
            self.others.insert(id, at);
        }
        at
    }

    /// Adds what is kept elsewhere, behind which callsites of a name come that are not here yet.
    pub(super) fn merge(
        &mut self,
        callsites: &Callsites,
        other: Self,
        mut add: impl FnMut(&mut T, T, &[CallsiteId]),
    ) {
        for Group { callsites: ids, kept, .. } in other.groups {
            let mut kept = Some(kept);
            for &id in &ids {
                let own = self.of(callsites, id);
                if let Some(kept) = kept.take() {
                    add(own, kept, &ids);
                }
            }
        }
    }

    /// All of them, in the order of their appearance.
    pub(super) fn into_groups(self) -> Vec<Group<T>> {
        self.groups
    }
}
