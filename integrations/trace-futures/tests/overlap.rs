//! Futures and streams that overlap on one thread, in the ways of the `futures` crates: what happens in each belongs
//! to it, and to its task, to the last poll.

mod shared;

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::thread;

use futures_util::stream::{self, FuturesUnordered};
use futures_util::{FutureExt, Stream, StreamExt, join, select};
use trace::TraceFuture;
use trace_futures::TraceStream;
use trace_reader::FiberOutcome::{Cancelled, Completed};
use trace_reader::{Fiber, FiberId};

use crate::shared::{record, run, turn};

const THREADS: u64 = 3;
const ORDERS: u64 = 40;
const CUPS: u64 = 5;

/// Is ready after so many polls, each of which says whose it is and wakes.
async fn part(order: u64, what: &str, polls: u64) {
    let mut count = 0;
    poll_fn(|polled| {
        count += 1;
        trace::trace_log!("poll", "{order} {what}");
        if count == polls {
            return Poll::Ready(());
        }
        polled.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Gives numbers for ever, one in two polls.
fn ticks(order: u64) -> impl Stream<Item = u64> {
    let mut polls = 0;
    stream::poll_fn(move |polled| {
        polls += 1;
        trace::trace_log!("poll", "{order} ticks");
        if polls % 2 == 0 {
            return Poll::Ready(Some(polls / 2));
        }
        polled.waker().wake_by_ref();
        Poll::Pending
    })
}

async fn order(n: u64) {
    trace::Context::current().arg("order", n);
    join!(part(n, "milk", 3).in_region("milk"), part(n, "coffee", 5).in_region("coffee"));

    let cup = |cup| async move { part(n, &format!("cup {cup}"), 1 + cup % 3).await };
    let mut cups: FuturesUnordered<_> = (0..CUPS).map(|n| cup(n).in_region("cup")).collect();
    while cups.next().await.is_some() {}

    let mut ticks = pin!(ticks(n).in_region("ticks").fuse());
    let mut foam = pin!(part(n, "foam", 6).in_region("foam").fuse());
    let mut never = pin!(part(n, "never", u64::MAX).in_region("never").fuse());
    loop {
        select! {
            _ = ticks.select_next_some() => {}
            () = never => unreachable!(),
            () = foam => break,
        }
    }

    let spoons = stream::iter(0..CUPS).map(|spoon| async move {
        part(n, &format!("spoon {spoon}"), 1 + spoon).in_region("spoon").await;
    });
    let spoons = pin!(spoons.buffer_unordered(2).in_region("spoons"));
    assert_eq!(spoons.count().await, CUPS as usize);
}

#[test]
fn what_overlaps_is_told_apart() {
    let _turn = turn();
    let recorded = record(|| {
        thread::scope(|scope| {
            for first in 0..THREADS {
                scope.spawn(move || {
                    let orders = (0..ORDERS).map(|n| order(first * ORDERS + n).in_task("order"));
                    let orders: FuturesUnordered<_> = orders.collect();
                    run(orders.collect::<Vec<_>>());
                });
            }
        });
    });
    let recording = &recorded.recording;
    assert_eq!(recording.tasks.len() as u64, THREADS * ORDERS);
    let number_of = |fiber: &Fiber| {
        let task = recording.task(fiber.task).unwrap();
        let [argument] = &task.args[..] else { panic!("{task:?}") };
        let trace_reader::Value::U64(n) = argument.value else { panic!("{task:?}") };
        n
    };

    // Whose polls each fiber has seen.
    let mut polls: BTreeMap<FiberId, Vec<String>> = BTreeMap::new();
    let fibers: BTreeMap<_, _> = recording.fibers.iter().map(|fiber| (fiber.id, fiber)).collect();
    for log in recorded.logs("poll") {
        assert_eq!(log.task, fibers[&log.fiber].task);
        polls.entry(log.fiber).or_default().push(log.message.to_str().into_owned());
    }
    let mut parts = BTreeSet::new();
    for (id, said) in &polls {
        let fiber = fibers[id];
        let name = recorded.name(fiber.callsite);
        assert!(said.windows(2).all(|two| two[0] == two[1]), "{said:?}");
        assert!(said[0].starts_with(&format!("{} {name}", number_of(fiber))), "{name}: {said:?}");
        assert_eq!(fiber.poll_count, said.len() as u64, "{name}");
        assert!(parts.insert(said[0].clone()), "one fiber for {}", said[0]);
        let outcome = if ["ticks", "never"].contains(&&*name) { Cancelled } else { Completed };
        assert_eq!(fiber.outcome, Some(outcome), "{name}");
        let parent = fibers[&fiber.parent];
        let around = if name == "spoon" { "spoons" } else { "order" };
        assert_eq!((recorded.name(parent.callsite).as_str(), parent.task), (around, fiber.task));
    }
    // Milk and coffee, cups, ticks, foam and never, spoons; and the order and its spoons themselves.
    let parts_of_one = 2 + CUPS + 3 + CUPS;
    assert_eq!(parts.len() as u64, THREADS * ORDERS * parts_of_one);
    assert_eq!(recording.fibers.len() as u64, THREADS * ORDERS * (parts_of_one + 2));

    // Where each has a waker of its own, it is told when it was woken; where it has that of the future around, that one
    // is.
    for cup in recorded.fibers("cup") {
        assert_eq!(cup.wakes.len() as u64, cup.poll_count - 1);
    }
    for name in ["milk", "coffee", "ticks", "foam", "never"] {
        assert!(recorded.fibers(name).iter().all(|fiber| fiber.wakes.is_empty()), "{name}");
    }
    assert!(recorded.fibers("order").iter().all(|fiber| fiber.wakes.len() >= 5));

    // Every second poll of the ticks is an item; the spoons are one each.
    for ticks in recorded.fibers("ticks") {
        let items = recorded.items(ticks);
        let expected: Vec<_> = (1..=ticks.polls.len()).filter(|poll| poll % 2 == 0).collect();
        assert_eq!(items, expected);
    }
    assert_eq!(recorded.logs("spoons").len() as u64, THREADS * ORDERS * CUPS);

    // They do overlap.
    let of = |name| recorded.fibers(name).into_iter().map(|fiber| (fiber.task, fiber));
    let coffees: BTreeMap<_, _> = of("coffee").collect();
    for (task, milk) in of("milk") {
        let coffee = coffees[&task];
        assert!(milk.begin < coffee.begin && coffee.begin < milk.end && milk.end < coffee.end);
    }
}
