//! How fast a large trace is opened and analysed, and what that takes of memory.
//!
//! ```text
//! cargo bench -p trace-reader --bench analysis             # 1 GB of each kind
//! cargo bench -p trace-reader --bench analysis -- 100      # so many MB
//! ```
//!
//! Traces of three kinds are made in a temporary directory, one after the other. Each is opened,
//! which is one worker's business, and analysed, with one worker and with as many as there are
//! processors; of three rounds the least time counts. Printed are seconds on the clock, seconds of
//! all processors together, how many million events are read in such a second, and whether that and
//! the most memory that was ever resident meet the targets.
//!
//! CPU time and memory are known on Linux only.

mod making;
mod measuring;

use std::path::Path;

use trace_reader::{Trace, Workers};

use making::Kind;
use measuring::{Cost, memory, told};

const ROUNDS: usize = 3;

/// Million events per second and processor.
const TARGET_RATE: f64 = 50.0;

/// MiB resident.
const TARGET_MEMORY: u64 = 512;

fn main() {
    // Cargo adds `--bench` by itself.
    let megabytes = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(1000);
    let dir = tempfile::tempdir().expect("a directory for the traces");
    let path = dir.path().join("trace");
    let available = std::thread::available_parallelism().map_or(1, |count| count.get());
    for kind in Kind::ALL {
        let made = making::make(&path, kind, megabytes * 1_000_000);
        println!(
            "{kind}: {} MB, {} million events",
            made.bytes / 1_000_000,
            made.events / 1_000_000
        );
        println!("  workers   what      clock s     CPU s   million events per CPU second");
        let alone = measured(&path, 1, made.events);
        if available > 1 {
            let all = measured(&path, available, made.events);
            println!("  {:.2} times as fast with {available} workers", alone / all);
        }
    }
}

/// Measures with so many workers, and returns the seconds that everything takes.
fn measured(path: &Path, workers: usize, events: u64) -> f64 {
    memory::forget_peak();
    let (mut opening, mut analysis, mut both) = (Cost::MOST, Cost::MOST, Cost::MOST);
    for _ in 0..ROUNDS {
        let start = Cost::so_far();
        let trace = Trace::open(path).expect("the trace can be read");
        let opened = Cost::so_far();
        let found =
            trace.analyze_with(Workers::new(workers)).expect("the trace can be read").events;
        let analysed = Cost::so_far();
        assert_eq!(found, events, "all events are read");
        assert!(trace.problems().is_empty(), "{:?}", trace.problems());
        opening = opening.least(opened.since(start));
        analysis = analysis.least(analysed.since(opened));
        both = both.least(analysed.since(start));
    }
    for (what, cost) in [("open", opening), ("analyse", analysis), ("both", both)] {
        let (clock, cpu) = (cost.clock.as_secs_f64(), cost.cpu.as_secs_f64());
        let rate = events as f64 / cpu / 1e6;
        println!("  {workers:7}   {what:8} {clock:8.3}  {cpu:8.2}   {rate:8.1}");
    }
    let rate = events as f64 / both.cpu.as_secs_f64() / 1e6;
    told(&format!("{TARGET_RATE} million events per CPU second"), rate >= TARGET_RATE);
    if let Some(peak) = memory::peak() {
        let target = format!("{TARGET_MEMORY} MiB resident, {peak} found");
        told(&target, peak <= TARGET_MEMORY);
    }
    both.clock.as_secs_f64()
}
