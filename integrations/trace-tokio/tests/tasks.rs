//! Every task, with `--cfg tokio_unstable`: run by `ci/features`.
#![cfg(tokio_unstable)]

mod shared;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::task::yield_now;
use trace_reader::FiberOutcome::Completed;
use trace_reader::Region;
use trace_tokio::{BuilderExt, Hooks};

use crate::shared::{builders, record, turn};

/// The id that a poll tells.
fn id(poll: &Region) -> String {
    let [id] = &poll.args[..] else { panic!("{poll:?}") };
    assert_eq!(&*id.key, "task");
    let trace_reader::Value::Display(id) = &id.value else { panic!("{id:?}") };
    String::from_utf8_lossy(&id.bytes).into_owned()
}

#[test]
fn tasks_are_seen_however_they_were_spawned() {
    let _turn = turn();
    for mut builder in builders() {
        let ids = Mutex::new(Vec::new());
        let recorded = record(builder.traced(), |runtime| {
            let ours = |n: u64| async move {
                yield_now().await;
                trace::trace_log!("who", "{n}");
            };
            runtime.block_on(trace::TraceFuture::in_task(
                async {
                    let all: Vec<_> = (0..20).map(|n| tokio::spawn(ours(n))).collect();
                    for task in all {
                        ids.lock().unwrap().push(task.id().to_string());
                        task.await.unwrap();
                    }
                    let traced = trace_tokio::spawn("traced", ours(20));
                    ids.lock().unwrap().push(traced.id().to_string());
                    traced.await.unwrap();
                },
                "main",
            ));
        });
        let ids = ids.into_inner().unwrap();
        let polls = recorded.regions("tokio poll");
        for id in &ids {
            let of_it = polls.iter().filter(|poll| self::id(poll) == *id);
            assert_eq!(of_it.count(), 2, "task {id}");
            let said = |what: String| {
                let logs = recorded.logs("tokio");
                logs.iter().filter(|(message, _)| message.starts_with(&what)).count()
            };
            assert_eq!(said(format!("task {id} is spawned at ")), 1);
            assert_eq!(said(format!("task {id} has ended")), 1);
        }
        assert_eq!(polls.len(), 2 * ids.len());
        assert!(polls.iter().all(|poll| poll.end.is_some() && poll.task.0 == 0));
        // What is spawned through the crate has its context, what is not has none.
        for (message, task) in recorded.logs("who") {
            assert_eq!(task.as_deref(), (message == "20").then_some("main"), "{message}");
        }
        assert_eq!(recorded.ended("traced", Completed), 1);
        let spawned = recorded.logs("tokio");
        let at = |message: &str| message.contains("tests/tasks.rs:");
        assert_eq!(spawned.iter().filter(|(message, _)| at(message)).count(), ids.len());
    }
}

#[test]
fn a_spawn_tells_who_spawned() {
    let _turn = turn();
    for mut builder in builders() {
        let recorded = record(builder.traced(), |runtime| {
            runtime.block_on(async {
                let outer = tokio::spawn(async { tokio::spawn(async {}).await.unwrap() });
                let id = outer.id();
                outer.await.unwrap();
                trace::trace_log!("outer", "is spawned by task {id} at ");
            });
        });
        let [(by, _)] = &recorded.logs("outer")[..] else { panic!("there is one") };
        let logs = recorded.logs("tokio");
        assert_eq!(logs.iter().filter(|(message, _)| message.contains(by)).count(), 1);
    }
}

#[test]
fn the_hooks_of_the_program_are_called_as_well() {
    let _turn = turn();
    for (mut builder, workers) in builders().into_iter().zip([3, 0]) {
        let counts: [Arc<AtomicUsize>; 4] = Default::default();
        let [spawned, before, after, ended] = counts.clone().map(|count| {
            move |_: &tokio::runtime::TaskMeta<'_>| {
                count.fetch_add(1, Relaxed);
                trace::trace_log!("hook", "called");
            }
        });
        let hooks = Hooks::new()
            .on_task_spawn(spawned.clone())
            .on_task_spawn(spawned)
            .on_before_task_poll(before)
            .on_after_task_poll(after)
            .on_task_terminate(ended);
        let recorded = record(builder.traced_with(hooks), |runtime| {
            runtime.block_on(async {
                for _ in 0..10 {
                    tokio::spawn(yield_now()).await.unwrap();
                }
                let panics = tokio::spawn(async { panic!("on purpose") });
                assert!(panics.await.unwrap_err().is_panic());
            });
        });
        let counts = counts.map(|count| count.load(Relaxed));
        // A worker of several is work that blocks, which ends as a task and is not spawned as one.
        assert_eq!(counts, [22, 21, 21, 11 + workers]);
        assert_eq!(recorded.regions("tokio poll").len(), 21);
        assert_eq!(recorded.logs("hook").len(), counts.iter().sum::<usize>());
    }
}

#[test]
fn a_thread_that_gives_its_worker_away_ends_its_poll() {
    let _turn = turn();
    let [mut builder, _] = builders();
    let recorded = record(builder.traced(), |runtime| {
        runtime.block_on(async {
            let blocks = tokio::spawn(async {
                tokio::task::block_in_place(|| {
                    let inside = tokio::runtime::Handle::current();
                    inside.block_on(async { tokio::spawn(yield_now()).await.unwrap() });
                });
                yield_now().await;
            });
            blocks.await.unwrap();
        });
    });
    let polls = recorded.regions("tokio poll");
    assert_eq!(polls.len(), 4);
    assert!(polls.iter().all(|poll| poll.begin.is_some() && poll.end.is_some()));
}
