//! LTTng-UST: tracing of user space, without the kernel's modules.
//!
//! Sub-buffers are larger than by default, as its documentation recommends for many events. Its
//! daemons write the output, so what they take is added. A region is two events.

mod daemon;

use std::path::{Path, PathBuf};

use daemon::Daemon;
use harness::{Elsewhere, Facts, Operations, Peer};

#[derive(Default)]
struct LttngUst {
    daemon: Option<Daemon>,
    discarded: u64,
}

impl Peer for LttngUst {
    fn facts(&self) -> Facts {
        Facts {
            packages: Vec::new(),
            version: Some(format!("LTTng-UST {}", env!("LTTNG_UST_VERSION"))),
            off: Some("no session daemon".into()),
            configuration:
                "per-user buffers, for each processor 8 sub-buffers of 1 MiB; a region is \
                            two events of our definition"
                    .into(),
            output: "Common Trace Format, written by a daemon while recording".into(),
            bound: "the sub-buffers; then events are dropped, and counted".into(),
            lacks: vec![
                "no regions: two events".into(),
                "no tasks".into(),
                "memory: of the process and its daemons, which share the buffers".into(),
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
        let daemon = Daemon::start();
        let path: PathBuf = output.join("lttng");
        let path = path.to_str().expect("a path in UTF-8");
        daemon.lttng(&["create", "peer", "--output", path]);
        daemon.lttng(&[
            "enable-channel",
            "--userspace",
            "--buffers-uid",
            "--subbuf-size=1M",
            "--num-subbuf=8",
            "channel",
        ]);
        daemon.lttng(&[
            "enable-event",
            "--userspace",
            "--channel=channel",
            "peer:*,lttng_ust_tracef:*",
        ]);
        daemon.lttng(&["start"]);
        self.daemon = Some(daemon);
    }

    fn settle(&mut self) {
        if let Some(daemon) = &self.daemon {
            daemon.lttng(&["clear"]);
        }
    }

    fn stop(&mut self) -> Elsewhere {
        let daemon = self.daemon.take().expect("started");
        daemon.lttng(&["stop"]);
        self.discarded = discarded(&daemon.lttng(&["list", "peer"]));
        daemon.lttng(&["destroy", "peer"]);
        daemon.end()
    }

    fn regions_kept(&mut self, _: &Path, regions: u64) -> Option<u64> {
        // A region whose begin or end is lost is not whole.
        Some(regions.saturating_sub(self.discarded))
    }
}

/// The number of events that a channel's statistics say were dropped.
fn discarded(list: &str) -> u64 {
    let number = |line: &str| line.trim().strip_prefix("Discarded events:")?.trim().parse().ok();
    list.lines().find_map(number).expect("statistics of the channel")
}

#[allow(unsafe_code)]
mod annotated {
    unsafe extern "C" {
        pub(crate) safe fn peer_region(x: u64) -> u64;
        pub(crate) safe fn peer_region_with_integer(x: u64) -> u64;
        pub(crate) safe fn peer_log(x: u64) -> u64;
    }
}

fn region(x: u64) -> u64 {
    annotated::peer_region(x)
}

fn region_with_integer(x: u64) -> u64 {
    annotated::peer_region_with_integer(x)
}

fn log(x: u64) -> u64 {
    annotated::peer_log(x)
}

fn main() {
    harness::run(LttngUst::default());
}
