//! Programs that die, in every way: what they recorded is read back to the last event whose call had
//! returned.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::Size;
use crate::dying::{Death, one_death};
use crate::rows::Rows;

const TARGET: &str = "all that returned, at most one more per thread, in order";

pub(crate) fn run(size: Size, rows: &mut Rows) {
    die(Death::Kill, size.pick(20, 1000), rows);
    for death in Death::OWN {
        die(death, size.pick(3, 100), rows);
    }
}

fn die(death: Death, runs: usize, rows: &mut Rows) {
    let (mut events, mut wrong) = (0, Vec::new());
    for _ in 0..runs {
        let directory = tempfile::tempdir().expect("a directory for the trace");
        match one_death(directory.path(), death, &[], random_moment()) {
            Ok(read) => events += read,
            Err(error) => {
                let kept = directory.keep();
                wrong.push(format!("{error}, see {}", kept.display()));
            }
        }
    }
    if events == 0 && wrong.is_empty() {
        wrong.push("nothing was recorded".into());
    }
    let what = format!("{}, {runs} runs, two threads at full rate", death.name());
    let done = format!("{:.1} million events read", events as f64 / 1e6);
    rows.runs(&what, TARGET, &done, &wrong);
}

/// Between a moment at which hardly a chunk is full, and one at which the pool went round many times.
fn random_moment() -> Duration {
    // Every state is made with other keys.
    Duration::from_micros(RandomState::new().hash_one(0) % 40_000)
}
