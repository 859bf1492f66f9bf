//! The text form of a whole file.
//!
//! Any bytes have a text form, and it gives back the same bytes:
//!
//! ```text
//! runtime-trace 1                                        the magic
//! block callsites                                        a block, then its records
//!   Callsite id=1 kind=region name="steamMilk" …
//! block chunk
//!   ChunkHead thread=1 sequence=0 base=8000 …
//!   +120 RegionBegin callsite=1                          # steamMilk
//! raw chunk 0301…                                        a payload of another version
//! junk 00ff…                                             bytes outside of any block
//! ```
//!
//! Block sequence numbers, lengths and checksums are not spelled out: they follow. A block whose
//! bytes do not follow from its text is given as `junk`, a payload that its records do not give
//! back as `raw`. What stands behind `#` is a comment.

use std::collections::HashMap;

use crate::block::{BlockType, MAGIC, MAX_PAYLOAD_LEN, put_block};
use crate::error::Malformed;
use crate::events::Timed;
use crate::records::{Anchor, Callsite, ChunkHead, Header, LossRecord, Summary};
use crate::shapes::CallsiteId;
use crate::stretches::{Stretch, Stretches};
use crate::text::{Scan, Spelled, TextError, quote};
use crate::wire::{Cursor, Field};

/// How many bytes a line of `junk` or `raw` holds.
const HEX_LINE_LEN: usize = 4096;

/// The names of callsites, for comments.
type Names = HashMap<CallsiteId, String>;

/// Writes the text form of a file, piece by piece (each some whole lines), to `out`.
///
/// # Errors
/// What `out` returns.
pub fn file_to_text<E>(bytes: &[u8], mut out: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
    let mut names = Names::new();
    let mut start = 0;
    if bytes.starts_with(MAGIC) {
        out("runtime-trace 1\n")?;
        start = MAGIC.len();
    }
    let mut sequence = 0;
    for stretch in Stretches::new(bytes, start) {
        let text = match stretch {
            Stretch::Block { head, payload, .. } if head.sequence == sequence => {
                sequence = sequence.wrapping_add(1);
                block_to_text(head.block_type, payload, &mut names)
            }
            Stretch::Block { head, payload, .. } => {
                // The number is out of turn, so that it has to be told.
                let text = block_to_text(head.block_type, payload, &mut names);
                let text = format!("sequence {}\n{text}", head.sequence);
                sequence = head.sequence.wrapping_add(1);
                text
            }
            Stretch::Junk { bytes, .. } => hex_lines("junk", bytes),
        };
        out(&text)?;
    }
    Ok(())
}

fn hex_lines(word: &str, bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2 + 16);
    for line in bytes.chunks(HEX_LINE_LEN) {
        text.push_str(word);
        text.push(' ');
        for byte in line {
            text.push(char::from_digit(u32::from(byte >> 4), 16).expect("below 16"));
            text.push(char::from_digit(u32::from(byte & 15), 16).expect("below 16"));
        }
        text.push('\n');
    }
    text
}

fn block_to_text(block_type: BlockType, payload: &[u8], names: &mut Names) -> String {
    let word = block_type.word();
    let mut text = format!("block {word}\n");
    match payload_to_text(block_type, payload, names, &mut text) {
        Ok(()) => text,
        Err(malformed) => {
            let mut text = format!("raw {word} # {malformed}\n");
            text.push_str(&hex_lines("  hex", payload));
            text
        }
    }
}

