//! Statistics of a whole trace.

mod telling;

use proptest::prelude::*;
use telling::{open, open_text};
use trace_reader::analysis::{Bucket, Durations};
use trace_reader::{CallsiteId, LossCause, ThreadId, Time};

#[trace::test]
fn regions_per_type() {
    let analysis = open("an_order_on_two_threads").analyze().unwrap();
    let [brew, grind] = &analysis.regions[..] else { panic!("two types") };
    assert_eq!((&*brew.name, &brew.callsites[..]), ("brew", &[CallsiteId(1)][..]));
    assert_eq!((brew.durations.count(), brew.durations.total_ns(), brew.self_ns), (2, 225, 150));
    assert_eq!((brew.durations.mean_ns(), brew.durations.max_ns()), (112, 185));
    assert_eq!((grind.durations.count(), grind.self_ns), (1, 75));
}

#[trace::test]
fn regions_that_are_not_complete_are_counted_apart() {
    let brew =
        |name: &str| open(name).analyze().unwrap().regions.into_iter().find(|t| t.name == "brew");
    let before = brew("region_open_at_start").unwrap();
    assert_eq!((before.durations.count(), before.began_before), (0, 1));
    assert_eq!(before.durations.percentile_ns(50.0), 0);
    let open_at_end = brew("region_open_at_end").unwrap();
    assert_eq!((open_at_end.durations.count(), open_at_end.open), (0, 1));
    let analysis = open("chunk_is_missing_inside_a_region").analyze().unwrap();
    let grind = analysis.regions.iter().find(|t| t.name == "grind").unwrap();
    assert_eq!((grind.durations.count(), grind.lost), (0, 1));
    assert_eq!(analysis.regions[0].partial, 2);
}

#[trace::test]
fn tasks_per_type() {
    let analysis = open("an_order_on_two_threads").analyze().unwrap();
    let [order] = &analysis.tasks[..] else { panic!("one type") };
    assert_eq!(
        (&*order.name, order.durations.count(), order.durations.total_ns()),
        ("order", 1, 190)
    );
    assert_eq!((order.open, order.began_before), (1, 0));
    let analysis = open("region_open_at_start").analyze().unwrap();
    assert_eq!((analysis.tasks[0].open, analysis.tasks[0].began_before), (0, 1));
}

/// The end stands on a thread that is read before that of the begin.
#[trace::test]
fn a_task_that_ends_on_an_earlier_thread() {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/an_order_on_two_threads.txt"
    ));
    let text = text.unwrap().replace("thread=1 ", "thread=3 ");
    let analysis = open_text(&text).analyze().unwrap();
    assert_eq!((analysis.tasks[0].durations.count(), analysis.tasks[0].open), (1, 1));
    assert!(analysis.problems.is_empty());
}

#[trace::test]
fn threads() {
    let trace = open("an_order_on_two_threads");
    let analysis = trace.analyze().unwrap();
    let [barista, cashier] = &analysis.threads[..] else { panic!("two threads") };
    assert_eq!(trace.thread(barista.id).unwrap().name(), "barista");
    assert_eq!((barista.id, barista.events), (ThreadId(1), 10));
    assert_eq!(barista.span, Some((Time(10), Time(201))));
    assert_eq!((barista.covered_ns, barista.self_ns, barista.outermost), (185, 185, 1));
    assert_eq!((cashier.covered_ns, cashier.self_ns), (40, 40));
    assert_eq!(analysis.events, 21);
}

#[trace::test]
fn logs_and_counters() {
    let analysis = open("an_order_on_two_threads").analyze().unwrap();
    let [till] = &analysis.logs[..] else { panic!("one category") };
    assert_eq!((&*till.name, till.count, till.first, till.last), ("till", 3, Time(50), Time(222)));
    let [queue] = &analysis.counters[..] else { panic!("one counter") };
    assert_eq!((&*queue.name, queue.count, queue.last_time), ("queue", 2, Time(220)));
    assert_eq!((queue.min, queue.max, queue.mean, queue.last), (1.0, 3.0, 2.0, 1.0));
}

#[trace::test]
fn callsites_of_one_name_are_one_type() {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/an_order_on_two_threads.txt"
    ));
    let text = text.unwrap().replace("name=\"grind\"", "name=\"brew\"");
    let analysis = open_text(&text).analyze().unwrap();
    let [brew] = &analysis.regions[..] else { panic!("one type") };
    assert_eq!(brew.callsites, [CallsiteId(2), CallsiteId(1)]);
    assert_eq!(brew.durations.count(), 3);
}

