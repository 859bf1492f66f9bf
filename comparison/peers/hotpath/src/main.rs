//! hotpath.
//!
//! It is a profiler and no tracer: it keeps how often each function ran and how long that took, and
//! no events. The server for its dashboard is off, and the report has functions only.

use std::hint::black_box;
use std::path::{Path, PathBuf};

use harness::{Elsewhere, Facts, Operations, Peer};
use hotpath::{Format, HotpathGuard, HotpathGuardBuilder};

#[derive(Default)]
struct Hotpath {
    path: PathBuf,
    guard: Option<HotpathGuard>,
}

impl Peer for Hotpath {
    fn facts(&self) -> Facts {
        Facts {
            packages: vec!["hotpath".into()],
            version: None,
            off: Some("no guard (its documentation's way is to compile it out)".into()),
            configuration:
                "feature `hotpath`, no default features; `report(\"functions-timing\")`, \
                            no server"
                    .into(),
            output: "a report with totals and percentiles, no events".into(),
            bound: "none: a queue that grows while totals are behind".into(),
            lacks: vec![
                "no events: totals only".into(),
                "no arguments".into(),
                "no logs".into(),
                "no tasks".into(),
            ],
        }
    }

    fn operations(&self) -> Operations {
        Operations { region, region_with_integer: None, log: None, task: None }
    }

    fn start(&mut self, output: &Path) {
        self.path = output.join("report.json");
        let builder = HotpathGuardBuilder::new("main")
            .format(Format::Json)
            .report("functions-timing")
            .output_path(&self.path);
        self.guard = Some(builder.build());
    }

    fn stop(&mut self) -> Elsewhere {
        self.guard = None;
        Elsewhere::default()
    }

    fn regions_kept(&mut self, _: &Path, _: u64) -> Option<u64> {
        let report = std::fs::read(&self.path).ok()?;
        calls(&serde_json::from_slice(&report).ok()?)
    }
}

/// The number of calls of `region`, wherever it stands in the report.
fn calls(report: &serde_json::Value) -> Option<u64> {
    let is_region = report["name"].as_str().is_some_and(|name| name.ends_with("::region"));
    if is_region && let Some(calls) = report["calls"].as_u64() {
        return Some(calls);
    }
    match report {
        serde_json::Value::Array(values) => values.iter().find_map(calls),
        serde_json::Value::Object(values) => values.values().find_map(calls),
        _ => None,
    }
}

#[hotpath::measure]
#[inline(never)]
fn region(x: u64) -> u64 {
    black_box(x)
}

fn main() {
    harness::run(Hotpath::default());
}
