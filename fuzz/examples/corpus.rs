//! Writes the inputs that the fuzz targets begin with, out of recorded and of golden traces, and the words of
//! the text form.
//!
//! ```text
//! cargo run --manifest-path fuzz/Cargo.toml --example corpus
//! ```
//!
//! Leaves `found-*` alone: these are inputs that found something.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use trace_format::wire::{Cursor, Field};
use trace_format::{
    BlockType, EVENTS, Header, MAGIC, POOL_CONTROL_LEN, POOL_HEAD_LEN, PoolControl, PoolHead,
    RECORDS, Stretch, Stretches, Text, put_block, text_to_file,
};

#[path = "../../trace-export/tests/odd/mod.rs"]
mod odd;

/// As long as what the fuzzer makes.
const LONGEST: usize = 8192;

/// The session of `trace-of-pools.txt`.
const SESSION: u64 = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for target in ["decode", "reader", "text", "pool", "export"] {
        clear(&root.join("corpus").join(target))?;
    }
    let recorded = recorded();
    let put = |target: &str, name: &str, bytes: &[u8]| {
        fs::write(root.join("corpus").join(target).join(name), bytes)
    };
    put("reader", "recorded", &recorded)?;
    put("text", "recorded", fuzz::text_of(&recorded).as_bytes())?;
    put("pool", "recorded", &pool_of(&recorded))?;
    put("pool", "cut", &pool_of(&recorded)[..POOL_HEAD_LEN + POOL_CONTROL_LEN])?;
    // The choices of `decode` are, among others, the types of blocks.
    let decode = |name: &str, file: &[u8]| {
        blocks(file).enumerate().try_for_each(|(number, (block_type, payload))| {
            let name = format!("{name}-{number}-{}", block_type.word());
            put("decode", &name, &[&[block_type as u8], payload].concat())
        })
    };
    decode("recorded", &recorded)?;
    put("decode", "file", &[&[11], &*recorded].concat())?;
    put("decode", "pool-head", &[&[9], &pool_of(&recorded)[..POOL_HEAD_LEN]].concat())?;
    put("export", "recorded", &recorded)?;
    for (name, text) in odd::all() {
        let file = text_to_file(&text)?;
        // A fuzzer learns nothing from what it cannot change.
        if file.len() <= LONGEST {
            put("export", name, &file)?;
        }
    }
    for (name, text) in golden(&root.join("../trace-reader/tests/data"))? {
        put("reader", &name, &text_to_file(&text)?)?;
    }
    for (name, text) in golden(&root.join("../trace-format/tests/data"))? {
        let file = text_to_file(&text)?;
        put("text", &name, text.as_bytes())?;
        put("reader", &name, &file)?;
        decode(&name, &file)?;
    }
    fs::write(root.join("text.dict"), words())?;
    Ok(())
}

/// Removes what was written before, and sees to it that the directory is there.
fn clear(directory: &Path) -> std::io::Result<()> {
    fs::create_dir_all(directory)?;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with("found-") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// A small program with something of everything.
fn recorded() -> Vec<u8> {
    let ((), bytes) = trace::capture(|| {
        let order = trace::trace_task!("order", id = 7, size = ?Some("large"));
        let ctx = order.context();
        std::thread::scope(|bar| {
            bar.spawn(move || {
                ctx.run(|| {
                    let milk = trace::trace_region!("steamMilk", degrees = 64.5, oat = true);
                    trace::trace_log!("milk", "äöü\n\u{202e}");
                    milk.arg("foam", -3_i128);
                })
            });
        });
        let _region = trace::trace_region!("mix");
        (0..3).for_each(|n| trace::trace_counter!("cups", n));
        trace::with_region(ctx, "serve", || trace::log(ctx, "", "for here"));
    });
    anonymous(&bytes)
}

/// The same trace without what tells where it was recorded.
fn anonymous(file: &[u8]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    for (sequence, (block_type, payload)) in blocks(file).enumerate() {
        let header = Header::decode(&mut Cursor::new(payload), "a header").ok();
        match header.filter(|_| block_type == BlockType::Header) {
            Some(header) => {
                let (program, host, build_id) =
                    (Text::new("cafe"), Text::new("bar"), Text::new(""));
                let mut payload = Vec::new();
                Header { program, host, build_id, pid: 1, ..header }.encode(&mut payload);
                put_block(&mut out, block_type, sequence as u32, &payload);
            }
            None => put_block(&mut out, block_type, sequence as u32, payload),
        }
    }
    out
}

fn golden(directory: &Path) -> std::io::Result<Vec<(String, String)>> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(directory)? {
        paths.push(entry?.path());
    }
    paths.sort();
    let name = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    paths.iter().map(|path| Ok((name(path), fs::read_to_string(path)?))).collect()
}

fn blocks(file: &[u8]) -> impl Iterator<Item = (BlockType, &[u8])> {
    Stretches::new(file, 0).filter_map(|stretch| match stretch {
        Stretch::Block { head, payload, .. } => Some((head.block_type, payload)),
        Stretch::Junk { .. } => None,
    })
}

/// A small pool in which the chunks of a trace lie, and its callsites.
fn pool_of(file: &[u8]) -> Vec<u8> {
    let chunks: Vec<&[u8]> =
        blocks(file).filter(|block| block.0 == BlockType::Chunk).map(|block| block.1).collect();
    let longest = chunks.iter().map(|chunk| chunk.len()).max().unwrap_or(0);
    // One more, that is empty.
    let count = chunks.len() + 1;
    let chunks_offset = (POOL_HEAD_LEN + count * POOL_CONTROL_LEN) as u64;
    let chunk_bytes = (longest + trace_format::BLOCK_HEAD_LEN) as u32;
    let head = PoolHead {
        chunk_bytes,
        chunk_count: count as u32,
        controls_offset: POOL_HEAD_LEN as u32,
        chunks_offset,
        tables_offset: chunks_offset + count as u64 * u64::from(chunk_bytes),
        session: SESSION,
    };
    let mut pool = vec![0; head.tables_offset as usize];
    let mut put = |at: u64, bytes: &[u8]| {
        pool[at as usize..at as usize + bytes.len()].copy_from_slice(bytes);
    };
    put(0, &head.to_bytes());
    for (at, chunk) in (0..).zip(chunks) {
        let control = PoolControl { committed: chunk.len() as u32, thread: 1, sequence: 0 };
        put(head.control_offset(at), &control.to_bytes());
        put(head.payload_offset(at), chunk);
    }
    for (_, payload) in blocks(file).filter(|block| block.0 == BlockType::Callsites) {
        put_block(&mut pool, BlockType::Callsites, 0, payload);
    }
    pool
}

/// The words of the text form, as a dictionary.
fn words() -> String {
    let mut words: Vec<String> =
        ["runtime-trace 1\n", "block ", "raw ", "hex ", "junk ", "sequence "]
            .map(String::from)
            .into();
    words.extend(BlockType::ALL.iter().map(|block_type| block_type.word().to_owned()));
    words.extend(
        ["none", "true", "i64:", "u64:", "i128:", "u128:", "f64:", "bits:"].map(String::from),
    );
    words.extend(["debug:", "display:", "\\u{", "\\x", "\"/", "[]"].map(String::from));
    for spec in RECORDS.iter().chain(EVENTS) {
        words.push(format!("{} ", spec.name));
        words.extend(spec.fields.iter().map(|field| format!(" {}=", field.name)));
    }
    words.sort();
    words.dedup();
    let line = |word: &String| {
        let word = word.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\x0a");
        format!("\"{word}\"\n")
    };
    words.iter().map(line).collect()
}
