//! Work that other crates move to threads of theirs: one line at the boundary, and every piece belongs to its task.
//!
//! A thread of a pool takes a piece of one task while it waits for a piece of another, and runs it inside of that one.
//! So every piece enters its own context.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::sync_channel;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use rayon::prelude::*;
use trace::{Context, Task};
use trace_reader::{Fate, Recording, TaskId, Trace, Value};

/// Tasks at the same time, and pieces of each.
const TASKS: u64 = 16;
const PIECES: u64 = 512;

const THREADS: usize = 4;

/// One test at a time: there is one recording.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A task, with its number.
fn new_task(number: u64) -> (Context, Task) {
    let (context, task) = trace::new_task(Context::background(), "order");
    task.arg("order", number);
    (context, task)
}

/// A piece of that task: a region that is given no context, and a log in it.
#[trace::region(args(order, piece))]
fn work(order: u64, piece: u64) {
    wait_for_another();
    trace::trace_log!("piece", "{piece} of {order}");
    std::hint::black_box((0..piece % 64).sum::<u64>());
}

/// The threads that have had a piece since the recording began.
static WORKING: (Mutex<Vec<ThreadId>>, Condvar) = (Mutex::new(Vec::new()), Condvar::new());

/// Waits until two threads have a part in it: on a busy machine, one may be done before there is another.
fn wait_for_another() {
    let (threads, more) = &WORKING;
    let mut threads = threads.lock().unwrap();
    if threads.len() < 2 {
        let own = thread::current().id();
        if !threads.contains(&own) {
            threads.push(own);
        }
        more.notify_all();
        drop(more.wait_while(threads, |threads| threads.len() < 2).unwrap());
    }
}

/// On a thread of the pool, when it does nothing.
fn say_outside() {
    trace::trace_log!("outside", "of any task");
}

/// What was recorded: strictly valid, without loss; and each piece of each task once, as that task's.
fn record(f: impl FnOnce()) -> (Trace, Recording) {
    let _turn = turn();
    WORKING.0.lock().unwrap().clear();
    let ((), bytes) = trace::capture(f);
    let trace = Trace::from_bytes(bytes).unwrap();
    let problems = trace.validate().unwrap();
    assert!(problems.is_empty(), "{:?}", problems.iter().map(|p| trace.describe(p)).next());
    let recording = trace.load().unwrap();
    assert!(recording.losses.is_empty(), "{:?}", recording.losses);
    check(&trace, &recording);
    (trace, recording)
}

fn check(trace: &Trace, recording: &Recording) {
    let number = |value: &Value| match value {
        Value::U64(number) => *number,
        other => panic!("a number, and not {other:?}"),
    };
    assert_eq!(recording.tasks.len() as u64, TASKS);
    let mut pieces = BTreeSet::new();
    for task in &recording.tasks {
        let order = number(&task.args[0].value);
        assert!(task.end.is_some());
        assert_eq!((task.regions.len() as u64, task.logs.len() as u64), (PIECES, PIECES));
        for &region in &task.regions {
            let region = &recording.regions[region];
            let [of, piece] = &region.args[..] else { panic!("{region:?}") };
            assert_eq!((number(&of.value), region.fate), (order, Fate::Complete));
            assert!(pieces.insert((order, number(&piece.value))), "each piece once");
        }
        for &log in &task.logs {
            let log = &recording.logs[log];
            let region = &recording.regions[log.region.unwrap()];
            let (piece, task) = (number(&region.args[1].value), region.task);
            assert_eq!(log.message.to_str(), format!("{piece} of {order}"));
            assert_eq!((log.task, log.thread), (task, region.thread));
        }
    }
    assert_eq!(pieces.len() as u64, TASKS * PIECES);
    let is_outside = |callsite| trace.callsites().name(callsite) == "outside";
    for log in recording.logs.iter().filter(|log| is_outside(log.callsite)) {
        assert_eq!(log.task, TaskId::BACKGROUND, "a context is left with its piece");
    }
    let threads: BTreeSet<_> = recording.regions.iter().map(|region| region.thread).collect();
    assert!(threads.len() > 1, "several threads had a part in it");
}

/// Its threads end, and give back what they hold, before the recording ends.
fn with_pool(f: impl FnOnce(&rayon::ThreadPool) + Send) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(THREADS).build().unwrap();
    f(&pool);
    pool.broadcast(|_| say_outside());
}

/// All tasks at once, in the pool: `f` does the pieces of one.
fn all_tasks(pool: &rayon::ThreadPool, f: impl Fn(u64, Context) + Sync) {
    pool.scope(|scope| {
        for order in 0..TASKS {
            let f = &f;
            scope.spawn(move |_| {
                let (context, task) = new_task(order);
                f(order, context);
                task.end();
            });
        }
    });
}

#[test]
fn rayon_join() {
    /// The pieces from `first` on, by halves.
    fn halves(order: u64, first: u64, len: u64) {
        if len == 1 {
            return work(order, first);
        }
        let (context, half) = (Context::current(), len / 2);
        rayon::join(
            || context.run(|| halves(order, first, half)),
            || context.run(|| halves(order, first + half, len - half)),
        );
    }
    record(|| {
        with_pool(|pool| {
            all_tasks(pool, |order, context| context.run(|| halves(order, 0, PIECES)));
        });
    });
}

