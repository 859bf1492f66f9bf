//! Perfetto's format, read back.

mod odd;
#[path = "perfetto/reading.rs"]
mod reading;

use std::collections::BTreeMap;

use reading::{Read, Slice};
use trace_export::{Exported, Target, export};
use trace_reader::Trace;

fn trace(text: &str) -> Trace {
    Trace::from_bytes(trace_format::text_to_file(text).unwrap()).unwrap()
}

fn odd(name: &str) -> Trace {
    let (_, text) = odd::all().into_iter().find(|(of, _)| *of == name).unwrap();
    trace(&text)
}

fn exported(trace: &Trace) -> (Read, Exported) {
    let mut bytes = Vec::new();
    let exported = export(trace, Target::Perfetto, &mut bytes).unwrap();
    assert_eq!(exported.bytes, bytes.len() as u64);
    let read = reading::read(&bytes);
    assert!(read.ends_of_nothing.is_empty());
    (read, exported)
}

fn read(trace: &Trace) -> Read {
    exported(trace).0
}

/// The only slice of this name and category.
fn only<'r>(read: &'r Read, category: &str, name: &str) -> &'r Slice {
    let mut found = read.slices.iter().filter(|s| s.category == category && s.name == name);
    let slice = found.next().unwrap_or_else(|| panic!("no {category} is called {name}"));
    assert!(found.next().is_none(), "several are called {name}");
    slice
}

/// Whatever is odd about a trace, regions, tasks and futures are those of the analysis, to the nanosecond.
#[trace::test]
fn counts_and_sums_are_those_of_the_report() {
    let ended = |rows: Vec<(String, u64, u128)>| -> BTreeMap<String, (u64, u128)> {
        rows.into_iter().filter(|row| row.1 > 0).map(|(name, n, ns)| (name, (n, ns))).collect()
    };
    for (name, text) in odd::all() {
        let trace = trace(&text);
        let read = read(&trace);
        let analysis = trace.analyze().unwrap();
        let rows = analysis.regions.into_iter();
        let regions = rows.map(|r| (r.name, r.durations.count(), r.durations.total_ns())).collect();
        // Of these it is another one that ends late, and takes its time from elsewhere.
        if name != "misnested_deeply" {
            assert_eq!(read.sums("region"), ended(regions), "regions of {name}");
        }
        // Tasks and futures that begin or end twice are the business of whoever counts.
        if matches!(name, "tasks_twice" | "nothing_but_ends" | "futures_that_contradict_themselves")
        {
            continue;
        }
        let rows = analysis.tasks.into_iter();
        let tasks = rows.map(|t| (t.name, t.durations.count(), t.durations.total_ns())).collect();
        assert_eq!(read.sums("task"), ended(tasks), "tasks of {name}");
        let rows = analysis.futures.into_iter();
        let futures = rows.map(|f| (f.name, f.durations.count(), f.durations.total_ns())).collect();
        assert_eq!(read.sums("future"), ended(futures), "futures of {name}");
        let logs: u64 = analysis.logs.iter().map(|row| row.count).sum();
        let instants = read.slices.iter().filter(|slice| slice.category == "log").count();
        assert_eq!(instants as u64, logs, "logs of {name}");
    }
}

#[trace::test]
fn a_task_is_a_track_with_its_regions_and_subtasks_below() {
    let read = read(&trace(&format!(
        "{}{}",
        include_str!("data/two_threads.txt"),
        "block summary\n  Summary end=2000 chunks=2 lost=0\n"
    )));
    let task = only(&read, "task", "makeCappuccino");
    let path = ["cafe", "Tasks", "makeCappuccino", "makeCappuccino #1"];
    assert_eq!(read.path(task.track), path);
    assert_eq!((task.annotations["cups"].as_str(), task.annotations["task"].as_str()), ("2", "1"));
    assert_eq!(task.annotations["paid"], "true", "added later");
    let subtask = only(&read, "task", "heatMilk");
    assert_eq!(read.path(subtask.track), [&path[..], &["heatMilk #2"]].concat());
    let region = only(&read, "region", "steam");
    assert_eq!(read.path(region.track), ["worker 2"]);
    // Its copy, without a category.
    let copy = only(&read, "", "steam");
    assert_eq!(read.path(copy.track), [&path[..], &["heatMilk #2", "worker 2"]].concat());
    assert_eq!((copy.begin, copy.end), (region.begin, region.end));
    assert_eq!(copy.annotations, region.annotations);
    // Arrows lead from the place in the parent to the subtask, and on to its region.
    let place = only(&read, "", "heatMilk");
    assert_eq!(place.track, task.track);
    assert!(place.is_instant);
    assert_eq!(place.flows, subtask.flows);
    assert_eq!(region.flows, subtask.flows);
    assert_ne!(task.flows, subtask.flows);
    assert_eq!(only(&read, "region", "grind").flows, task.flows);
    assert!(only(&read, "region", "weigh").flows.is_empty(), "it is in another region of the task");
    let log = only(&read, "log", "for here");
    assert_eq!(
        (read.path(log.track), log.annotations["category"].as_str()),
        (vec!["worker 1".into()], "till")
    );
    assert_eq!(only(&read, "", "for here").track, task.track);
    let [(counter, 5.0)] = read.counters[..] else { panic!("{:?}", read.counters) };
    assert_eq!(read.path(counter), ["cafe", "queue"]);
}

