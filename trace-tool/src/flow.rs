//! Running text that fits a width.

use crate::escape::width;

/// Joins `pieces` with ` · `, in as many lines of at most `limit` columns as that takes. A piece
/// is never broken.
pub(crate) fn joined(pieces: &[String], limit: usize) -> String {
    const BETWEEN: &str = " · ";
    fill(pieces.iter().map(String::as_str), BETWEEN, "", limit)
}

/// `text` in lines of at most `limit` columns, broken at spaces; all but the first begin with
/// `indent` spaces.
pub(crate) fn paragraph(text: &str, indent: usize, limit: usize) -> String {
    fill(text.split(' '), " ", &" ".repeat(indent), limit)
}

fn fill<'a>(
    pieces: impl Iterator<Item = &'a str>,
    between: &str,
    indent: &str,
    limit: usize,
) -> String {
    let mut text = String::new();
    let mut used = 0;
    for (i, piece) in pieces.enumerate() {
        let needed = width(piece);
        if i == 0 {
            used = needed;
        } else if used + width(between) + needed <= limit {
            text.push_str(between);
            used += width(between) + needed;
        } else {
            text.push('\n');
            text.push_str(indent);
            used = indent.len() + needed;
        }
        text.push_str(piece);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_pieces() {
        let pieces = ["12.3 ms", "2 threads", "40 events"].map(String::from);
        assert_eq!(joined(&pieces, 80), "12.3 ms · 2 threads · 40 events");
        assert_eq!(joined(&pieces, 20), "12.3 ms · 2 threads\n40 events");
    }

    #[test]
    fn paragraphs_hang() {
        assert_eq!(paragraph("one two three", 2, 7), "one two\n  three");
        assert_eq!(paragraph("unbreakable", 2, 4), "unbreakable");
    }
}
