//! The callsite table: what the ids in events mean.

use std::borrow::Cow;
use std::collections::HashMap;

use trace_format::{CallsiteId, CallsiteKind, Text};

/// The static description of an annotation. Its strings are as the program gave them: escape
/// them before they reach a terminal or a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callsite {
    /// What events call it.
    pub id: CallsiteId,
    /// What it annotates.
    pub kind: CallsiteKind,
    /// The type of the region or task, the category, the counter, the argument.
    pub name: String,
    /// The source file.
    pub file: String,
    /// The line in it, counted from 1; 0 when it is not known.
    pub line: u32,
    /// The path of the module.
    pub module: String,
    /// The names of the arguments that a begin carries.
    pub keys: Keys,
}

impl Callsite {
    pub(crate) fn new(callsite: &trace_format::Callsite<'_>) -> Self {
        Self {
            id: callsite.id,
            kind: callsite.kind,
            name: callsite.name.to_str().into_owned(),
            file: callsite.file.to_str().into_owned(),
            line: callsite.line,
            module: callsite.module.to_str().into_owned(),
            keys: callsite.keys.iter().map(Text::to_str).collect(),
        }
    }

    /// `file:line`, or what of it is known.
    pub fn location(&self) -> String {
        if self.line == 0 { self.file.clone() } else { format!("{}:{}", self.file, self.line) }
    }
}

/// The names of the arguments that a begin carries, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// All names, one behind the other: a file can be made of nothing but short ones.
    text: String,
    ends: Vec<u32>,
}

impl Keys {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The name of the argument at `index`.
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)? as usize;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        Some(&self.text[start..end])
    }

    /// The names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index).unwrap_or_default())
    }
}

impl<'a> FromIterator<Cow<'a, str>> for Keys {
    fn from_iter<I: IntoIterator<Item = Cow<'a, str>>>(names: I) -> Self {
        let mut keys = Self::default();
        for name in names {
            keys.text.push_str(&name);
            // A block, and so all names in it, is far below 4 GiB.
            keys.ends.push(keys.text.len() as u32);
        }
        keys.text.shrink_to_fit();
        keys.ends.shrink_to_fit();
        keys
    }
}

/// Ids below this one are found by indexing, larger ones by hashing: the length of the table must
/// not depend on what a damaged file claims.
const DENSE_LEN: usize = 1 << 16;

/// Stands in the dense table for an id that is not there.
const ABSENT: u32 = u32::MAX;

/// All callsites of a trace.
#[derive(Clone, Debug, Default)]
pub struct Callsites {
    list: Vec<Callsite>,
    dense: Vec<u32>,
    sparse: HashMap<CallsiteId, u32>,
}

impl Callsites {
    /// Adds a callsite, unless its id is there already: then that one is returned.
    pub(crate) fn insert(&mut self, callsite: Callsite) -> Option<&Callsite> {
        if let Some(index) = self.index(callsite.id) {
            return Some(&self.list[index]);
        }
        let (id, index) = (callsite.id.0 as usize, self.list.len() as u32);
        if id < DENSE_LEN {
            if self.dense.len() <= id {
                self.dense.resize(id + 1, ABSENT);
            }
            self.dense[id] = index;
        } else {
            self.sparse.insert(callsite.id, index);
        }
        self.list.push(callsite);
        None
    }

    /// The position of a callsite in [`iter`](Self::iter).
    #[inline]
    pub(crate) fn index(&self, id: CallsiteId) -> Option<usize> {
        let index = match self.dense.get(id.0 as usize) {
            Some(&index) => index,
            None => self.sparse.get(&id).copied().unwrap_or(ABSENT),
        };
        (index != ABSENT).then_some(index as usize)
    }

    /// The callsite with this id.
    #[inline]
    pub fn get(&self, id: CallsiteId) -> Option<&Callsite> {
        self.index(id).map(|index| &self.list[index])
    }

    /// The name of the callsite with this id; `callsite 7` when it is missing.
    pub fn name(&self, id: CallsiteId) -> Cow<'_, str> {
        match self.get(id) {
            Some(callsite) => Cow::Borrowed(&callsite.name),
            None => Cow::Owned(format!("callsite {}", id.0)),
        }
    }

    /// All of them, in the order of the file.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Callsite> {
        self.list.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}
