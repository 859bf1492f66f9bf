//! What callsites are called, as JSON: escaped once, and kept.
//!
//! There is a limit to what is kept; beyond it everything is forgotten and escaped again. Names have a limit as
//! well: they stand in every event.

use hashbrown::HashMap;
use trace_reader::{CallsiteId, Callsites};

use crate::{json, remark::Remarks};

/// So many bytes are kept at most.
const MOST_BYTES: usize = 16 << 20;

/// A name has so many bytes at most.
const MOST_NAME_BYTES: usize = 16 << 10;

/// The keys of arguments that are ours: a program's of the same name get a mark.
const OUR_KEYS: [&str; 8] =
    ["task", "future", "parent", "lost", "rest", "waited_ns", "outcome", "polls"];

/// What one callsite is called.
#[derive(Debug)]
pub(super) struct Name {
    /// The name, as a string.
    pub(super) name: Box<[u8]>,
    /// The same as the key of an argument.
    pub(super) as_key: Box<[u8]>,
    /// The keys of its arguments.
    pub(super) keys: Box<[Box<[u8]>]>,
}

/// What callsites are called.
pub(super) struct Names<'t> {
    callsites: &'t Callsites,
    known: HashMap<CallsiteId, Name, foldhash::fast::RandomState>,
    bytes: usize,
}

impl<'t> Names<'t> {
    pub(super) fn new(callsites: &'t Callsites) -> Self {
        Self { callsites, known: HashMap::default(), bytes: 0 }
    }

    /// What a callsite is called.
    #[inline]
    pub(super) fn of(&mut self, callsite: CallsiteId, remarks: &mut Remarks) -> &Name {
        if !self.known.contains_key(&callsite) {
            self.look_up(callsite, remarks);
        }
        &self.known[&callsite]
    }

    #[cold]
    fn look_up(&mut self, id: CallsiteId, remarks: &mut Remarks) {
        let (name, keys) = match self.callsites.get(id) {
            Some(callsite) => (callsite.name, callsite.keys),
            None => (self.callsites.name(id), Vec::new()),
        };
        let mut end = name.len().min(MOST_NAME_BYTES);
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        let is_cut = end < name.len();
        if is_cut {
            remarks.met("names are cut at 16,384 bytes");
        }
        let name = match is_cut {
            true => format!("{}…", &name[..end]).into(),
            false => name,
        };
        let keys = keys.iter().map(|key| escaped_key(key));
        let name = Name { name: escaped(&name), as_key: escaped_key(&name), keys: keys.collect() };
        let bytes = size_of::<Name>()
            + name.name.len()
            + name.as_key.len()
            + name.keys.iter().map(|key| size_of::<Box<[u8]>>() + key.len()).sum::<usize>();
        if self.bytes + bytes > MOST_BYTES {
            self.known = HashMap::default();
            self.bytes = 0;
        }
        self.bytes += bytes;
        self.known.insert(id, name);
    }
}

fn escaped(text: &str) -> Box<[u8]> {
    let mut out = Vec::with_capacity(text.len() + 2);
    json::string(&mut out, text);
    out.into()
}

fn escaped_key(key: &str) -> Box<[u8]> {
    if OUR_KEYS.contains(&key) { escaped(&format!("{key}'")) } else { escaped(key) }
}
