//! Running text in lines that fit a width.
//!
//! No line is wider than the limit. What is itself wider than a line is treated by what it is:
//! a fact among others loses its middle, a word of a paragraph goes on in the next line, so that
//! an argument or a command line is there in full.

use crate::escape::{prefix, shorten_middle, width};

/// Joins `pieces` with ` · `, in as many lines of at most `limit` columns as that takes. A piece
/// is never broken; one that is wider than a line is shortened.
pub(crate) fn joined(pieces: &[String], limit: usize) -> String {
    let mut lines = Lines::new(0, limit);
    for piece in pieces {
        lines.put(" · ", &shorten_middle(piece, limit));
    }
    lines.text
}

/// `text` in lines of at most `limit` columns, broken at spaces, and elsewhere only where a word
/// is wider than a line; all but the first begin with `indent` spaces.
pub(crate) fn paragraph(text: &str, indent: usize, limit: usize) -> String {
    let mut lines = Lines::new(indent, limit);
    for word in text.split(' ') {
        lines.put(" ", word);
    }
    lines.text
}

/// Lines that fill up.
struct Lines {
    text: String,
    /// How many columns of the last line are taken.
    used: usize,
    indent: usize,
    limit: usize,
}

impl Lines {
    fn new(indent: usize, limit: usize) -> Self {
        Self { text: String::new(), used: 0, indent, limit }
    }

    /// Appends `piece`: after `between` where the line has room for both, else in lines of its
    /// own.
    fn put(&mut self, between: &str, piece: &str) {
        if !self.text.is_empty() {
            let needed = width(between) + width(piece);
            if self.used + needed <= self.limit {
                self.text.push_str(between);
                self.text.push_str(piece);
                self.used += needed;
                return;
            }
            self.next_line();
        }
        let mut rest = piece;
        loop {
            let part = self.part(rest);
            self.text.push_str(part);
            self.used += width(part);
            rest = &rest[part.len()..];
            if rest.is_empty() {
                return;
            }
            self.next_line();
        }
    }

    /// The beginning of `text` that the line has room for; at least a character, or there would
    /// be no end.
    fn part<'t>(&self, text: &'t str) -> &'t str {
        match prefix(text, self.limit.saturating_sub(self.used)) {
            "" => &text[..text.chars().next().map_or(0, char::len_utf8)],
            part => part,
        }
    }

    fn next_line(&mut self) {
        self.text.push('\n');
        self.text.push_str(&" ".repeat(self.indent));
        self.used = self.indent;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[trace::test]
    fn lines_break_between_pieces() {
        let pieces = ["12.3 ms", "2 threads", "40 events"].map(String::from);
        assert_eq!(joined(&pieces, 80), "12.3 ms · 2 threads · 40 events");
        assert_eq!(joined(&pieces, 20), "12.3 ms · 2 threads\n40 events");
        assert_eq!(joined(&pieces, 8), "12.3 ms\n2 th…ads\n40 e…nts");
    }

    #[trace::test]
    fn paragraphs_hang() {
        assert_eq!(paragraph("one two three", 2, 7), "one two\n  three");
    }

    #[trace::test]
    fn a_word_wider_than_a_line_goes_on_in_the_next() {
        assert_eq!(paragraph("an unbreakable word", 2, 7), "an\n  unbre\n  akabl\n  e\n  word");
        assert_eq!(paragraph("牛奶牛奶 of cows", 1, 5), "牛奶\n 牛奶\n of\n cows");
        assert_eq!(paragraph("牛奶", 2, 1), "牛\n  奶");
    }
}
