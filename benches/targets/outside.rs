//! What other commands of this repository measure.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value as Json;
use trace_format::wire::{Cursor, Field};
use trace_format::{BlockType, ChunkHead, Event, MAGIC, Stretch, Stretches, Timed};

/// What they said; `None` where one could not be run.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Instructions per operation, from `ci/instructions`.
    pub(crate) instructions: HashMap<String, f64>,
    /// Whether compiled out is the same code, from `ci/same-code`.
    pub(crate) same_code: Option<bool>,
    /// Bytes of the events of a region in the example's trace.
    pub(crate) wordcount_bytes: Option<f64>,
    /// What the reader's benchmark prints.
    pub(crate) report: Vec<String>,
    /// From `comparison/run build`: what it wrote when it was last run.
    pub(crate) build: Option<Json>,
}

pub(crate) fn measure() -> Found {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = |program: &str, args: &[&str]| -> Option<Output> {
        Command::new(program).args(args).current_dir(root).output().ok()
    };
    let text = |output: &Output| String::from_utf8_lossy(&output.stdout).into_owned();
    let mut found = Found::default();
    if let Some(output) = run("ci/instructions", &["--json"]) {
        let lines = text(&output);
        let op = |line: &str| {
            let line: Json = serde_json::from_str(line).ok()?;
            Some((line["op"].as_str()?.to_owned(), line["instructions"].as_f64()?))
        };
        found.instructions = lines.lines().filter_map(op).collect();
    }
    found.same_code = run("ci/same-code", &[]).map(|output| output.status.success());
    found.wordcount_bytes = wordcount_bytes(root);
    let report = ["bench", "--locked", "-p", "trace-reader", "--bench", "analysis"];
    found.report = run("cargo", &report)
        .map(|output| text(&output).lines().map(str::to_owned).collect())
        .unwrap_or_default();
    let build = std::fs::read_to_string(root.join("docs/performance/build.json"));
    found.build = build.ok().and_then(|text| serde_json::from_str(&text).ok());
    found
}

/// Runs the example over this repository and counts the bytes of begins and ends in its trace.
fn wordcount_bytes(root: &Path) -> Option<f64> {
    let dir = tempfile::tempdir().ok()?;
    let manifest: PathBuf = root.join("Cargo.toml");
    let status = Command::new("cargo")
        .args(["run", "--locked", "--release", "-q", "--example", "wordcount", "--manifest-path"])
        .arg(manifest)
        .current_dir(dir.path())
        .output()
        .ok()?
        .status;
    let file =
        std::fs::read(dir.path().join("wordcount.trace")).ok().filter(|_| status.success())?;
    let (mut bytes, mut regions) = (0, 0_u32);
    for stretch in Stretches::new(&file, MAGIC.len()) {
        let Stretch::Block { head, payload, .. } = stretch else { continue };
        if head.block_type != BlockType::Chunk {
            continue;
        }
        let mut input = Cursor::new(payload);
        ChunkHead::decode(&mut input, "a head").ok()?;
        while !input.is_empty() {
            let start = input.position();
            let event = Timed::decode(&mut input).ok()?.event;
            regions += u32::from(matches!(
                event,
                Event::RegionBegin { .. } | Event::TaskRegionBegin { .. }
            ));
            if matches!(
                event,
                Event::RegionBegin { .. }
                    | Event::TaskRegionBegin { .. }
                    | Event::RegionEnd {}
                    | Event::WholeRegionEnd { .. }
            ) {
                bytes += input.position() - start;
            }
        }
    }
    Some(bytes as f64 / f64::from(regions))
}
