//! Threads that come, stay idle, end, and emit while they end.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use trace::{Context, Session};
use trace_reader::{Fate, Recording, Trace};

/// A recording is of all threads, so that the tests of this file take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn record(f: impl FnOnce()) -> (Trace, Recording) {
    let ((), bytes) = trace::capture(f);
    let trace = Trace::from_bytes(bytes).unwrap();
    let violations = trace.validate().unwrap();
    assert!(violations.is_empty(), "{:?}", violations.kept());
    let recording = trace.load().unwrap();
    (trace, recording)
}

#[test]
fn a_thread_that_stays_idle_loses_nothing() {
    let _turn = turn();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (emitted, has_emitted) = std::sync::mpsc::channel();
    let mut idle = None;
    let (trace, recording) = record(|| {
        let emit_once = move || {
            trace::trace_log!("test", "half a chunk");
            emitted.send(()).unwrap();
            let _ = wait.recv();
        };
        let builder = thread::Builder::new().name("idle".to_owned());
        idle = Some(builder.spawn(emit_once).unwrap());
        has_emitted.recv().unwrap();
    });
    assert_eq!(recording.logs.len(), 1);
    assert_eq!(trace.threads()[0].name(), "idle");
    drop(go);
    idle.unwrap().join().unwrap();
}

