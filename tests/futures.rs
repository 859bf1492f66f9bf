//! Futures that are traced: polled by hand, so that each poll is known.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as Polled, Poll, Wake, Waker};
use std::thread;

use trace::{Context, TraceFuture};
use trace_reader::{Fiber, FiberId, FiberOutcome, Recording, Trace};

/// The executor's side of a waker: counts.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Polled::from_waker(Waker::noop()))
}

/// Polls until there is a result; returns how often.
fn run<F: Future>(mut future: Pin<&mut F>) -> usize {
    (1..).find(|_| poll(future.as_mut()).is_ready()).unwrap()
}

/// Is ready when it is polled for the `n`th time, and calls `at` with each number.
async fn polled(n: usize, mut at: impl FnMut(usize)) {
    let mut count = 0;
    poll_fn(|_| {
        count += 1;
        at(count);
        if count < n { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
}

/// One test at a time: there is one recording.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was recorded, which is strictly valid.
fn recorded(record: impl FnOnce()) -> (Trace, Recording) {
    let ((), bytes) = trace::capture(record);
    read(bytes)
}

fn read(bytes: Vec<u8>) -> (Trace, Recording) {
    let trace = Trace::from_bytes(bytes).unwrap();
    let problems = trace.validate().unwrap();
    let told: Vec<_> = problems.iter().map(|problem| trace.describe(problem)).collect();
    assert!(told.is_empty(), "{told:?}");
    let recording = trace.load().unwrap();
    (trace, recording)
}

fn fiber<'r>(trace: &Trace, recording: &'r Recording, name: &str) -> &'r Fiber {
    let is = |fiber: &&Fiber| trace.callsites().name(fiber.callsite) == name;
    let mut found = recording.fibers.iter().filter(is);
    let fiber = found.next().unwrap_or_else(|| panic!("there is a future called {name}"));
    assert!(found.next().is_none(), "there is one {name}");
    fiber
}

#[test]
fn each_poll_is_told_with_its_thread_and_whoever_woke() {
    let _turn = turn();
    let (trace, recording) = recorded(|| {
        let handed_out = Arc::new(Mutex::new(None::<Waker>));
        let future = {
            let handed_out = Arc::clone(&handed_out);
            let mut count = 0;
            poll_fn(move |polled| {
                *handed_out.lock().unwrap() = Some(polled.waker().clone());
                count += 1;
                trace::trace_log!("poll", "{count}");
                if count < 3 { Poll::Pending } else { Poll::Ready(()) }
            })
        };
        let counting = Arc::new(Counting::default());
        let waker = Waker::from(Arc::clone(&counting));
        let mut future = Box::pin(future.in_region("steamMilk"));
        for name in ["one", "two", "three"] {
            let on_thread = |name: &str| thread::Builder::new().name(name.to_owned());
            let polling = {
                let waker = waker.clone();
                on_thread(name).spawn(move || {
                    let result = future.as_mut().poll(&mut Polled::from_waker(&waker));
                    (future, result)
                })
            };
            let result;
            (future, result) = polling.unwrap().join().unwrap();
            assert_eq!(result.is_ready(), name == "three");
            let woken = handed_out.lock().unwrap().take().unwrap();
            let waking = on_thread("waker").spawn(move || {
                woken.wake_by_ref();
                woken.wake();
            });
            waking.unwrap().join().unwrap();
        }
        assert_eq!(counting.0.load(Relaxed), 6, "all wakes are passed on");
    });
    let fiber = fiber(&trace, &recording, "steamMilk");
    let name = |id| trace.thread(id).unwrap().name();
    let polls: Vec<_> = fiber.polls.iter().map(|poll| name(poll.thread)).collect();
    assert_eq!(polls, ["one", "two", "three"]);
    assert_eq!(fiber.outcome, Some(FiberOutcome::Completed));
    // The last one came after the end.
    assert_eq!(fiber.wakes.len(), 3);
    assert!(fiber.wakes.iter().all(|&(_, thread)| name(thread) == "waker"));
    for ((woken, _), poll) in fiber.wakes.iter().zip(&fiber.polls[1..]) {
        assert_eq!(poll.waited_ns, poll.begin.unwrap().since(*woken), "from the wake to the poll");
    }
    let busy: u64 = fiber.polls.iter().map(|poll| poll.end.since(poll.begin.unwrap())).sum();
    assert!(fiber.busy_ns.abs_diff(busy) <= 3, "{} and {busy}", fiber.busy_ns);
    assert_eq!(fiber.poll_count, 3);
    let latency = fiber.end.unwrap().since(fiber.begin.unwrap());
    assert!(fiber.busy_ns + fiber.waited_ns <= latency);

    let analysis = trace.analyze().unwrap();
    let [row] = &analysis.futures[..] else { panic!("{:?}", analysis.futures) };
    assert_eq!((row.durations.count(), row.polls, row.began), (1, 3, 1));
    assert_eq!(row.durations.max_ns(), latency);
    assert_eq!(row.busy_ns, u128::from(fiber.busy_ns));
    assert!(analysis.regions.is_empty(), "a poll is not a region of that type");
}

#[test]
fn the_ways_to_end_are_told_apart() {
    let _turn = turn();
    let (trace, recording) = recorded(|| {
        run(pin!(polled(2, |_| {}).in_region("completed")));
        {
            let mut dropped = pin!(polled(2, |_| {}).in_region("cancelled"));
            assert!(poll(dropped.as_mut()).is_pending());
        }
        drop(polled(1, |_| {}).traced("never polled"));
        drop(polled(1, |_| {}).in_region("never begun"));
        let mut panics = pin!(polled(2, |n| assert!(n < 2, "on purpose")).in_region("panicked"));
        assert!(poll(panics.as_mut()).is_pending());
        catch_unwind(AssertUnwindSafe(|| poll(panics.as_mut()))).unwrap_err();
    });
    let outcome = |name| {
        let fiber = fiber(&trace, &recording, name);
        (fiber.outcome.unwrap(), fiber.poll_count, fiber.polls.len())
    };
    assert_eq!(outcome("completed"), (FiberOutcome::Completed, 2, 2));
    assert_eq!(outcome("cancelled"), (FiberOutcome::Cancelled, 1, 1));
    assert_eq!(outcome("never polled"), (FiberOutcome::Cancelled, 0, 0));
    assert_eq!(outcome("panicked"), (FiberOutcome::Panicked, 2, 2));
    assert_eq!(recording.fibers.len(), 4);
    let analysis = trace.analyze().unwrap();
    let row = |name| analysis.futures.iter().find(|row| row.name == name).unwrap();
    assert_eq!((row("cancelled").cancelled, row("panicked").panicked), (1, 1));
    assert_eq!(row("never polled").durations.count(), 1);
}

#[test]
fn what_happens_in_a_poll_belongs_to_the_future() {
    let _turn = turn();
    let (trace, recording) = recorded(|| {
        let inner = || {
            polled(2, |_| trace::with_region(Context::current(), "heat", || {})).in_region("inner")
        };
        let outer = async {
            inner().await;
            trace::with_region(Context::current(), "pour", || {});
        };
        run(pin!(outer.in_region("outer")));
        trace::with_region(Context::current(), "outside", || {});
    });
    let (outer, inner) = (fiber(&trace, &recording, "outer"), fiber(&trace, &recording, "inner"));
    assert_eq!((outer.parent, inner.parent), (FiberId::NONE, outer.id));
    let fibers = |name: &str| -> Vec<FiberId> {
        let is = |region: &&trace_reader::Region| trace.callsites().name(region.callsite) == name;
        recording.regions.iter().filter(is).map(|region| region.fiber).collect()
    };
    assert_eq!(fibers("heat"), [inner.id; 2]);
    assert_eq!(fibers("pour"), [outer.id]);
    assert_eq!(fibers("outside"), [FiberId::NONE]);
    // The own time of the outer one is what its polls do not spend in the inner one or in regions.
    let analysis = trace.analyze().unwrap();
    let row = |name| analysis.futures.iter().find(|row| row.name == name).unwrap();
    assert!(row("outer").self_ns < row("outer").busy_ns);
    assert!(row("inner").busy_ns < row("outer").busy_ns);
}

/// Side by side on one thread: they overlap and do not nest.
#[test]
fn futures_that_are_joined_are_rows_of_their_own() {
    let _turn = turn();
    let (trace, recording) = recorded(|| {
        let one =
            |name| polled(3, move |n| trace::trace_log!("step", "{name} {n}")).in_region(name);
        let joined = async {
            let (mut milk, mut coffee) = (pin!(one("steamMilk")), pin!(one("extractCoffee")));
            let mut ready = (false, false);
            poll_fn(|polled| {
                ready.0 = ready.0 || milk.as_mut().poll(polled).is_ready();
                ready.1 = ready.1 || coffee.as_mut().poll(polled).is_ready();
                if ready == (true, true) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        };
        run(pin!(joined.in_task("makeCappuccino")));
    });
    let of = |name| fiber(&trace, &recording, name);
    let (task, milk, coffee) = (of("makeCappuccino"), of("steamMilk"), of("extractCoffee"));
    assert_eq!((milk.parent, coffee.parent), (task.id, task.id));
    assert!(milk.begin < coffee.begin && coffee.begin < milk.end && milk.end < coffee.end);
    for (milk, coffee) in milk.polls.iter().zip(&coffee.polls) {
        assert!(milk.end <= coffee.begin.unwrap(), "polls take turns");
    }
    let [whole] = &recording.tasks[..] else { panic!("one task") };
    assert_eq!((milk.task, coffee.task, task.task), (whole.id, whole.id, whole.id));
    assert_eq!((whole.begin, whole.end), (task.begin, task.end));
    assert!(recording.logs.iter().all(|log| log.task == whole.id));
    assert_eq!(recording.logs.len(), 6);
}

#[test]
fn a_context_is_current_in_polls_and_nowhere_else() {
    let _turn = turn();
    let (trace, recording) = recorded(|| {
        let (context, task) = trace::new_task(Context::background(), "order");
        let say = |what: &str| trace::trace_log!("say", "{what}");
        let mut future = pin!(polled(3, |n| say(&format!("in {n}"))).in_context(context));
        say("before");
        while poll(future.as_mut()).is_pending() {
            say("between");
        }
        // Handed to another thread, it is still in the task in which it was made.
        let elsewhere = context.run(|| Box::pin(polled(1, |_| {}).in_region("elsewhere")));
        thread::spawn(move || run(Box::pin(elsewhere).as_mut())).join().unwrap();
        drop(task);
    });
    let order = recording.tasks[0].id;
    for log in &recording.logs {
        let is_inside = log.message.to_str().starts_with("in ");
        assert_eq!(log.task == order, is_inside, "{}", log.message.to_str());
    }
    assert_eq!(recording.logs.len(), 6);
    assert_eq!(fiber(&trace, &recording, "elsewhere").task, order);
}

#[test]
fn a_task_that_is_dropped_is_ended_behind_what_its_future_does() {
    let _turn = turn();
    struct Says;
    impl Drop for Says {
        fn drop(&mut self) {
            trace::trace_log!("drop", "dropped");
        }
    }
    let (trace, recording) = recorded(|| {
        let future = async {
            let _says = Says;
            polled(2, |_| {}).await;
        };
        let mut future = Box::pin(future.in_task("order"));
        assert!(poll(future.as_mut()).is_pending());
    });
    let fiber = fiber(&trace, &recording, "order");
    assert_eq!(fiber.outcome, Some(FiberOutcome::Cancelled));
    let ([log], [task]) = (&recording.logs[..], &recording.tasks[..]) else { panic!("one each") };
    assert_eq!(log.task, task.id);
    assert!(log.time <= fiber.end.unwrap() && fiber.end <= task.end);
}

/// An executor's `will_wake` sees one waker, however often it is asked, and no second one within it.
#[test]
fn wakers_are_made_once() {
    let _turn = turn();
    let seen = Mutex::new(Vec::<Waker>::new());
    let note = |polled: &mut Polled<'_>| {
        seen.lock().unwrap().push(polled.waker().clone());
        Poll::<()>::Pending
    };
    let counting = Arc::new(Counting::default());
    let given = Waker::from(Arc::clone(&counting));
    let (trace, recording) = recorded(|| {
        let inner = poll_fn(note).in_region("inner");
        let mut outer = pin!(inner.in_region("outer"));
        for _ in 0..3 {
            assert!(outer.as_mut().poll(&mut Polled::from_waker(&given)).is_pending());
            seen.lock().unwrap()[0].wake_by_ref();
        }
        let other = Waker::from(Arc::new(Counting::default()));
        assert!(outer.as_mut().poll(&mut Polled::from_waker(&other)).is_pending());
    });
    let seen = seen.into_inner().unwrap();
    assert!(seen[1].will_wake(&seen[0]) && seen[2].will_wake(&seen[0]));
    assert!(!seen[3].will_wake(&seen[0]), "another executor was to be woken");
    assert_eq!(counting.0.load(Relaxed), 3);
    assert_eq!(fiber(&trace, &recording, "outer").wakes.len(), 3);
    assert_eq!(fiber(&trace, &recording, "inner").wakes.len(), 0, "told once");
}

#[test]
fn wakes_are_not_recorded_if_they_are_not_wanted() {
    let _turn = turn();
    let (trace, recording) = recorded(|| {
        let waker = Waker::from(Arc::new(Counting::default()));
        let same = |polled: &mut Polled<'_>| {
            assert!(polled.waker().will_wake(&waker));
            polled.waker().wake_by_ref();
            Poll::Ready(())
        };
        for future in [poll_fn(same).in_region("in_region"), poll_fn(same).traced("traced")] {
            let mut future = pin!(future.without_wakes());
            assert!(future.as_mut().poll(&mut Polled::from_waker(&waker)).is_ready());
        }
    });
    for name in ["in_region", "traced"] {
        let fiber = fiber(&trace, &recording, name);
        assert_eq!((fiber.wakes.len(), fiber.poll_count), (0, 1));
    }
}

/// Recording is switched on and off between the polls of a future.
#[test]
fn futures_live_longer_than_recordings() {
    let _turn = turn();
    let count = Cell::new(0);
    let count_poll = |_| count.set(count.get() + 1);
    let mut future = pin!(polled(6, count_poll).in_region("long"));
    assert!(poll(future.as_mut()).is_pending());
    let (_, first) = trace::capture(|| {
        assert!(poll(future.as_mut()).is_pending());
        assert!(poll(future.as_mut()).is_pending());
    });
    assert!(poll(future.as_mut()).is_pending());
    let (_, second) = trace::capture(|| assert_eq!(run(future.as_mut()), 2));
    assert_eq!(count.get(), 6);

    let (trace, recording) = read(first);
    let long = fiber(&trace, &recording, "long");
    assert_eq!((long.begin, long.end, long.polls.len()), (None, None, 2));
    let (trace, recording) = read(second);
    let long = fiber(&trace, &recording, "long");
    assert_eq!((long.begin, long.polls.len()), (None, 2));
    assert_eq!(long.outcome, Some(FiberOutcome::Completed));
    let analysis = trace.analyze().unwrap();
    assert_eq!((analysis.futures[0].began_before, analysis.futures[0].durations.count()), (1, 0));
}

/// Whoever catches a panic may poll once more, as little as that is good for: the future has ended.
#[test]
fn a_future_ends_once() {
    let _turn = turn();
    let (trace, recording) = recorded(|| {
        let mut future = pin!(polled(3, |n| assert!(n != 1, "part of the test")).in_task("order"));
        catch_unwind(AssertUnwindSafe(|| poll(future.as_mut()))).unwrap_err();
        // An `async` block does not like that either.
        catch_unwind(AssertUnwindSafe(|| poll(future.as_mut()))).unwrap_err();
    });
    let order = fiber(&trace, &recording, "order");
    assert_eq!((order.outcome, order.polls.len()), (Some(FiberOutcome::Panicked), 1));
    let analysis = trace.analyze().unwrap();
    assert_eq!(
        (analysis.futures[0].durations.count(), analysis.tasks[0].durations.count()),
        (1, 1)
    );
}

/// While nothing is recorded no task is current, and it cannot be told which one a future is made in.
#[test]
fn one_that_was_made_before_the_recording_belongs_to_its_first_poll() {
    let _turn = turn();
    let one = || polled(1, |_| {});
    let mut futures = [one().in_region("r"), one().traced("t")].map(Box::pin);
    let (trace, recording) = recorded(|| {
        let task = trace::trace_task!("order");
        futures.iter_mut().for_each(|future| assert!(poll(future.as_mut()).is_ready()));
        drop(task);
    });
    for name in ["r", "t"] {
        assert_eq!(fiber(&trace, &recording, name).task, recording.tasks[0].id);
    }
}

/// Off, a future is a future, and gets the waker that was given.
#[test]
fn off_nothing_is_different() {
    let _turn = turn();
    let waker = Waker::from(Arc::new(Counting::default()));
    let future = poll_fn(|polled| {
        assert!(polled.waker().will_wake(&waker));
        Poll::Ready(7)
    });
    let mut future = pin!(future.in_task("order"));
    assert_eq!(future.context(), Context::background());
    assert_eq!(future.as_mut().poll(&mut Polled::from_waker(&waker)), Poll::Ready(7));
}
