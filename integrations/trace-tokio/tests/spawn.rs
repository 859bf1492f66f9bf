//! Futures that are spawned, on both kinds of runtimes, counted to the last.

mod shared;

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::task::{JoinSet, LocalSet, yield_now};
use trace::Context;
use trace_reader::FiberOutcome::{Cancelled, Completed, Panicked};
use trace_tokio::JoinSetExt;

use crate::shared::{builders, record, turn};

#[test]
fn each_future_is_there_and_tells_how_it_ended() {
    let _turn = turn();
    for mut builder in builders() {
        let recorded = record(&mut builder, |runtime| {
            runtime.block_on(async {
                let done: Vec<_> = (0..100_u64)
                    .map(|n| {
                        trace_tokio::spawn("done", async move {
                            yield_now().await;
                            n
                        })
                    })
                    .collect();
                let aborted: Vec<_> =
                    (0..20).map(|_| trace_tokio::spawn("aborted", pending::<()>())).collect();
                let panics: Vec<_> = (0..10)
                    .map(|n| {
                        trace_tokio::spawn("panics", async move { assert!(n > 9, "on purpose") })
                    })
                    .collect();
                for (n, done) in done.into_iter().enumerate() {
                    assert_eq!(done.await.unwrap(), n as u64);
                }
                for aborted in aborted {
                    aborted.abort();
                    assert!(aborted.await.unwrap_err().is_cancelled());
                }
                for panics in panics {
                    assert!(panics.await.unwrap_err().is_panic());
                }
                // Is dropped with the runtime.
                trace_tokio::spawn("left", pending::<()>());
            });
        });
        assert_eq!(recorded.recording.fibers.len(), 131);
        assert!(recorded.regions("tokio park").is_empty(), "the builder was not traced");
        assert_eq!(recorded.ended("done", Completed), 100);
        assert!(recorded.fibers("done").iter().all(|fiber| fiber.poll_count == 2));
        assert_eq!(recorded.ended("aborted", Cancelled), 20);
        assert_eq!(recorded.ended("panics", Panicked), 10);
        assert_eq!(recorded.ended("left", Cancelled), 1);
        let callsite = recorded.trace.callsites().get(recorded.fibers("done")[0].callsite).unwrap();
        assert!(callsite.file.ends_with("spawn.rs"), "{}", callsite.file);
    }
}

#[test]
fn the_wait_for_the_first_poll_counts() {
    const WAIT: Duration = Duration::from_millis(20);
    let _turn = turn();
    let [_, mut builder] = builders();
    let recorded = record(&mut builder, |runtime| {
        runtime.block_on(async {
            let waits = trace_tokio::spawn("waits", async {});
            // The only thread is busy.
            std::thread::sleep(WAIT);
            waits.await.unwrap();
        });
    });
    let waited = recorded.fibers("waits")[0].polls[0].waited_ns;
    assert!(u128::from(waited) >= WAIT.as_nanos(), "{waited}");
}

#[test]
fn what_happens_in_a_future_belongs_to_the_context_of_its_spawn() {
    async fn line(n: u64) {
        trace_tokio::spawn("inner", async move {
            yield_now().await;
            trace::trace_log!("who", "{n} spawned inside");
        })
        .await
        .unwrap();
        let (context, task) = trace::new_task(Context::background(), "other");
        trace_tokio::spawn_in(context, "elsewhere", async move {
            yield_now().await;
            trace::trace_log!("who", "{n} elsewhere");
        })
        .await
        .unwrap();
        task.end();
        trace_tokio::spawn_task("part", async move { trace::trace_log!("who", "{n} part") })
            .await
            .unwrap();
        trace::trace_log!("who", "{n} itself");
    }
    let _turn = turn();
    for mut builder in builders() {
        let recorded = record(&mut builder, |runtime| {
            runtime.block_on(async {
                let all: Vec<_> =
                    (0..10).map(|n| trace_tokio::spawn_task("request", line(n))).collect();
                for one in all {
                    one.await.unwrap();
                }
                trace::trace_log!("who", "nobody");
            });
        });
        let mut logs = recorded.logs("who");
        logs.sort();
        let mut expected = vec![("nobody".to_owned(), None)];
        for n in 0..10 {
            for (what, whose) in [
                ("spawned inside", "request"),
                ("elsewhere", "other"),
                ("part", "part"),
                ("itself", "request"),
            ] {
                expected.push((format!("{n} {what}"), Some(whose.to_owned())));
            }
        }
        expected.sort();
        assert_eq!(logs, expected);
        // Each is a part of the one that spawned it, which is its own request's.
        let requests = recorded.fibers("request");
        for name in ["inner", "elsewhere", "part"] {
            let mut parents: Vec<_> = recorded.fibers(name).iter().map(|f| f.parent).collect();
            let mut ids: Vec<_> = requests.iter().map(|fiber| fiber.id).collect();
            parents.sort();
            ids.sort();
            assert_eq!(parents, ids, "{name}");
        }
        let parts =
            recorded.recording.tasks.iter().filter(|task| {
                task.callsite.is_some_and(|callsite| recorded.name(callsite) == "part")
            });
        for part in parts {
            let parent = recorded.recording.tasks.iter().find(|task| task.id == part.parent);
            assert_eq!(recorded.name(parent.unwrap().callsite.unwrap()), "request");
        }
    }
}

