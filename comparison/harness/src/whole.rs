//! CPU time, memory and output of one long recording.

use std::path::Path;

use crate::BATCH;
use crate::lines::{Line, Mode, Row, Unit};
use crate::peer::Peer;
use crate::process;
use crate::rounds::operations;

/// Records `regions` regions and prints what it took.
pub(crate) fn measure(peer: &mut impl Peer, regions: u64) {
    let output = tempfile::tempdir().expect("a directory for the output");
    let region = peer.operations().region;
    let (memory, cpu) = (process::peak_memory(), process::cpu_time());
    peer.start(output.path());
    for _ in 0..regions / BATCH {
        peer.batch(&mut || operations(region, BATCH));
    }
    let elsewhere = peer.stop();
    let cpu = process::cpu_time() - cpu + elsewhere.cpu;
    let memory = process::peak_memory() - memory + elsewhere.memory;

    let print = |row, unit, value| {
        Line::Row { mode: Mode::Whole(regions), row, unit, values: vec![value] }.print();
    };
    print(Row::Cpu, Unit::Nanoseconds, cpu.as_nanos() as f64 / regions as f64);
    print(Row::PeakMemory, Unit::Bytes, memory as f64);
    let bytes = size(output.path());
    if bytes > 0 {
        print(Row::Output, Unit::BytesPerRegion, bytes as f64 / regions as f64);
    }
    if let Some(kept) = peer.regions_kept(output.path(), regions) {
        print(Row::Kept, Unit::Regions, kept as f64);
    }
}

/// The size of all files below a directory.
fn size(directory: &Path) -> u64 {
    let entries = directory.read_dir().expect("a directory that can be read");
    entries
        .map(|entry| entry.expect("an entry that can be read"))
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}
