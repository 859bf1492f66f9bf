//! Ends find their begins: golden traces and what is told of them.

mod telling;

use telling::{open, steps, violations};

fn told(name: &str, expected: &[&str]) {
    let told = steps(&open(name));
    assert_eq!(told, expected, "{name} tells:\n{}", told.join("\n"));
}

/// Everything that a program records, in a trace without a fault.
#[trace::test]
fn an_order_on_two_threads() {
    told(
        "an_order_on_two_threads",
        &[
            "1 10: task 1 order begins in 0",
            r#"1 10: task Some(1) has ["large"]"#,
            "1 15: region 0 brew begins, task 1, depth 0, in None",
            "1 25: region 1 grind begins, task 1, depth 1, in Some(0)",
            "1 25: region Some(1) has [u64:18]",
            "1 45: region Some(0) has sugar=true",
            r#"1 50: till "paid", task 1, region Some(1)"#,
            "1 100: region 1 Complete Some(25)..100, depth 1, self 75",
            "2 120: task 1 entered",
            "2 120: region 0 brew begins, task 1, depth 0, in None",
            "2 130: queue is i64:3",
            "2 140: task 1 has sugar=i64:-2",
            "2 160: region 0 Complete Some(120)..160, depth 0, self 40",
            "1 200: region 0 Complete Some(15)..200, depth 0, self 110",
            "2 200: task 1 order ends, from Some(10)",
            "2 200: task 0 entered",
            r#"1 201: till "next please", task 0, region None"#,
            "2 210: task 2 order begins in 1",
            r#"2 210: task Some(2) has ["small"]"#,
            "2 220: queue is i64:1",
            r#"2 222: till "brewing", task 2, region None"#,
        ],
    );
}

/// What began before the trace is shown as such.
#[trace::test]
fn region_open_at_start() {
    told(
        "region_open_at_start",
        &[
            "1 10: region 0 grind begins, task 0, depth 0, in None",
            "1 10: region Some(0) has [u64:18]",
            "1 15: region 0 Complete Some(10)..15, depth 0, self 5",
            "1 20: region 1 BeganBefore None..20, depth 0, self 0, partial",
            "1 25: task 0 order ends, from None",
        ],
    );
}

/// What is open at the end counts up to there, and has no end.
#[trace::test]
fn region_open_at_end() {
    told(
        "region_open_at_end",
        &[
            "1 10: task 1 order begins in 0",
            r#"1 10: task Some(1) has ["large"]"#,
            "1 10: region 0 brew begins, task 0, depth 0, in None",
            "1 20: region 1 grind begins, task 0, depth 1, in Some(0)",
            "1 20: region Some(1) has [u64:18]",
            "1 100: region 1 Open Some(20)..100, depth 1, self 80",
            "1 100: region 0 Open Some(10)..100, depth 0, self 10",
        ],
    );
}

/// The region inside hands on the task that the one around would have restored.
#[trace::test]
fn regions_that_end_in_the_wrong_order() {
    told(
        "regions_that_end_in_the_wrong_order",
        &[
            "1 0: region 0 brew begins, task 9, depth 0, in None",
            "1 10: region 1 grind begins, task 9, depth 1, in Some(0)",
            "1 10: region Some(1) has [u64:1]",
            "1 30: region 0 Complete Some(0)..30, depth 0, self 10",
            r#"1 30: on thread 1 "barista" at 30 ns, offset 354, region "brew" ended before "grind", which had begun inside of it"#,
            r#"1 31: till "task 9 goes on", task 9, region Some(1)"#,
            "1 70: region 1 Complete Some(10)..70, depth 0, self 60",
            r#"1 71: till "in no task", task 0, region None"#,
        ],
    );
}

/// The reader's own state is that of the head.
#[trace::test]
fn region_that_ends_in_a_later_chunk() {
    told(
        "region_that_ends_in_a_later_chunk",
        &[
            "1 10: region 0 brew begins, task 0, depth 0, in None",
            "1 20: region 1 grind begins, task 0, depth 1, in Some(0)",
            "1 20: region Some(1) has [u64:1]",
            "1 120: region 1 Complete Some(20)..120, depth 1, self 100",
            "1 150: region 2 grind begins, task 0, depth 1, in Some(0)",
            "1 150: region Some(2) has [u64:2]",
            "1 160: region 2 Complete Some(150)..160, depth 1, self 10",
            "1 170: region 0 Complete Some(10)..170, depth 0, self 50",
        ],
    );
}

/// What the next head does not list ended in the gap; what only it lists began there.
#[trace::test]
fn chunk_is_missing_inside_a_region() {
    told(
        "chunk_is_missing_inside_a_region",
        &[
            "1 10: region 0 brew begins, task 0, depth 0, in None",
            "1 20: region 1 grind begins, task 0, depth 1, in Some(0)",
            "1 20: region Some(1) has [u64:1]",
            r#"1 25: till "before", task 0, region Some(1)"#,
            "1 500: gap of 2 chunks from 25",
            "1 500: region 1 Lost Some(20)..25, depth 1, self 5, partial",
            "1 500: region 2 brew is found, task 4, depth 1, in Some(0), from 400",
            "1 520: region 2 Complete Some(400)..520, depth 1, self 120, partial",
            "1 550: region 0 Complete Some(10)..550, depth 0, self 415, partial",
        ],
    );
}