#[trace::test]
fn the_clocks_are_those_of_the_machine() {
    let read = read(&odd("misnested"));
    assert_eq!(
        read.clocks,
        [(5_000_000, 1_700_000_000_000_000_000), (5_005_000, 1_700_000_000_000_005_000),]
    );
    let first = read.slices.iter().map(|slice| slice.begin).min();
    assert_eq!(first, Some(5_001_010), "1,010 ns after the start, which was at 5 ms");
}

#[trace::test]
fn futures_are_lanes_of_their_own() {
    let read = read(&odd("futures"));
    let order = only(&read, "future", "order");
    assert_eq!(read.path(order.track), ["odd", "Tasks", "order", "order #5", "order #6"]);
    assert_eq!(order.annotations["outcome"], "panicked");
    assert_eq!(order.annotations["polls"], "2");
    let polls = |track| {
        let copies = read.slices.iter().filter(move |s| s.track == track && s.name == "poll");
        copies.map(|slice| (slice.begin, slice.end)).collect::<Vec<_>>()
    };
    assert_eq!(polls(order.track).len(), 2);
    // Its polls are slices of two threads, and arrows lead from one to the other, through the wake.
    let of_threads = read.slices.iter().filter(|s| s.category == "poll" && s.name == "order");
    let of_threads: Vec<&Slice> = of_threads.collect();
    assert_eq!(
        of_threads.iter().map(|s| read.path(s.track)).collect::<Vec<_>>(),
        [["worker 1"], ["worker 2"],]
    );
    let wakes: Vec<_> = read.slices.iter().filter(|slice| slice.category == "wake").collect();
    assert!(of_threads.iter().all(|poll| poll.flows.contains(&wakes[0].flows[0])));
    assert!(!of_threads[0].flows.contains(&wakes[1].flows[0]), "that is another future's");
    // A region within a poll is below the future.
    let parse = only(&read, "", "parse");
    let fetches: Vec<_> =
        read.slices.iter().filter(|s| s.category == "future" && s.name == "fetch").collect();
    assert_eq!(parse.track, fetches[0].track);
    let outcomes: Vec<_> =
        fetches.iter().map(|f| f.annotations.get("outcome").map(String::as_str)).collect();
    assert_eq!(outcomes, [Some("completed"), Some("cancelled"), None]);
    assert_eq!(read.path(fetches[2].track), ["odd", "Futures", "fetch", "fetch #9"]);
    assert_eq!(fetches[2].end, None, "it was not finished");
    assert_eq!(fetches[0].annotations["url"], "http://milk");
}

#[trace::test]
fn what_is_lost_is_a_slice_beside_the_thread() {
    let (read, exported) = exported(&odd("lossy"));
    let lost = |path: &[&str]| {
        let mut slices = Vec::new();
        for slice in read.slices.iter().filter(|slice| slice.category == "lost") {
            if read.path(slice.track) == path {
                slices.push((
                    slice.name.as_str(),
                    slice.begin - 5_000_000,
                    slice.end.unwrap() - 5_000_000,
                ));
            }
        }
        slices
    };
    assert_eq!(
        lost(&["worker 1", "lost events"])[..2],
        [("3 events lost", 1070, 1120), ("2 chunks lost", 1320, 9000),]
    );
    assert_eq!(lost(&["worker 2", "lost events"]), [("1000 events lost", 4500, 9500)]);
    assert_eq!(lost(&["odd", "lost events"]), [("2 events lost", 100, 8000)]);
    // The region that was open where chunks are missing ends there.
    let inner =
        read.slices.iter().filter(|s| s.name == "inner" && s.annotations.contains_key("lost"));
    assert_eq!(inner.map(|slice| slice.end.unwrap() - 5_000_000).collect::<Vec<_>>(), [1320]);
    assert!(exported.remarks.is_empty(), "{:?}", exported.remarks);
}