#[trace::test]
fn loss() {
    let analysis = open("events_lost_while_the_pool_was_full").analyze().unwrap();
    let loss = &analysis.loss;
    let losses: Vec<_> = loss.losses.iter().map(|l| (l.thread, l.cause, l.count)).collect();
    assert_eq!(
        losses,
        [
            (None, LossCause::TooLarge, 1),
            (Some(ThreadId(1)), LossCause::PoolFull, 4),
            (Some(ThreadId(2)), LossCause::Reentrant, 3)
        ]
    );
    assert_eq!((loss.total, loss.gaps.len(), loss.is_empty()), (8, 0, false));
    let analysis = open("chunk_is_missing_inside_a_region").analyze().unwrap();
    let [gap] = &analysis.loss.gaps[..] else { panic!("one gap") };
    assert_eq!((gap.chunks, gap.from, gap.to), (2, Time(25), Time(500)));
    assert!(open("an_order_on_two_threads").analyze().unwrap().loss.is_empty());
}

fn durations(ns: impl IntoIterator<Item = u64>) -> Durations {
    let mut durations = Durations::default();
    ns.into_iter().for_each(|ns| durations.record(ns));
    durations
}

#[trace::test]
fn percentiles_by_nearest_rank() {
    let hundred = durations((1..=100).rev());
    let percentiles = [0.0, 1.0, 50.0, 90.0, 99.0, 99.9, 100.0].map(|p| hundred.percentile_ns(p));
    assert_eq!(percentiles, [1, 1, 50, 90, 99, 100, 100]);
    assert_eq!(durations(1..=1000).percentile_ns(99.9), 999);
    assert_eq!(durations([7]).percentile_ns(50.0), 7);
}

#[trace::test]
fn the_histogram_for_display() {
    let buckets = durations([0, 3, 4, 60]).histogram();
    let bucket = |from_ns, to_ns, count| Bucket { from_ns, to_ns, count };
    assert_eq!(
        buckets,
        [
            bucket(0, 1, 1),
            bucket(1, 2, 0),
            bucket(2, 5, 2),
            bucket(5, 10, 0),
            bucket(10, 20, 0),
            bucket(20, 50, 0),
            bucket(50, 100, 1)
        ]
    );
    assert_eq!(durations([]).histogram(), []);
    let largest = durations([u64::MAX, u64::MAX - 1]).histogram();
    assert_eq!(largest, [bucket(10_000_000_000_000_000_000, u64::MAX, 2)]);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 12,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Beyond the exact ones: three significant digits, and sums still exact.
    #[trace::test]
    fn many_durations(seed in any::<u64>(), count in 30_000..60_000_u64) {
        let ns = |i: u64| {
            let hash = (seed ^ i).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
            hash >> (hash % 50)
        };
        let mut sorted: Vec<u64> = (0..count).map(ns).collect();
        let durations = durations(sorted.iter().copied());
        sorted.sort();
        prop_assert_eq!(durations.is_exact(), count <= 32_768);
        prop_assert_eq!(durations.total_ns(), sorted.iter().map(|ns| u128::from(*ns)).sum::<u128>());
        prop_assert_eq!((durations.min_ns(), durations.max_ns()), (sorted[0], sorted[sorted.len() - 1]));
        for percentile in [1.0, 50.0, 90.0, 99.0, 99.9] {
            let rank = (percentile * count as f64 / 100.0 - 1e-6).ceil() as usize;
            let (expected, found) = (sorted[rank - 1], durations.percentile_ns(percentile));
            prop_assert!(found.abs_diff(expected) <= expected / 1000 + 1, "{} {}", expected, found);
        }
        let shown: u64 = durations.histogram().iter().map(|bucket| bucket.count).sum();
        prop_assert_eq!(shown, count);
    }
}

/// In the window of a flight recorder each thread goes back to a time of its own: one that idles, to long before
/// the begin of what ended on another.
#[trace::test]
fn futures_that_began_elsewhere_take_nothing_from_those_that_are_pending() {
    let end = |fiber, age| {
        format!(
            "  +1 FiberEnd callsite=1 fiber={fiber} parent=0 task=0 age={age} busy=0 waited=0 polls=1 \
             outcome=completed\n"
        )
    };
    let head = |thread, sequence, base| {
        format!(
            "block chunk\n  ChunkHead thread={thread} sequence={sequence} base={base} os_thread=0 \
             thread_name=\"\" task=0 depth=0 open=[]\n"
        )
    };
    let text = [
        "runtime-trace 1\nblock callsites\n  \
         Callsite id=1 kind=region name=\"brew\" file=\"\" line=0 module=\"\" keys=[]\n"
            .to_owned(),
        head(1, 0, 1000),
        "  +1 Wake fiber=1\n".to_owned(),
        head(2, 7, 900_000),
        "  +1 FiberBegin callsite=1 fiber=9 parent=0 task=0\n".to_owned(),
        "  +1 FiberBegin callsite=1 fiber=10 parent=0 task=0\n".to_owned(),
        // Of three that ended the begin is not there.
        end(2, 899_999),
        end(3, 100),
        end(4, 100),
        end(10, 3),
    ];
    let trace = open_text(&text.concat());
    let [futures] = &trace.analyze().unwrap().futures[..] else { panic!("one type") };
    assert_eq!((futures.began, futures.durations.count(), futures.pending), (2, 4, 1));
}
