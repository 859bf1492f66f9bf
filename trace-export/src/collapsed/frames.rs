//! The names of frames, fit for a line, each once.
//!
//! Callsites of the same name are the same frame. There is a limit to names, which only a file that is made
//! for it comes to: what is beyond has one name in common.

use std::hash::BuildHasher;

use hashbrown::{HashMap, HashTable};
use trace_reader::{CallsiteId, Callsites};

use crate::{remark::Remarks, text};

/// So many names there are at most, besides our own, and so many bytes in them.
const MOST_NAMES: usize = 1 << 16;
const MOST_BYTES: usize = 16 << 20;

/// So many callsites are remembered at most.
const MOST_CALLSITES: usize = 1 << 18;

/// Callsites below this one are found by indexing.
const DENSE_LEN: usize = 1 << 12;

/// Stands where a callsite was not looked up yet.
const UNKNOWN: u32 = u32::MAX;

/// The frame of callsites whose names are too many.
const OTHERS: u32 = 0;

/// The frame of stacks that are too many. A callsite that has this name is the same frame, as with the other one.
pub(super) const OTHER_STACKS: u32 = 1;

/// The names of these.
const OURS: [&str; 2] = ["(other names)", "(other stacks)"];

/// Which frame each callsite is.
pub(super) struct Frames<'t> {
    callsites: &'t Callsites,
    names: Vec<Box<str>>,
    bytes: usize,
    by_name: HashTable<u32>,
    hasher: foldhash::fast::RandomState,
    dense: Vec<u32>,
    sparse: HashMap<CallsiteId, u32, foldhash::fast::RandomState>,
}

impl<'t> Frames<'t> {
    pub(super) fn new(callsites: &'t Callsites) -> Self {
        let mut frames = Self {
            callsites,
            names: Vec::new(),
            bytes: 0,
            by_name: HashTable::new(),
            hasher: foldhash::fast::RandomState::default(),
            dense: vec![UNKNOWN; DENSE_LEN],
            sparse: HashMap::default(),
        };
        for name in OURS {
            frames.add(name);
        }
        frames
    }

    /// The frame that a callsite is.
    #[inline]
    pub(super) fn of(&mut self, callsite: CallsiteId, remarks: &mut Remarks) -> u32 {
        match self.dense.get(callsite.0 as usize) {
            Some(&frame) if frame != UNKNOWN => frame,
            _ => self.look_up(callsite, remarks),
        }
    }

    #[cold]
    fn look_up(&mut self, callsite: CallsiteId, remarks: &mut Remarks) -> u32 {
        if let Some(&frame) = self.sparse.get(&callsite) {
            return frame;
        }
        let name = self.callsites.name(callsite);
        let name = text::name(&name, remarks);
        let fit = fit(&name);
        if *fit != *name && !name.is_empty() {
            remarks.met("names in which `;`, control characters and outer spaces became `_`");
        }
        let frame = self.intern(&fit, remarks);
        if let Some(known) = self.dense.get_mut(callsite.0 as usize) {
            *known = frame;
        } else {
            if self.sparse.len() >= MOST_CALLSITES {
                self.sparse.clear();
            }
            self.sparse.insert(callsite, frame);
        }
        frame
    }

    fn intern(&mut self, name: &str, remarks: &mut Remarks) -> u32 {
        let is = |frame: &u32| *self.names[*frame as usize] == *name;
        if let Some(&frame) = self.by_name.find(self.hasher.hash_one(name), is) {
            return frame;
        }
        let is_full = self.names.len() >= MOST_NAMES + OURS.len();
        if is_full || self.bytes + name.len() > MOST_BYTES {
            remarks.met("names beyond the first 65,536, or 16 MiB of them, became `(other names)`");
            return OTHERS;
        }
        self.add(name)
    }

    /// Adds a name that is not there.
    fn add(&mut self, name: &str) -> u32 {
        let frame = self.names.len() as u32;
        self.bytes += name.len();
        self.names.push(name.into());
        let Self { by_name, names, hasher, .. } = self;
        let hash = hasher.hash_one(name);
        by_name.insert_unique(hash, frame, |known| hasher.hash_one(&*names[*known as usize]));
        frame
    }

    /// How many bytes a frame has.
    pub(super) fn len_of(&self, frame: u32) -> usize {
        self.names[frame as usize].len()
    }

    /// The names of the frames, by number.
    pub(super) fn into_names(self) -> Vec<Box<str>> {
        self.names
    }
}

/// The name as a frame of a line: nothing in it separates frames or lines, nor can be taken for the space
/// before the time.
fn fit(name: &str) -> String {
    if name.is_empty() {
        return "(no name)".to_owned();
    }
    let inner_start = name.len() - name.trim_start().len();
    let inner_end = name.trim_end().len();
    let separates =
        |char: char| char == ';' || char.is_control() || matches!(char, '\u{2028}' | '\u{2029}');
    let fit = |(at, char): (usize, char)| {
        let is_outer = at < inner_start || at >= inner_end;
        if is_outer || separates(char) { '_' } else { char }
    };
    name.char_indices().map(fit).collect()
}
