//! Work that blocks: its wait for a thread, its run, and its end.

mod shared;

use std::sync::mpsc;
use std::time::Duration;

use trace_reader::FiberOutcome::{Cancelled, Completed, Panicked};

use crate::shared::{builders, record, turn};

#[test]
fn work_runs_in_the_context_of_its_call() {
    let _turn = turn();
    for mut builder in builders() {
        let recorded = record(&mut builder, |runtime| {
            runtime.block_on(async {
                let in_a_task = async {
                    let sum = trace_tokio::spawn_blocking("work", || {
                        let _region = trace::trace_region!("inside");
                        trace::trace_log!("who", "works");
                        2 + 2
                    });
                    assert_eq!(sum.await.unwrap(), 4);
                };
                trace_tokio::spawn_task("request", in_a_task).await.unwrap();
                let panics = trace_tokio::spawn_blocking("panics", || panic!("on purpose"));
                assert!(panics.await.unwrap_err().is_panic());
            });
        });
        assert_eq!(recorded.logs("who"), [("works".to_owned(), Some("request".to_owned()))]);
        let ([request], [work]) = (&recorded.fibers("request")[..], &recorded.fibers("work")[..])
        else {
            panic!("there is one of each")
        };
        assert_eq!((work.parent, work.task), (request.id, request.task));
        assert_eq!((work.outcome, work.poll_count), (Some(Completed), 1));
        let [inside] = recorded.regions("inside")[..] else { panic!("there is one") };
        assert_eq!((inside.fiber, inside.task), (work.id, request.task));
        assert_eq!(inside.thread, work.polls[0].thread);
        assert_eq!(recorded.ended("panics", Panicked), 1);
    }
}

#[test]
fn what_is_queued_tells_for_how_long() {
    const WAIT: Duration = Duration::from_millis(20);
    let _turn = turn();
    for mut builder in builders() {
        let recorded = record(builder.max_blocking_threads(1), |runtime| {
            let (started, starts) = mpsc::channel();
            let (release, released) = mpsc::channel();
            runtime.block_on(async {
                let first = trace_tokio::spawn_blocking("first", move || {
                    started.send(()).unwrap();
                    released.recv().unwrap();
                });
                starts.recv().unwrap();
                let second = trace_tokio::spawn_blocking("second", || {});
                let never = trace_tokio::spawn_blocking("never", || unreachable!());
                never.abort();
                std::thread::sleep(WAIT);
                release.send(()).unwrap();
                first.await.unwrap();
                second.await.unwrap();
                assert!(never.await.unwrap_err().is_cancelled());
            });
        });
        let waited = |name| Duration::from_nanos(recorded.fibers(name)[0].polls[0].waited_ns);
        assert!(waited("second") >= WAIT, "{:?}", waited("second"));
        assert_eq!(recorded.ended("never", Cancelled), 1);
        assert_eq!(recorded.fibers("never")[0].poll_count, 0);
    }
}

#[test]
fn any_thread_can_run_it() {
    let _turn = turn();
    let ((), bytes) = trace::capture(|| {
        let run = trace_tokio::blocking("run", || 7);
        drop(trace_tokio::blocking("dropped", || unreachable!()));
        assert_eq!(std::thread::spawn(run).join().unwrap(), 7);
    });
    let recorded = shared::Recorded::new(bytes);
    assert_eq!(recorded.ended("run", Completed), 1);
    assert_eq!(recorded.ended("dropped", Cancelled), 1);
}
