//! Runtimes to record, and what is to be found in the traces of them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::runtime::{Builder, Runtime};
use trace_reader::{CallsiteId, Fiber, FiberOutcome, Recording, Region, Trace};

/// A process has one recording; the tests of a file take turns.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A builder of each kind of runtime, with up to two threads for blocking work.
pub(crate) fn builders() -> [Builder; 2] {
    let mut several = Builder::new_multi_thread();
    several.worker_threads(3);
    [several, Builder::new_current_thread()].map(|mut builder| {
        builder.enable_time().max_blocking_threads(2);
        builder
    })
}

/// What was recorded, which is strictly valid.
pub(crate) struct Recorded {
    pub(crate) trace: Trace,
    pub(crate) recording: Recording,
}

/// Records what a runtime does, from before it is made until all of its threads have ended.
pub(crate) fn record(builder: &mut Builder, f: impl FnOnce(&Runtime)) -> Recorded {
    let ((), bytes) = trace::capture(|| {
        let runtime = builder.build().unwrap();
        f(&runtime);
    });
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

    /// How many futures of this name ended in this way.
    pub(crate) fn ended(&self, name: &str, outcome: FiberOutcome) -> usize {
        let all = self.fibers(name);
        all.iter().filter(|fiber| fiber.outcome == Some(outcome)).count()
    }

    pub(crate) fn regions(&self, name: &str) -> Vec<&Region> {
        let all = self.recording.regions.iter();
        all.filter(|region| self.name(region.callsite) == name).collect()
    }

    /// The messages of a category, each with the type of the task it belongs to.
    pub(crate) fn logs(&self, category: &str) -> Vec<(String, Option<String>)> {
        let all = self.recording.logs.iter().filter(|log| self.name(log.callsite) == category);
        let task_name = |id| {
            let task = self.recording.tasks.iter().find(|task| task.id == id);
            task.and_then(|task| task.callsite).map(|callsite| self.name(callsite))
        };
        all.map(|log| {
            (String::from_utf8_lossy(&log.message.bytes).into_owned(), task_name(log.task))
        })
        .collect()
    }
}
