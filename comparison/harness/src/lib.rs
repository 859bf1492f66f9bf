//! Measures a tracer, in the same way for each.
//!
//! A peer is a program whose `main` gives a [`Peer`] to [`run`]. It is started once for each
//! [`Mode`], so that what one leaves behind in global state is not there in the next, and prints its
//! results as JSON, one [`Line`] each:
//!
//! ```text
//! peer-fastrace off       # what annotations cost while nothing is recorded
//! peer-fastrace on        # what the annotated thread pays for recording
//! peer-fastrace whole N   # N regions, and all that it takes to have them in the output
//! ```
//!
//! | file | owns |
//! |---|---|
//! | `peer.rs` | what a tracer has to provide |
//! | `lines.rs` | the format of the results |
//! | `controls.rs` | rows that are no tracer's: the floor, the plain function, two loops |
//! | `rounds.rs` | timing of rows, interleaved, in rounds |
//! | `whole.rs` | CPU time, memory and output of one long recording |
//! | `process.rs` | what the operating system tells about a process |
#![deny(unsafe_code)]

mod controls;
mod lines;
mod peer;
pub mod process;
mod rounds;
mod whole;

pub use lines::{Facts, Line, Mode, Row, Unit};
pub use peer::{Elsewhere, Operation, Operations, Peer};

/// How many operations are timed together.
pub const OPERATIONS: u64 = 1_000_000;

/// How many operations are one piece of work to those tracers that must be told: a frame, a request.
pub const BATCH: u64 = 1_000;

/// The `main` of a peer: reads the mode from the command line, measures, and prints.
///
/// # Panics
/// When the command line is none of the three, and when the peer does not work.
pub fn run(mut peer: impl Peer) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["off"] => {
            Line::Facts(peer.facts()).print();
            rounds::off(&peer);
        }
        ["on"] => rounds::on(&mut peer),
        ["whole", regions] => whole::measure(&mut peer, regions.parse().expect("a number")),
        _ => panic!("expected `off`, `on` or `whole N`, found {arguments:?}"),
    }
}
