//! sparkles.
//!
//! Without its optional features: no streaming over a network, no events about itself. It cannot be
//! switched off while a program runs.

use std::hint::black_box;
use std::path::Path;

use harness::{Elsewhere, Facts, Operations, Peer};
use sparkles::FinalizeGuard;
use sparkles::config::SparklesConfig;
use sparkles::sender::file_sender::FileSenderConfig;

#[derive(Default)]
struct Sparkles {
    guard: Option<FinalizeGuard>,
}

impl Peer for Sparkles {
    fn facts(&self) -> Facts {
        Facts {
            packages: vec!["sparkles".into()],
            version: None,
            off: None,
            configuration: "no default features; `SparklesConfig::default()`".into(),
            output: "binary file, written while recording".into(),
            bound: "a ring of 50 MB; then the oldest are dropped; 256 names for each thread".into(),
            lacks: vec![
                "no switch".into(),
                "no arguments".into(),
                "no logs: a name only".into(),
                "no tasks".into(),
            ],
        }
    }

    fn operations(&self) -> Operations {
        Operations { region, region_with_integer: None, log: None, task: None }
    }

    fn start(&mut self, output: &Path) {
        let mut config = SparklesConfig::default();
        let file = output.join("trace.sprk");
        config.file_sender_config = Some(FileSenderConfig::SingleFile(file));
        self.guard = Some(sparkles::init(config));
    }

    fn stop(&mut self) -> Elsewhere {
        self.guard = None;
        Elsewhere::default()
    }
}

#[inline(never)]
fn region(x: u64) -> u64 {
    let _region = sparkles_macro::range_event_start!("region");
    black_box(x)
}

fn main() {
    harness::run(Sparkles::default());
}
