//! How fast a large trace becomes what other tools read, and what that takes of memory.
//!
//! ```text
//! cargo bench -p trace-export --bench export                    # 1 GB of each kind, to each target
//! cargo bench -p trace-export --bench export -- 100 perfetto    # so many MB, to one target
//! ```
//!
//! Traces of three kinds are made in a temporary directory, one after the other, and exported to where nothing is
//! kept; of two rounds the least time counts. Printed are the time on the clock and on processors, how many million
//! regions per second of a processor, how many bytes per region, and whether these and the most memory that was ever
//! resident meet the targets. The time to open the trace is not a part of it.
//!
//! CPU time and memory are known on Linux only.

#[path = "../../trace-reader/benches/making/mod.rs"]
mod making;
#[path = "../../trace-reader/benches/measuring/mod.rs"]
mod measuring;

use std::io::{self, Write};
use std::path::Path;

use making::Kind;
use measuring::{Cost, memory, told};
use trace_export::{Target, export};
use trace_reader::Trace;

const ROUNDS: usize = 2;

/// Million regions per second of a processor.
const RATE: f64 = 2.0;

/// MiB resident.
const MEMORY: u64 = 256;

/// Bytes per region.
const SIZE: f64 = 24.0;

fn main() {
    // Cargo adds `--bench` by itself.
    let megabytes = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(1000);
    let named = |target: &Target| std::env::args().any(|arg| arg == target.name());
    let some: Vec<Target> = Target::ALL.into_iter().filter(named).collect();
    let targets = if some.is_empty() { Target::ALL.to_vec() } else { some };
    let dir = tempfile::tempdir().expect("a directory for the traces");
    let path = dir.path().join("trace");
    for kind in Kind::ALL {
        let made = making::make(&path, kind, megabytes * 1_000_000);
        let regions = regions_of(&path);
        println!(
            "{kind}: {} MB, {} million events, {} million regions",
            made.bytes / 1_000_000,
            made.events / 1_000_000,
            regions / 1_000_000
        );
        for &target in &targets {
            measure(&path, target, regions);
        }
    }
}

fn regions_of(path: &Path) -> u64 {
    let trace = Trace::open(path).expect("the trace can be read");
    let analysis = trace.analyze().expect("the trace can be read");
    analysis.regions.iter().map(|row| row.durations.count()).sum()
}

fn measure(path: &Path, target: Target, regions: u64) {
    memory::forget_peak();
    let mut cost = Cost::MOST;
    let mut bytes = 0;
    for _ in 0..ROUNDS {
        let trace = Trace::open(path).expect("the trace can be read");
        let start = Cost::so_far();
        bytes = export(&trace, target, &mut Nowhere).expect("nothing fails").bytes;
        cost = cost.least(Cost::so_far().since(start));
    }
    let (clock, cpu) = (cost.clock.as_secs_f64(), cost.cpu.as_secs_f64());
    let (rate, size) = (regions as f64 / cpu / 1e6, bytes as f64 / regions as f64);
    println!(
        "  {target}: {clock:.2} s, {cpu:.2} s of a processor, {rate:.2} million regions in such a second, \
         {size:.1} bytes per region"
    );
    if matches!(target, Target::Perfetto | Target::Go) {
        told(&format!("{RATE} million regions per second of a processor"), rate >= RATE);
    }
    if target == Target::Perfetto {
        told(&format!("{SIZE} bytes per region"), size <= SIZE);
    }
    if let Some(peak) = memory::peak() {
        told(&format!("{MEMORY} MiB resident, {peak} found"), peak <= MEMORY);
    }
}

/// Takes everything, and keeps nothing.
struct Nowhere;

impl Write for Nowhere {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
