//! Work that goes on in another process: what comes in with a `traceparent` header, and what goes out.

use std::future::{Future, poll_fn};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::pin::{Pin, pin};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context as Polled, Poll, Waker};
use std::{env, thread};

use trace::{Context, TraceFuture};
use trace_reader::{Recording, Task, TaskId, Trace, Value};

const HEADER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT_ID: &str = "00f067aa0ba902b7";
const OTHER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

/// One test at a time: there is one recording, and some want none.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was recorded, which is strictly valid.
fn recorded<R>(record: impl FnOnce() -> R) -> (R, Recording, Trace) {
    let (result, bytes) = trace::capture(record);
    let trace = Trace::from_bytes(bytes).unwrap();
    let recording = sound(&trace);
    (result, recording, trace)
}

fn sound(trace: &Trace) -> Recording {
    let problems = trace.validate().unwrap();
    assert!(problems.is_empty(), "{:?}", problems.iter().map(|p| trace.describe(p)).next());
    trace.load().unwrap()
}

fn outgoing() -> Option<String> {
    Context::current().to_traceparent().map(|header| header.to_string())
}

fn header_of(context: Context) -> String {
    context.to_traceparent().expect("it is a part of a trace").to_string()
}

/// The second and the third field of a header.
fn ids(header: &str) -> (&str, &str) {
    let fields: Vec<_> = header.split('-').collect();
    assert_eq!((fields.len(), fields[0]), (4, "00"), "{header}");
    (fields[1], fields[2])
}

fn task<'r>(trace: &Trace, recording: &'r Recording, name: &str) -> &'r Task {
    let is = |task: &&Task| task.callsite.is_some_and(|id| trace.callsites().name(id) == name);
    recording.tasks.iter().find(is).unwrap_or_else(|| panic!("there is a task {name}"))
}

/// The texts that a task has by this name.
fn args<'r>(task: &'r Task, key: &str) -> Vec<&'r str> {
    let named = task.args.iter().filter(|arg| &*arg.key == key);
    let text = |value: &'r Value<'static>| match value {
        Value::Str(text) => std::str::from_utf8(&text.bytes).unwrap(),
        other => panic!("a text, not {other:?}"),
    };
    named.map(|arg| text(&arg.value)).collect()
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Polled::from_waker(Waker::noop()))
}

/// Is ready when it is polled for the second time, and tells what is current each time.
async fn twice() -> [Option<String>; 2] {
    let first = outgoing();
    let mut polled = false;
    poll_fn(|_| if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending })
        .await;
    [first, outgoing()]
}

#[test]
fn off_a_header_goes_out_as_it_came() {
    let _turn = turn();
    let came = Context::from_traceparent(HEADER);
    assert_eq!(header_of(came), HEADER);
    assert_eq!(header_of(Context::from_traceparent(HEADER.as_bytes())), HEADER);
    assert_eq!(outgoing(), None);
    came.run(|| {
        assert_eq!(outgoing().as_deref(), Some(HEADER));
        assert_eq!(Context::current(), came);
        // Tasks are nothing here, and change nothing.
        let task = trace::trace_task!("order");
        assert_eq!(header_of(task.context()), HEADER);
        let (inner, ended) = trace::new_task(Context::current(), "milk");
        assert_eq!((header_of(inner), header_of(ended.context())), (HEADER.into(), HEADER.into()));
        assert_eq!(outgoing().as_deref(), Some(HEADER));
        // One within another, and none within one.
        Context::from_traceparent(OTHER).run(|| assert_eq!(outgoing().as_deref(), Some(OTHER)));
        Context::background().run(|| assert_eq!(outgoing(), None));
        trace::with_region(Context::background(), "pause", || assert_eq!(outgoing(), None));
        assert_eq!(trace::thread::spawn(outgoing).join().unwrap().as_deref(), Some(HEADER));
        assert_eq!(thread::spawn(outgoing).join().unwrap(), None);
        assert_eq!(outgoing().as_deref(), Some(HEADER));
    });
    assert_eq!(outgoing(), None);
}

