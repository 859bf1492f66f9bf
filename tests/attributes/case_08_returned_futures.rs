//! Case 8: functions that return futures, which are measured up to their results; those of `async_trait` are.

use std::pin::Pin;

use trace_reader::{FiberOutcome, Recording, Trace};

use crate::futures::{pause, run};
use crate::recorded::{fibers, recorded, turn};

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The names of all futures, and that each was polled twice and completed.
#[track_caller]
fn names(trace: &Trace, recording: &Recording) -> Vec<String> {
    for fiber in &recording.fibers {
        assert_eq!((fiber.outcome, fiber.poll_count), (Some(FiberOutcome::Completed), 2));
    }
    fibers(trace, recording)
}

#[trace::region]
fn opaque(n: u32) -> impl Future<Output = u32> + Send {
    trace::trace_log!("call", "made");
    let twice = 2 * n;
    async move {
        pause().await;
        twice
    }
}

#[trace::region]
fn early<'a>(text: &'a str, short: bool) -> impl Future<Output = usize> + 'a {
    let future = |text: &'a str| async move {
        pause().await;
        text.len()
    };
    if short {
        return future(&text[..1]);
    }
    future(text)
}

#[trace::task("boxed", args(n))]
fn boxed(n: u32) -> Pin<Box<dyn Future<Output = Result<u32, String>> + Send>> {
    if n == 0 {
        return Box::pin(async { Err("none".to_owned()) });
    }
    Box::pin(async move {
        pause().await;
        Ok(n)
    })
}

struct Machine(Vec<u32>);

impl Machine {
    #[trace::region(future)]
    fn alias(&mut self, n: u32) -> BoxFuture<'_, usize> {
        Box::pin(async move {
            pause().await;
            self.0.push(n);
            self.0.len()
        })
    }

    #[trace::region(call)]
    fn only_the_call(&self) -> impl Future<Output = usize> {
        let len = self.0.len();
        async move { len }
    }
}

#[test]
fn they_are_measured_to_their_results() {
    let _turn = turn();
    let (_, trace, recording) = recorded(|| {
        assert_eq!(run(opaque(4)), 8);
        assert_eq!((run(early("large", false)), run(early("large", true))), (5, 1));
        assert_eq!(run(boxed(3)), Ok(3));
        let mut machine = Machine(Vec::new());
        assert_eq!(run(machine.alias(7)), 1);
        assert_eq!(run(machine.only_the_call()), 1);
    });
    assert_eq!(names(&trace, &recording), ["opaque", "early", "early", "boxed", "alias"]);
    // What stands in front of the future is done by the call, and is no part of it.
    let [log] = &recording.logs[..] else { panic!("one message") };
    assert!(log.time < recording.fibers[0].begin.unwrap(), "the future begins with its first poll");
    let [task] = &recording.tasks[..] else { panic!("one task") };
    assert_eq!((&*task.args[0].key, task.end.is_some()), ("n", true));
    // A call is a region as any other.
    let [call] = &recording.regions[..] else { panic!("one region") };
    assert_eq!(trace.callsites().name(call.callsite), "only_the_call");
}

#[test]
fn they_belong_to_the_task_in_which_they_were_made() {
    let _turn = turn();
    let (_, trace, recording) = recorded(|| {
        let (context, task) = trace::new_task(trace::Context::background(), "order");
        let future = context.run(|| opaque(1));
        run(future);
        task.end();
    });
    assert_eq!(names(&trace, &recording), ["opaque"]);
    assert_eq!(recording.fibers[0].task, recording.tasks[0].id);
}

#[test]
fn off_nothing_is_different() {
    let _turn = turn();
    assert_eq!(run(boxed(0)), Err("none".to_owned()));
    assert_eq!(run(Machine(vec![1]).alias(7)), 2);
}

#[async_trait::async_trait]
trait Brew {
    async fn brew(&self, cups: usize) -> usize;

    #[trace::region]
    async fn again(&self) -> usize {
        pause().await;
        self.brew(1).await + 1
    }
}

#[async_trait::async_trait]
impl Brew for Machine {
    /// Below the other attribute: by then it is a function that returns a box.
    #[trace::region("brewed")]
    async fn brew(&self, cups: usize) -> usize {
        let before = self.0.len();
        pause().await;
        before + cups
    }
}

#[test]
fn methods_of_async_traits() {
    let _turn = turn();
    let (_, trace, recording) = recorded(|| {
        let machine: Box<dyn Brew + Sync> = Box::new(Machine(vec![1, 2]));
        assert_eq!(run(machine.brew(3)), 5);
        assert_eq!(run(Machine(vec![1, 2]).again()), 4);
    });
    assert_eq!(fibers(&trace, &recording), ["brewed", "again", "brewed"]);
    assert_eq!(recording.fibers[2].parent, recording.fibers[1].id);
}

type Made = Pin<Box<dyn Future<Output = usize>>>;

/// None of these is a future: what makes one is a region up to its return.
#[trace::region]
fn maker() -> impl Fn(usize) -> Pin<Box<dyn Future<Output = usize>>> {
    |cups| Box::pin(async move { cups }) as Made
}

#[trace::region]
fn perhaps() -> Option<Pin<Box<dyn Future<Output = usize>>>> {
    Some(Box::pin(async { 2 }))
}

#[trace::region]
fn many() -> impl Iterator<Item = Pin<Box<dyn Future<Output = usize>>>> {
    (0..3_usize).map(|cups| Box::pin(async move { cups }) as Made)
}

#[test]
fn what_only_has_futures_in_it_is_none() {
    let _turn = turn();
    let (_, _, recording) = recorded(|| {
        let futures = many().chain(perhaps()).chain([maker()(5)]);
        assert_eq!(futures.map(run).sum::<usize>(), 3 + 2 + 5);
    });
    assert_eq!((recording.fibers.len(), recording.regions.len()), (0, 3));
}
