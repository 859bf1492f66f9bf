//! Runtimes whose builder was traced: their threads, and when those are parked.

mod shared;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::sleep;
use trace_reader::FiberOutcome::Completed;
use trace_tokio::{BuilderExt, Hooks};

use crate::shared::{Recorded, builders, record, turn};

/// How often the log that tells what cannot be seen is there.
fn told(recorded: &Recorded) -> usize {
    recorded.logs("tokio").iter().filter(|(message, _)| message.starts_with("not seen")).count()
}

fn said(recorded: &Recorded, what: &str) -> usize {
    recorded.logs("tokio").iter().filter(|(message, _)| message == what).count()
}

#[test]
fn parked_threads_are_seen() {
    const SLEEP: Duration = Duration::from_millis(20);
    let _turn = turn();
    for mut builder in builders() {
        let recorded = record(builder.traced(), |runtime| {
            runtime.block_on(async {
                trace_tokio::spawn("sleeps", sleep(SLEEP)).await.unwrap();
            });
        });
        assert_eq!(recorded.ended("sleeps", Completed), 1);
        let parks = recorded.regions("tokio park");
        let longest =
            parks.iter().map(|park| park.end.unwrap().since(park.begin.unwrap())).max().unwrap();
        assert!(u128::from(longest) >= SLEEP.as_nanos() / 2, "{longest}");
        assert!(parks.iter().all(|park| park.task.0 == 0), "{parks:?}");
        assert_eq!(told(&recorded), 1);
    }
}

#[test]
fn threads_start_and_stop_and_are_numbered() {
    let _turn = turn();
    for (name, hooks) in [("tokio", Hooks::new()), ("barista", Hooks::new().thread_name("barista"))]
    {
        let [mut builder, _] = builders();
        let recorded = record(builder.traced_with(hooks), |runtime| {
            runtime.block_on(async {
                trace_tokio::spawn_blocking("blocks", || {}).await.unwrap();
            });
        });
        assert_eq!(said(&recorded, "thread starts"), 4);
        assert_eq!(said(&recorded, "thread stops"), 4);
        for n in 0..4 {
            let name = format!("{name}-{n}");
            let is_it = |thread: &&trace_reader::Thread| thread.name() == name;
            assert_eq!(recorded.trace.threads().iter().filter(is_it).count(), 1, "{name}");
        }
    }
    let mut builder = Builder::new_multi_thread();
    let named = record(builder.traced().worker_threads(1).thread_name("mine"), |_| {});
    assert_eq!(named.trace.threads().iter().filter(|thread| thread.name() == "mine").count(), 1);
}

#[test]
fn the_hooks_of_the_program_are_called_as_well() {
    let _turn = turn();
    for (mut builder, threads) in builders().into_iter().zip([3, 0]) {
        let counts: [Arc<AtomicUsize>; 4] = Default::default();
        let [started, stopped, parked, unparked] = counts.clone().map(|count| {
            move || {
                count.fetch_add(1, Relaxed);
                trace::trace_log!("hook", "called");
            }
        });
        let hooks = Hooks::new()
            .on_thread_start(started.clone())
            .on_thread_start(started)
            .on_thread_stop(stopped)
            .on_thread_park(parked)
            .on_thread_unpark(unparked);
        let recorded = record(builder.traced_with(hooks), |runtime| {
            runtime.block_on(async {
                for _ in 0..5 {
                    trace_tokio::spawn("sleeps", sleep(Duration::from_millis(1))).await.unwrap();
                }
            });
        });
        let [started, stopped, parked, unparked] = counts.map(|count| count.load(Relaxed));
        assert_eq!((started, stopped), (2 * threads, threads));
        assert_eq!(parked, unparked);
        assert_eq!(parked, recorded.regions("tokio park").len(), "one region for each");
        assert!(parked >= 5, "{parked}");
        let logs = recorded.recording.logs.iter();
        let hooks: Vec<_> = logs.filter(|log| recorded.name(log.callsite) == "hook").collect();
        assert_eq!(hooks.len(), started + stopped + parked + unparked);
        assert!(hooks.iter().all(|log| log.region.is_none()), "outside of the regions");
    }
}

