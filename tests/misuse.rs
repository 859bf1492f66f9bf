//! Mistakes that a program can make: the trace stays readable, and says so.

use trace::Context;
use trace_reader::{Fate, Problem, Recording, Trace};

fn record(f: impl FnOnce()) -> (Trace, Recording) {
    let ((), bytes) = trace::capture(f);
    let trace = Trace::from_bytes(bytes).unwrap();
    let recording = trace.load().unwrap();
    (trace, recording)
}

#[test]
fn a_shared_task_ends_once_and_with_its_last_owner() {
    let (trace, recording) = record(|| {
        let (_, task) = trace::new_task(Context::background(), "order");
        let task = std::sync::Arc::new(task);
        let other = std::sync::Arc::clone(&task);
        std::thread::spawn(move || drop(other)).join().unwrap();
        trace::trace_log!("test", "not yet");
        drop(task);
    });
    assert_eq!(recording.tasks.len(), 1);
    assert!(recording.tasks[0].end.unwrap() >= recording.logs[0].time);
    assert!(trace.validate().unwrap().is_empty());
}

#[test]
fn a_task_may_end_on_another_thread() {
    let (trace, recording) = record(|| {
        let (_, task) = trace::new_task(Context::background(), "order");
        std::thread::spawn(move || task.end()).join().unwrap();
    });
    assert!(recording.tasks[0].end.is_some());
    assert_ne!(recording.tasks[0].begin_thread, recording.tasks[0].end_thread);
    assert!(trace.validate().unwrap().is_empty());
}

#[test]
fn a_task_that_never_ends_is_open() {
    let (trace, recording) = record(|| {
        let (_, task) = trace::new_task(Context::background(), "order");
        std::mem::forget(task);
    });
    let task = &recording.tasks[0];
    assert!(task.begin.is_some() && task.end.is_none() && !task.began_before);
    assert!(trace.validate().unwrap().is_empty());
    assert_eq!(trace.analyze().unwrap().tasks[0].open, 1);
}

#[test]
fn a_region_that_never_ends_is_open() {
    let (_, recording) = record(|| std::mem::forget(trace::trace_region!("forgotten")));
    assert_eq!(recording.regions[0].fate, Fate::Open);
}

#[test]
fn guards_may_be_dropped_out_of_order() {
    let (trace, recording) = record(|| {
        let _around = trace::trace_region!("around");
        let outer = trace::trace_region!("outer");
        let inner = trace::trace_region!("inner");
        drop(outer);
        let _inside = trace::trace_region!("inside inner");
        drop(_inside);
        drop(inner);
        let _next = trace::trace_region!("next");
    });
    let regions: Vec<_> = recording
        .regions
        .iter()
        .map(|region| {
            assert_eq!(region.fate, Fate::Complete);
            trace.callsites().name(region.callsite).into_owned()
        })
        .collect();
    assert_eq!(regions, ["around", "outer", "inner", "inside inner", "next"]);
    let mistakes: Vec<_> =
        recording.problems.iter().filter(|p| matches!(p, Problem::Misnested { .. })).collect();
    assert_eq!(mistakes.len(), 1);
    let text = trace.describe(mistakes[0]);
    assert!(text.contains("outer") && text.contains("inner"), "{text}");
    // What is in no region's own time is in its children's, to the nanosecond.
    let around = &recording.regions[0];
    let total: u64 = recording.regions.iter().map(|region| region.self_ns).sum();
    assert_eq!(total, around.end.unwrap().since(around.begin.unwrap()));
}

#[test]
fn contexts_may_be_left_out_of_order() {
    let (_, recording) = record(|| {
        let (a, _task_a) = trace::new_task(Context::background(), "a");
        let (b, _task_b) = trace::new_task(Context::background(), "b");
        let in_a = a.enter();
        let in_b = b.enter();
        drop(in_a);
        trace::trace_log!("test", "still in b");
        drop(in_b);
        trace::trace_log!("test", "in none");
        let (task_c, task_d) = (trace::trace_task!("c"), trace::trace_task!("d"));
        drop(task_c);
        trace::trace_log!("test", "still in d");
        drop(task_d);
        assert_eq!(Context::current(), Context::background());
    });
    let ids: Vec<_> = recording.tasks.iter().map(|task| task.id).collect();
    let logs: Vec<_> = recording.logs.iter().map(|log| log.task).collect();
    assert_eq!(logs, [ids[1], trace_reader::TaskId(0), ids[3]]);
}

