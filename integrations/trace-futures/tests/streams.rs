//! Streams that are traced: polled by hand, so that each poll is known.

mod shared;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context as Polled, Poll, Wake, Waker};
use std::thread;

use futures_util::stream::{FusedStream, poll_fn};
use futures_util::{Stream, StreamExt, stream};
use trace::{Context, TraceFuture};
use trace_futures::TraceStream;
use trace_reader::FiberOutcome::{Cancelled, Completed, Panicked};
use trace_reader::{Fiber, FiberId, FiberOutcome, TaskId};

use crate::shared::{Recorded, record, run, turn};

/// The executor's side of a waker: counts.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

fn poll_next<S: Stream>(stream: Pin<&mut S>) -> Poll<Option<S::Item>> {
    stream.poll_next(&mut Polled::from_waker(Waker::noop()))
}

/// Gives the numbers of `items`, each after `pending` polls that give nothing, and calls `at` with the number of
/// each poll.
fn numbers(
    items: impl IntoIterator<Item = u64>,
    pending: u64,
    mut at: impl FnMut(u64),
) -> impl Stream<Item = u64> {
    let mut items = items.into_iter();
    let mut polls = 0;
    poll_fn(move |_| {
        polls += 1;
        at(polls);
        if polls % (pending + 1) == 0 { Poll::Ready(items.next()) } else { Poll::Pending }
    })
}

impl Recorded {
    /// The only one of this name.
    fn fiber(&self, name: &str) -> &Fiber {
        let [fiber] = self.fibers(name)[..] else { panic!("one {name}") };
        fiber
    }

    /// How it ended, after how many polls.
    fn end(&self, name: &str) -> (Option<FiberOutcome>, u64) {
        let fiber = self.fiber(name);
        assert_eq!(fiber.polls.len() as u64, fiber.poll_count, "{name}");
        (fiber.outcome, fiber.poll_count)
    }

    fn messages(&self, category: &str) -> Vec<String> {
        self.logs(category).iter().map(|log| log.message.to_str().into_owned()).collect()
    }

    /// The type of a task; empty for the background.
    fn type_of(&self, task: TaskId) -> String {
        let callsite = self.recording.task(task).and_then(|task| task.callsite);
        callsite.map(|callsite| self.name(callsite)).unwrap_or_default()
    }
}

#[test]
fn each_item_is_a_stretch_of_polls() {
    let _turn = turn();
    let recorded = record(|| {
        let orders = pin!(numbers([7, 8, 9], 2, |_| {}).in_region("orders"));
        assert_eq!(run(orders.collect::<Vec<_>>()), [7, 8, 9]);
    });
    let orders = recorded.fiber("orders");
    // Three polls for each item, and three to be told that there are no more.
    assert_eq!(recorded.end("orders"), (Some(Completed), 12));
    assert_eq!(recorded.items(orders), [3, 6, 9]);
    assert_eq!(recorded.messages("orders"), ["item 1", "item 2", "item 3"]);
    assert_eq!(recorded.recording.logs.len(), 3);
    let place = |callsite| recorded.trace.callsites().get(callsite).unwrap();
    let (stream, item) = (place(orders.callsite), place(recorded.logs("orders")[0].callsite));
    assert!(stream.file.ends_with("streams.rs"), "{}", stream.file);
    assert_eq!((&stream.file, stream.line), (&item.file, item.line), "where it was named");

    let analysis = recorded.trace.analyze().unwrap();
    let [row] = &analysis.futures[..] else { panic!("{:?}", analysis.futures) };
    assert_eq!((row.durations.count(), row.polls, row.cancelled), (1, 12, 0));
    let [row] = &analysis.logs[..] else { panic!("{:?}", analysis.logs) };
    assert_eq!((row.name.as_str(), row.count), ("orders", 3));
}