#[test]
fn rayon_scope() {
    record(|| {
        with_pool(|pool| {
            all_tasks(pool, |order, context| {
                rayon::scope(|scope| {
                    for piece in 0..PIECES / 2 {
                        scope.spawn(move |scope| {
                            context.run(|| work(order, 2 * piece));
                            // A piece's piece.
                            scope.spawn(move |_| context.run(|| work(order, 2 * piece + 1)));
                        });
                    }
                });
            });
        });
    });
}

#[test]
fn rayon_parallel_iterators() {
    record(|| {
        with_pool(|pool| {
            all_tasks(pool, |order, context| {
                let pieces = (0..PIECES).into_par_iter();
                let sum: u64 = pieces
                    .map(|piece| {
                        context.run(|| {
                            work(order, piece);
                            piece
                        })
                    })
                    .sum();
                assert_eq!(sum, PIECES * (PIECES - 1) / 2);
            });
        });
    });
}

/// A context of its own for each piece, in one iterator over the pieces of all tasks.
#[test]
fn rayon_iterators_over_many_tasks() {
    record(|| {
        with_pool(|pool| {
            let tasks: Vec<_> = (0..TASKS).map(new_task).collect();
            pool.install(|| {
                (0..PIECES * TASKS).into_par_iter().for_each(|n| {
                    let (order, piece) = (n % TASKS, n / TASKS);
                    tasks[order as usize].0.run(|| work(order, piece));
                    say_outside();
                });
            });
        });
    });
}

#[test]
fn a_piece_that_panics_leaves_no_context_behind() {
    record(|| {
        with_pool(|pool| {
            all_tasks(pool, |order, context| {
                let pieces = (0..PIECES).into_par_iter();
                pieces.for_each(|piece| {
                    let panics = catch_unwind(AssertUnwindSafe(|| {
                        context.run(|| {
                            work(order, piece);
                            // Unwinds as a panic does, and prints nothing.
                            std::panic::resume_unwind(Box::new("on purpose"))
                        })
                    }));
                    assert!(panics.is_err());
                });
            });
        });
    });
}

#[test]
fn crossbeam_scope() {
    const PER_THREAD: u64 = PIECES / 4;
    let (_, recording) = record(|| {
        crossbeam_utils::thread::scope(|scope| {
            for order in 0..TASKS {
                scope.spawn(move |scope| {
                    let (context, task) = new_task(order);
                    let pieces = move |first: u64| {
                        (first..first + PER_THREAD).for_each(|piece| work(order, piece));
                    };
                    let threads = [0, 1, 2].map(|n| {
                        scope.spawn(move |scope| {
                            context.run(|| pieces(n * PER_THREAD));
                            say_outside();
                            // A thread's thread.
                            if n == 2 {
                                let inner = move |_: &_| context.run(|| pieces(3 * PER_THREAD));
                                scope.spawn(inner).join().unwrap();
                            }
                        })
                    });
                    for thread in threads {
                        thread.join().unwrap();
                    }
                    task.end();
                });
            }
        })
        .unwrap();
    });
    assert!(recording.threads.len() as u64 >= 4 * TASKS);
}

/// What goes through a channel: a piece, and the context that it belongs to.
struct Message {
    context: Context,
    order: u64,
    piece: u64,
}

/// All of them, of all tasks in turn, each sent by somebody who is in no task.
fn send_all(send: impl Fn(Message)) {
    let tasks: Vec<_> = (0..TASKS).map(new_task).collect();
    for piece in 0..PIECES {
        for (order, (context, _task)) in (0..TASKS).zip(&tasks) {
            send(Message { context: *context, order, piece });
        }
    }
    // The tasks end here, while their last pieces are still on their way.
}

fn receive(Message { context, order, piece }: Message) {
    context.run(|| work(order, piece));
    say_outside();
}

#[test]
fn contexts_go_through_channels_of_the_standard_library() {
    record(|| {
        let (sender, receiver) = sync_channel(64);
        let receiver = Mutex::new(receiver);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    loop {
                        let message = receiver.lock().unwrap().recv();
                        let Ok(message) = message else { return };
                        receive(message);
                    }
                });
            }
            send_all(|message| sender.send(message).unwrap());
            drop(sender);
        });
    });
}

#[test]
fn contexts_go_through_channels_of_crossbeam() {
    record(|| {
        let (sender, receiver) = crossbeam_channel::bounded(64);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                let receiver = receiver.clone();
                scope.spawn(move || receiver.into_iter().for_each(receive));
            }
            send_all(|message| sender.send(message).unwrap());
            drop(sender);
        });
    });
}

/// A task goes through a channel as well, and ends where its last piece is done.
#[test]
fn tasks_go_through_channels() {
    let (trace, recording) = record(|| {
        let (sender, receiver) = crossbeam_channel::bounded::<(u64, Context, Task)>(4);
        thread::scope(|scope| {
            for n in 0..THREADS {
                let receiver = receiver.clone();
                let worker = thread::Builder::new().name(format!("worker {n}"));
                let pieces = move |(order, context, task): (u64, Context, Task)| {
                    context.run(|| (0..PIECES).for_each(|piece| work(order, piece)));
                    task.end();
                };
                worker.spawn_scoped(scope, move || receiver.into_iter().for_each(pieces)).unwrap();
            }
            for order in 0..TASKS {
                let (context, task) = new_task(order);
                sender.send((order, context, task)).unwrap();
            }
            drop(sender);
        });
    });
    for task in &recording.tasks {
        let thread = task.end_thread.unwrap();
        assert!(trace.thread(thread).unwrap().name().starts_with("worker "));
        assert_ne!(task.begin_thread, task.end_thread);
    }
}
