//! `docs/format.md` says what the tables say. `UPDATE_DOCS=1` makes it so.

use std::fmt::Write;
use std::path::PathBuf;

use trace_format::wire::{Cursor, Field};
use trace_format::{
    Anchor, Beginning, BlockHead, BlockType, Callsite, CallsiteId, CallsiteKind, ChunkHead,
    ClockSource, EVENTS, Event, FiberOutcome, Header, LossCause, MAGIC, OpenRegion, Overflow,
    RECORDS, Spec, Summary, TaskId, Text, Ticks, Timed, Value, Values, delta_len, file_to_text,
    text_to_file,
};

/// What stands between `<!-- name -->` and `<!-- end -->`, for each name.
fn generated() -> Vec<(&'static str, String)> {
    let file = Example::file();
    vec![
        ("events", specs(EVENTS)),
        ("records", specs(RECORDS)),
        ("words", words()),
        ("example text", format!("```text\n{}```\n", text_of(&file.bytes))),
        ("example bytes", format!("```text\n{}```\n", file.dump)),
    ]
}

#[trace::test]
fn the_document_says_what_the_tables_say() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/format.md");
    // A packaged crate comes without the workspace's documents.
    let Ok(document) = std::fs::read_to_string(&path) else { return };
    let mut updated = document.clone();
    for (name, text) in generated() {
        let start = format!("<!-- {name} -->\n");
        let at = updated.find(&start).unwrap_or_else(|| panic!("no {start}")) + start.len();
        let len = updated[at..].find("<!-- end -->").expect("an end to each start");
        updated.replace_range(at..at + len, &text);
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, updated).unwrap();
    } else {
        assert!(document == updated, "docs/format.md is out of date: run this with UPDATE_DOCS=1");
    }
}

/// Every shape that a field has is explained.
#[trace::test]
fn the_prose_knows_all_shapes() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/format.md");
    let Ok(document) = std::fs::read_to_string(&path) else { return };
    for spec in EVENTS.iter().chain(RECORDS) {
        for field in spec.fields {
            let shape = field.shape.strip_prefix("list of ").unwrap_or(field.shape);
            let is_record = RECORDS.iter().any(|record| record.name == shape);
            let row = format!("\n| {shape} | ");
            assert!(is_record || document.contains(&row), "no {row:?}, of {}", spec.name);
        }
    }
}

#[trace::test]
fn the_bytes_of_the_example_are_those_of_its_text() {
    let file = Example::file();
    assert_eq!(text_to_file(&text_of(&file.bytes)).unwrap(), file.bytes);
    assert!(!text_of(&file.bytes).contains("raw"));
}

fn text_of(file: &[u8]) -> String {
    let mut text = String::new();
    file_to_text(file, |piece| text.write_str(piece)).unwrap();
    text
}

/// Markdown without the links of rustdoc.
fn prose(doc: &str) -> String {
    let mut text = String::new();
    let mut rest = doc;
    while let Some((before, link)) = rest.split_once('[') {
        let (label, behind) = link.split_once(']').expect("a link ends");
        text.push_str(before);
        text.push_str(label.trim_matches('`'));
        rest = match behind.strip_prefix('(') {
            Some(target) => target.split_once(')').expect("a target ends").1,
            None => behind,
        };
    }
    text + rest
}

fn specs(specs: &[Spec]) -> String {
    let mut text = String::from("| | name | field | shape | meaning |\n|---:|---|---|---|---|\n");
    for Spec { code, name, doc, fields } in specs {
        writeln!(text, "| {code} | **{name}** | | | {} |", prose(doc)).unwrap();
        for field in *fields {
            let (name, shape, doc) = (field.name, field.shape, prose(field.doc));
            writeln!(text, "| | | `{name}` | {shape} | {doc} |").unwrap();
        }
    }
    text
}

