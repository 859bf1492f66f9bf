//! Strings of a trace, made harmless and short enough for a terminal.
//!
//! A trace may come from anywhere: what stands in it must not move the cursor, change colours,
//! reorder the line or hide a part of it. Everything that prints a string of a trace gets it from
//! here.

use std::borrow::Cow;

use trace_format::text::is_plain;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How many characters without a width of their own may stand on top of another.
const MAX_MARKS: usize = 4;

/// `text` with `\n`, `\t` and `\u{…}` for what must not reach a terminal as it is.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    let mut marks = 0;
    for c in text.chars() {
        marks = if c.width() == Some(0) { marks + 1 } else { 0 };
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if is_plain(c) && marks <= MAX_MARKS => safe.push(c),
            c => safe.push_str(&format!("\\u{{{:x}}}", c as u32)),
        }
    }
    Cow::Owned(safe)
}

/// How many columns `text` takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// `text` in at most `limit` columns: without its middle when it is longer.
pub(crate) fn shorten_middle(text: &str, limit: usize) -> Cow<'_, str> {
    if fits(text, limit) {
        return Cow::Borrowed(text);
    }
    let room = limit.saturating_sub(1);
    let tail = suffix(text, room / 2);
    let head = prefix(text, room - width(tail));
    Cow::Owned(format!("{head}…{tail}"))
}

/// `text` in at most `limit` columns: without its end when it is longer.
pub(crate) fn shorten_end(text: &str, limit: usize) -> Cow<'_, str> {
    if fits(text, limit) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{}…", prefix(text, limit.saturating_sub(1))))
}

fn fits(text: &str, limit: usize) -> bool {
    text.len() <= limit || width(text) <= limit
}

/// At most so many bytes per column are looked at: what takes none can be piled up without end, and
/// the width of each beginning is measured anew.
const BYTES_PER_COLUMN: usize = 16;

/// The longest beginning of `text` that takes at most `limit` columns; a shorter one where
/// characters that take none are piled up.
pub(crate) fn prefix(text: &str, limit: usize) -> &str {
    let mut most = text.len().min(limit.saturating_mul(BYTES_PER_COLUMN));
    while !text.is_char_boundary(most) {
        most -= 1;
    }
    let text = &text[..most];
    if fits(text, limit) {
        return text;
    }
    let mut end = 0;
    for (at, c) in text.char_indices() {
        let next = at + c.len_utf8();
        // An emoji's presentation selector widens the character before it, so that the sum of
        // the characters' widths would not do.
        if width(&text[..next]) > limit {
            break;
        }
        end = next;
    }
    &text[..end]
}

/// The longest end of `text` that takes at most `limit` columns.
fn suffix(text: &str, limit: usize) -> &str {
    let mut least = text.len().saturating_sub(limit.saturating_mul(BYTES_PER_COLUMN));
    while !text.is_char_boundary(least) {
        least += 1;
    }
    let text = &text[least..];
    let mut start = text.len();
    for (at, c) in text.char_indices().rev() {
        if width(&text[at..]) > limit {
            break;
        }
        // Not before a mark: it would land on what stands before the cut.
        if c.width() != Some(0) {
            start = at;
        }
    }
    &text[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[trace::test]
    fn what_moves_hides_or_reorders_is_spelled_out() {
        assert_eq!(plain("heat milk"), "heat milk");
        assert_eq!(plain("a\x1b[31mb\u{9b}2J"), "a\\u{1b}[31mb\\u{9b}2J");
        assert_eq!(plain("a\nb\tc\r"), "a\\nb\\tc\\r");
        assert_eq!(plain("\u{202e}evil\u{200b}"), "\\u{202e}evil\\u{200b}");
        assert_eq!(plain("é 牛奶"), "é 牛奶");
    }

    #[trace::test]
    fn no_tower_of_marks_is_higher_than_four() {
        let safe = plain("a\u{301}\u{301}\u{301}\u{301}\u{301}").into_owned();
        assert_eq!(safe, "a\u{301}\u{301}\u{301}\u{301}\\u{301}");
    }

    #[trace::test]
    fn long_names_lose_their_middle() {
        assert_eq!(shorten_middle("steamMilk", 9), "steamMilk");
        assert_eq!(shorten_middle("steamMilk", 8), "stea…ilk");
        assert_eq!(shorten_middle("steamMilk", 1), "…");
        assert_eq!(shorten_middle("牛奶牛奶牛奶", 7), "牛奶…奶");
        assert_eq!(shorten_end("steamMilk", 6), "steam…");
        for limit in 1..14 {
            assert!(width(&shorten_middle("牛奶牛奶牛奶 of cows", limit)) <= limit);
        }
    }
}
