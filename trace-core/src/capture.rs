//! Recording into memory, for tests.

use std::cell::Cell;
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
/// When a session is on that is no capture, none can be started, this is called inside of another
/// capture on the same thread, or `f` stops the session.
///
/// ```
/// # use trace_core as trace;
/// let (sum, trace) = trace::capture(|| {
///     let _region = trace::trace_region!("add");
///     2 + 2
/// });
/// assert_eq!(sum, 4);
/// assert!(trace.starts_with(b"runtime-trace"));
/// ```
pub fn capture<R>(f: impl FnOnce() -> R) -> (R, Vec<u8>) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _inside = Inside::enter();
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

/// Tells that the calling thread is in a capture.
struct Inside;

thread_local! {
    static IS_INSIDE: Cell<bool> = const { Cell::new(false) };
}

impl Inside {
    fn enter() -> Self {
        assert!(!IS_INSIDE.replace(true), "a capture inside of a capture would wait for itself");
        Self
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        IS_INSIDE.set(false);
    }
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