fn words() -> String {
    let mut text = String::from("| shape | byte | word | meaning |\n|---|---:|---|---|\n");
    macro_rules! rows {
        ($($Name:ident)+) => { $(for value in $Name::ALL {
            let (byte, word, doc) = (*value as u8, value.word(), prose(value.doc()));
            writeln!(text, "| {} | {byte} | `{word}` | {doc} |", $Name::SHAPE).unwrap();
        })+ };
    }
    rows!(BlockType ClockSource CallsiteKind LossCause Overflow Beginning FiberOutcome);
    text
}

/// A small trace, put together field by field.
#[derive(Default)]
struct Example {
    bytes: Vec<u8>,
    dump: String,
}

impl Example {
    fn file() -> Self {
        let mut file = Self::default();
        file.row(MAGIC, "magic: runtime-trace 1, line feed");

        let mut header = Self::default();
        header.fields(&[
            (&1_u32, "version"),
            (&Ticks(0x0123_4567_89ab_cdef), "session"),
            (&ClockSource::Monotonic, "clock = monotonic"),
            (&1_000_000_000_u64, "ticks_per_second = 10^9"),
            (&1_700_000_000_000_000_000_u64, "wall_ns = 1.7 * 10^18"),
            (&4711_u64, "pid = 4711"),
            (&Text::new("cafe"), "program = \"cafe\": 4 bytes, whole"),
            (&Text::new(""), "command_line = \"\""),
            (&Text::new("bar"), "host = \"bar\""),
            (&Text::new(""), "build_id = \"\""),
            (&Text::new(""), "pool_path = \"\""),
            (&1_048_576_u64, "pool_bytes = 2^20"),
            (&65_536_u64, "chunk_bytes = 2^16"),
            (&Overflow::Drop, "overflow = drop"),
            (&Beginning::Start, "beginning = start"),
        ]);
        header.is_a::<Header<'_>>();
        file.block(BlockType::Header, 0, header);

        let mut callsites = Self::default();
        callsites.fields(&[
            (&CallsiteId(1), "Callsite id = 1"),
            (&CallsiteKind::Task, "kind = task"),
            (&Text::new("order"), "name = \"order\""),
            (&Text::new("cafe.rs"), "file = \"cafe.rs\""),
            (&12_u32, "line = 12"),
            (&Text::new("cafe"), "module = \"cafe\""),
            (&vec![Text::new("size")], "keys = [\"size\"]: 1 entry, 4 bytes"),
            (&CallsiteId(2), "Callsite id = 2"),
            (&CallsiteKind::Region, "kind = region"),
            (&Text::new("steamMilk"), "name = \"steamMilk\""),
            (&Text::new("cafe.rs"), "file = \"cafe.rs\""),
            (&20_u32, "line = 20"),
            (&Text::new("cafe"), "module = \"cafe\""),
            (&Vec::<Text<'_>>::new(), "keys = []"),
        ]);
        callsites.is_a::<Callsite<'_>>();
        file.block(BlockType::Callsites, 1, callsites);

        let mut chunk = Self::default();
        chunk.fields(&[
            (&1_u64, "ChunkHead thread = 1"),
            (&0_u64, "sequence = 0"),
            (&Ticks(5000), "base = 5000"),
            (&4711_u64, "os_thread = 4711"),
            (&Text::new("main"), "thread_name = \"main\""),
            (&TaskId::BACKGROUND, "task = 0"),
            (&0_u64, "depth = 0"),
            (&Vec::<OpenRegion>::new(), "open = []"),
        ]);
        chunk.is_a::<ChunkHead<'_>>();
        let task = TaskId(7);
        chunk.event(
            0,
            Event::TaskBegin { callsite: CallsiteId(1), task, parent: TaskId::BACKGROUND },
        );
        let values = Values::new([Value::I64(-3)].into_iter());
        chunk.event(0, Event::TaskArgs { values });
        chunk.event(3, Event::TaskEnter { task });
        chunk.event(20, Event::RegionBegin { callsite: CallsiteId(2) });
        chunk.event(1500, Event::RegionEnd {});
        chunk.event(2, Event::TaskEnter { task: TaskId::BACKGROUND });
        chunk.event(
            1,
            Event::TaskEnd { callsite: CallsiteId(1), task, parent: TaskId::BACKGROUND, age: 1526 },
        );
        file.block(BlockType::Chunk, 2, chunk);

        let mut anchors = Self::default();
        for ns in [4000, 9000] {
            anchors.fields(&[
                (&Ticks(ns), &format!("Anchor ticks = {ns}")),
                (&ns, &format!("monotonic_ns = {ns}")),
                (&(1_700_000_000_000_000_000 + ns), &format!("wall_ns = 1.7 * 10^18 + {ns}")),
            ]);
        }
        anchors.is_a::<Anchor>();
        file.block(BlockType::Anchors, 3, anchors);

        let mut summary = Self::default();
        summary.fields(&[
            (&Ticks(9000), "end = 9000"),
            (&1_u64, "chunks = 1"),
            (&0_u64, "lost = 0"),
        ]);
        summary.is_a::<Summary>();
        file.block(BlockType::Summary, 4, summary);
        file
    }

    /// Adds some bytes, and lines that show them eight at a time.
    fn row(&mut self, bytes: &[u8], meaning: &str) {
        for (i, part) in bytes.chunks(8).enumerate() {
            let offset = self.bytes.len();
            self.bytes.extend_from_slice(part);
            let hex: Vec<_> = part.iter().map(|byte| format!("{byte:02x}")).collect();
            let meaning = if i == 0 { meaning } else { "" };
            let line = format!("{offset:04x}  {:<23}  {meaning}", hex.join(" "));
            writeln!(self.dump, "{}", line.trim_end()).unwrap();
        }
    }

    fn fields(&mut self, fields: &[(&dyn AnyField, &str)]) {
        for (value, meaning) in fields {
            self.row(&value.bytes(), meaning);
        }
    }

    fn event(&mut self, delta: u64, event: Event<'_>) {
        let mut bytes = Vec::new();
        event.encode(delta, &mut bytes);
        let kind = event.kind();
        let len = delta_len(delta);
        let s = if len == 1 { "" } else { "s" };
        let head = format!("{}: kind {}, delta in {len} byte{s}", kind.name(), kind as u8);
        self.row(&bytes[..1], &head);
        if len > 0 {
            self.row(&bytes[1..=len], &format!("delta = {delta}"));
        }
        if bytes.len() > 1 + len {
            let mut text = String::new();
            Timed { delta, event }.print(&mut text);
            let fields = text.split_once(kind.name()).expect("its name").1;
            self.row(&bytes[1 + len..], fields.trim_start());
        }
    }

    /// The rows so far are records of this type, without a rest.
    fn is_a<'a, T: Field<'a>>(&'a self) {
        let mut input = Cursor::new(&self.bytes);
        while !input.is_empty() {
            T::decode(&mut input, T::SHAPE).expect("the rows are the fields of the record");
        }
    }

    fn block(&mut self, block_type: BlockType, sequence: u32, payload: Self) {
        let head = BlockHead::of(block_type, sequence, &payload.bytes).to_bytes();
        self.dump.push('\n');
        self.row(&head[..4], "marker");
        self.row(&head[4..8], &format!("type = {}, three zeros", block_type.word()));
        self.row(&head[8..12], &format!("length = {}", payload.bytes.len()));
        self.row(&head[12..16], &format!("sequence = {sequence}"));
        self.row(&head[16..20], "checksum of the payload");
        self.row(&head[20..], "checksum of the 20 bytes before");
        let start = self.bytes.len();
        self.bytes.extend(payload.bytes);
        for line in payload.dump.lines() {
            let offset = usize::from_str_radix(&line[..4], 16).expect("an offset") + start;
            writeln!(self.dump, "{offset:04x}{}", &line[4..]).unwrap();
        }
    }
}

/// A field of any shape.
trait AnyField {
    fn bytes(&self) -> Vec<u8>;
}

impl<'a, T: Field<'a>> AnyField for T {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.encode(&mut bytes);
        bytes
    }
}
