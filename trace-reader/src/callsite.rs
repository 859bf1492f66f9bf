//! The callsite table: what the ids in events mean.
//!
//! A file may be nothing but callsites of a few bytes each. So they are kept as the bytes that
//! describe them, and looked into when somebody asks: a name is needed once per line that is
//! printed, an id with every event.

use std::borrow::Cow;
use std::hash::BuildHasher;

use hashbrown::HashTable;
use trace_format::wire::{Cursor, Field};
use trace_format::{CallsiteId, CallsiteKind, Malformed, Text};

/// The static description of an annotation. Its strings are as the program gave them: escape
/// them before they reach a terminal or a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callsite<'a> {
    /// What events call it.
    pub id: CallsiteId,
    /// What it annotates.
    pub kind: CallsiteKind,
    /// The type of the region or task, the category, the counter, the argument.
    pub name: Cow<'a, str>,
    /// The source file.
    pub file: Cow<'a, str>,
    /// The line in it, counted from 1; 0 when it is not known.
    pub line: u32,
    /// The path of the module.
    pub module: Cow<'a, str>,
    /// The names of the arguments that a begin carries, in order.
    pub keys: Vec<Cow<'a, str>>,
}

impl Callsite<'_> {
    /// `file:line`, or what of it is known.
    pub fn location(&self) -> String {
        if self.line == 0 {
            self.file.clone().into_owned()
        } else {
            format!("{}:{}", self.file, self.line)
        }
    }
}

/// The text for a person; what is not UTF-8 becomes U+FFFD.
fn readable(text: Text<'_>) -> Cow<'_, str> {
    match text.bytes {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// Ids below this one, and below twice the number of callsites, are found by indexing, others by
/// hashing: the length of the table must not depend on what a damaged file claims.
const DENSE_LEN: usize = 1 << 16;

/// Stands in the dense table for an id that is not there.
const ABSENT: u32 = u32::MAX;

/// Where a callsite is described, and its kind, which is asked for too often to be looked up there; in one
/// word.
#[derive(Clone, Copy, Debug)]
struct Entry(u64);

impl Entry {
    const KIND_BITS: u32 = 3;

    fn new(start: usize, kind: CallsiteKind) -> Self {
        const { assert!(CallsiteKind::ALL.len() <= 1 << Self::KIND_BITS) };
        let kind = CallsiteKind::ALL.iter().position(|known| *known == kind).unwrap_or(0);
        Self((start as u64) << Self::KIND_BITS | kind as u64)
    }

    fn start(self) -> usize {
        (self.0 >> Self::KIND_BITS) as usize
    }

    fn kind(self) -> CallsiteKind {
        CallsiteKind::ALL[self.0 as usize % (1 << Self::KIND_BITS)]
    }
}

/// All callsites of a trace.
#[derive(Clone, Debug, Default)]
pub struct Callsites {
    /// The descriptions, one behind the other, as they stand in the file.
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// From which entry on they stand in the block at which offset; ascending.
    blocks: Vec<(usize, u64)>,
    dense: Vec<u32>,
    /// Those whose ids are beyond that table.
    sparse: HashTable<Sparse>,
    hasher: foldhash::quality::RandomState,
}

/// An id, and the position of its entry. The id stands in the description as well, which would have to be fetched
/// from memory far away for each that is looked for, and for all of them whenever the table grows.
#[derive(Clone, Copy, Debug)]
struct Sparse {
    id: CallsiteId,
    index: u32,
}

/// What came of adding a callsite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// It is there now, or was there already, just the same.
    Known(CallsiteId),
    /// Another one is there by the same id, and stays.
    Conflict(CallsiteId),
}

impl Callsites {
    /// Reads one callsite of the block at `block_offset` and adds it.
    pub(crate) fn read(
        &mut self,
        input: &mut Cursor<'_>,
        payload: &[u8],
        block_offset: u64,
    ) -> Result<Added, Malformed> {
        let start = input.position();
        let callsite = trace_format::Callsite::decode(input, "a callsite")?;
        let encoded = &payload[start..input.position()];
        let (id, kind) = (callsite.id, callsite.kind);
        if let Some(index) = self.index(id) {
            // Every value has one encoding.
            let same = self.bytes[self.entries[index].start()..].starts_with(encoded);
            return Ok(if same { Added::Known(id) } else { Added::Conflict(id) });
        }
        if self.blocks.last().is_none_or(|&(_, offset)| offset != block_offset) {
            self.blocks.push((self.entries.len(), block_offset));
        }
        let index = self.entries.len();
        self.entries.push(Entry::new(self.bytes.len(), kind));
        self.bytes.extend_from_slice(encoded);
        self.number(id, index as u32);
        Ok(Added::Known(id))
    }

    fn number(&mut self, id: CallsiteId, index: u32) {
        let at = id.0 as usize;
        if at < DENSE_LEN.max(2 * self.entries.len()) {
            if self.dense.len() <= at {
                self.dense.resize(at + 1, ABSENT);
            }
            self.dense[at] = index;
        } else {
            let hash = self.hasher.hash_one(id);
            let Self { sparse, hasher, .. } = self;
            sparse.insert_unique(hash, Sparse { id, index }, |known| hasher.hash_one(known.id));
        }
    }

    /// The position of a callsite in [`iter`](Self::iter).
    #[inline]
    pub(crate) fn index(&self, id: CallsiteId) -> Option<usize> {
        match self.dense.get(id.0 as usize) {
            Some(&index) if index != ABSENT => Some(index as usize),
            // What was beyond the dense table when it was added stays where it is.
            _ => self.sparse_index(id),
        }
    }

    #[cold]
    fn sparse_index(&self, id: CallsiteId) -> Option<usize> {
        let found = self.sparse.find(self.hasher.hash_one(id), |known| known.id == id);
        found.map(|known| known.index as usize)
    }

    /// What a callsite annotates, by its position.
    pub(crate) fn kind_at(&self, index: usize) -> CallsiteKind {
        self.entries[index].kind()
    }

    /// Where the block starts that describes a callsite, by its position.
    pub(crate) fn described_at(&self, index: usize) -> u64 {
        let behind = self.blocks.partition_point(|&(first, _)| first <= index);
        self.blocks[behind - 1].1
    }

    fn described(&self, entry: Entry) -> trace_format::Callsite<'_> {
        let mut input = Cursor::new(&self.bytes[entry.start()..]);
        let callsite = trace_format::Callsite::decode(&mut input, "a callsite");
        callsite.expect("it could be read before")
    }

    fn callsite(&self, entry: Entry) -> Callsite<'_> {
        let trace_format::Callsite { id, kind, name, file, line, module, keys } =
            self.described(entry);
        Callsite {
            id,
            kind,
            name: readable(name),
            file: readable(file),
            line,
            module: readable(module),
            keys: keys.into_iter().map(readable).collect(),
        }
    }

    /// The callsite with this id.
    pub fn get(&self, id: CallsiteId) -> Option<Callsite<'_>> {
        self.index(id).map(|index| self.callsite(self.entries[index]))
    }

    /// The name of the callsite with this id; `callsite 7` when it is missing.
    pub fn name(&self, id: CallsiteId) -> Cow<'_, str> {
        match self.index(id) {
            Some(index) => readable(self.described(self.entries[index]).name),
            None => Cow::Owned(format!("callsite {}", id.0)),
        }
    }

    /// All of them, in the order of the file.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Callsite<'_>> {
        self.entries.iter().map(|entry| self.callsite(*entry))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Gives back the memory that was kept for more.
    pub(crate) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.entries.shrink_to_fit();
        self.dense.shrink_to_fit();
    }
}