fn payload_to_text(
    block_type: BlockType,
    payload: &[u8],
    names: &mut Names,
    out: &mut String,
) -> Result<(), Malformed> {
    fn records<'a, T: Field<'a> + Spelled>(
        mut input: Cursor<'a>,
        out: &mut String,
        mut seen: impl FnMut(&T),
    ) -> Result<(), Malformed> {
        while !input.is_empty() {
            let record = T::decode(&mut input, T::SHAPE)?;
            out.push_str("  ");
            record.print(out);
            out.push('\n');
            seen(&record);
        }
        Ok(())
    }
    let mut input = Cursor::new(payload);
    match block_type {
        BlockType::Header => records::<Header<'_>>(input, out, |_| {}),
        BlockType::Anchors => records::<Anchor>(input, out, |_| {}),
        BlockType::Losses => records::<LossRecord>(input, out, |_| {}),
        BlockType::Summary => records::<Summary>(input, out, |_| {}),
        BlockType::Callsites => records::<Callsite<'_>>(input, out, |callsite| {
            let mut name = String::new();
            quote(&callsite.name.bytes, &mut name);
            names.insert(callsite.id, name);
        }),
        BlockType::Chunk => {
            let head = ChunkHead::decode(&mut input, ChunkHead::SHAPE)?;
            out.push_str("  ");
            head.print(out);
            out.push('\n');
            while !input.is_empty() {
                let timed = Timed::decode(&mut input)?;
                out.push_str("  ");
                timed.print(out);
                if let Some(name) = timed.event.callsite().and_then(|id| names.get(&id)) {
                    out.push_str("  # ");
                    out.push_str(name);
                }
                out.push('\n');
            }
            Ok(())
        }
    }
}

/// Reads the text form and returns the bytes of the file.
///
/// # Errors
/// The first line that is not of the text form.
pub fn text_to_file(text: &str) -> Result<Vec<u8>, TextError> {
    let mut file = Vec::new();
    let mut open: Option<OpenBlock> = None;
    let mut sequence = 0_u32;
    for (i, line) in text.lines().enumerate() {
        let mut scan = Scan::new(line, i + 1);
        if scan.at_end() {
            continue;
        }
        if line.starts_with(' ') {
            match &mut open {
                Some(block) => {
                    let start = scan.clone();
                    block.line(&mut scan)?;
                    if block.payload.len() > MAX_PAYLOAD_LEN {
                        return Err(start.error(format!(
                            "the next block: a payload has at most {MAX_PAYLOAD_LEN} bytes"
                        )));
                    }
                }
                None => return Err(scan.error("`block` before what stands in it")),
            }
        } else {
            if let Some(block) = open.take() {
                block.close(&mut file, &mut sequence);
            }
            match scan.word()? {
                "runtime-trace" => {
                    scan.expect(" 1")?;
                    file.extend_from_slice(MAGIC);
                }
                "sequence" => {
                    scan.expect(" ")?;
                    sequence = scan.number()?;
                }
                "junk" => {
                    scan.spaces();
                    file.extend_from_slice(&scan.hex()?);
                }
                word @ ("block" | "raw") => {
                    scan.spaces();
                    let block_type = BlockType::parse(&mut scan)?;
                    open = Some(OpenBlock { block_type, raw: word == "raw", payload: Vec::new() });
                }
                _ => {
                    return Err(Scan::new(line, i + 1)
                        .error("`runtime-trace`, `block`, `raw`, `junk` or `sequence`"));
                }
            }
        }
        if !scan.at_end() {
            return Err(scan.error("the end of the line"));
        }
    }
    if let Some(block) = open {
        block.close(&mut file, &mut sequence);
    }
    Ok(file)
}

/// A block whose lines are being read.
struct OpenBlock {
    block_type: BlockType,
    raw: bool,
    payload: Vec<u8>,
}

impl OpenBlock {
    fn line(&mut self, scan: &mut Scan<'_>) -> Result<(), TextError> {
        let out = &mut self.payload;
        if self.raw {
            scan.expect("hex ")?;
            out.extend_from_slice(&scan.hex()?);
            return Ok(());
        }
        match self.block_type {
            BlockType::Header => Header::parse(scan)?.encode(out),
            BlockType::Callsites => Callsite::parse(scan)?.encode(out),
            BlockType::Anchors => Anchor::parse(scan)?.encode(out),
            BlockType::Losses => LossRecord::parse(scan)?.encode(out),
            BlockType::Summary => Summary::parse(scan)?.encode(out),
            BlockType::Chunk if out.is_empty() => ChunkHead::parse(scan)?.encode(out),
            BlockType::Chunk => Timed::parse(scan)?.encode(out),
        }
        Ok(())
    }

    fn close(self, file: &mut Vec<u8>, sequence: &mut u32) {
        put_block(file, self.block_type, *sequence, &self.payload);
        *sequence = sequence.wrapping_add(1);
    }
}