#[test]
fn off_futures_carry_it_to_whoever_polls_them() {
    let _turn = turn();
    let came = Context::from_traceparent(HEADER);
    let expected = || Poll::Ready([(); 2].map(|()| Some(HEADER.to_owned())));
    let (region, traced, in_task) =
        came.run(|| (twice().in_region("r"), twice().traced("t"), twice().in_task("order")));
    assert_eq!(traced.context(), came);
    let (mut region, mut traced, mut in_task) = (pin!(region), pin!(traced), pin!(in_task));
    let mut in_context = pin!(twice().in_context(came));
    let mut returned = pin!(came.run(returns_a_future));
    for round in 0..2 {
        let results = [
            poll(region.as_mut()),
            poll(traced.as_mut()),
            poll(in_task.as_mut()),
            poll(in_context.as_mut()),
            poll(returned.as_mut()),
        ];
        for result in results {
            assert_eq!(result, if round == 0 { Poll::Pending } else { expected() });
        }
        assert_eq!(outgoing(), None);
    }
    // One that was made outside belongs to whoever polls it, and knows nothing otherwise.
    let mut outside = pin!(twice().traced("outside"));
    assert!(poll(outside.as_mut()).is_pending());
    assert_eq!(poll(outside.as_mut()), Poll::Ready([None, None]));
}

#[trace::region]
fn returns_a_future() -> impl Future<Output = [Option<String>; 2]> {
    twice()
}

#[trace::task("annotated")]
fn annotated() -> Option<String> {
    outgoing()
}

#[trace::task("asynchronous")]
async fn asynchronous() -> [Option<String>; 2] {
    twice().await
}

#[test]
fn tasks_are_parts_of_the_trace_that_came_in() {
    let _turn = turn();
    let came = Context::from_traceparent(HEADER);
    let (headers, recording, trace) = recorded(|| {
        let mut headers = Vec::new();
        let (context, new) = trace::new_task(came, "new");
        headers.push(("new", header_of(context)));
        assert_eq!(header_of(new.context()), headers[0].1);
        {
            let given = trace::trace_task!(context: came, "given");
            headers.push(("given", header_of(given.context())));
            assert_eq!(outgoing().as_ref(), Some(&headers[1].1));
        }
        came.run(|| {
            assert_eq!(outgoing().as_deref(), Some(HEADER), "no task is current");
            headers.push(("annotated", annotated().unwrap()));
            let _current = trace::trace_task!("current");
            headers.push(("current", outgoing().unwrap()));
            let (_, own) = trace::new_task(Context::background(), "apart");
            own.context().run(|| assert_ne!(ids(&outgoing().unwrap()).0, TRACE_ID));
            assert_eq!(outgoing().unwrap(), headers[3].1);
        });
        let mut in_task = pin!(came.run(|| twice().in_task("future")));
        let mut asynchronous = pin!(asynchronous().in_context(came));
        for future in ["future", "asynchronous"] {
            let mut poll = || match future {
                "future" => poll(in_task.as_mut()),
                _ => poll(asynchronous.as_mut()),
            };
            assert!(poll().is_pending());
            let Poll::Ready([Some(first), Some(second)]) = poll() else { panic!("{future}") };
            assert_eq!(first, second);
            headers.push((future, first));
        }
        assert_eq!(outgoing(), None);
        headers
    });
    assert_eq!(recording.tasks.len(), 7);
    for (name, header) in &headers {
        let (trace_id, span_id) = ids(header);
        assert_eq!(trace_id, TRACE_ID, "{name}");
        let task = task(&trace, &recording, name);
        assert_eq!(task.parent, TaskId::BACKGROUND, "{name}");
        assert!(args(task, "trace_id").iter().all(|id| *id == TRACE_ID), "{name}");
        assert_eq!(args(task, "parent_span_id"), [PARENT_ID], "{name}");
        assert!(args(task, "span_id").iter().all(|id| *id == span_id), "{name}");
        assert!(!args(task, "span_id").is_empty(), "{name}");
    }
    let spans: std::collections::HashSet<_> = headers.iter().map(|(_, h)| ids(h).1).collect();
    assert_eq!(spans.len(), headers.len(), "no two tasks have the same span id");
    let apart = task(&trace, &recording, "apart");
    assert_eq!(args(apart, "parent_span_id"), <[&str; 0]>::default());
}