#[test]
fn the_ways_to_end_are_told_apart() {
    let _turn = turn();
    let recorded = record(|| {
        run(pin!(numbers(1..=2, 0, |_| {}).in_region("completed")).count());
        run(pin!(numbers(1.., 0, |_| {}).in_region("cancelled").take(2)).count());
        run(pin!(numbers(1.., 0, |_| {}).take(2).in_region("taken")).count());
        assert!(poll_next(pin!(numbers([1], 1, |_| {}).in_region("left"))).is_pending());
        drop(numbers([1], 0, |_| {}).traced("never polled"));
        drop(numbers([1], 0, |_| {}).in_task("task never polled"));
        drop(numbers([1], 0, |_| {}).in_region("never begun"));
        let panics = numbers(1.., 0, |n| assert!(n < 3, "on purpose")).in_region("panicked");
        let mut panics = pin!(panics);
        assert_eq!(poll_next(panics.as_mut()), Poll::Ready(Some(1)));
        assert_eq!(poll_next(panics.as_mut()), Poll::Ready(Some(2)));
        catch_unwind(AssertUnwindSafe(|| poll_next(panics.as_mut()))).unwrap_err();
    });
    for (name, outcome, polls, items) in [
        ("completed", Completed, 3, 2),
        ("cancelled", Cancelled, 2, 2),
        ("taken", Completed, 3, 2),
        ("left", Cancelled, 1, 0),
        ("never polled", Cancelled, 0, 0),
        ("task never polled", Cancelled, 0, 0),
        ("panicked", Panicked, 3, 2),
    ] {
        assert_eq!(recorded.end(name), (Some(outcome), polls), "{name}");
        assert_eq!(recorded.items(recorded.fiber(name)).len(), items, "{name}");
    }
    assert_eq!(recorded.recording.fibers.len(), 7);
    let [task] = &recorded.recording.tasks[..] else { panic!("one task") };
    assert!(task.end.is_some());
}

#[test]
fn each_poll_is_told_with_its_thread_and_whoever_woke() {
    let _turn = turn();
    let counting = Arc::new(Counting::default());
    let waker = Waker::from(Arc::clone(&counting));
    let recorded = record(|| {
        let handed_out = Arc::new(Mutex::new(None::<Waker>));
        let stream = {
            let handed_out = Arc::clone(&handed_out);
            let mut polls = 0;
            poll_fn(move |polled| {
                *handed_out.lock().unwrap() = Some(polled.waker().clone());
                polls += 1;
                if polls == 2 { Poll::Ready(Some("an order")) } else { Poll::Pending }
            })
        };
        let mut stream = Box::pin(stream.in_region("orders"));
        for name in ["one", "two", "three"] {
            let on_thread = |name: &str| thread::Builder::new().name(name.to_owned());
            let polling = {
                let waker = waker.clone();
                on_thread(name).spawn(move || {
                    let result = stream.as_mut().poll_next(&mut Polled::from_waker(&waker));
                    (stream, result)
                })
            };
            let result;
            (stream, result) = polling.unwrap().join().unwrap();
            assert_eq!(result.is_ready(), name == "two");
            let woken = handed_out.lock().unwrap().take().unwrap();
            let waking = on_thread("waker").spawn(move || {
                woken.wake_by_ref();
                woken.wake();
            });
            waking.unwrap().join().unwrap();
        }
    });
    assert_eq!(counting.0.load(Relaxed), 6, "all wakes are passed on");
    let orders = recorded.fiber("orders");
    let name = |id| recorded.trace.thread(id).unwrap().name();
    let polls: Vec<_> = orders.polls.iter().map(|poll| name(poll.thread)).collect();
    assert_eq!(polls, ["one", "two", "three"]);
    assert_eq!(recorded.items(orders), [2]);
    // Of two in a row the first is told.
    assert_eq!(orders.wakes.len(), 3);
    assert!(orders.wakes.iter().all(|&(_, thread)| name(thread) == "waker"));
    for ((woken, _), poll) in orders.wakes.iter().zip(&orders.polls[1..]) {
        assert_eq!(poll.waited_ns, poll.begin.unwrap().since(*woken), "from the wake to the poll");
    }
    assert_eq!(orders.outcome, Some(Cancelled));
}

