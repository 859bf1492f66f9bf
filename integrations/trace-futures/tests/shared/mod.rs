//! What is to be found in the traces of streams and futures, which are polled by hand.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context as Polled, Poll, Waker};

use trace_reader::{CallsiteId, Fiber, Log, Recording, Trace};

/// A process has one recording; the tests of a file take turns.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Polls until there is a result.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut polled = Polled::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut polled) {
            return result;
        }
    }
}

/// What was recorded, which is strictly valid.
pub(crate) struct Recorded {
    pub(crate) trace: Trace,
    pub(crate) recording: Recording,
}

pub(crate) fn record(f: impl FnOnce()) -> Recorded {
    let ((), bytes) = trace::capture(f);
    Recorded::new(bytes)
}

impl Recorded {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let trace = Trace::from_bytes(bytes).unwrap();
        let problems = trace.validate().unwrap();
        let told: Vec<_> = problems.iter().map(|problem| trace.describe(problem)).collect();
        assert!(told.is_empty(), "{told:?}");
        let recording = trace.load().unwrap();
        assert!(recording.losses.is_empty(), "{:?}", recording.losses);
        Self { trace, recording }
    }

    pub(crate) fn name(&self, callsite: CallsiteId) -> String {
        self.trace.callsites().name(callsite).into_owned()
    }

    pub(crate) fn fibers(&self, name: &str) -> Vec<&Fiber> {
        let all = self.recording.fibers.iter();
        all.filter(|fiber| self.name(fiber.callsite) == name).collect()
    }

    pub(crate) fn logs(&self, category: &str) -> Vec<&Log> {
        let all = self.recording.logs.iter();
        all.filter(|log| self.name(log.callsite) == category).collect()
    }

    /// In which of its polls each item came, counted from 1.
    pub(crate) fn items(&self, stream: &Fiber) -> Vec<usize> {
        let logs = self.logs(&self.name(stream.callsite));
        let own = logs.iter().filter(|log| log.fiber == stream.id);
        let poll_of = |log: &&Log| {
            let holds = |poll: &trace_reader::Poll| {
                poll.thread == log.thread && poll.begin <= Some(log.time) && log.time <= poll.end
            };
            stream.polls.iter().position(holds).expect("an item comes in a poll") + 1
        };
        own.map(poll_of).collect()
    }
}
