//! Text that is put into a text, at places told in bytes.

use std::ops::Range;

/// What is to be changed, in any order.
#[derive(Default)]
pub(crate) struct Edits {
    edits: Vec<(Range<usize>, &'static str)>,
}

impl Edits {
    pub(crate) fn insert(&mut self, at: usize, new: &'static str) {
        self.replace(at..at, new);
    }

    pub(crate) fn replace(&mut self, old: Range<usize>, new: &'static str) {
        self.edits.push((old, new));
    }

    /// The text with all of it changed. No two changes overlap; of two at one place, the first goes first.
    pub(crate) fn apply(mut self, text: &str) -> String {
        self.edits.sort_by_key(|(old, _)| old.start);
        let mut changed = String::with_capacity(text.len() + 32 * self.edits.len());
        let mut done = 0;
        for (old, new) in self.edits {
            changed += &text[done..old.start];
            changed += new;
            done = old.end;
        }
        changed + &text[done..]
    }
}
