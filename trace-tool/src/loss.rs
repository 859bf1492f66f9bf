//! How it is said that something is missing.

use crate::units::things;

/// `312 events`, `2 chunks`, `312 events and 2 chunks`.
pub(crate) fn amount(events: u64, chunks: u64) -> String {
    match (events, chunks) {
        (events, 0) => things(events, "event"),
        (0, chunks) => things(chunks, "chunk"),
        (events, chunks) => format!("{} and {}", things(events, "event"), things(chunks, "chunk")),
    }
}

/// The line that says so in capitals.
pub(crate) fn alarm(events: u64, chunks: u64) -> String {
    let verb = if events.saturating_add(chunks) == 1 { "is" } else { "are" };
    format!("LOST: {} {verb} missing from this trace", amount(events, chunks))
}