#[test]
fn futures_that_stay_on_their_thread_are_traced() {
    let _turn = turn();
    for mut builder in builders() {
        let recorded = record(&mut builder, |runtime| {
            let here = std::rc::Rc::new(std::cell::Cell::new(0));
            let set = {
                let here = here.clone();
                async move {
                    let alone = trace_tokio::spawn_local("alone", {
                        let here = here.clone();
                        async move { here.set(here.get() + 1) }
                    });
                    let mut together = JoinSet::new();
                    for _ in 0..5 {
                        let here = here.clone();
                        together.spawn_local_traced("together", async move {
                            yield_now().await;
                            here.set(here.get() + 1);
                        });
                    }
                    alone.await.unwrap();
                    together.join_all().await;
                }
            };
            LocalSet::new().block_on(runtime, set);
            assert_eq!(here.get(), 6);
        });
        assert_eq!(recorded.ended("alone", Completed), 1);
        assert_eq!(recorded.ended("together", Completed), 5);
        assert_eq!(recorded.recording.fibers.len(), 6);
    }
}

#[test]
fn sets_spawn_abort_and_shut_down() {
    let _turn = turn();
    for mut builder in builders() {
        let recorded = record(&mut builder, |runtime| {
            runtime.block_on(async {
                let mut set = JoinSet::new();
                for n in 0..30_u64 {
                    set.spawn_traced("one", async move {
                        yield_now().await;
                        n
                    });
                }
                set.spawn_blocking_traced("blocks", || 1000);
                let handle = set.spawn_traced("aborted", pending());
                handle.abort();
                let (mut sum, mut cancelled) = (0, 0);
                while let Some(result) = set.join_next().await {
                    match result {
                        Ok(n) => sum += n,
                        Err(error) => cancelled += u64::from(error.is_cancelled()),
                    }
                }
                assert_eq!((sum, cancelled), (1000 + 29 * 30 / 2, 1));
                for _ in 0..7 {
                    set.spawn_traced("shut down", pending());
                }
                set.shutdown().await;
            });
        });
        assert_eq!(recorded.ended("one", Completed), 30);
        assert_eq!(recorded.ended("blocks", Completed), 1);
        assert_eq!(recorded.ended("aborted", Cancelled), 1);
        assert_eq!(recorded.ended("shut down", Cancelled), 7);
        assert_eq!(recorded.recording.fibers.len(), 39);
    }
}

#[test]
fn off_nothing_is_recorded_and_nothing_different() {
    let _turn = turn();
    assert!(!trace::is_enabled());
    for mut builder in builders() {
        let runtime = builder.build().unwrap();
        let ran = &*Box::leak(Box::new(AtomicUsize::new(0)));
        runtime.block_on(async {
            let count = || ran.fetch_add(1, Relaxed);
            trace_tokio::spawn("off", async move { count() }).await.unwrap();
            trace_tokio::spawn_task("off", async move { count() }).await.unwrap();
            trace_tokio::spawn_in(Context::background(), "off", async move { count() })
                .await
                .unwrap();
            trace_tokio::spawn_blocking("off", count).await.unwrap();
            let mut set = JoinSet::new();
            set.spawn_traced("off", async move { count() });
            set.join_all().await;
        });
        assert_eq!(ran.load(Relaxed), 5);
        let entered = runtime.enter();
        let left = trace_tokio::spawn("began while it was off", async move {
            loop {
                ran.fetch_add(1, Relaxed);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        drop(entered);
        runtime.block_on(async {
            while ran.load(Relaxed) < 6 {
                yield_now().await;
            }
        });
        // What began before a recording is in it from its next poll on.
        let (result, bytes) = trace::capture(|| {
            runtime.block_on(async {
                let before = ran.load(Relaxed);
                while ran.load(Relaxed) < before + 3 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                left.abort();
                left.await
            })
        });
        assert!(result.unwrap_err().is_cancelled());
        let recorded = shared::Recorded::new(bytes);
        let [left] = recorded.fibers("began while it was off")[..] else { panic!("there is one") };
        assert_eq!((left.begin, left.outcome), (None, Some(Cancelled)));
        assert!(left.polls.len() >= 3);
        assert_eq!(recorded.recording.fibers.len(), 1, "nothing else was recorded");
    }
}
