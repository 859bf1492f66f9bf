//! Perfetto's format of traces that go to its limits, read back.

#[path = "go/nonsense.rs"]
mod nonsense;
#[path = "perfetto/reading.rs"]
#[allow(dead_code, reason = "the other file of tests uses the rest")]
mod reading;

use std::collections::BTreeMap;
use std::fmt::Write;

use reading::Read;
use trace_export::{Exported, Target, export};
use trace_reader::Trace;

const START: &str = "\
runtime-trace 1
block header
  Header version=1 session=7 clock=monotonic ticks_per_second=0 wall_ns=1700000000000000000 pid=4711 program=\"odd\" command_line=\"\" host=\"\" build_id=\"\" pool_path=\"\" pool_bytes=0 chunk_bytes=0 overflow=drop beginning=start
block anchors
  Anchor ticks=0 monotonic_ns=MONOTONIC wall_ns=1700000000000000000
block callsites
  Callsite id=1 kind=region name=\"outer\" file=\"\" line=0 module=\"\" keys=[]
  Callsite id=2 kind=region name=\"inner\" file=\"\" line=0 module=\"\" keys=[\"key\"]
  Callsite id=3 kind=task name=\"order\" file=\"\" line=0 module=\"\" keys=[\"cups\"]
  Callsite id=4 kind=argument name=\"added\" file=\"\" line=0 module=\"\" keys=[]
  Callsite id=5 kind=counter name=\"level\" file=\"\" line=0 module=\"\" keys=[]
block chunk
  ChunkHead thread=1 sequence=0 base=1000 os_thread=11 thread_name=\"main\" task=0 depth=0 open=[]
";

/// A trace of one thread with these events, and its export.
fn exported(events: &str) -> (Read, Exported) {
    exported_since(0, events)
}

fn exported_since(monotonic_ns: u64, events: &str) -> (Read, Exported) {
    let text = START.replace("MONOTONIC", &monotonic_ns.to_string()) + events;
    let trace = Trace::from_bytes(trace_format::text_to_file(&text).unwrap()).unwrap();
    let mut bytes = Vec::new();
    let exported = export(&trace, Target::Perfetto, &mut bytes).unwrap();
    let read = reading::read(&bytes);
    assert!(read.ends_of_nothing.is_empty());
    (read, exported)
}

fn remarks(exported: &Exported) -> Vec<&str> {
    exported.remarks.iter().map(|remark| remark.text).collect()
}

#[trace::test]
fn text_that_cannot_be_compressed_is_written() {
    // Random characters of three bytes each, in which nothing repeats itself.
    let (mut random, mut events) = (1_u64, String::new());
    for _ in 0..40 {
        let mut text = String::new();
        for _ in 0..41_700 {
            random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            text.extend(char::from_u32(0x4e00 + (random >> 50) as u32 % 0x5000));
        }
        let _ = writeln!(
            events,
            "  +10 RegionBegin callsite=2\n  +0 RegionArgs values=[\"{text}\"]\n  +10 RegionEnd"
        );
    }
    let (read, exported) = exported(&events);
    assert_eq!(read.sums("region")["inner"], (40, 400));
    assert!(exported.bytes > 4_000_000);
}

/// The copy of a region ends on the track on which it began, whatever its thread did in between.
#[trace::test]
fn a_region_around_very_many_tasks_ends() {
    let mut events = String::from("  +10 TaskRegionBegin callsite=1 task=1\n");
    for task in 2..70_000 {
        let _ = writeln!(events, "  +1 TaskRegionBegin callsite=2 task={task}\n  +1 RegionEnd");
    }
    events += "  +10 RegionEnd\n";
    let (read, _) = exported(&events);
    let outer: Vec<_> = read.slices.iter().filter(|slice| slice.name == "outer").collect();
    assert_eq!(outer.len(), 2, "on the thread, and below its task");
    let long = |slice: &&reading::Slice| slice.end == Some(slice.begin + 2 * 69_998 + 10);
    assert!(outer.iter().all(long), "{outer:?}");
    assert!(read.slices.iter().all(|slice| slice.end.is_some()));
}

#[trace::test]
fn arguments_of_something_else_are_left_out() {
    let (read, exported) = exported(
        "  +10 RegionBegin callsite=1\n  +0 TaskArgs values=[u64:1]\n  +10 RegionArgs values=[u64:2]\n  \
         +10 RegionArg key=4 outward=9 value=u64:3\n  +10 RegionEnd\n  +10 Counter callsite=5 value=\"full\"\n",
    );
    assert!(read.slices.iter().all(|slice| slice.annotations.is_empty()), "{:?}", read.slices);
    assert!(read.counters.is_empty());
    assert_eq!(
        remarks(&exported),
        [
            "arguments are left out of which it is not known what they belong to",
            "counters that have no number are left out",
        ]
    );
    // And what the reader found wrong is told.
    assert!(exported.problem_count >= 2, "{exported:?}");
}

#[trace::test]
fn a_text_that_was_cut_says_so() {
    let (read, _) = exported(
        "  +10 RegionBegin callsite=2\n  +0 RegionArgs values=[\"cut\"/9000]\n  +10 RegionEnd\n",
    );
    assert_eq!(read.slices[0].annotations["key"], "cut…");
}

