//! dial9.
//!
//! It records what Tokio does, and events that a program defines; it has no annotation for functions.
//! A region is two events, for which its clock is read as in its documentation, behind a test whether
//! recording is on. No Tokio runtime is attached: this measures the recorder.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use dial9::core::clock_monotonic_ns;
use dial9::format::{Decoder, TraceEvent};
use dial9::{Dial9Handle, DiskBuffer, Recorder};
use harness::{Elsewhere, Facts, Operations, Peer};

static HANDLE: OnceLock<Dial9Handle> = OnceLock::new();

#[derive(Default)]
struct Dial9 {
    path: PathBuf,
    recorder: Option<Recorder>,
}

impl Peer for Dial9 {
    fn facts(&self) -> Facts {
        Facts {
            packages: vec!["dial9".into()],
            version: None,
            off: Some("no recorder".into()),
            configuration: "`DiskBuffer::single_file`; a region is two events of our definition, \
                            behind `is_enabled`"
                .into(),
            output: "binary file, written while recording".into(),
            bound:
                "1 MB for each thread, and a queue of such batches; then batches are dropped, and \
                    counted"
                    .into(),
            lacks: vec![
                "no regions: two events".into(),
                "no logs: an event with text".into(),
                "no tasks but Tokio's".into(),
            ],
        }
    }

    fn operations(&self) -> Operations {
        Operations {
            region,
            region_with_integer: Some(region_with_integer),
            log: Some(log),
            task: None,
        }
    }

    fn start(&mut self, output: &Path) {
        self.path = output.join("trace.0.bin");
        let writer = DiskBuffer::single_file(output.join("trace.bin")).expect("a new file");
        let recorder = dial9::recorder(writer).build();
        recorder.enable();
        HANDLE.set(recorder.handle().clone()).expect("started once");
        self.recorder = Some(recorder);
    }

    fn stop(&mut self) -> Elsewhere {
        self.recorder = None;
        Elsewhere::default()
    }

    fn regions_kept(&mut self, _: &Path, _: u64) -> Option<u64> {
        let trace = std::fs::read(&self.path).ok()?;
        let mut ends = 0;
        let count = |event: dial9::format::decoder::RawEvent<'_, '_>| {
            ends += u64::from(event.name == "RegionEnd");
        };
        Decoder::new(&trace)?.for_each_event(count).ok()?;
        Some(ends)
    }
}

#[derive(TraceEvent)]
struct RegionBegin {
    #[traceevent(timestamp)]
    timestamp_ns: u64,
}

#[derive(TraceEvent)]
struct RegionBeginWithInteger {
    #[traceevent(timestamp)]
    timestamp_ns: u64,
    x: u64,
}

#[derive(TraceEvent)]
struct RegionEnd {
    #[traceevent(timestamp)]
    timestamp_ns: u64,
}

#[derive(TraceEvent)]
struct Log {
    #[traceevent(timestamp)]
    timestamp_ns: u64,
    message: String,
}

#[inline]
fn recording() -> Option<&'static Dial9Handle> {
    HANDLE.get().filter(|handle| handle.is_enabled())
}

#[inline]
fn end() {
    if let Some(handle) = recording() {
        handle.record_event(RegionEnd { timestamp_ns: clock_monotonic_ns() });
    }
}

#[inline(never)]
fn region(x: u64) -> u64 {
    if let Some(handle) = recording() {
        handle.record_event(RegionBegin { timestamp_ns: clock_monotonic_ns() });
    }
    let x = black_box(x);
    end();
    x
}

#[inline(never)]
fn region_with_integer(x: u64) -> u64 {
    if let Some(handle) = recording() {
        handle.record_event(RegionBeginWithInteger { timestamp_ns: clock_monotonic_ns(), x });
    }
    let x = black_box(x);
    end();
    x
}

#[inline(never)]
fn log(x: u64) -> u64 {
    if let Some(handle) = recording() {
        let message = format!("value {x}");
        handle.record_event(Log { timestamp_ns: clock_monotonic_ns(), message });
    }
    black_box(x)
}

fn main() {
    harness::run(Dial9::default());
}
