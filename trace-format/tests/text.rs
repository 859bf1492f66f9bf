//! The text form: golden traces, files that are damaged, and texts that are wrong.

use proptest::prelude::*;
use trace_format::text::{Scan, Spelled, quote};
use trace_format::{
    BlockHead, BlockType, MAGIC, Stretch, Stretches, Value, file_to_text, put_block, text_to_file,
};

const CAPPUCCINO: &str = include_str!("data/a_cappuccino_on_two_threads.txt");
const DAMAGE: &str = include_str!("data/damage_and_other_versions.txt");

fn text_of(file: &[u8]) -> String {
    let mut text = String::new();
    file_to_text(file, |piece| {
        assert!(piece.ends_with('\n'), "pieces are whole lines");
        text.push_str(piece);
        Ok::<_, std::convert::Infallible>(())
    })
    .unwrap();
    text
}

#[track_caller]
fn comes_back(file: &[u8]) {
    let text = text_of(file);
    assert_eq!(text_to_file(&text).expect(&text), file, "{text}");
}

#[trace::test]
fn golden_traces_come_back_letter_by_letter() {
    for golden in [CAPPUCCINO, DAMAGE] {
        assert_eq!(text_of(&text_to_file(golden).unwrap()), golden);
    }
}

/// The text could stay the same while the bytes change, on both sides at once.
#[trace::test]
fn golden_traces_have_the_bytes_they_always_had() {
    let checksums = [CAPPUCCINO, DAMAGE].map(|text| crc32fast::hash(&text_to_file(text).unwrap()));
    assert_eq!(checksums, [3_930_307_904, 2_055_073_566]);
}

#[trace::test]
fn the_golden_trace_has_every_event_and_record() {
    for spec in trace_format::EVENTS.iter().chain(trace_format::RECORDS) {
        assert!(
            CAPPUCCINO.contains(&format!("{} ", spec.name)) || spec.fields.is_empty(),
            "{}",
            spec.name
        );
    }
}

#[trace::test]
fn every_beginning_of_a_file_comes_back() {
    let file = text_to_file(CAPPUCCINO).unwrap();
    for len in 0..file.len() {
        comes_back(&file[..len]);
    }
}

#[trace::test]
fn a_file_with_any_byte_changed_comes_back() {
    let file = text_to_file(CAPPUCCINO).unwrap();
    for at in 0..file.len() {
        for flip in [1, 0x80, 0xff] {
            let mut file = file.clone();
            file[at] ^= flip;
            comes_back(&file);
        }
    }
}

/// As above, but with checksums that are right, so that it is the records that are damaged.
#[trace::test]
fn payloads_with_any_byte_changed_or_cut_come_back() {
    let file = text_to_file(CAPPUCCINO).unwrap();
    for stretch in Stretches::new(&file, MAGIC.len()) {
        let Stretch::Block { head: BlockHead { block_type, .. }, payload, .. } = stretch else {
            panic!("the golden trace is sound")
        };
        for at in 0..payload.len() {
            let cut = payload[..at].to_vec();
            let changed = [1, 2, 0x40, 0x80, 0xff].map(|flip| {
                let mut payload = payload.to_vec();
                payload[at] ^= flip;
                payload
            });
            for payload in changed.into_iter().chain([cut]) {
                let mut file = MAGIC.to_vec();
                put_block(&mut file, block_type, 0, &payload);
                comes_back(&file);
            }
        }
    }
}

#[trace::test]
fn a_second_spelling_of_the_same_is_kept_as_it_is() {
    let head = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    for event in [
        &[3 << 3 | 1, 0][..],               // a delta of 0 in one byte
        &[13 << 3, 0x85, 0],                // a task in two bytes
        &[1 << 3, 0xff, 0xff, 7, 0, 0, 0],  // a small callsite in six bytes
        &[14 << 3, 7, 0, 0x80, 0],          // an empty text with a long length
        &[6 << 3, 0x81, 0, 6],              // a count in two bytes
        &[5, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f], // kind 0
    ] {
        let mut file = Vec::new();
        put_block(&mut file, BlockType::Chunk, 0, &[&head[..], event].concat());
        assert!(text_of(&file).starts_with("raw chunk # "), "{}", text_of(&file));
        comes_back(&file);
    }
}

#[trace::test]
fn whoever_takes_the_text_can_stop_it() {
    let file = text_to_file(CAPPUCCINO).unwrap();
    let mut pieces = 0;
    let stopped = file_to_text(&file, |_| {
        pieces += 1;
        if pieces == 2 { Err("enough") } else { Ok(()) }
    });
    assert_eq!((stopped, pieces), (Err("enough"), 2));
}

#[trace::test]
fn comments_empty_lines_and_line_ends_of_windows_mean_nothing() {
    let text = "# a trace\r\nruntime-trace 1 # magic\r\n\r\nblock anchors\r\n  # none\r\n";
    let mut file = MAGIC.to_vec();
    put_block(&mut file, BlockType::Anchors, 0, b"");
    assert_eq!(text_to_file(text).unwrap(), file);
}

#[track_caller]
fn wrong(text: &str, message: &str) {
    assert_eq!(text_to_file(text).unwrap_err().to_string(), message);
}

