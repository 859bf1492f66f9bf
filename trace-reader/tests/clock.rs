//! From ticks to nanoseconds and to the wall clock.

mod telling;

use proptest::prelude::*;
use telling::{open, open_text};
use trace_reader::{Time, Trace};

/// A trace with these anchors: ticks, monotonic and wall clock.
fn with_anchors(clock: &str, ticks_per_second: u64, anchors: &[(u64, u64, u64)]) -> Trace {
    let mut text = format!(
        "runtime-trace 1\nblock header\n  Header version=1 session=7 clock={clock} \
         ticks_per_second={ticks_per_second} wall_ns=5000 pid=1 program=\"\" command_line=\"\" \
         host=\"\" build_id=\"\" pool_path=\"\" pool_bytes=0 chunk_bytes=0 overflow=drop beginning=start\n\
         block anchors\n"
    );
    for (ticks, monotonic_ns, wall_ns) in anchors {
        text += &format!("  Anchor ticks={ticks} monotonic_ns={monotonic_ns} wall_ns={wall_ns}\n");
    }
    open_text(&text)
}

fn times(trace: &Trace, ticks: &[u64]) -> Vec<i64> {
    ticks.iter().map(|&ticks| trace.clock().time(ticks).ns()).collect()
}

#[trace::test]
fn between_anchors_time_is_interpolated_and_outside_the_nearest_segment_goes_on() {
    let trace = with_anchors("tsc", 1, &[(1000, 500, 0), (2000, 1000, 0), (2100, 1100, 0)]);
    let ticks = [0, 1000, 1001, 1003, 1999, 2000, 2001, 2100, 2200];
    assert_eq!(times(&trace, &ticks), [-500, 0, 0, 1, 499, 500, 501, 600, 700]);
}

#[trace::test]
fn with_one_anchor_the_header_tells_the_rate() {
    let trace = with_anchors("tsc", 3_000_000_000, &[(9_000, 77, 0)]);
    assert_eq!(times(&trace, &[9_000, 9_001, 9_003, 12_000]), [0, 0, 1, 1000]);
}

#[trace::test]
fn without_anchors_a_tick_of_the_monotonic_clock_is_a_nanosecond() {
    let trace = with_anchors("monotonic", 3, &[]);
    assert_eq!(times(&trace, &[0, 7, u64::MAX]), [0, 7, i64::MAX]);
    assert_eq!(trace.clock().wall_ns(Time(7)), Some(5007), "from the header");
}

#[trace::test]
fn anchors_that_contradict_each_other_are_reported_and_left_out() {
    let anchors = [(1000, 1000, 0), (2000, 900, 0), (1500, 1500, 0), (3000, 3000, 0)];
    let trace = with_anchors("tsc", 1, &anchors);
    assert_eq!(times(&trace, &[1000, 1500, 3000]), [0, 500, 2000]);
    assert!(trace.problems().iter().any(|p| p.to_string().contains("clock anchor")));
}

#[trace::test]
fn the_wall_clock_goes_by_the_anchor_before() {
    let trace = with_anchors(
        "tsc",
        1,
        &[(1000, 1000, 1_000_000), (2000, 2000, 1_001_000), (3000, 3000, 9_000_000)],
    );
    let wall = |ns| trace.clock().wall_ns(Time(ns)).unwrap();
    assert_eq!((wall(-10), wall(0), wall(1999)), (999_990, 1_000_000, 1_001_999));
    assert_eq!((wall(2000), wall(2500)), (9_000_000, 9_000_500), "the clock was set in between");
    assert_eq!(trace.clock().anchors(), 3);
}

#[trace::test]
fn the_start_is_the_first_anchor_or_chunk() {
    assert_eq!(open("an_order_on_two_threads").clock().time(1000), Time::START);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The fast way gives what exact arithmetic gives, and time never goes back.
    #[trace::test]
    fn conversion_is_exact(
        start in 0..u64::MAX / 4,
        steps in prop::collection::vec((1..1_u64 << 42, 1..1_u64 << 42), 1..6),
        probes in prop::collection::vec(0..1_u64 << 45, 1..40),
    ) {
        let mut anchors = vec![(start, 17, 0)];
        for (ticks, ns) in steps {
            let last = anchors[anchors.len() - 1];
            anchors.push((last.0 + ticks, last.1 + ns, 0));
        }
        let trace = with_anchors("tsc", 1, &anchors);
        let mut probes: Vec<u64> = probes.iter().map(|probe| start + probe).collect();
        probes.extend(anchors.iter().map(|anchor| anchor.0));
        probes.sort();
        let mut last = 0;
        for ticks in probes {
            let at = anchors.iter().rposition(|anchor| anchor.0 <= ticks).unwrap();
            let slope = at.min(anchors.len() - 2);
            let (from, to) = (anchors[slope], anchors[slope + 1]);
            let ns = u128::from(ticks - anchors[at].0) * u128::from(to.1 - from.1)
                / u128::from(to.0 - from.0);
            let expected = (anchors[at].1 - 17) as i64 + ns as i64;
            let found = trace.clock().time(ticks).ns();
            prop_assert_eq!(found, expected);
            prop_assert!(found >= last);
            last = found;
        }
    }
}

#[trace::test]
fn the_monotonic_clock_is_that_of_the_anchors() {
    let trace = with_anchors("tsc", 1, &[(1000, 500, 0), (2000, 1000, 0)]);
    let told = |time| trace.clock().monotonic_ns(Time(time));
    assert_eq!([told(0), told(250), told(-600)], [Some(500), Some(750), Some(0)]);
    assert_eq!(with_anchors("monotonic", 0, &[]).clock().monotonic_ns(Time(7)), None);
}
