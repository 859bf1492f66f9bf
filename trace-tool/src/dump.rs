//! `cargo trace dump`: the text form of any bytes, and the way back.

use std::io::{self, Write};

use serde::Serialize;
use trace_format::{MAGIC, Stretch, Stretches, TextError, file_to_text, text_to_file};

use crate::json;

/// A line of `cargo trace dump --json`: a stretch of the file, from its start to its end.
#[derive(Debug, Serialize)]
struct Part<'t> {
    /// Where it starts in the file.
    offset: u64,
    /// How many bytes it takes, with the block's head.
    bytes: u64,
    /// Its form: `magic`; `block`, with a record or an event per line; `raw`, a block whose
    /// payload is not what its type says, in hexadecimal; `junk`, bytes that are no block.
    form: &'t str,
    /// The block's type.
    #[serde(rename = "type")]
    block_type: Option<&'static str>,
    /// The block's number.
    sequence: Option<u32>,
    /// What stands in it, in the text form.
    lines: Vec<&'t str>,
}

/// Writes the text form.
pub(crate) fn write(bytes: &[u8], out: &mut dyn Write) -> io::Result<()> {
    file_to_text(bytes, |text| out.write_all(text.as_bytes()))
}

/// Writes an object per stretch of the file.
pub(crate) fn write_json(bytes: &[u8], out: &mut dyn Write) -> io::Result<()> {
    let mut start = 0;
    if bytes.starts_with(MAGIC) {
        start = MAGIC.len();
        let part = Part {
            offset: 0,
            bytes: start as u64,
            form: "magic",
            block_type: None,
            sequence: None,
            lines: vec!["runtime-trace 1"],
        };
        json::write_line(out, &part)?;
    }
    let mut stretches = Stretches::new(bytes, start).peekable();
    while let Some(stretch) = stretches.next() {
        let (Stretch::Block { offset, .. } | Stretch::Junk { offset, .. }) = stretch;
        let end = match stretches.peek() {
            Some(Stretch::Block { offset, .. } | Stretch::Junk { offset, .. }) => *offset,
            None => bytes.len(),
        };
        let head = match stretch {
            Stretch::Block { head, .. } => Some(head),
            Stretch::Junk { .. } => None,
        };
        let mut text = String::new();
        let Ok(()) = file_to_text(&bytes[offset..end], |piece| {
            text.push_str(piece);
            Ok::<(), std::convert::Infallible>(())
        });
        let part = Part {
            offset: offset as u64,
            bytes: (end - offset) as u64,
            form: form(&text),
            block_type: head.map(|head| head.block_type.word()),
            sequence: head.map(|head| head.sequence),
            lines: text.lines().filter_map(content).collect(),
        };
        json::write_line(out, &part)?;
    }
    Ok(())
}

/// The word that begins the first line that is not about the sequence number.
fn form(text: &str) -> &str {
    let words = text.lines().filter_map(|line| line.split(' ').next());
    words.into_iter().find(|&word| word != "sequence").unwrap_or("junk")
}

/// What a line says beyond `block …`: records and events, and hexadecimal digits.
fn content(line: &str) -> Option<&str> {
    let indented = line.strip_prefix("  ");
    let indented = indented.map(|content| content.strip_prefix("hex ").unwrap_or(content));
    indented.or_else(|| line.strip_prefix("junk "))
}

/// The bytes of which `text` is the text form. What is not UTF-8 in it is in none of its places
/// but comments, and wrong in all others.
pub(crate) fn bytes_of(text: &[u8]) -> Result<Vec<u8>, TextError> {
    text_to_file(&String::from_utf8_lossy(text))
}