#[trace::test]
fn an_error_tells_line_and_column() {
    wrong(
        "blocks header",
        "line 1, column 1: expected `runtime-trace`, `block`, `raw`, `junk` or `sequence`, \
         found \"blocks header\"",
    );
    wrong("runtime-trace 2", "line 1, column 14: expected ` 1`, found \" 2\"");
    wrong("block milk", "line 1, column 7: expected a block type, found \"milk\"");
    wrong(
        "\n  Header",
        "line 2, column 3: expected `block` before what stands in it, found \"Header\"",
    );
    wrong("junk 0g", "line 1, column 6: expected two hexadecimal digits, found \"0g\"");
    wrong("junk 00 00", "line 1, column 9: expected the end of the line, found \"00\"");
    wrong("raw chunk\n  00", "line 2, column 3: expected `hex `, found \"00\"");
    wrong("block anchors\n  Summary", "line 2, column 3: expected `Anchor`, found \"Summary\"");
}

#[trace::test]
fn an_error_tells_the_field() {
    let anchor = |fields: &str| format!("block anchors\n  Anchor {fields}");
    wrong(&anchor("tick=1"), "line 2, column 10: expected `ticks=`, found \"tick=1\"");
    wrong(
        &anchor("ticks=1"),
        "line 2, column 17: expected ` monotonic_ns=`, found the end of the line",
    );
    wrong(
        &anchor("ticks=+1"),
        "line 2, column 16: expected a number that fits `u64`, found \"+1\"",
    );
    let large = "18446744073709551616";
    wrong(
        &anchor(&format!("ticks={large}")),
        &format!("line 2, column 16: expected a number that fits `u64`, found {large:?}"),
    );
    wrong(
        &anchor("ticks=1monotonic_ns=2"),
        "line 2, column 16: expected a number that fits `u64`, found \"1monotonic_ns=2\"",
    );
}

#[trace::test]
fn an_error_tells_the_event() {
    let chunk = |event: &str| {
        let head = "ChunkHead thread=1 sequence=0 base=0 os_thread=0 thread_name=\"\" task=0 depth=0 open=[]";
        format!("block chunk\n  {head}\n  {event}")
    };
    wrong(&chunk("RegionEnd"), "line 3, column 3: expected `+`, found \"RegionEnd\"");
    wrong(&chunk("+1 End"), "line 3, column 6: expected the name of an event, found \"End\"");
    wrong(
        &chunk("+72057594037927936 RegionEnd"),
        "line 3, column 4: expected a delta below 2^56, found \"72057594037927936 Region\"",
    );
    wrong(
        &chunk("+1 Log callsite=1 message=\"°"),
        "line 3, column 31: expected `\"` at the end of the string, found the end of the line",
    );
    wrong(
        &chunk("+1 Log callsite=1 message=\"°\\x+5\""),
        "line 3, column 31: expected an escape: \\n \\t \\\" \\\\ \\xNN \\u{N}, found \"\\\\x+5\\\"\"",
    );
    wrong(
        &chunk("+1 Counter callsite=1 value=u8:1"),
        "line 3, column 31: expected a value: i64: u64: i128: u128: f64: bits: debug: display: \
         true false \"…\", found \"u8:1\"",
    );
}

#[trace::test]
fn a_payload_that_is_too_long_is_an_error() {
    let line = format!("  hex {}\n", "00".repeat(1 << 20));
    let text = format!("raw chunk\n{}", line.repeat(65));
    let error = text_to_file(&text).unwrap_err();
    assert_eq!((error.line, error.column), (66, 3));
    assert!(error.expected.contains("at most 67108864 bytes"), "{error}");
}

#[trace::test]
fn strings_hide_nothing() {
    let mut text = String::new();
    quote("a\u{202e}b\u{1b}[31m\u{feff}\r\u{9b}é\"\\".as_bytes(), &mut text);
    assert_eq!(text, r#""a\u{202e}b\u{1b}[31m\u{feff}\u{d}\u{9b}é\"\\""#);
    text.clear();
    quote(b"\xe2\x82 \xff", &mut text);
    assert_eq!(text, r#""\xe2\x82 \xff""#);
}

#[trace::test]
fn doubles_keep_their_bits() {
    for double in [0.0, -0.0, 0.1, 1e300, 5e-324, f64::INFINITY, f64::NEG_INFINITY, -f64::NAN] {
        let mut text = String::new();
        Value::F64(double).print(&mut text);
        assert_eq!(Value::parse(&mut Scan::new(&text, 1)), Ok(Value::F64(double)), "{text}");
    }
}

proptest! {
    #[trace::test]
    fn any_text_at_all_is_read_or_refused(text in any::<String>()) {
        let _ = text_to_file(&text);
    }

    #[trace::test]
    fn a_golden_trace_with_other_letters_is_read_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<char>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut letters: Vec<char> = CAPPUCCINO.chars().collect();
        letters.truncate(cut.index(letters.len()) + 1);
        for (at, letter) in changes {
            let at = at.index(letters.len());
            letters[at] = letter;
        }
        if let Ok(file) = text_to_file(&String::from_iter(letters)) {
            comes_back(&file);
        }
    }

    #[trace::test]
    fn pieces_of_the_text_form_in_any_order_are_read_or_refused(
        pieces in prop::collection::vec(prop::sample::select(&[
            "runtime-trace 1", "block ", "raw ", "junk ", "sequence ", "chunk", "header", "\n",
            "\n  ", " ", "hex ", "00ff", "+1 ", "Counter", " callsite=", "7", " value=", "f64:",
            "1e", "bits:", "\"", "\\u{", "\\x", "}", "ä", "/", "[", "]", ",", "#", "-", ".", "=",
            "debug:", "true", "RegionArgs values=", "i128:", "Summary end=1 chunks=2 lost=3",
        ][..]), 0..24),
    ) {
        if let Ok(file) = text_to_file(&pieces.concat()) {
            comes_back(&file);
        }
    }
}