#[test]
fn subtasks_are_parts_of_the_same_trace_on_any_thread() {
    let _turn = turn();
    let (headers, recording, trace) = recorded(|| {
        Context::from_traceparent(OTHER).run(|| {
            let _order = trace::trace_task!("order");
            let milk = trace::thread::spawn(|| {
                let _milk = trace::trace_task!("milk");
                let _region = trace::trace_region!("steam");
                outgoing().unwrap()
            });
            // It lives as long as it is pinned, behind the task that it was made in.
            let mut coffee = pin!(twice().in_task("coffee"));
            assert!(poll(coffee.as_mut()).is_pending());
            let coffee = thread::scope(|s| s.spawn(|| poll(coffee.as_mut())).join().unwrap());
            let Poll::Ready([_, Some(coffee)]) = coffee else { panic!("it is ready") };
            [milk.join().unwrap(), coffee]
        })
    });
    let order = task(&trace, &recording, "order").id;
    for (header, name) in headers.iter().zip(["milk", "coffee"]) {
        let (trace_id, span_id) = ids(header);
        assert_eq!(trace_id, ids(OTHER).0);
        assert!(header.ends_with("-00"), "the caller does not record: {header}");
        let task = task(&trace, &recording, name);
        assert_eq!(task.parent, order);
        assert_eq!(args(task, "span_id")[0], span_id);
        assert_eq!(args(task, "parent_span_id"), <[&str; 0]>::default());
    }
}

#[test]
fn another_task_that_is_current_is_not_a_part_of_it() {
    let _turn = turn();
    let ((), recording, _) = recorded(|| {
        let (order, task) = trace::new_task(Context::background(), "order");
        Context::from_traceparent(HEADER).run(|| {
            let region = trace::start_region(order, "steam");
            assert_ne!(ids(&outgoing().unwrap()).0, TRACE_ID);
            region.end();
            assert_eq!(outgoing().as_deref(), Some(HEADER));
        });
        task.end();
    });
    assert_eq!(recording.tasks.len(), 1);
}

#[test]
fn what_is_malformed_is_ignored_and_counted() {
    let _turn = turn();
    let malformed: [&[u8]; 4] = [b"", b"00-0-0-00", &[0xff; 55], &HEADER.as_bytes()[..54]];
    let before = trace::status().ignored_traceparents;
    let ((), recording, trace) = recorded(|| {
        for header in malformed {
            assert_eq!(Context::from_traceparent(header), Context::background());
        }
        let _fine = Context::from_traceparent(HEADER);
    });
    assert_eq!(trace::status().ignored_traceparents - before, 4);
    let said = |log: &trace_reader::Log| {
        assert_eq!(trace.callsites().name(log.callsite), "traceparent");
        let message = log.message.to_str();
        assert!(message.starts_with("expected ") && message.ends_with(": ignored"), "{message}");
    };
    recording.logs.iter().for_each(said);
    assert_eq!(recording.logs.len(), 4);
    // Also while nobody is told.
    assert_eq!(Context::from_traceparent("?"), Context::background());
    assert_eq!(trace::status().ignored_traceparents - before, 5);
}