#[test]
fn a_region_that_ends_leaves_the_context_that_was_entered_in_it() {
    let (_, recording) = record(|| {
        let setup = trace::trace_region!("set up");
        let (ctx, _task) = trace::new_task(Context::background(), "order");
        let _entered = ctx.enter();
        setup.end();
        trace::trace_log!("test", "in the task");
    });
    assert_eq!(recording.logs[0].task, recording.tasks[0].id);
}

#[test]
fn formatting_may_emit_and_stop_and_panic() {
    struct Emits;
    impl std::fmt::Display for Emits {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            let _region = trace::trace_region!("formatting");
            trace::trace_log!("inner", "{}", 5 + 5);
            f.write_str("emitted")
        }
    }
    struct Panics;
    impl std::fmt::Debug for Panics {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("this panic is part of the test");
        }
    }
    struct Stops;
    impl std::fmt::Display for Stops {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            // The session is the capture's, which then finds it stopped.
            assert!(!trace::is_enabled() || trace::stop().is_ok());
            f.write_str("stopped")
        }
    }
    let (trace, recording) = record(|| {
        trace::trace_log!("outer", "{} and {}", Emits, 7);
        let _region = trace::trace_region!("args", what = %Emits);
        let result = std::panic::catch_unwind(|| {
            let _region = trace::trace_region!("never begins", what = ?Panics);
        });
        assert!(result.is_err());
        trace::trace_log!("outer", "goes on");
    });
    let logs: Vec<_> = recording.logs.iter().map(|log| log.message.to_str()).collect();
    assert_eq!(logs, ["10", "emitted and 7", "10", "goes on"]);
    assert!(trace.validate().unwrap().is_empty());

    let result = std::panic::catch_unwind(|| {
        trace::capture(|| trace::trace_log!("outer", "{}", Stops));
    });
    assert!(result.is_err(), "the capture says that its session was stopped by another");
}

#[test]
fn an_unwind_ends_regions_and_tasks() {
    let (trace, recording) = record(|| {
        let result = std::panic::catch_unwind(|| {
            let _task = trace::trace_task!("task");
            let _region = trace::trace_region!("region");
            panic!("this panic is part of the test");
        });
        assert!(result.is_err());
        trace::trace_log!("test", "after");
    });
    assert_eq!(recording.regions[0].fate, Fate::Complete);
    assert!(recording.tasks[0].end.is_some());
    assert_eq!(recording.logs[0].task, trace_reader::TaskId(0));
    assert!(trace.validate().unwrap().is_empty());
}

#[test]
fn strings_of_all_kinds_and_lengths() {
    let long = "é".repeat(10_000);
    let odd = "NUL \0, escape \x1b[31m, right to left \u{202e}, newline \n, quote \"";
    let (trace, recording) = record(|| {
        trace::log(Context::current(), "", "");
        trace::log(Context::current(), "odd", odd);
        trace::log(Context::current(), "long", &long);
        trace::trace_log!("long", "{long}!");
        let _region = trace::trace_region!("args", long, odd, empty = "", also = ?long);
    });
    let logs: Vec<_> =
        recording.logs.iter().map(|log| (log.message.to_str(), log.message.original_len)).collect();
    assert_eq!(logs[0], ("".into(), None));
    assert_eq!(logs[1], (odd.into(), None));
    let kept = "é".repeat(2_048);
    assert_eq!(logs[2], (kept.as_str().into(), Some(20_000)));
    assert_eq!(logs[3], (kept.as_str().into(), Some(20_001)));
    assert_eq!(recording.regions[0].args.len(), 4);
    assert!(trace.validate().unwrap().is_empty());
}

#[test]
fn a_thousand_nested_regions() {
    fn nest(depth: u32) {
        let _region = trace::trace_region!("nest", depth);
        if depth > 0 {
            // Enough to go through some chunks with all of them open.
            for _ in 0..20 {
                trace::trace_log!("test", "{}", "x".repeat(40));
            }
            nest(depth - 1);
        }
    }
    let (trace, recording) = record(|| nest(1_000));
    assert!(trace.validate().unwrap().is_empty());
    assert_eq!(recording.regions.len(), 1_001);
    assert!(recording.regions.iter().all(|region| region.fate == Fate::Complete));
    assert_eq!(recording.regions.last().unwrap().depth, 1_000);
    assert!(trace.threads()[0].chunks() > 10);
}
