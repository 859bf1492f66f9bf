//! The client of Tracy, without a viewer.
//!
//! Only what is annotated is recorded: no sampling, no context switches, no call stacks, nothing
//! announced on a network. Events wait in memory for a viewer to connect, and none does.

use std::hint::black_box;
use std::path::Path;

use harness::{Elsewhere, Facts, Operations, Peer};
use tracy_client::Client;

/// The client; built with the feature `ondemand`, it is off while no viewer is connected.
#[derive(Default)]
pub struct Tracy;

impl Peer for Tracy {
    fn facts(&self) -> Facts {
        Facts {
            packages: vec!["tracy-client".into()],
            version: None,
            off: Some("a client with the feature `ondemand`, and no viewer".into()),
            configuration: "features `enable`, `only-localhost`; the call stack is not recorded"
                .into(),
            output: "none: kept for a viewer, sent over a socket".into(),
            bound: "none; what was not sent is lost at the end".into(),
            lacks: vec!["no file".into(), "no tasks".into()],
        }
    }

    fn operations(&self) -> Operations {
        // Off means a client that has nobody to send to: there must be one.
        let _client = Client::start();
        Operations {
            region,
            region_with_integer: Some(region_with_integer),
            log: Some(log),
            task: None,
        }
    }

    fn start(&mut self, _: &Path) {
        let _client = Client::start();
    }

    fn stop(&mut self) -> Elsewhere {
        Elsewhere::default()
    }
}

#[inline(never)]
fn region(x: u64) -> u64 {
    let _span = tracy_client::span!("region");
    black_box(x)
}

#[inline(never)]
fn region_with_integer(x: u64) -> u64 {
    let span = tracy_client::span!("region");
    span.emit_value(x);
    black_box(x)
}

#[inline(never)]
fn log(x: u64) -> u64 {
    let client = Client::running().expect("started");
    client.message(&format!("value {x}"), 0);
    black_box(x)
}
