//! A whole trace in memory.

mod telling;

use telling::open;
use trace_reader::{Argument, CallsiteId, Fate, Recording, TaskId, ThreadId, Time, Value};

fn load(name: &str) -> Recording {
    open(name).load().unwrap()
}

fn argument(key: &str, value: Value<'static>) -> Argument {
    Argument { key: key.into(), value }
}

#[trace::test]
fn tasks_have_what_is_theirs_on_all_threads() {
    let recording = load("an_order_on_two_threads");
    let [order, part] = &recording.tasks[..] else { panic!("two tasks") };
    assert_eq!((order.id, order.callsite), (TaskId(1), Some(CallsiteId(3))));
    assert_eq!((order.begin, order.end), (Some(Time(10)), Some(Time(200))));
    assert_eq!((order.begin_thread, order.end_thread), (Some(ThreadId(1)), Some(ThreadId(2))));
    let size = Value::Str(trace_format::Text::new("large"));
    assert_eq!(order.args, [argument("size", size), argument("sugar", Value::I64(-2))]);
    assert_eq!(order.children, [1]);
    let threads: Vec<u64> =
        order.regions.iter().map(|&at| recording.regions[at].thread.0).collect();
    assert_eq!(threads, [1, 1, 2]);
    assert_eq!(order.logs.len(), 1);
    assert_eq!((part.parent, part.begin, part.end), (TaskId(1), Some(Time(210)), None));
    assert!(!part.began_before);
    assert_eq!(recording.task(TaskId(2)), Some(part));
    assert_eq!(recording.task_index(TaskId(2)), Some(1));
    assert_eq!(recording.task(TaskId::BACKGROUND), None);
}

#[trace::test]
fn regions_of_a_thread_are_a_tree() {
    let recording = load("an_order_on_two_threads");
    let [brew, grind, other] = &recording.regions[..] else { panic!("three regions") };
    assert_eq!((brew.parent, &brew.children[..], brew.depth), (None, &[1][..], 0));
    assert_eq!((grind.parent, grind.depth, grind.self_ns), (Some(0), 1, 75));
    assert_eq!(brew.args, [argument("sugar", Value::Bool(true))]);
    assert_eq!(grind.args, [argument("beans", Value::U64(18))]);
    assert_eq!((other.thread, other.parent, other.fate), (ThreadId(2), None, Fate::Complete));
    let [barista, cashier] = &recording.threads[..] else { panic!("two threads") };
    assert_eq!((&barista.roots[..], &cashier.roots[..]), (&[0][..], &[2][..]));
    assert_eq!(
        (barista.events, barista.first, barista.last),
        (10, Some(Time(10)), Some(Time(201)))
    );
}

#[trace::test]
fn logs_and_counters_are_sorted_by_time() {
    let recording = load("an_order_on_two_threads");
    let logs: Vec<_> = recording
        .logs
        .iter()
        .map(|log| (log.time.ns(), log.thread.0, log.task.0, log.region, log.message.to_str()))
        .collect();
    assert_eq!(
        logs,
        [
            (50, 1, 1, Some(1), "paid".into()),
            (201, 1, 0, None, "next please".into()),
            (222, 2, 2, None, "brewing".into())
        ]
    );
    let counters: Vec<_> =
        recording.counters.iter().map(|c| (c.time.ns(), c.value.clone())).collect();
    assert_eq!(counters, [(130, Value::I64(3)), (220, Value::I64(1))]);
}

#[trace::test]
fn what_began_before_is_first_and_has_no_begin() {
    let recording = load("region_open_at_start");
    let [task] = &recording.tasks[..] else { panic!("one task") };
    assert_eq!((task.id, task.began_before, task.begin), (TaskId(0), true, None));
    assert_eq!(task.end, Some(Time(25)));
    let region = &recording.regions[1];
    assert_eq!((region.begin, region.end, region.fate), (None, Some(Time(20)), Fate::BeganBefore));
}

#[trace::test]
fn what_is_open_has_no_end() {
    let recording = load("region_open_at_end");
    assert_eq!(recording.tasks[0].end, None);
    for region in &recording.regions {
        assert_eq!((region.end, region.fate), (None, Fate::Open));
    }
}

#[trace::test]
fn the_first_end_of_a_task_counts() {
    let recording = load("task_that_ends_twice");
    assert_eq!(recording.tasks[0].end, Some(Time(10)));
    assert_eq!(recording.problems.total(), 2);
    assert_eq!(recording.tasks[1].begin, Some(Time(10)), "its end tells");
}

#[trace::test]
fn a_task_that_is_only_mentioned_is_there() {
    let recording = load("chunk_is_missing_inside_a_region");
    let [task] = &recording.tasks[..] else { panic!("one task") };
    assert_eq!((task.id, task.callsite, task.began_before), (TaskId(4), None, true));
    assert_eq!(task.regions, [2]);
}

#[trace::test]
fn losses_come_from_chunks_and_from_records() {
    let recording = load("events_lost_while_the_pool_was_full");
    let losses: Vec<_> =
        recording.losses.iter().map(|loss| (loss.thread.map(|t| t.0), loss.count)).collect();
    assert_eq!(losses, [(Some(2), 3), (None, 1), (Some(1), 4)]);
}