#[trace::test]
fn ids_that_are_long_are_told_apart() {
    let (most, other) = (u64::MAX, (1_u64 << 61) - 1);
    let (read, _) = exported(&format!(
        "  +10 TaskBegin callsite=3 task={most} parent=0\n  +10 TaskBegin callsite=3 task={other} parent=0\n  \
         +10 TaskEnd callsite=3 task={most} parent=0 age=20\n  +10 TaskEnd callsite=3 task={other} parent=0 age=20\n"
    ));
    let tasks: Vec<_> = read.slices.iter().filter(|slice| slice.category == "task").collect();
    assert_ne!(tasks[0].track, tasks[1].track);
    assert_ne!(tasks[0].flows, tasks[1].flows);
    assert_eq!(read.sums("task")["order"], (2, 40));
}

#[trace::test]
fn a_clock_without_sense_starts_at_zero() {
    for monotonic_ns in [u64::MAX - 5, 1 << 63, i64::MAX as u64 - 5] {
        let (read, exported) =
            exported_since(monotonic_ns, "  +10 RegionBegin callsite=1\n  +10 RegionEnd\n");
        assert_eq!((read.slices[0].begin, read.slices[0].end), (1010, Some(1020)));
        assert!(exported.remarks.is_empty(), "{:?}", exported.remarks);
    }
}

#[trace::test]
fn many_arguments_that_are_added_have_an_end() {
    let mut events = String::from("  +10 RegionBegin callsite=1\n");
    for task in 1..=100_000 {
        let _ = writeln!(events, "  +10 TaskArg key=4 task={task} value=u64:1");
    }
    events += "  +10 RegionArg key=4 outward=0 value=u64:7\n  +10 RegionEnd\n";
    let (read, _) = exported(&events);
    let outer = read.slices.iter().find(|slice| slice.name == "outer").unwrap();
    assert_eq!(outer.annotations["added"], "7");
    // Of tasks that do not end here.
    let added = read.slices.iter().filter(|slice| slice.is_instant && slice.name == "added");
    assert_eq!(added.count(), 100_000);
}

#[trace::test]
fn tasks_may_be_parts_of_very_many() {
    let mut events = String::new();
    for task in 1..=1000 {
        let _ = writeln!(events, "  +10 TaskBegin callsite=3 task={task} parent={}", task - 1);
    }
    let (read, _) = exported(&events);
    let last = read.slices.iter().rfind(|slice| slice.category == "task").unwrap();
    assert_eq!(read.path(last.track).len(), 3 + 1000, "the process, all tasks, the type");
}

#[trace::test]
fn very_many_counters_share_a_track() {
    let mut text = START.replace("MONOTONIC", "0");
    let (mut callsites, mut events) = (String::new(), String::new());
    let long = "x".repeat(1000);
    for id in 10..10_010 {
        let _ = writeln!(
            callsites,
            "  Callsite id={id} kind=counter name=\"{id}{long}\" file=\"\" line=0 module=\"\" keys=[]"
        );
        let _ = writeln!(events, "  +10 Counter callsite={id} value=u64:5");
    }
    text = text.replace("block chunk", &(callsites + "block chunk")) + &events;
    let trace = Trace::from_bytes(trace_format::text_to_file(&text).unwrap()).unwrap();
    let mut bytes = Vec::new();
    export(&trace, Target::Perfetto, &mut bytes).unwrap();
    let read = reading::read(&bytes);
    assert_eq!(read.counters.len(), 10_000);
    let others = read.tracks.values().find(|track| track.name == "(other counters)").unwrap();
    let of_others = read.counters.iter().filter(|(track, _)| *track == others.uuid).count();
    assert!((1..5000).contains(&of_others), "{of_others}");
}

/// Whatever events come in whatever order: threads nest, each slice of them that begins ends unless it is open, and
/// what was not cut has the sums of the analysis.
#[trace::test]
fn of_nonsense_threads_make_sense() {
    let head = &START[..START.find("block chunk").unwrap()];
    let mut whole = 0;
    for seed in 1..=400 {
        let text = head.replace("MONOTONIC", "0") + &nonsense::blocks(seed);
        let trace = Trace::from_bytes(trace_format::text_to_file(&text).unwrap()).unwrap();
        let mut bytes = Vec::new();
        let exported = export(&trace, Target::Perfetto, &mut bytes).unwrap();
        let read = reading::read(&bytes);
        let of_thread = |track: &u64| read.tracks[track].thread.is_some();
        assert!(!read.ends_of_nothing.iter().any(of_thread), "seed {seed}");
        let analysis = trace.analyze().unwrap();
        let open = read
            .slices
            .iter()
            .filter(|slice| slice.category == "region" && !slice.is_instant && slice.end.is_none());
        let still: u64 = analysis.regions.iter().map(|row| row.open).sum();
        assert_eq!(open.count() as u64, still, "open in seed {seed}");
        if exported.remarks.iter().any(|remark| remark.text.starts_with("regions that ")) {
            continue;
        }
        whole += 1;
        let rows = analysis.regions.into_iter().filter(|row| row.durations.count() > 0);
        let expected: BTreeMap<_, _> =
            rows.map(|row| (row.name, (row.durations.count(), row.durations.total_ns()))).collect();
        assert_eq!(read.sums("region"), expected, "seed {seed}");
    }
    assert!(whole > 20, "{whole}");
}
