//! perfetto-recorder.
//!
//! With the feature `fastant`, which its documentation recommends for faster recording. Memory is not
//! reserved beforehand, since a program does not know how much it will need.

use std::hint::black_box;
use std::path::{Path, PathBuf};

use harness::{Elsewhere, Facts, Operations, Peer};
use perfetto_recorder::{ThreadTraceData, TraceBuilder, scope};

#[derive(Default)]
struct PerfettoRecorder {
    path: PathBuf,
}

impl Peer for PerfettoRecorder {
    fn facts(&self) -> Facts {
        Facts {
            packages: vec!["perfetto-recorder".into()],
            version: None,
            off: Some("`start` was not called".into()),
            configuration: "features `enable` and `fastant`".into(),
            output: "Perfetto file, converted and written at the end".into(),
            bound: "none: everything stays in memory until the end".into(),
            lacks: vec!["no logs".into(), "no tasks".into()],
        }
    }

    fn operations(&self) -> Operations {
        Operations { region, region_with_integer: Some(region_with_integer), log: None, task: None }
    }

    fn start(&mut self, output: &Path) {
        self.path = output.join("trace.pftrace");
        perfetto_recorder::start().expect("the feature `enable` is on");
    }

    fn settle(&mut self) {
        drop(ThreadTraceData::take_current_thread());
    }

    fn stop(&mut self) -> Elsewhere {
        let thread = ThreadTraceData::take_current_thread();
        TraceBuilder::new()
            .expect("recording is on")
            .process_thread_data(&thread)
            .write_to_file(&self.path)
            .expect("the file can be written");
        Elsewhere::default()
    }

    fn regions_kept(&mut self, _: &Path, regions: u64) -> Option<u64> {
        Some((packets(&std::fs::read(&self.path).ok()?)? / 2).min(regions))
    }
}

/// How many packets are in a trace, which is a list of them: a tag, a length in groups of seven bits,
/// the packet. There are two for each region, and a few others.
fn packets(mut trace: &[u8]) -> Option<u64> {
    let mut packets = 0;
    while let [_tag, rest @ ..] = trace {
        let digits = rest.iter().position(|byte| byte & 0x80 == 0)? + 1;
        let digit = |length, byte: &u8| length << 7 | usize::from(byte & 0x7f);
        let length = rest[..digits].iter().rev().fold(0, digit);
        trace = rest.get(digits + length..)?;
        packets += 1;
    }
    Some(packets)
}

#[inline(never)]
fn region(x: u64) -> u64 {
    scope!("region");
    black_box(x)
}

#[inline(never)]
fn region_with_integer(x: u64) -> u64 {
    scope!("region", x = x);
    black_box(x)
}

fn main() {
    harness::run(PerfettoRecorder::default());
}
