//! The thread that writes a session's chunks out.

use std::cell::Cell;
use std::io::Write;
use std::time::{Duration, Instant};

use crate::error::StopError;
use crate::output::Output;
use crate::pool::Pool;
use crate::session::Summary;
use crate::sync::Arc;

/// How long a chunk may wait when nobody wakes the drainer: it is woken when a quarter of the pool
/// is full, so that this is only about how soon a quiet program's events are in the file.
const PATIENCE: Duration = Duration::from_millis(20);

/// How far apart anchors are at least.
const ANCHOR_INTERVAL: Duration = Duration::from_millis(50);

thread_local! {
    static IS_DRAINER: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling thread writes a session out: it must not wait for itself.
pub(crate) fn is_current() -> bool {
    IS_DRAINER.get()
}

/// Writes full chunks until the session ends, and then the end of the trace.
pub(crate) fn run<W: Write>(pool: &Arc<Pool>, mut output: Output<W>) -> Result<Summary, StopError> {
    IS_DRAINER.set(true);
    let begin = Instant::now();
    let mut last_anchor = begin;
    loop {
        // In this order: what was handed over before `stopping` was stored is in the queue.
        let is_last_round = pool.is_stopping();
        let mut drained = 0;
        while let Some(mut chunk) = pool.take_full() {
            output.chunk(&mut chunk);
            if let Some(flight) = &*pool.beside() {
                flight.keep_copy(&chunk);
            }
            chunk.give_back();
            drained += 1;
        }
        if is_last_round {
            break;
        }
        if drained > 0 && last_anchor.elapsed() >= ANCHOR_INTERVAL {
            output.anchor();
            last_anchor = Instant::now();
        }
        output.flush_waiting();
        std::thread::park_timeout(PATIENCE);
    }
    output.finish(pool.noted(), &pool.losses());
    let Output { chunks, written, lost, error, .. } = output;
    match error {
        None => {
            Ok(Summary { chunks, bytes: written, events_lost: lost, duration: begin.elapsed() })
        }
        Some(source) => Err(StopError::Write { source, written, lost }),
    }
}
