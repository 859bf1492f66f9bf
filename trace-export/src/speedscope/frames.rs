//! The frames that all profiles share: the callsites that were used, in the order of their first use.
//!
//! Of a callsite its number is kept; what it is called is looked up when it is written. There is a limit, which
//! only a file that is made for it comes to.

use std::io::{self, Write};

use hashbrown::HashMap;
use trace_reader::{CallsiteId, Callsites};

use crate::{json, output::Output, remark::Remarks, text};

/// So many frames there are at most, besides the one for all others.
const MOST_FRAMES: usize = 1 << 20;

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

    /// Writes all of them.
    pub(super) fn write(self, out: &mut Output<'_>, remarks: &mut Remarks) -> io::Result<()> {
        let mut text = Vec::new();
        for (number, id) in self.used.iter().enumerate() {
            text.extend_from_slice(if number == 0 { b"\n" } else { b",\n" });
            text.extend_from_slice(b"{\"name\":");
            match self.callsites.get(*id) {
                Some(callsite) => {
                    json::string(&mut text, &text::name(&callsite.name, remarks));
                    if !callsite.file.is_empty() {
                        text.extend_from_slice(b",\"file\":");
                        json::string(&mut text, &callsite.file);
                    }
                    if callsite.line > 0 {
                        text.extend_from_slice(b",\"line\":");
                        json::number(&mut text, u64::from(callsite.line));
                    }
                }
                None => json::string(&mut text, &self.callsites.name(*id)),
            }
            text.push(b'}');
            out.write_all(&text)?;
            text.clear();
        }
        if self.is_full {
            out.write_all(b",\n{\"name\":\"(other frames)\"}")?;
        }
        Ok(())
    }
}
