//! What callsites are called, as JSON: escaped once, and kept.
//!
//! There is a limit to what is kept; beyond it everything is forgotten and escaped again. Names and keys are cut:
//! they stand in every event.

use hashbrown::HashMap;
use trace_reader::{CallsiteId, Callsites};

use crate::{json, remark::Remarks, text};

/// So many bytes are kept at most.
const MOST_BYTES: usize = 16 << 20;

/// The keys of arguments that are ours, and stand beside those of the program or tell what an event is: a program's
/// of the same name get a mark.
const OUR_KEYS: [&str; 5] = ["task", "future", "parent", "lost", "rest"];

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
        let name = text::name(&name, remarks);
        let keys = keys.iter().map(|key| escaped_key(&text::name(key, remarks)));
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
