//! The strings of a file, each with a number that events call it by.
//!
//! A string is written in the next batch of strings as soon as it has its number, and forgotten, but for some
//! that came lately: how many messages there are makes no difference to the memory.
//!
//! Invariant: no string is longer than [`MOST_LEN`], for the parser takes no longer ones.

use std::hash::BuildHasher;

use super::file::{File, START};
use super::wire::{MOST_BATCH_LEN, NO_THREAD, kind, put_varint};
use crate::remark::Remarks;

/// The longest string, in bytes.
const MOST_LEN: usize = 1024;

/// So many strings are remembered. Messages of a program are often the same.
const RECENT: usize = 1 << 10;

/// Longer ones are hardly ever the same again.
const RECENT_LEN: usize = 128;

/// The number of the string that is empty. It need not be written.
pub(super) const EMPTY: u64 = 0;

/// What numbers strings.
pub(super) struct Strings {
    /// The batch to come.
    data: Vec<u8>,
    next: u64,
    recent: Vec<(Vec<u8>, u64)>,
    /// The same for each export: what two strings have in common must not depend on chance.
    hasher: foldhash::fast::FixedState,
}

impl Strings {
    pub(super) fn new() -> Self {
        Self { data: Vec::new(), next: 1, recent: Vec::new(), hasher: Default::default() }
    }

    /// Numbers a string, not looking whether it has a number.
    pub(super) fn add(
        &mut self,
        text: &str,
        file: &mut File<'_, '_>,
        remarks: &mut Remarks,
    ) -> u64 {
        if text.is_empty() {
            return EMPTY;
        }
        let (mut text, mut mark) = (text, "");
        if text.len() > MOST_LEN {
            remarks.met("strings are cut at 1,024 bytes");
            mark = "…";
            let mut end = MOST_LEN - mark.len();
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text = &text[..end];
        }
        let len = text.len() + mark.len();
        // The kind and two numbers, of which the second is small.
        if self.data.len() + 16 + len > MOST_BATCH_LEN {
            self.flush(file);
        }
        if self.data.is_empty() {
            self.data.push(kind::STRINGS);
        }
        let number = self.next;
        self.next += 1;
        self.data.push(kind::STRING);
        put_varint(&mut self.data, number);
        put_varint(&mut self.data, len as u64);
        self.data.extend_from_slice(text.as_bytes());
        self.data.extend_from_slice(mark.as_bytes());
        number
    }

    /// Numbers a string that may have been there a short time ago.
    pub(super) fn recent(
        &mut self,
        text: &str,
        file: &mut File<'_, '_>,
        remarks: &mut Remarks,
    ) -> u64 {
        if text.is_empty() || text.len() > RECENT_LEN {
            return self.add(text, file, remarks);
        }
        if self.recent.is_empty() {
            self.recent.resize(RECENT, (Vec::new(), EMPTY));
        }
        let at = self.hasher.hash_one(text.as_bytes()) as usize % RECENT;
        if self.recent[at].0 == text.as_bytes() {
            return self.recent[at].1;
        }
        let number = self.add(text, file, remarks);
        let (known, its) = &mut self.recent[at];
        known.clear();
        known.extend_from_slice(text.as_bytes());
        *its = number;
        number
    }

    /// Writes those that have not been written.
    pub(super) fn flush(&mut self, file: &mut File<'_, '_>) {
        if !self.data.is_empty() {
            file.batch(NO_THREAD, START, &self.data);
            self.data.clear();
        }
    }
}
