//! Names of callsites and of their arguments, which the reader keeps as the bytes of the file.

use hashbrown::HashMap;
use trace_reader::{CallsiteId, Callsites};

use crate::remark::Remarks;
use crate::text;

/// So many bytes of them are kept, and a bit more for each.
const MOST_BYTES: usize = 8 << 20;
const OVERHEAD: usize = 64;

/// What a callsite and its arguments are called.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) keys: Vec<String>,
}

/// The names that were asked for.
#[derive(Debug)]
pub(super) struct Names<'t> {
    callsites: &'t Callsites,
    kept: HashMap<CallsiteId, Named, foldhash::fast::RandomState>,
    bytes: usize,
}

impl<'t> Names<'t> {
    pub(super) fn new(callsites: &'t Callsites) -> Self {
        Self { callsites, kept: HashMap::default(), bytes: 0 }
    }

    /// Those of a callsite. Of one that is missing, a name that says so.
    #[inline]
    pub(super) fn of(&mut self, id: CallsiteId, remarks: &mut Remarks) -> &Named {
        if !self.kept.contains_key(&id) {
            self.look_up(id, remarks);
        }
        &self.kept[&id]
    }

    #[cold]
    fn look_up(&mut self, id: CallsiteId, remarks: &mut Remarks) {
        let callsite = self.callsites.get(id);
        let keys = callsite.map_or(Vec::new(), |callsite| callsite.keys);
        let named = Named {
            name: text::name(&self.callsites.name(id), remarks).into_owned(),
            keys: keys.iter().map(|key| text::name(key, remarks).into_owned()).collect(),
        };
        let keys_len: usize = named.keys.iter().map(|key| OVERHEAD + key.len()).sum();
        self.bytes += OVERHEAD + named.name.len() + keys_len;
        if self.bytes > MOST_BYTES {
            self.kept = HashMap::default();
            self.bytes = 0;
        }
        self.kept.insert(id, named);
    }
}