#[test]
fn what_is_not_wanted_is_not_recorded() {
    let _turn = turn();
    let waker = Waker::from(Arc::new(Counting::default()));
    let recorded = record(|| {
        let same = |polled: &mut Polled<'_>| {
            assert!(polled.waker().will_wake(&waker));
            polled.waker().wake_by_ref();
            Poll::Ready(Some(1))
        };
        let [one, two] = [poll_fn(same), poll_fn(same)];
        for stream in [one.in_region("without wakes"), two.traced("without wakes, traced")] {
            let mut stream = pin!(stream.without_wakes());
            let mut polled = Polled::from_waker(&waker);
            assert_eq!(stream.as_mut().poll_next(&mut polled), Poll::Ready(Some(1)));
        }
        let stream = pin!(numbers(1..=5, 1, |_| {}).in_region("without items").without_items());
        assert_eq!(run(stream.count()), 5);
    });
    for name in ["without wakes", "without wakes, traced"] {
        let stream = recorded.fiber(name);
        assert_eq!((stream.wakes.len(), stream.poll_count), (0, 1));
        assert_eq!(recorded.items(stream), [1]);
    }
    assert_eq!(recorded.end("without items"), (Some(Completed), 12));
    assert!(recorded.logs("without items").is_empty());
}

#[test]
fn what_happens_in_a_poll_belongs_to_the_stream_and_its_task() {
    let _turn = turn();
    let recorded = record(|| {
        let say = |what: &str| trace::trace_log!("say", "{what}");
        let (context, task) = trace::new_task(Context::background(), "day");
        let stream = context.run(|| numbers(1..=2, 0, move |_| say("in day")).in_task("orders"));
        assert_ne!(stream.context(), context);
        let mut stream = pin!(stream.map(|order| say(&format!("outside {order}"))));
        while poll_next(stream.as_mut()) != Poll::Ready(None) {
            say("outside");
        }
        let inside = numbers(1..=2, 1, move |_| say("in context")).in_context(context);
        let mut inside = pin!(inside);
        assert_eq!(inside.size_hint(), (0, None));
        while poll_next(inside.as_mut()) != Poll::Ready(None) {
            say("outside");
        }
        // Made in one context, polled in another.
        let made = context.run(|| numbers([1], 0, move |_| say("in region")).in_region("made"));
        assert_eq!(made.context(), context);
        thread::spawn(move || run(Box::pin(made).count())).join().unwrap();
        task.end();
    });
    for log in recorded.logs("say") {
        let message = log.message.to_str();
        let (task, fiber) = match &*message {
            "in day" => ("orders", recorded.fiber("orders").id),
            "in context" => ("day", FiberId::NONE),
            "in region" => ("day", recorded.fiber("made").id),
            _ => ("", FiberId::NONE),
        };
        assert_eq!(recorded.type_of(log.task), task, "{message}");
        assert_eq!(log.fiber, fiber, "{message}");
    }
    let said = |what: &str| recorded.messages("say").iter().filter(|said| *said == what).count();
    assert_eq!(["in day", "in context", "in region"].map(said), [3, 6, 2]);
    let orders = recorded.recording.task(recorded.fiber("orders").task).unwrap();
    assert_eq!(recorded.type_of(orders.parent), "day");
    assert_eq!(orders.logs.len(), 5, "three polls, and two items");
    assert_eq!((orders.begin, orders.end), {
        let fiber = recorded.fiber("orders");
        (fiber.begin, fiber.end)
    });
}

