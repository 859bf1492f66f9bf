//! runtime-trace itself.
//!
//! A session into a file, with the default pool of 16 MiB. `Overflow::Block`, so that a busy machine
//! cannot make it look cheap by losing events.

use std::hint::black_box;
use std::path::Path;

use harness::{Elsewhere, Facts, Operations, Peer};
use trace::{Overflow, Session, Summary};

#[derive(Default)]
struct RuntimeTrace {
    session: Option<Session>,
    summary: Option<Summary>,
}

impl Peer for RuntimeTrace {
    fn facts(&self) -> Facts {
        Facts {
            packages: vec!["runtime-trace".into()],
            version: None,
            off: Some("no session".into()),
            configuration: "`Session::builder().overflow(Overflow::Block)`, into a file".into(),
            output: "binary file, written while recording".into(),
            bound:
                "a pool, 16 MiB by default; then events are dropped and counted, or the program \
                    waits (as here)"
                    .into(),
            lacks: Vec::new(),
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

    fn start(&mut self, output: &Path) {
        let builder = Session::builder().overflow(Overflow::Block);
        self.session = Some(builder.start_file(output.join("trace")).expect("tracing is off"));
    }

    fn stop(&mut self) -> Elsewhere {
        self.summary = self.session.take().map(|session| session.finish().expect("a whole file"));
        Elsewhere::default()
    }

    fn regions_kept(&mut self, _: &Path, regions: u64) -> Option<u64> {
        // A region whose begin or end is lost is not whole.
        Some(regions.saturating_sub(self.summary.as_ref()?.events_lost))
    }
}

#[trace::region("region")]
#[inline(never)]
fn region(x: u64) -> u64 {
    black_box(x)
}

#[trace::region("region", args(x))]
#[inline(never)]
fn region_with_integer(x: u64) -> u64 {
    black_box(x)
}

#[inline(never)]
fn log(x: u64) -> u64 {
    trace::trace_log!("category", "value {x}");
    black_box(x)
}

#[trace::task("task")]
#[inline(never)]
fn task(x: u64) -> u64 {
    black_box(x)
}

fn main() {
    harness::run(RuntimeTrace::default());
}
