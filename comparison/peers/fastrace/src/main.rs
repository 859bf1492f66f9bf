//! fastrace.
//!
//! A root span around each 1,000 regions, since its documentation recommends roots for short tasks,
//! and since it silently leaves out what is beyond 10,240 spans in one. The reporter counts records
//! and drops them: fastrace itself writes no file.

use std::hint::black_box;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use fastrace::collector::{Config, Reporter, SpanContext, SpanRecord};
use fastrace::local::LocalSpan;
use fastrace::{Event, Span};
use harness::{BATCH, Elsewhere, Facts, Operations, Peer};

static RECORDS: AtomicU64 = AtomicU64::new(0);

struct Fastrace;

impl Peer for Fastrace {
    fn facts(&self) -> Facts {
        Facts {
            packages: vec!["fastrace".into()],
            version: None,
            off: Some("no reporter, and so no span that is a parent".into()),
            configuration: "a root span for each 1,000 regions; `Config::default()`".into(),
            output: "none: records handed to a reporter, which counts and drops them".into(),
            bound: "in a root 10,240 spans, then they are dropped, and not counted; between threads none"
                .into(),
            lacks: vec!["no tasks: a root span".into()],
        }
    }

    fn operations(&self) -> Operations {
        Operations {
            region,
            region_with_integer: Some(region_with_integer),
            log: Some(log),
            task: Some(task),
        }
    }

    fn start(&mut self, _: &Path) {
        fastrace::set_reporter(Counter, Config::default());
    }

    fn batch(&mut self, work: &mut dyn FnMut()) {
        let root = Span::root("batch", SpanContext::random());
        let _guard = root.set_local_parent();
        work();
    }

    fn settle(&mut self) {
        fastrace::flush();
    }

    fn stop(&mut self) -> Elsewhere {
        fastrace::flush();
        Elsewhere::default()
    }

    fn regions_kept(&mut self, _: &Path, regions: u64) -> Option<u64> {
        Some(RECORDS.load(Relaxed).saturating_sub(regions / BATCH))
    }
}

struct Counter;

impl Reporter for Counter {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        RECORDS.fetch_add(spans.len() as u64, Relaxed);
    }
}

#[fastrace::trace(name = "region")]
#[inline(never)]
fn region(x: u64) -> u64 {
    black_box(x)
}

#[fastrace::trace(name = "region", properties = { "x": "{x}" })]
#[inline(never)]
fn region_with_integer(x: u64) -> u64 {
    black_box(x)
}

#[inline(never)]
fn log(x: u64) -> u64 {
    LocalSpan::add_event(Event::new("log").with_property(|| ("message", format!("value {x}"))));
    black_box(x)
}

#[inline(never)]
fn task(x: u64) -> u64 {
    let _root = Span::root("task", SpanContext::random());
    black_box(x)
}

fn main() {
    harness::run(Fastrace);
}