#[test]
fn recordings_begin_and_end_while_threads_are_parked() {
    let _turn = turn();
    for mut builder in builders() {
        let is_several = builder.build().unwrap().metrics().num_workers() > 1;
        let runtime = builder.traced().build().unwrap();
        runtime.block_on(async { sleep(Duration::from_millis(5)).await });
        for _ in 0..3 {
            let ((), bytes) = trace::capture(|| {
                runtime.block_on(async {
                    trace_tokio::spawn("sleeps", sleep(Duration::from_millis(5))).await.unwrap();
                });
            });
            let recorded = Recorded::new(bytes);
            let parks = recorded.regions("tokio park");
            assert_eq!(told(&recorded), 1);
            if is_several {
                assert!(parks.iter().any(|park| park.begin.is_none()), "parked when it began");
            }
            assert!(parks.iter().any(|park| park.begin.is_some()), "parked while it was on");
            // Sees to it that the runtime notices.
            runtime.block_on(async {
                let parked = tokio::spawn(sleep(Duration::from_millis(2)));
                sleep(Duration::from_millis(2)).await;
                parked.await.unwrap();
            });
        }
        drop(runtime);
    }
}

#[test]
fn recordings_that_begin_while_another_is_on_are_told() {
    let _turn = turn();
    let flight = trace::FlightRecorder::builder().start().unwrap();
    let [mut several, _] = builders();
    let runtime = several.traced().build().unwrap();
    let work = || {
        runtime.block_on(async {
            trace_tokio::spawn("sleeps", sleep(Duration::from_millis(2))).await.unwrap();
        });
    };
    work();
    let mut recorded = Vec::new();
    for _ in 0..2 {
        let ((), bytes) = trace::capture(|| {
            // What is on is looked at again after a while.
            std::thread::sleep(Duration::from_millis(200));
            work();
        });
        recorded.push(Recorded::new(bytes));
    }
    assert_eq!(recorded.iter().map(told).collect::<Vec<_>>(), [1, 1]);
    drop(runtime);
    let mut bytes = Vec::new();
    flight.write_to(&mut bytes).unwrap();
    assert_eq!(told(&Recorded::new(bytes)), 3, "it has what the others have");
}

#[test]
fn runtimes_within_each_other_are_told_apart() {
    let _turn = turn();
    let [mut several, mut alone] = builders();
    let recorded = record(several.traced(), |runtime| {
        let inner = alone.traced().build().unwrap();
        runtime.block_on(async move {
            trace_tokio::spawn("outer", async move {
                tokio::task::block_in_place(|| {
                    inner.block_on(async {
                        trace_tokio::spawn("inner", sleep(Duration::from_millis(2))).await.unwrap();
                    });
                    drop(inner);
                });
                sleep(Duration::from_millis(2)).await;
            })
            .await
            .unwrap();
        });
    });
    let outer = recorded.fibers("outer")[0];
    let inside = recorded.regions("tokio park").into_iter().filter(|park| park.fiber == outer.id);
    assert!(inside.count() >= 1, "the inner runtime is parked in a poll of the outer one");
    assert_eq!(told(&recorded), 2, "once for each runtime");
}

#[test]
fn off_nothing_is_recorded_and_nothing_different() {
    let _turn = turn();
    for mut builder in builders() {
        let parked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&parked);
        let hooks = Hooks::new().on_thread_park(move || {
            count.fetch_add(1, Relaxed);
        });
        let runtime = builder.traced_with(hooks).build().unwrap();
        runtime.block_on(async { sleep(Duration::from_millis(2)).await });
        drop(runtime);
        assert!(parked.load(Relaxed) >= 1);
    }
    let ((), bytes) = trace::capture(|| {});
    assert!(Recorded::new(bytes).recording.regions.is_empty());
}
