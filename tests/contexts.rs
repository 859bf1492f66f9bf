//! A context goes wherever the work goes, by one line at the boundary.

use std::sync::mpsc::channel;

use trace::{Context, thread};
use trace_reader::{Recording, TaskId, Trace};

/// What was recorded, which is strictly valid.
fn recorded(record: impl FnOnce()) -> (Trace, Recording) {
    let ((), bytes) = trace::capture(record);
    let trace = Trace::from_bytes(bytes).unwrap();
    let problems = trace.validate().unwrap();
    assert!(problems.is_empty(), "{:?}", problems.iter().map(|p| trace.describe(p)).next());
    let recording = trace.load().unwrap();
    (trace, recording)
}

fn say(what: &str) {
    trace::trace_log!("say", "{what}");
}

/// The task that a message belongs to, and the name of the thread.
fn said<'t>(trace: &'t Trace, recording: &Recording, what: &str) -> (TaskId, &'t str) {
    let log = recording.logs.iter().find(|log| log.message.to_str() == what);
    let log = log.unwrap_or_else(|| panic!("somebody said {what}"));
    (log.task, trace.thread(log.thread).unwrap().name())
}

#[test]
fn threads_begin_in_the_context_of_whoever_starts_them() {
    let (trace, recording) = recorded(|| {
        let (context, task) = trace::new_task(Context::background(), "order");
        let one = context.run(|| thread::spawn(|| say("spawned")));
        let named = thread::Builder::new().name("barista".to_owned()).stack_size(1 << 20);
        let two = context.run(|| named.spawn(|| say("named")).unwrap());
        let other = thread::spawn(|| say("outside"));
        for thread in [one, two, other] {
            thread.join().unwrap();
        }
        let mut cups = [1, 2];
        context.run(|| {
            thread::scope(|s| {
                let [first, second] = &mut cups;
                let scoped = s.spawn(move || {
                    say("scoped");
                    // A thread's thread.
                    s.spawn(|| say("nested"));
                    *first += 1;
                    *first
                });
                let named = thread::Builder::new().name("waiter".to_owned());
                named.spawn_scoped(s, || *second += say_so("scoped and named")).unwrap();
                assert_eq!(scoped.join().unwrap(), 2);
            });
        });
        assert_eq!(cups, [2, 3]);
        task.end();
    });
    let order = recording.tasks[0].id;
    assert_eq!(recording.tasks.len(), 1);
    for what in ["spawned", "scoped", "nested"] {
        assert_eq!(said(&trace, &recording, what), (order, ""));
    }
    assert_eq!(said(&trace, &recording, "named"), (order, "barista"));
    assert_eq!(said(&trace, &recording, "scoped and named"), (order, "waiter"));
    assert_eq!(said(&trace, &recording, "outside"), (TaskId::BACKGROUND, ""));
}

fn say_so(what: &str) -> i32 {
    say(what);
    1
}

#[test]
fn a_context_travels_with_a_message() {
    let (trace, recording) = recorded(|| {
        let (sender, receiver) = channel::<(Context, String)>();
        let worker = std::thread::spawn(move || {
            for (context, what) in receiver {
                context.run(|| say(&what));
                say(&format!("after {what}"));
            }
        });
        for what in ["milk", "coffee"] {
            let (context, task) = trace::new_task(Context::background(), "order");
            sender.send((context, what.to_owned())).unwrap();
            task.end();
        }
        drop(sender);
        worker.join().unwrap();
    });
    let [milk, coffee] = &recording.tasks[..] else { panic!("two tasks") };
    assert_eq!(said(&trace, &recording, "milk").0, milk.id);
    assert_eq!(said(&trace, &recording, "coffee").0, coffee.id);
    for what in ["after milk", "after coffee"] {
        assert_eq!(said(&trace, &recording, what).0, TaskId::BACKGROUND);
    }
}
