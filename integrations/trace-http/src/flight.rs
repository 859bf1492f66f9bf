//! A snapshot of the flight recorder: a thread that takes it, and writes it as fast as the client takes it.
//!
//! The snapshot is put together in memory first, and lies there until the client has it; so there is one at a
//! time.

use std::io::{self, Write};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use trace_core::SnapshotError;

use crate::Body;
use crate::channel::{Broken, Channel, Waits, Writer};
use crate::promise::{Debtor, promise};
use crate::recording::{EndsAnyway, THREAD, panicked};
use crate::status::SnapshotPermit;

/// Takes a snapshot for a client that may take nothing for as long as `patience`.
///
/// # Errors
/// When there is none to be had.
pub(crate) async fn snapshot(
    permit: SnapshotPermit,
    patience: Duration,
) -> Result<Body, SnapshotError> {
    let channel = Channel::new(patience);
    let body = Body::of_channel(Arc::clone(&channel));
    let (debtor, started) = promise();
    let no_thread = |source| SnapshotError::Write { source, written: 0 };
    thread::Builder::new()
        .name(THREAD.to_owned())
        .spawn(move || run(permit, &channel, debtor))
        .map_err(no_thread)?;
    started.wait().await.unwrap_or_else(|| Err(no_thread(panicked())))?;
    Ok(body)
}

fn run(
    permit: SnapshotPermit,
    channel: &Arc<Channel>,
    mut started: Debtor<Result<(), SnapshotError>>,
) {
    let _end = EndsAnyway(channel);
    let writer = Writer::new(Arc::clone(channel), Waits::Always);
    let written = trace_core::snapshot(Begins { writer, started: &mut started });
    let end = match &written {
        Ok(_) => channel.wait_until_taken(),
        Err(error) => Err(Broken::CutShort(error.to_string())),
    };
    // In this order: who is told may ask again at once.
    drop(permit);
    if let Err(error) = written {
        started.tell(Err(error));
    }
    channel.end(end);
}

/// Tells, as soon as something is written, that there is a snapshot.
struct Begins<'a> {
    writer: Writer,
    started: &'a mut Debtor<Result<(), SnapshotError>>,
}

impl Write for Begins<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.started.tell(Ok(()));
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
