//! The steps of all threads in the order of time.

mod telling;

use proptest::prelude::*;
use telling::{line, open, open_text};
use trace_reader::{Step, Trace};

/// A trace of threads whose events, all logs, are so far apart.
fn threads(deltas: &[Vec<u64>]) -> Trace {
    let mut text = String::from("runtime-trace 1\n");
    for (thread, deltas) in deltas.iter().enumerate() {
        text += &format!(
            "block chunk\n  ChunkHead thread={} sequence=0 base=0 os_thread=0 thread_name=\"\" \
             task=0 depth=0 open=[]\n",
            thread + 1
        );
        for (i, delta) in deltas.iter().enumerate() {
            text += &format!("  +{delta} Log callsite=1 message=\"{i}\"\n");
        }
    }
    open_text(&text)
}

fn order(trace: &Trace) -> Vec<(i64, u64, usize)> {
    let (mut order, mut merged) = (Vec::new(), trace.merged());
    while let Some(item) = merged.next().unwrap() {
        if let Step::Log { message, .. } = &item.step {
            let number = message.to_str().parse().unwrap();
            order.push((item.time.ns(), item.thread.0, number));
        }
    }
    order
}

#[trace::test]
fn ties_go_by_thread_and_then_by_the_order_of_the_thread() {
    let trace = threads(&[vec![5, 0, 0, 1], vec![5, 0, 5]]);
    assert_eq!(
        order(&trace),
        [(5, 1, 0), (5, 1, 1), (5, 1, 2), (5, 2, 0), (5, 2, 1), (6, 1, 3), (10, 2, 2)]
    );
}

#[trace::test]
fn merged_steps_of_a_thread_are_the_steps_of_the_thread() {
    for name in ["an_order_on_two_threads", "chunk_is_missing_inside_a_region"] {
        let trace = open(name);
        for thread in trace.threads() {
            let (mut alone, mut merged) = (Vec::new(), Vec::new());
            let mut steps = trace.steps(thread.id);
            while let Some(item) = steps.next().unwrap() {
                alone.push(line(&trace, &item));
            }
            let mut all = trace.merged();
            while let Some(item) = all.next().unwrap() {
                if item.thread == thread.id {
                    merged.push(line(&trace, &item));
                }
            }
            assert_eq!(alone, merged);
        }
    }
}

#[trace::test]
fn an_unknown_thread_has_no_steps() {
    let trace = open("an_order_on_two_threads");
    assert!(trace.steps(trace_reader::ThreadId(99)).next().unwrap().is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[trace::test]
    fn the_order_is_that_of_sorting(
        deltas in prop::collection::vec(prop::collection::vec(0..4_u64, 0..20), 0..6),
    ) {
        let mut expected = Vec::new();
        for (thread, deltas) in deltas.iter().enumerate() {
            let mut time = 0;
            for (i, delta) in deltas.iter().enumerate() {
                time += delta;
                expected.push((time as i64, thread as u64 + 1, i));
            }
        }
        expected.sort();
        prop_assert_eq!(order(&threads(&deltas)), expected);
    }
}