#[test]
fn threads_are_told_apart_and_named() {
    let _turn = turn();
    let (trace, recording) = record(|| {
        for round in 0..4 {
            let spawn = |i: i32| {
                let builder = thread::Builder::new().name(format!("thread {i}"));
                builder.spawn(move || trace::trace_log!("test", "{i}")).unwrap()
            };
            let threads: Vec<_> = (round * 5..round * 5 + 5).map(spawn).collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        }
        thread::spawn(|| trace::trace_log!("test", "unnamed")).join().unwrap();
    });
    assert_eq!(trace.threads().len(), 21);
    for log in &recording.logs {
        let thread = trace.threads().iter().find(|thread| thread.id == log.thread).unwrap();
        match &*log.message.to_str() {
            "unnamed" => assert_eq!(thread.name(), ""),
            number => assert_eq!(thread.name(), format!("thread {number}")),
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_operating_systems_number_is_recorded() {
    let _turn = turn();
    let (trace, _) = record(|| trace::trace_log!("test", "here"));
    let tasks: HashSet<u64> = std::fs::read_dir("/proc/self/task")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_str().unwrap().parse().unwrap())
        .collect();
    assert!(tasks.contains(&trace.threads()[0].os_thread));
}

/// Emits when its thread ends.
struct EmitsAtTheEnd(&'static str);

impl Drop for EmitsAtTheEnd {
    fn drop(&mut self) {
        let _region = trace::trace_region!("end of thread", what = self.0);
        trace::trace_log!("test", "{}", self.0);
    }
}

thread_local! {
    static EARLY: RefCell<Option<EmitsAtTheEnd>> = const { RefCell::new(None) };
    static LATE: RefCell<Option<EmitsAtTheEnd>> = const { RefCell::new(None) };
}

#[test]
fn destructors_of_a_thread_may_emit() {
    let _turn = turn();
    let (trace, recording) = record(|| {
        let both = || {
            // One destructor is registered before the recorder's own, the other one after it.
            EARLY.set(Some(EmitsAtTheEnd("early")));
            trace::trace_log!("test", "body");
            LATE.set(Some(EmitsAtTheEnd("late")));
        };
        thread::spawn(both).join().unwrap();
        thread::spawn(|| EARLY.set(Some(EmitsAtTheEnd("only")))).join().unwrap();
    });
    let mut logs: Vec<_> = recording.logs.iter().map(|log| log.message.to_str()).collect();
    logs.sort();
    assert_eq!(logs, ["body", "early", "late", "only"]);
    let of_first = recording.logs.iter().filter(|log| log.message.to_str() != "only");
    let threads: HashSet<_> = of_first.map(|log| log.thread).collect();
    assert_eq!(threads.len(), 1, "it is one thread all the time");
    assert_eq!(trace.threads().len(), 2);
}

/// Records, stops the session, and records once more when it is dropped.
struct StopsAtTheEnd(Option<trace::Session>);

impl Drop for StopsAtTheEnd {
    fn drop(&mut self) {
        if let Some(session) = self.0.take() {
            trace::trace_log!("test", "stopping");
            assert_eq!(session.finish().unwrap().events_lost, 0);
            trace::trace_log!("test", "too late");
        }
    }
}

thread_local! {
    static STOPS_EARLY: RefCell<StopsAtTheEnd> = const { RefCell::new(StopsAtTheEnd(None)) };
    static STOPS_LATE: RefCell<StopsAtTheEnd> = const { RefCell::new(StopsAtTheEnd(None)) };
}

/// Before the recorder took back what the thread recorded with, and after that.
#[test]
fn a_destructor_of_a_thread_may_stop() {
    let _turn = turn();
    for is_early in [true, false] {
        let file = tempfile::NamedTempFile::new().unwrap();
        let session = Session::builder().start_file(file.path()).unwrap();
        let body = move || {
            if is_early {
                STOPS_EARLY.with_borrow_mut(|stops| stops.0 = Some(session));
                trace::trace_log!("test", "body");
            } else {
                trace::trace_log!("test", "body");
                STOPS_LATE.with_borrow_mut(|stops| stops.0 = Some(session));
            }
        };
        thread::spawn(body).join().unwrap();
        let trace = Trace::open(file.path()).unwrap();
        assert!(trace.validate().unwrap().is_empty());
        let logs = trace.load().unwrap().logs;
        let logs: Vec<_> = logs.iter().map(|log| log.message.to_str()).collect();
        assert_eq!(logs, ["body", "stopping"]);
    }
}

thread_local! {
    static OPEN: RefCell<Option<trace::EnteredTask>> = const { RefCell::new(None) };
}

#[test]
fn a_task_may_end_with_its_thread() {
    let _turn = turn();
    let ((), bytes) = trace::capture(|| {
        let begins = || {
            // Dropped after the recorder gave back what the thread recorded with.
            OPEN.set(None);
            let _outer = trace::trace_task!("outer");
            OPEN.set(Some(trace::trace_task!("inner")));
        };
        thread::spawn(begins).join().unwrap();
    });
    let trace = Trace::from_bytes(bytes.clone()).unwrap();
    assert!(trace.validate().unwrap().is_empty());
    let [outer, inner] = &trace.load().unwrap().tasks[..] else { panic!("two tasks") };
    assert!(inner.end.unwrap() >= outer.end.unwrap());
    assert_eq!(inner.begin_thread, inner.end_thread);
    // The thread goes on where it ended, and so knows what it began.
    let mut text = String::new();
    trace_format::file_to_text(&bytes, |line| text.write_str(line)).unwrap();
    let last_chunk = text.rsplit("block chunk").next().unwrap();
    assert!(last_chunk.contains("TaskEnter task=0"), "{text}");
    assert!(last_chunk.contains(" TaskEnd "), "{text}");
}

#[test]
fn a_detached_thread_may_go_on() {
    let _turn = turn();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let (started, has_started) = std::sync::mpsc::channel();
    let mut handle = None;
    let (_, recording) = record(|| {
        handle = Some(thread::spawn(move || {
            let _region = trace::trace_region!("goes on");
            started.send(()).unwrap();
            while stopped.try_recv().is_err() {
                let _region = trace::trace_region!("round");
                thread::yield_now();
            }
        }));
        has_started.recv().unwrap();
    });
    assert_eq!(recording.regions[0].fate, Fate::Open);
    stop.send(()).unwrap();
    handle.unwrap().join().unwrap();
}

#[test]
fn a_task_goes_with_its_context() {
    let _turn = turn();
    let (trace, recording) = record(|| {
        let (ctx, task) = trace::new_task(Context::background(), "order");
        thread::scope(|scope| {
            scope.spawn(|| ctx.run(|| drop(trace::trace_region!("implicit"))));
            scope.spawn(|| {
                trace::with_region(ctx, "explicit", || {
                    // A region that was given a context makes it current.
                    let _nested = trace::trace_region!("nested");
                    let (_, subtask) = trace::new_task(Context::current(), "subtask");
                    subtask.arg("late", 7);
                });
                trace::trace_log!("outside", "of any task");
                trace::log(ctx, "inside", "of the task");
            });
        });
        task.end();
    });
    let order = &recording.tasks[0];
    let mut names: Vec<_> = order
        .regions
        .iter()
        .map(|&region| trace.callsites().name(recording.regions[region].callsite))
        .collect();
    names.sort();
    assert_eq!(names, ["explicit", "implicit", "nested"]);
    assert_eq!(order.children.len(), 1);
    let subtask = &recording.tasks[order.children[0]];
    assert_eq!(subtask.parent, order.id);
    assert_eq!(&*subtask.args[0].key, "late");
    assert_eq!(order.logs.len(), 1);
    assert_eq!(recording.logs[order.logs[0]].message.to_str(), "of the task");
    assert_eq!(recording.logs.len(), 2);
}

#[test]
fn a_thread_with_a_long_name_records_in_small_chunks() {
    let _turn = turn();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.trace");
    let session = trace::Session::builder().chunk_bytes(4 << 10).start_file(&path).unwrap();
    fn nest(depth: u32) {
        let _region = trace::trace_region!("nest");
        if depth > 0 {
            nest(depth - 1);
        } else {
            for _ in 0..1_000 {
                trace::trace_log!("test", "long enough for some chunks");
            }
        }
    }
    let builder = thread::Builder::new().name("é".repeat(5_000));
    builder.spawn(|| nest(200)).unwrap().join().unwrap();
    assert_eq!(session.finish().unwrap().events_lost, 0);
    let trace = Trace::open(path).unwrap();
    assert!(trace.validate().unwrap().is_empty());
    assert_eq!(trace.threads()[0].name(), "é".repeat(128));
    assert_eq!(trace.load().unwrap().regions.len(), 201);
}
