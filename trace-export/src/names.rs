//! Names of callsites and of their arguments, which the reader keeps as the bytes of the file.

use hashbrown::HashMap;
use trace_reader::{CallsiteId, Callsites};

/// So many are kept.
const MOST: usize = 1 << 14;

/// What a callsite and its arguments are called.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) keys: Vec<String>,
}

/// The names that were asked for.
#[derive(Debug)]
pub(crate) struct Names<'t> {
    callsites: &'t Callsites,
    kept: HashMap<CallsiteId, Named, foldhash::fast::RandomState>,
}

impl<'t> Names<'t> {
    pub(crate) fn new(callsites: &'t Callsites) -> Self {
        Self { callsites, kept: HashMap::default() }
    }

    /// Those of a callsite. Of one that is missing, a name that says so.
    #[inline]
    pub(crate) fn of(&mut self, id: CallsiteId) -> &Named {
        if self.kept.len() >= MOST && !self.kept.contains_key(&id) {
            self.kept.clear();
        }
        self.kept.entry(id).or_insert_with(|| Named {
            name: self.callsites.name(id).into_owned(),
            keys: self.callsites.get(id).map_or(Vec::new(), |callsite| {
                callsite.keys.into_iter().map(|key| key.into_owned()).collect()
            }),
        })
    }
}
