//! `tracing` with the registry of `tracing-subscriber`, and no layer that would write anything: what
//! every layer that records has to pay before it begins.
//!
//! There is a layer that does nothing: a registry without any keeps every span for ever.

use std::path::Path;

use harness::{Elsewhere, Facts, Operations, Peer};
use tracing_subscriber::layer::{Identity, SubscriberExt};

struct Registry;

impl Peer for Registry {
    fn facts(&self) -> Facts {
        Facts {
            packages: vec!["tracing".into(), "tracing-subscriber".into()],
            version: None,
            off: Some("no subscriber".into()),
            configuration: "`tracing_subscriber::registry()`, with a layer that does nothing"
                .into(),
            output: "none".into(),
            bound: "records nothing".into(),
            lacks: vec![
                "no clock is read, nothing is recorded".into(),
                "no tasks: a span without a parent".into(),
            ],
        }
    }

    fn operations(&self) -> Operations {
        peer_tracing::OPERATIONS
    }

    fn start(&mut self, _: &Path) {
        tracing::subscriber::set_global_default(
            tracing_subscriber::registry().with(Identity::new()),
        )
        .expect("no other subscriber");
    }

    fn stop(&mut self) -> Elsewhere {
        Elsewhere::default()
    }
}

fn main() {
    harness::run(Registry);
}
