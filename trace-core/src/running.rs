//! What is on: a session or a flight recorder, one at a time.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use trace_format::ClockSource;

use crate::epoch::Epoch;
use crate::error::{StartError, StopError};
use crate::fork::{self, Process};
use crate::pool::Pool;
use crate::session::Summary;
use crate::sync::Arc;
use crate::thread::{RECORDER, is_emitting};
use crate::{barrier, callsite, clock, drainer, status};

/// What is on.
pub(crate) struct Running {
    owner: Process,
    pub(crate) pool: Arc<Pool>,
    pub(crate) consumer: Consumer,
}

/// What becomes of full chunks.
pub(crate) enum Consumer {
    /// A session's thread writes them out.
    Writer(JoinHandle<Result<Summary, StopError>>),
    /// A flight recorder keeps them until they are the oldest.
    Keeper,
}

/// Held during all of start and stop, so that they come one after the other.
static RUNNING: Mutex<Option<Running>> = Mutex::new(None);

/// What is on, from now on until the guard is dropped.
pub(crate) fn lock() -> MutexGuard<'static, Option<Running>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sees to it that nothing is on, and that nothing begins before the guard is dropped.
pub(crate) fn lock_idle() -> Result<MutexGuard<'static, Option<Running>>, StartError> {
    if !crate::COMPILED_IN {
        return Err(StartError::CompiledOut);
    }
    if cfg!(target_family = "wasm") {
        return Err(StartError::Unsupported);
    }
    if is_emitting() || drainer::is_current() {
        // Of a session that is on, or that is ending and waits for this thread.
        return Err(StartError::AlreadyStarted);
    }
    let mut on = lock();
    if on.as_ref().is_some_and(Running::is_parents) {
        // It is the parent's, and so are the thread and the memory that it refers to.
        std::mem::forget(on.take());
        crate::thread::forget_others();
    }
    if on.is_some() { Err(StartError::AlreadyStarted) } else { Ok(on) }
}

/// An epoch that none was before.
pub(crate) fn new_epoch() -> Epoch {
    static GENERATION: AtomicUsize = AtomicUsize::new(1);
    fork::prepare();
    let has_counter = clock::source() != ClockSource::Monotonic;
    Epoch::new(GENERATION.fetch_add(1, Relaxed), !barrier::is_asymmetric(), has_counter)
}

impl Running {
    /// Turns recording into `pool` on.
    pub(crate) fn start(pool: Arc<Pool>, consumer: Consumer) -> Self {
        callsite::keep_in(Arc::clone(&pool));
        RECORDER.start(Arc::clone(&pool));
        status::began(Arc::clone(&pool));
        Self { owner: Process::current(), pool, consumer }
    }

    /// Whether it belongs to the process that this one is a copy of.
    pub(crate) fn is_parents(&self) -> bool {
        self.owner.is_child()
    }

    /// Turns recording off; every chunk is full then.
    pub(crate) fn stop(self) -> (Arc<Pool>, Consumer) {
        RECORDER.stop(&self.pool);
        status::ended(&self.pool);
        callsite::forget_pool();
        (self.pool, self.consumer)
    }
}
