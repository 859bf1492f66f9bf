//! Recording into memory, for tests.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::StartError;
use crate::session::Session;

/// Records what all threads emit while `f` runs, and returns the trace with `f`'s result.
///
/// For the tests of a program that annotates itself. Captures wait for each other, so that tests
/// of one process may run side by side. When tracing is compiled out the trace is empty.
///
/// # Panics
/// When a session is on that is no capture, or none can be started.
///
/// ```
/// let (sum, trace) = trace_core::capture(|| {
///     let _region = trace_core::trace_region!("add");
///     2 + 2
/// });
/// assert_eq!(sum, 4);
/// assert!(trace.starts_with(b"runtime-trace"));
/// ```
pub fn capture<R>(f: impl FnOnce() -> R) -> (R, Vec<u8>) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let buffer = Buffer::default();
    let session = match Session::builder().start(buffer.clone()) {
        Ok(session) => session,
        Err(StartError::CompiledOut) => return (f(), Vec::new()),
        Err(error) => panic!("cannot capture a trace: {error}"),
    };
    let result = f();
    if let Err(error) = session.finish() {
        panic!("cannot capture a trace: {error}");
    }
    let trace = std::mem::take(&mut *buffer.lock());
    (result, trace)
}

/// A writer whose bytes can be had back.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
