//! Case 10: completed, panicked and cancelled are told apart, and what is dropped on the way out is recorded
//! where it belongs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;

use trace_reader::{FiberOutcome, Recording, Trace};

use crate::futures::{pause, poll, run};
use crate::lines::record;
use crate::recorded::{args, fiber, fibers, recorded, turn};

/// Records that it is dropped.
struct Cup(&'static str);

impl Drop for Cup {
    #[trace::region("rinse", args(of = self.0))]
    fn drop(&mut self) {}
}

/// Waits for a moment, and panics if it is told to.
#[trace::task("brew", args(spills))]
async fn brew(spills: bool) -> u32 {
    let _cup = Cup("brew");
    pause().await;
    assert!(!spills, "this panic is part of the test");
    pause().await;
    3
}

#[trace::region(args(spills))]
fn boxed(spills: bool) -> Pin<Box<dyn Future<Output = u32>>> {
    Box::pin(async move {
        let _cup = Cup("boxed");
        pause().await;
        assert!(!spills, "this panic is part of the test");
        pause().await;
        3
    })
}

#[trace::region]
fn opaque(spills: bool) -> impl Future<Output = u32> {
    boxed(spills)
}

/// Runs three of a kind: one completes, one panics, one is cancelled after its first poll.
fn three_ends<F: Future<Output = u32>>(future: impl Fn(bool) -> F) {
    assert_eq!(run(future(false)), 3);
    assert!(catch_unwind(AssertUnwindSafe(|| run(future(true)))).is_err());
    let mut cancelled = Box::pin(future(false));
    assert!(poll(cancelled.as_mut()).is_pending());
    drop(cancelled);
}

const THREE_ENDS: [Option<FiberOutcome>; 3] =
    [Some(FiberOutcome::Completed), Some(FiberOutcome::Panicked), Some(FiberOutcome::Cancelled)];

fn outcomes(trace: &Trace, recording: &Recording, name: &str) -> Vec<Option<FiberOutcome>> {
    let named = recording.fibers.iter().filter(|f| trace.callsites().name(f.callsite) == name);
    named.map(|fiber| fiber.outcome).collect()
}

#[test]
fn completed_panicked_and_cancelled_are_told_apart() {
    let _turn = turn();
    let (_, trace, recording) = recorded(|| {
        three_ends(brew);
        three_ends(opaque);
    });
    for name in ["brew", "boxed", "opaque"] {
        assert_eq!(outcomes(&trace, &recording, name), THREE_ENDS, "{name}");
    }
    assert!(recording.tasks.iter().all(|task| task.end.is_some()));
    // What they had is dropped as a part of them, whichever way they end.
    for name in ["brew", "boxed"] {
        let rinsed: Vec<_> = recording
            .regions
            .iter()
            .filter(|region| args(&region.args) == [format!("of={name:?}")])
            .collect();
        assert_eq!(rinsed.len(), 3, "{name}");
        assert!(rinsed.iter().all(|region| region.end.is_some()));
        if name == "brew" {
            let tasks: Vec<_> = rinsed.iter().map(|region| region.task).collect();
            assert_eq!(tasks, recording.tasks.iter().map(|task| task.id).collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_future_that_was_never_polled_was_never_called() {
    let _turn = turn();
    let (_, _, recording) = recorded(|| drop(brew(false)));
    assert!(recording.fibers.is_empty() && recording.tasks.is_empty());
}

/// What makes a future can panic, too. Its arguments are recorded by then.
#[test]
fn a_function_that_panics_before_there_is_a_future_has_ended() {
    #[trace::task("made", args(n))]
    fn made(n: u32) -> impl Future<Output = u32> {
        let _cup = Cup("made");
        assert!(n > 3, "this panic is part of the test");
        async move { n }
    }
    #[trace::region("boxed", args(n))]
    fn made_in_a_box(n: u32) -> Pin<Box<dyn Future<Output = u32>>> {
        if n > 3 {
            return Box::pin(async move { n });
        }
        panic!("this panic is part of the test");
    }
    let _turn = turn();
    let (_, trace, recording) = recorded(|| {
        assert!(catch_unwind(|| drop(made(3))).is_err());
        assert!(catch_unwind(|| drop(made_in_a_box(3))).is_err());
        assert_eq!(run(made(4)), 4);
    });
    assert_eq!(fibers(&trace, &recording), ["made", "boxed", "made"]);
    let outcomes: Vec<_> = recording.fibers.iter().map(|fiber| fiber.outcome.unwrap()).collect();
    assert_eq!(outcomes, [FiberOutcome::Panicked, FiberOutcome::Panicked, FiberOutcome::Completed]);
    assert_eq!(fiber(&trace, &recording, "made").poll_count, 0);
    assert!(recording.tasks.iter().all(|task| task.end.is_some()));
}

/// While a panic unwinds, regions begin and end as ever, each within the one that is around it.
#[test]
fn regions_in_what_an_unwinding_drops_end_where_they_should() {
    #[trace::region]
    fn outer() {
        let _cup = Cup("outer");
        inner();
    }
    #[trace::task]
    fn inner() {
        let _first = Cup("first");
        let _second = Cup("second");
        panic!("this panic is part of the test");
    }
    let recorded = record(|| catch_unwind(outer));
    assert!(recorded.result.is_err());
    assert_eq!(
        recorded.lines,
        [
            "region outer",
            "task inner",
            "region rinse of=second",
            "end region rinse",
            "region rinse of=first",
            "end region rinse",
            "end task inner",
            "region rinse of=outer",
            "end region rinse",
            "end region outer",
        ]
    );
}
