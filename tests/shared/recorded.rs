//! What was recorded, read back.

use std::sync::{Mutex, MutexGuard, PoisonError};

use trace_format::text::Spelled;
use trace_reader::{Argument, Fiber, Recording, Trace};

/// One test at a time, so that nobody is recorded by somebody else: there is one recording.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was recorded, which is strictly valid.
pub(crate) fn recorded<R>(record: impl FnOnce() -> R) -> (R, Trace, Recording) {
    let (result, bytes) = trace::capture(record);
    let trace = Trace::from_bytes(bytes).unwrap();
    let problems = trace.validate().unwrap();
    let told: Vec<_> = problems.iter().map(|problem| trace.describe(problem)).collect();
    assert!(told.is_empty(), "{told:?}");
    let recording = trace.load().unwrap();
    (result, trace, recording)
}

/// The future of that name.
pub(crate) fn fiber<'r>(trace: &Trace, recording: &'r Recording, name: &str) -> &'r Fiber {
    let is = |fiber: &&Fiber| trace.callsites().name(fiber.callsite) == name;
    recording.fibers.iter().find(is).unwrap_or_else(|| panic!("there is a future called {name}"))
}

/// The names of all futures, in the order in which they began.
pub(crate) fn fibers(trace: &Trace, recording: &Recording) -> Vec<String> {
    let name = |fiber: &Fiber| trace.callsites().name(fiber.callsite).into_owned();
    recording.fibers.iter().map(name).collect()
}

/// `key=value`, as a dump shows it.
pub(crate) fn args(args: &[Argument]) -> Vec<String> {
    let told = |arg: &Argument| {
        let mut text = format!("{}=", arg.key);
        arg.value.print(&mut text);
        text
    };
    args.iter().map(told).collect()
}