/// Off, a stream is a stream: it gets the waker that was given. Recordings may begin and end meanwhile.
#[test]
fn streams_live_longer_than_recordings() {
    let _turn = turn();
    let waker = Waker::from(Arc::new(Counting::default()));
    let mut polls = 0;
    let stream = poll_fn(|polled| {
        polls += 1;
        assert_eq!(polled.waker().will_wake(&waker), !trace::is_enabled());
        Poll::Ready((polls <= 6).then_some(polls))
    });
    let mut stream = pin!(stream.in_region("long"));
    let mut next = || stream.as_mut().poll_next(&mut Polled::from_waker(&waker));
    assert_eq!(next(), Poll::Ready(Some(1)));
    let mut record_two = |first| {
        let ((), bytes) = trace::capture(|| {
            assert_eq!(next(), Poll::Ready(Some(first)));
            assert_eq!(next(), Poll::Ready(Some(first + 1)));
        });
        Recorded::new(bytes)
    };
    let (one, other) = (record_two(2), record_two(4));
    for (recorded, first) in [(&one, 2), (&other, 4)] {
        let long = recorded.fiber("long");
        assert_eq!((long.begin, long.end, long.polls.len()), (None, None, 2));
        // They are counted while nobody records, too.
        let items = [format!("item {first}"), format!("item {}", first + 1)];
        assert_eq!(recorded.messages("long"), items);
    }
    let ((), bytes) = trace::capture(|| {
        assert_eq!(next(), Poll::Ready(Some(6)));
        assert_eq!(next(), Poll::Ready(None));
    });
    assert_eq!(Recorded::new(bytes).end("long").0, Some(Completed));
    assert_eq!(next(), Poll::Ready(None));
}

#[test]
fn off_a_stream_is_what_it_was() {
    let _turn = turn();
    assert!(!trace::is_enabled());
    let orders = || stream::iter(0..5).in_task("orders");
    assert_eq!(orders().context(), Context::background());
    assert_eq!(orders().size_hint(), (5, Some(5)));
    assert_eq!(run(orders().collect::<Vec<_>>()), [0, 1, 2, 3, 4]);
    let background = Context::background();
    let mut fused = pin!(stream::iter([0]).fuse().in_region("fused").in_context(background));
    assert!(!fused.is_terminated());
    assert_eq!(poll_next(fused.as_mut()), Poll::Ready(Some(0)));
    assert_eq!(poll_next(fused.as_mut()), Poll::Ready(None));
    assert!(fused.is_terminated());
}

/// After their end, streams may be polled again, and some go on.
#[test]
fn what_comes_after_the_end_is_not_in_the_trace() {
    let _turn = turn();
    let recorded = record(|| {
        let mut polls = 0;
        let again = poll_fn(move |_| {
            polls += 1;
            Poll::Ready((polls != 2).then_some(polls))
        });
        let mut again = pin!(again.in_region("again"));
        let polled: Vec<_> = (0..4).map(|_| poll_next(again.as_mut())).collect();
        assert_eq!(polled, [Some(1), None, Some(3), Some(4)].map(Poll::Ready));

        let mut panics = pin!(numbers(1.., 0, |n| assert!(n != 2, "once")).in_region("panics"));
        assert_eq!(poll_next(panics.as_mut()), Poll::Ready(Some(1)));
        catch_unwind(AssertUnwindSafe(|| poll_next(panics.as_mut()))).unwrap_err();
        assert_eq!(poll_next(panics.as_mut()), Poll::Ready(Some(2)));
    });
    assert_eq!(recorded.end("again"), (Some(Completed), 2));
    assert_eq!(recorded.end("panics"), (Some(Panicked), 2));
    for name in ["again", "panics"] {
        assert_eq!(recorded.messages(name), ["item 1"]);
    }
}

/// The wait for one item is a future, and tells how long it was.
#[test]
fn one_item_can_be_a_future() {
    let _turn = turn();
    let recorded = record(|| {
        run(async {
            let mut orders = pin!(numbers(1..=3, 1, |_| {}).in_region("orders"));
            while orders.next().in_region("next order").await.is_some() {}
        });
    });
    let orders = recorded.fiber("orders");
    assert_eq!(orders.poll_count, 8);
    let next = recorded.fibers("next order");
    assert_eq!(next.len(), 4);
    assert!(next.iter().all(|next| (next.poll_count, next.outcome) == (2, Some(Completed))));
    assert_eq!(orders.parent, next[0].id, "it began there");
}
