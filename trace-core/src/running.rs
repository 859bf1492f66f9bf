//! What is on: a session, a flight recorder, or both.
//!
//! Both together are one recording. Threads write into the session's pool. Its drainer gives a copy of
//! each chunk to the flight recorder's pool, and what is not there yet, a snapshot finds in the
//! session's. So an event costs what it costs with the session alone, and the flight recorder has all
//! that it would have by itself.
//!
//! | | events go | what the flight recorder has so far |
//! |---|---|---|
//! | a session begins beside a flight recorder | to the session's pool from now on | stays where it is |
//! | it ends | back to the flight recorder's pool | was copied, to the last chunk, before the session is gone |
//! | a flight recorder begins beside a session | where they went | is what the session's pool holds |
//! | it ends | where they went | |

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
    owner: Option<Process>,
    session: Option<OfSession>,
    flight: Option<Arc<Pool>>,
}

/// A session that is on.
pub(crate) struct OfSession {
    /// What tells it from others.
    pub(crate) id: Epoch,
    pub(crate) pool: Arc<Pool>,
    /// The thread that writes it out.
    pub(crate) drainer: JoinHandle<Result<Summary, StopError>>,
}

/// Held during all of start and stop, so that they come one after the other.
static RUNNING: Mutex<Running> = Mutex::new(Running::NOTHING);

/// What is on, from now on until the guard is dropped. It may be the parent's.
pub(crate) fn lock() -> MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The same for who wants to start something, which can be done from here. What is on is ours.
pub(crate) fn lock_to_start() -> Result<MutexGuard<'static, Running>, StartError> {
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
    if on.is_parents() {
        // And so are the thread and the memory that it refers to.
        std::mem::forget(std::mem::replace(&mut *on, Running::NOTHING));
        callsite::forget_parents_pools();
        crate::thread::forget_parent();
    }
    Ok(on)
}

/// An epoch that none was before.
pub(crate) fn new_epoch() -> Epoch {
    static GENERATION: AtomicUsize = AtomicUsize::new(1);
    fork::prepare();
    let has_counter = clock::source() != ClockSource::Monotonic;
    Epoch::new(GENERATION.fetch_add(1, Relaxed), !barrier::is_asymmetric(), has_counter)
}

impl Running {
    const NOTHING: Self = Self { owner: None, session: None, flight: None };

    /// Whether it belongs to the process that this one is a copy of.
    pub(crate) fn is_parents(&self) -> bool {
        self.owner.is_some_and(Process::is_child)
    }

    /// The session that is on.
    pub(crate) fn session(&self) -> Option<&OfSession> {
        self.session.as_ref()
    }

    /// The flight recorder that is on.
    pub(crate) fn flight(&self) -> Option<&Arc<Pool>> {
        self.flight.as_ref()
    }

    /// The recording that something which starts in `epoch` is a part of.
    pub(crate) fn recording(&self, epoch: Epoch) -> Epoch {
        let session = self.session.as_ref().map(|session| &session.pool);
        session.or(self.flight.as_ref()).map_or(epoch, |pool| pool.recording)
    }

    /// Starts a session. There must be none.
    pub(crate) fn start_session(&mut self, session: OfSession) {
        let pool = Arc::clone(&session.pool);
        callsite::keep_in(&pool);
        if let Some(flight) = &self.flight {
            *pool.beside() = Some(Arc::clone(flight));
            *flight.feeder() = Some(Arc::clone(&pool));
        }
        RECORDER.turn(Some((session.id, Arc::clone(&pool))));
        status::began(pool);
        self.owner = Some(Process::current());
        self.session = Some(session);
    }

    /// Stops the session, if `chosen` says so: it has got its last chunk. To be
    /// [ended](Self::end_session) when it has written it.
    pub(crate) fn stop_session(
        &mut self,
        chosen: impl FnOnce(&OfSession) -> bool,
    ) -> Option<OfSession> {
        let session = self.session.take_if(|session| chosen(session))?;
        RECORDER.turn(self.flight.as_ref().map(|flight| (new_epoch(), Arc::clone(flight))));
        status::ended(&session.pool);
        callsite::forget_pool(&session.pool);
        Some(session)
    }

    /// Ends what a flight recorder had of a session that has stopped.
    pub(crate) fn end_session(&mut self, pool: &Pool) {
        if let Some(flight) = &self.flight {
            let mut feeder = flight.feeder();
            pool.losses().into_iter().for_each(|loss| flight.add_loss(loss));
            *feeder = None;
        }
        *pool.beside() = None;
    }

    /// Starts a flight recorder. There must be none.
    pub(crate) fn start_flight(&mut self, epoch: Epoch, pool: &Arc<Pool>) {
        callsite::keep_in(pool);
        match &self.session {
            Some(session) => {
                *pool.feeder() = Some(Arc::clone(&session.pool));
                *session.pool.beside() = Some(Arc::clone(pool));
            }
            None => _ = RECORDER.turn(Some((epoch, Arc::clone(pool)))),
        }
        status::began(Arc::clone(pool));
        self.owner = Some(Process::current());
        self.flight = Some(Arc::clone(pool));
    }

    /// Stops a flight recorder, if it is this one. What it feeds on stays there for a last snapshot.
    pub(crate) fn stop_flight(&mut self, pool: &Arc<Pool>) {
        if self.flight.take_if(|flight| Arc::ptr_eq(flight, pool)).is_none() {
            return;
        }
        match &self.session {
            Some(session) => *session.pool.beside() = None,
            None => _ = RECORDER.turn(None),
        }
        status::ended(pool);
        callsite::forget_pool(pool);
    }
}
