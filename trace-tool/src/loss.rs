//! How it is said that something is missing.

use crate::units::things;

/// Adds counts up. A damaged file may claim any number.
pub(crate) fn total(counts: impl Iterator<Item = u64>) -> u64 {
    counts.fold(0, u64::saturating_add)
}

/// `312 events`, `2 chunks`, `312 events and 2 chunks`.
pub(crate) fn amount(events: u64, chunks: u64) -> String {
    match (events, chunks) {
        (events, 0) => things(events, "event"),
        (0, chunks) => things(chunks, "chunk"),
        (events, chunks) => format!("{} and {}", things(events, "event"), things(chunks, "chunk")),
    }
}

/// The line that says so in capitals. `damaged` places hide nobody knows how many events.
pub(crate) fn alarm(events: u64, chunks: u64, damaged: u64) -> String {
    let known = || {
        let verb = if events.saturating_add(chunks) == 1 { "is" } else { "are" };
        format!("{} {verb} missing from this trace", amount(events, chunks))
    };
    let unknown =
        || format!("events are missing where it is damaged, in {}", things(damaged, "place"));
    match (events.saturating_add(chunks), damaged) {
        (_, 0) => format!("LOST: {}", known()),
        (0, _) => format!("LOST: {}", unknown()),
        _ => format!("LOST: {}; more {}", known(), unknown()),
    }
}