#[trace::test]
fn what_is_open_does_not_end() {
    let read = read(&odd("not_stopped"));
    assert_eq!(only(&read, "region", "outer").end, None);
    assert!(only(&read, "region", "inner").end.is_some());
    assert_eq!(only(&read, "task", "order").end, None);
}

#[trace::test]
fn regions_that_do_not_nest_are_in_parts() {
    let (read, exported) = exported(&odd("misnested"));
    let parts = read.slices.iter().filter(|s| s.name == "inner" && s.category == "region");
    let parts: Vec<_> =
        parts.map(|s| (s.end.unwrap() - s.begin, s.annotations.contains_key("rest"))).collect();
    assert_eq!(parts[..2], [(100, false), (100, true)]);
    let remarks: Vec<String> = exported.remarks.iter().map(ToString::to_string).collect();
    assert_eq!(
        remarks,
        [
            "regions that end while others are open which began in them: the others are shown in two slices (3 times)"
        ]
    );
}

#[trace::test]
fn arguments_keep_their_types_and_names_stay_whole() {
    let (arguments, exported) = exported(&odd("odd_arguments"));
    let regions: Vec<_> =
        arguments.slices.iter().filter(|s| s.category == "region" && s.name == "region").collect();
    assert_eq!(regions[0].annotations[""], "true");
    assert_eq!(regions[0].annotations["c\0d"], "x");
    assert_eq!(regions[0].annotations["late \"one\""], "late");
    assert_eq!(regions[4].annotations["argument 6"], "7");
    assert!(exported.remarks.iter().any(|remark| remark.text.contains("64 bits")));
    // What does not end has them beside it, as has a task that ends elsewhere, or never.
    assert_eq!(only(&arguments, "", "open").annotations["late \"one\""], "1");
    let elsewhere = only(&arguments, "", "late \"one\"");
    assert_eq!(arguments.path(elsewhere.track), ["odd", "Tasks", "task", "task #99"]);
    let names = read(&odd("odd_names"));
    let long = "very ".repeat(2048);
    for name in ["", "a\0b", "two\nlines\r\nand\ttabs", "\u{202e}sdrawkcab\u{202c} \u{200f}", &long]
    {
        only(&names, "region", name);
        only(&names, "task", name);
    }
    assert!(
        names
            .tracks
            .values()
            .any(|t| t.thread.as_ref().is_some_and(|t| t.name == "a\0\"\n\u{202e}b"))
    );
}

#[trace::test]
fn threads_of_one_number_are_told_apart() {
    let text = include_str!("data/two_threads.txt").replace("os_thread=12", "os_thread=11");
    let read = read(&trace(&text));
    let threads = read.tracks.values().filter_map(|track| track.thread.as_ref());
    let mut tids: Vec<i64> = threads.map(|thread| thread.tid).collect();
    tids.sort_unstable();
    assert_eq!(tids, [11, (1 << 30) + 2]);
}

/// The promise is 24 bytes per region, of regions of tasks, which are there twice.
#[trace::test]
fn a_region_takes_few_bytes() {
    let mut text = include_str!("data/two_threads.txt").replace("block chunk", "junk\nblock chunk");
    text.truncate(text.find("junk").unwrap());
    let (mut random, mut regions) = (1_u64, 0_u64);
    for thread in 1..=4 {
        text += &format!(
            "block chunk\n  ChunkHead thread={thread} sequence=0 base=1000 os_thread={thread} thread_name=\"\" \
             task=0 depth=0 open=[]\n"
        );
        for task in 0..200 {
            let task = task * 4 + thread;
            text += &format!(
                "  +100 TaskBegin callsite=1 task={task} parent=0\n  +0 TaskEnter task={task}\n"
            );
            for region in 0..10 {
                random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                let (before, during) = (50 + (random >> 56), 50 + (random >> 48 & 0xff));
                let callsite = 3 + region % 3;
                text += &format!(
                    "  +{before} RegionBegin callsite={callsite}\n  +{during} RegionEnd\n"
                );
                regions += 1;
            }
            text += &format!(
                "  +0 TaskEnter task=0\n  +100 TaskEnd callsite=1 task={task} parent=0 age=3000\n"
            );
        }
    }
    let (_, exported) = exported(&trace(&text));
    let each = exported.bytes as f64 / regions as f64;
    assert!(each <= 24.0, "{each} bytes");
}