#[test]
fn a_trace_may_begin_here() {
    let _turn = turn();
    assert_eq!(Context::new_trace(), Context::background(), "nothing is recorded");
    let (headers, recording, trace) = recorded(|| {
        let first = Context::new_trace();
        assert_eq!(first.to_traceparent(), None, "there is no span yet");
        let (order, order_task) = trace::new_task(first, "order");
        let (milk, milk_task) = trace::new_task(order, "milk");
        let (other, other_task) = trace::new_task(Context::new_trace(), "other");
        // One that begins with the first who is asked.
        let (alone, alone_task) = trace::new_task(Context::background(), "alone");
        let headers = [order, milk, other, alone, alone].map(header_of);
        drop((order_task, milk_task, other_task, alone_task));
        headers
    });
    let ids = headers.each_ref().map(|header| ids(header));
    assert_eq!(ids[0].0, ids[1].0);
    assert_ne!(ids[0].1, ids[1].1);
    assert_ne!(ids[0].0, ids[2].0);
    assert_eq!(ids[3], ids[4]);
    assert!(headers.iter().all(|header| header.ends_with("-01")));
    for (name, (trace_id, span_id)) in ["order", "milk", "other", "alone"].iter().zip(ids) {
        let task = task(&trace, &recording, name);
        assert_eq!(args(task, "trace_id")[0], trace_id);
        assert_eq!(args(task, "span_id")[0], span_id);
        assert_eq!(args(task, "parent_span_id"), <[&str; 0]>::default());
    }
}

#[test]
fn nothing_is_left_behind_when_recording_ends_midway() {
    let _turn = turn();
    let session = trace::Session::builder().start(std::io::sink()).unwrap();
    let entered = Context::from_traceparent(HEADER).enter();
    let task = trace::trace_task!("order");
    let header = outgoing().unwrap();
    assert_ne!(header, HEADER);
    let mut future = pin!(Context::from_traceparent(OTHER).run(|| twice().traced("future")));
    assert!(poll(future.as_mut()).is_pending());
    session.finish().unwrap();
    let carried = || Some(OTHER.to_owned());
    assert_eq!(poll(future.as_mut()), Poll::Ready([carried(), carried()]));
    assert_eq!(outgoing().as_deref(), Some(HEADER));
    drop(task);
    assert_eq!(outgoing().as_deref(), Some(HEADER));
    drop(entered);
    assert_eq!(outgoing(), None);
}

/// Set for the process that goes on with an order: where it is to be had.
const KITCHEN: &str = "TRACE_TRACEPARENT_KITCHEN";

/// Not a test, but that process.
#[test]
fn kitchen() {
    let Ok(address) = env::var(KITCHEN) else { return };
    let mut order = BufReader::new(TcpStream::connect(address).unwrap());
    let mut header = String::new();
    order.read_line(&mut header).unwrap();
    let ((), recording, trace) = recorded(|| {
        Context::from_traceparent(header.trim_end()).run(|| {
            let _task = trace::trace_task!("cook");
        });
    });
    let cook = task(&trace, &recording, "cook");
    let [trace_id] = args(cook, "trace_id")[..] else { panic!("one trace") };
    let [parent] = args(cook, "parent_span_id")[..] else { panic!("one parent") };
    writeln!(order.get_mut(), "{trace_id} {parent}").unwrap();
}

#[test]
fn a_task_goes_on_in_another_process() {
    let _turn = turn();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (told, recording, trace) = recorded(|| {
        let mut kitchen = Command::new(env::current_exe().unwrap())
            .args(["--exact", "kitchen", "--nocapture"])
            .env(KITCHEN, address)
            .spawn()
            .unwrap();
        let _task = trace::trace_task!("serve");
        let (mut connection, _) = listener.accept().unwrap();
        writeln!(connection, "{}", outgoing().unwrap()).unwrap();
        let mut told = String::new();
        BufReader::new(connection).read_line(&mut told).unwrap();
        assert!(kitchen.wait().unwrap().success());
        told
    });
    let serve = task(&trace, &recording, "serve");
    let (trace_id, span_id) = (args(serve, "trace_id"), args(serve, "span_id"));
    assert_eq!(told.split_whitespace().collect::<Vec<_>>(), [trace_id[0], span_id[0]]);
}
