//! Which goroutines there are, when they run, and on what.

use super::{chunk, lines, reader_data, remarks, told, told_of};

#[trace::test]
fn futures_go_from_thread_to_thread() {
    let (told, exported) = reader_data("a_future_on_two_threads");
    assert_eq!(told.goroutines.values().collect::<Vec<_>>(), ["one", "two", "order", "milk"]);
    let told = lines(&told).join("\n");
    assert_eq!(
        told,
        r#"11 M1 G1 starts
11 M1 G1 task 5 of 0 begins: "order"
11 M1 G1 creates G3
21 M1 G1 blocks: polling a future
21 M1 G3 starts
22 M1 G3 creates G4
22 M1 G3 blocks: polling a future
22 M1 G4 starts
22 M1 G4 region "milk" of 5 begins
27 M1 G4 region "heat" of 5 begins
37 M1 G4 region "heat" of 5 ends
41 M1 G4 unblocks G3
41 M1 G4 blocks: async await
41 M1 G3 starts
42 M1 G3 unblocks G1
42 M1 G3 blocks: async await
42 M1 G1 starts
61 M1 G1 region "heat" of 0 begins
62 M1 G1 unblocks G3
71 M1 G1 region "heat" of 0 ends
91 M2 G2 starts
91 M2 G2 blocks: polling a future
91 M2 G3 starts
93 M2 G3 unblocks G4
93 M2 G3 blocks: polling a future
93 M2 G4 starts
101 M2 G4 region "heat" of 5 begins
105 M2 G4 region "heat" of 5 ends
108 M2 G4 region "milk" of 5 ends
108 M2 G4 unblocks G3
108 M2 G4 is destroyed
108 M2 G3 starts
111 M2 G3 log of 5: "outcome" "cancelled"
111 M2 G3 unblocks G2
111 M2 G3 is destroyed
111 M2 G2 starts
111 M2 G2 task 5 ends"#
    );
    assert!(exported.remarks.is_empty());
}

#[trace::test]
fn a_future_that_is_dropped_elsewhere() {
    let one = [
        "+0 FiberBegin callsite=7 fiber=1 parent=0 task=0",
        "+0 FiberBegin callsite=7 fiber=2 parent=0 task=0",
        "+5 PollBegin callsite=7 fiber=1 waited=5",
        "+1 Wake fiber=1",
        "+5 RegionEnd",
    ];
    let end = |fiber| {
        format!(
            "+9 FiberEnd callsite=7 fiber={fiber} parent=0 task=0 age=90 busy=6 waited=5 polls=1 \
             outcome=cancelled"
        )
    };
    let blocks = chunk(1, 1000, "one", &one)
        + &chunk(
            2,
            1050,
            "two",
            &[
                &end(1),
                &end(2),
                &end(3),
                "+1 PollBegin callsite=7 fiber=1 waited=0",
                "+1 RegionEnd",
            ],
        );
    let (told, exported) = told(&blocks);
    let text = lines(&told).join("\n");
    let order = [
        "6 M1 G3 region \"milk\" of 0 begins",
        "12 M1 G3 stops: woken while it was polled",
        "60 M2 G3 starts",
        "60 M2 G3 log of 0: \"outcome\" \"cancelled\"",
        "60 M2 G3 region \"milk\" of 0 ends",
        "60 M2 G3 is destroyed",
        "69 M2 G4 is destroyed",
        "79 M2 G2 finds G5",
        "79 M2 G5 region \"milk\" of 0 begins",
        "80 M2 G5 blocks: async await",
    ];
    let mut rest = &text[..];
    for line in order {
        let at = rest.find(line).unwrap_or_else(|| panic!("no {line} in {text}"));
        rest = &rest[at..];
    }
    assert_eq!(remarks(&exported), ["of futures only the end of which is known nothing is shown"]);
}

#[trace::test]
fn threads_take_the_lowest_processor() {
    let mut blocks = String::new();
    for thread in 1..=100 {
        let base = 1000 + 100_000 * thread;
        let events = ["+0 RegionBegin callsite=1", "+50000 RegionEnd"];
        blocks += &chunk(thread, base, "worker", &events);
    }
    // Two at the same time.
    blocks += &chunk(200, 1000, "main", &["+0 RegionBegin callsite=2"]);
    let (told, _) = told(&blocks);
    assert_eq!((told.processors, told.goroutines.len()), (2, 101));
}

#[trace::test]
fn a_loop_around_a_region_is_one_run() {
    let events = ["+100 RegionBegin callsite=1", "+50 RegionEnd"].repeat(1000);
    let (told, _) = told(&chunk(1, 1000, "main", &events));
    assert_eq!(told.lines.iter().filter(|line| line.ends_with("starts")).count(), 1);
    let events = ["+10100 RegionBegin callsite=1", "+50 RegionEnd"].repeat(1000);
    let (told, _) = told_of(&events);
    assert_eq!(told.lines.iter().filter(|line| line.ends_with("starts")).count(), 1000);
}

#[trace::test]
fn a_worker_that_is_parked_runs_on_no_processor() {
    let events = [
        "+5 RegionBegin callsite=1",
        "+5 RegionBegin callsite=8",
        "+50000 Log callsite=4 message=\"hm\"",
        "+10 RegionEnd",
        "+5 RegionEnd",
    ];
    let (told, _) = told_of(&events);
    assert_eq!(
        told.lines[2..],
        [
            "6 M1 G1 region \"brew\" of 0 begins",
            "11 M1 G1 region \"tokio park\" of 0 begins",
            "11 M1 G1 blocks: tokio park",
            "50011 M1 nobody unblocks G1",
            "50011 M1 G1 starts",
            "50011 M1 G1 log of 0: \"till\" \"hm\"",
            "50021 M1 G1 region \"tokio park\" of 0 ends",
            "50026 M1 G1 region \"brew\" of 0 ends",
            "50026 M1 G1 blocks: no region open",
        ]
    );
}

#[trace::test]
fn ten_thousand_threads_under_way() {
    let mut blocks = String::new();
    for thread in 1..=10_000 {
        let events =
            ["+0 RegionBegin callsite=1", "+900000 Log callsite=4 message=\"x\"", "+1 RegionEnd"];
        blocks += &chunk(thread, 1000 + thread, "worker", &events);
    }
    let (told, _) = told(&blocks);
    assert_eq!((told.processors, told.goroutines.len()), (10_000, 10_000));
}

/// So many threads that all of them are written, stopped and forgotten midway, and go on.
#[trace::test]
fn threads_that_are_forgotten_go_on() {
    let mut blocks = String::new();
    let events =
        ["+0 RegionBegin callsite=1", "+10 RegionEnd", "+900000 Log callsite=4 message=\"x\""];
    for thread in 1..=40_000 {
        blocks += &chunk(thread, 100_000 + 20 * thread, "worker", &events);
    }
    blocks += "block losses\n  LossRecord thread=1 cause=reentrant count=3 from=8000 to=9000\n";
    let (told, exported) = told(&blocks);
    assert_eq!(told.goroutines.len(), 40_000);
    assert_eq!(told.lines.iter().filter(|line| line.ends_with("\"x\"")).count(), 40_000);
    assert!(told.processors < 2000, "{} are active at the same time", told.processors);
    let lost = told.lines.iter().filter(|line| line.contains(" G1 log of 0: \"lost events\""));
    assert_eq!(lost.count(), 1);
    assert_eq!(remarks(&exported), ["lost events are shown as logs"]);
}
