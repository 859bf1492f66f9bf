//! Telling types apart: from a callsite's id to what is kept about all callsites of its name. There is an end
//! to that: names behind the first 32,768 are one.

use std::collections::HashMap;

use trace_format::CallsiteId;

use crate::Callsites;

/// Callsites with ids below this one are found by indexing, others by hashing: each part of the trace
/// has a table of its own, whatever the ids are.
const DENSE_LEN: usize = 1 << 16;

/// So many names are told apart. A program has hundreds, a file that was made for it millions.
const MOST: usize = 1 << 15;

/// And so many in a part that is read ahead, of which there are several at a time.
const MOST_OF_PART: usize = 1 << 12;

/// What the group of all further names is called.
const OTHERS: &str = "(all further names)";

/// Of so many callsites of it is kept which they are.
const CALLSITES_OF_OTHERS: usize = 1000;

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
    /// How many names are told apart; the group behind these is that of all others.
    most: usize,
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
            most: MOST,
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
        let at = match self.by_name.get(&*name) {
            Some(&at) => at,
            // The group of all others.
            None if groups.len() > self.most => self.most as u32,
            None => {
                let at = groups.len() as u32;
                let is_new = groups.len() < self.most;
                let name = if is_new { name.into_owned() } else { OTHERS.to_owned() };
                if is_new {
                    self.by_name.insert(name.clone(), at);
                }
                groups.push(Group { name, callsites: Vec::new(), kept: T::default() });
                at
            }
        };
        let group = &mut groups[at as usize];
        if at as usize == self.most {
            // It is not put down where each of these is found.
            if group.callsites.len() < CALLSITES_OF_OTHERS {
                group.callsites.push(id);
            }
            return at;
        }
        group.callsites.push(id);
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

    /// Whether there are so many names that not all of them are told apart.
    pub(super) fn is_full(&self) -> bool {
        self.groups.len() > self.most
    }

    /// Is of a part only: there is less room.
    pub(super) fn of_part(&mut self) {
        self.most = MOST_OF_PART;
    }

    /// Adds what is kept elsewhere, where there has to be [room](Self::is_full), behind which callsites of a name come that are not here yet.
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