/// The window of a flight recorder: begins before the start have negative times.
#[trace::test]
fn window_that_begins_inside_regions() {
    told(
        "window_that_begins_inside_regions",
        &[
            "1 500: region 0 brew is found, task 0, depth 0, in None, from -400",
            "1 500: region 1 grind is found, task 0, depth 1, in Some(0), from 400",
            "1 600: region 1 Complete Some(400)..600, depth 1, self 200, partial",
            "1 700: region 0 Complete Some(-400)..700, depth 0, self 900, partial",
            "1 701: region 2 BeganBefore None..701, depth 0, self 0, partial",
        ],
    );
}

/// Regions that nothing was known of tell all at their end.
#[trace::test]
fn more_regions_open_than_a_head_lists() {
    told(
        "more_regions_open_than_a_head_lists",
        &[
            "1 500: region 0 grind is found, task 0, depth 2, in None, from 400",
            "1 600: region 0 Complete Some(400)..600, depth 2, self 200, partial",
            "1 700: region 1 Complete Some(300)..700, depth 1, self 200, partial",
            "1 800: region 2 Complete Some(300)..800, depth 0, self 100, partial",
        ],
    );
}

/// A loss without a gap in the sequence: the head is right.
#[trace::test]
fn events_lost_while_the_pool_was_full() {
    told(
        "events_lost_while_the_pool_was_full",
        &[
            "1 10: region 0 brew begins, task 0, depth 0, in None",
            "1 500: region 1 grind is found, task 5, depth 1, in Some(0), from 200",
            "1 500: 4 lost, pool-full, 100..500",
            "1 510: region 1 Complete Some(200)..510, depth 1, self 310, partial",
            "1 530: region 0 Complete Some(10)..530, depth 0, self 210, partial",
        ],
    );
}

/// Times never decrease.
#[trace::test]
fn clock_that_steps_back() {
    told(
        "clock_that_steps_back",
        &[
            "1 100: region 0 brew begins, task 0, depth 0, in None",
            r#"1 100: till "earlier", task 0, region Some(0)"#,
            r#"1 100: till "still earlier", task 0, region Some(0)"#,
            "1 170: region 0 Complete Some(100)..170, depth 0, self 70",
            "1 170: the clock of thread 1 \"barista\" stepped back at 100 ns, offset 355; 2 events are shown later than they say",
        ],
    );
}

/// Ends are told as they are; the ledger says which count.
#[trace::test]
fn task_that_ends_twice() {
    told(
        "task_that_ends_twice",
        &[
            "1 0: task 1 order begins in 0",
            r#"1 0: task Some(1) has ["large"]"#,
            "1 10: task 1 order ends, from Some(0)",
            "1 20: task 1 order ends, from Some(0)",
            "1 30: task 2 order ends, from Some(10)",
        ],
    );
}

/// Loss that is recorded, and what began before the trace, are no violations.
#[trace::test]
fn a_faultless_trace_has_no_violations() {
    for name in [
        "an_order_on_two_threads",
        "region_open_at_start",
        "region_open_at_end",
        "region_that_ends_in_a_later_chunk",
        "window_that_begins_inside_regions",
        "more_regions_open_than_a_head_lists",
        "events_lost_while_the_pool_was_full",
    ] {
        assert_eq!(violations(&open(name)), [""; 0], "{name}");
    }
}

/// A future has a row of its own: it begins on one thread and ends on another, where a chunk's head tells
/// that it is being polled.
#[trace::test]
fn a_future_on_two_threads() {
    told(
        "a_future_on_two_threads",
        &[
            "1 10: task 5 order begins in 0",
            "1 10: fiber 6 order begins in 0, task 5",
            "1 20: poll 0 of fiber 6 order begins after 10, task 5, depth 0, in None",
            "1 21: fiber 7 milk begins in 6, task 5",
            "1 21: poll 1 of fiber 7 milk begins after 0, task 5, depth 1, in Some(0)",
            "1 26: region 2 heat begins, task 5, depth 2, in Some(1)",
            "1 36: region 2 Complete Some(26)..36, depth 2, self 10",
            "1 40: region 1 Complete Some(21)..40, depth 1, self 9",
            "1 41: region 0 Complete Some(20)..41, depth 0, self 2",
            "1 60: region 3 heat begins, task 0, depth 0, in None",
            "1 61: fiber 6 woken",
            "1 70: region 3 Complete Some(60)..70, depth 0, self 10",
            "2 90: poll 0 of fiber 6 order begins after 29, task 5, depth 0, in None",
            "2 92: poll 1 of fiber 7 milk begins after 0, task 5, depth 1, in Some(0)",
            "2 100: region 2 heat begins, task 5, depth 2, in Some(1)",
            "2 104: region 2 Complete Some(100)..104, depth 2, self 4",
            "2 107: region 1 Complete Some(92)..107, depth 1, self 11",
            "2 107: fiber 7 milk completed, from 21 in 6, task 5: busy 34, waited 0, 2 polls",
            "2 110: region 0 Complete Some(90)..110, depth 0, self 5",
            "2 110: fiber 6 order cancelled, from 10 in 0, task 5: busy 41, waited 39, 2 polls",
            "2 110: task 5 order ends, from Some(10)",
        ],
    );
}
