//! The frames that all profiles share: the callsites that were used, in the order of their first use.
//!
//! Of a callsite its number is kept; what it is called is looked up when it is written. There is a limit, which
//! only a file that is made for it comes to.

use std::io;

use hashbrown::HashMap;
use trace_reader::{CallsiteId, Callsites};

use crate::{json, remark::Remarks};

/// So many frames there are at most, besides the one for all others.
const MOST_FRAMES: usize = 1 << 20;

/// So many bytes of frames are put together before they are written.
const PIECE_LEN: usize = 32 << 10;

/// Which frame each callsite is.
pub(super) struct Frames<'t> {
    callsites: &'t Callsites,
    used: Vec<CallsiteId>,
    numbers: HashMap<CallsiteId, u32, foldhash::fast::RandomState>,
    /// There were more than there is room for.
    is_full: bool,
}

impl<'t> Frames<'t> {
    pub(super) fn new(callsites: &'t Callsites) -> Self {
        Self { callsites, used: Vec::new(), numbers: HashMap::default(), is_full: false }
    }

    /// The number of the frame that a callsite is.
    #[inline]
    pub(super) fn of(&mut self, callsite: CallsiteId, remarks: &mut Remarks) -> u32 {
        if let Some(&number) = self.numbers.get(&callsite) {
            return number;
        }
        let number = self.used.len() as u32;
        if self.used.len() < MOST_FRAMES {
            self.used.push(callsite);
            self.numbers.insert(callsite, number);
        } else {
            self.is_full = true;
            remarks.met("frames beyond the first 1,048,576 became one");
        }
        number
    }

    /// Writes all of them; `put` takes what is there from time to time.
    pub(super) fn for_each(
        self,
        text: &mut Vec<u8>,
        mut put: impl FnMut(&mut Vec<u8>) -> io::Result<()>,
    ) -> io::Result<()> {
        for (number, id) in self.used.iter().enumerate() {
            text.extend_from_slice(if number == 0 { b"\n" } else { b",\n" });
            text.extend_from_slice(b"{\"name\":");
            match self.callsites.get(*id) {
                Some(callsite) => {
                    json::string(text, &callsite.name);
                    if !callsite.file.is_empty() {
                        text.extend_from_slice(b",\"file\":");
                        json::string(text, &callsite.file);
                    }
                    if callsite.line > 0 {
                        text.extend_from_slice(b",\"line\":");
                        json::number(text, u64::from(callsite.line));
                    }
                }
                None => json::string(text, &self.callsites.name(*id)),
            }
            text.push(b'}');
            if text.len() > PIECE_LEN {
                put(text)?;
            }
        }
        if self.is_full {
            text.extend_from_slice(b",\n{\"name\":\"(other frames)\"}");
        }
        Ok(())
    }
}
