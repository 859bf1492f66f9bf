//! `tracing` with `tracing-chrome`, which writes JSON.
//!
//! Locations are left out, which its documentation recommends for large traces; arguments are
//! included, since the row with an integer would be none without.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};

use harness::{Elsewhere, Facts, Operations, Peer};
use tracing_chrome::{ChromeLayerBuilder, FlushGuard};
use tracing_subscriber::layer::SubscriberExt;

#[derive(Default)]
struct Chrome {
    path: PathBuf,
    guard: Option<FlushGuard>,
    written: Option<Receiver<()>>,
}

impl Peer for Chrome {
    fn facts(&self) -> Facts {
        Facts {
            packages: vec!["tracing".into(), "tracing-subscriber".into(), "tracing-chrome".into()],
            version: None,
            off: Some("no subscriber".into()),
            configuration: "`include_locations(false)`, `include_args(true)`".into(),
            output: "JSON file, written while recording".into(),
            bound: "none: a queue that grows while the writer is behind".into(),
            lacks: vec!["no tasks: a span without a parent".into()],
        }
    }

    fn operations(&self) -> Operations {
        peer_tracing::OPERATIONS
    }

    fn start(&mut self, output: &Path) {
        self.path = output.join("trace.json");
        let (layer, guard) = ChromeLayerBuilder::new()
            .writer(self.file())
            .include_locations(false)
            .include_args(true)
            .build();
        self.guard = Some(guard);
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer))
            .expect("no other subscriber");
    }

    fn settle(&mut self) {
        let written = self.written.take();
        let file = self.file();
        if let (Some(guard), Some(written)) = (&self.guard, written) {
            guard.start_new(Some(Box::new(file)));
            // The sender goes when the writing thread is done with the file before.
            let _ = written.recv();
        }
    }

    fn stop(&mut self) -> Elsewhere {
        // Joins the writing thread.
        self.guard = None;
        Elsewhere::default()
    }

    fn regions_kept(&mut self, _: &Path, _: u64) -> Option<u64> {
        let lines = BufReader::new(File::open(&self.path).ok()?).lines();
        let is_end = |line: &String| line.contains(r#""ph":"E""#);
        Some(lines.map_while(Result::ok).filter(is_end).count() as u64)
    }
}

impl Chrome {
    /// The file, emptied.
    fn file(&mut self) -> Observed {
        let (sender, receiver) = channel();
        self.written = Some(receiver);
        Observed { file: File::create(&self.path).expect("a new file"), _dropped: sender }
    }
}

/// A file that tells when it is no longer written to.
struct Observed {
    file: File,
    _dropped: Sender<()>,
}

impl Write for Observed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

fn main() {
    harness::run(Chrome::default());
}
