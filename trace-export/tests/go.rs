//! Exports to Go's execution trace: what they tell, and that Go's parser would take them.
//!
//! Where `GO_TRACES` names a directory, every export of these tests is put there, so that Go's own parser
//! can read them: `go tool trace -d=parsed FILE`.

#[path = "go/goroutines.rs"]
mod goroutines;
#[path = "go/nonsense.rs"]
mod nonsense;
#[path = "go/parser.rs"]
mod parser;

use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use parser::Told;
use trace_export::{Exported, Target, export};
use trace_reader::Trace;

const CALLSITES: &str = r#"runtime-trace 1
block header
  Header version=1 session=7 clock=monotonic ticks_per_second=0 wall_ns=1700000000000000005 pid=42 program="cafe" command_line="" host="counter" build_id="" pool_path="" pool_bytes=1048576 chunk_bytes=4096 overflow=drop beginning=start
block anchors
  Anchor ticks=1000 monotonic_ns=1000 wall_ns=1700000000000000005
block callsites
  Callsite id=1 kind=region name="brew" file="cafe.rs" line=10 module="cafe" keys=[]
  Callsite id=2 kind=region name="grind" file="cafe.rs" line=20 module="cafe" keys=["beans","kind"]
  Callsite id=3 kind=task name="order" file="cafe.rs" line=30 module="cafe" keys=["size"]
  Callsite id=4 kind=log name="till" file="cafe.rs" line=40 module="cafe" keys=[]
  Callsite id=5 kind=counter name="queue" file="cafe.rs" line=50 module="cafe" keys=[]
  Callsite id=6 kind=argument name="sugar" file="cafe.rs" line=60 module="cafe" keys=[]
  Callsite id=7 kind=region name="milk" file="cafe.rs" line=70 module="cafe" keys=[]
  Callsite id=8 kind=region name="tokio park" file="runtime.rs" line=60 module="trace_tokio::runtime" keys=[]
"#;

/// Exports a trace of these blocks behind the table of callsites.
fn told(blocks: &str) -> (Told, Exported) {
    exported(format!("{CALLSITES}{blocks}").as_str())
}

fn exported(text: &str) -> (Told, Exported) {
    let file = trace_format::text_to_file(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    exported_file(file)
}

fn exported_file(file: Vec<u8>) -> (Told, Exported) {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let trace = Trace::from_bytes(file).unwrap();
    let mut bytes = Vec::new();
    let exported = export(&trace, Target::Go, &mut bytes).unwrap();
    assert_eq!(exported.bytes, bytes.len() as u64);
    if let Some(directory) = std::env::var_os("GO_TRACES") {
        let name = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        std::fs::write(std::path::Path::new(&directory).join(name), &bytes).unwrap();
    }
    (parser::parse(&bytes), exported)
}

/// The same of one thread with these events.
fn told_of(events: &[&str]) -> (Told, Exported) {
    told(&chunk(1, 1000, "main", events))
}

/// A chunk of a thread whose events these are.
fn chunk(thread: u64, base: u64, name: &str, events: &[&str]) -> String {
    let head = format!(
        "block chunk\n  ChunkHead thread={thread} sequence=0 base={base} os_thread=0 \
         thread_name=\"{name}\" task=0 depth=0 open=[]\n"
    );
    events.iter().fold(head, |text, event| text + "  " + event + "\n")
}

/// The lines without what starts and stops threads.
fn lines(told: &Told) -> Vec<&str> {
    let about_threads = |line: &&str| {
        let text = line.split_once(' ').map_or("", |(_, text)| text);
        ["nobody creates", "no region open"].iter().all(|part| !text.contains(part))
            && !text.contains("nobody unblocks")
    };
    told.lines.iter().map(String::as_str).filter(about_threads).collect()
}

fn remarks(exported: &Exported) -> Vec<&str> {
    exported.remarks.iter().map(|remark| remark.text).collect()
}

#[trace::test]
fn a_plain_region() {
    let (told, exported) =
        told(&chunk(1, 1000, "barista", &["+5 RegionBegin callsite=1", "+250 RegionEnd"]));
    assert_eq!(
        told.lines,
        [
            "6 M1 nobody creates G1",
            "6 M1 G1 starts",
            "6 M1 G1 region \"brew\" of 0 begins",
            "256 M1 G1 region \"brew\" of 0 ends",
            "256 M1 G1 blocks: no region open",
        ]
    );
    assert_eq!(told.goroutines[&1], "barista");
    assert_eq!((told.processors, told.wall_ns), (1, 1_700_000_000_000_000_005));
    assert!(exported.remarks.is_empty());
}

#[trace::test]
fn nothing() {
    assert_eq!(exported("runtime-trace 1\n").0.lines.len(), 0);
    assert_eq!(told("").0.lines.len(), 0);
}

#[trace::test]
fn tasks_have_parents() {
    let events = [
        "+5 TaskBegin callsite=3 task=1 parent=0",
        "+0 TaskArgs values=[\"tall\"]",
        "+1 TaskEnter task=1",
        "+1 TaskBegin callsite=3 task=2 parent=1",
        "+1 TaskRegionBegin callsite=1 task=2",
        "+0 RegionArg key=6 outward=0 value=i64:-2",
        "+1 TaskLog callsite=4 task=1 message=\"paid\"",
        "+1 RegionEnd",
        "+1 TaskEnd callsite=3 task=2 parent=1 age=4",
        "+1 TaskEnd callsite=3 task=2 parent=1 age=5",
        "+1 UnseenTaskEnd callsite=3 task=9",
        "+1 UnseenTaskEnd callsite=3 task=0",
        "+1 TaskBegin callsite=3 task=1 parent=0",
        "+1 Counter callsite=5 value=u64:3",
    ];
    let (told, exported) = told(&chunk(1, 1000, "barista", &events));
    assert_eq!(
        lines(&told)[1..],
        [
            "6 M1 G1 task 1 of 0 begins: \"order\"",
            "6 M1 G1 log of 1: \"size\" \"tall\"",
            "8 M1 G1 task 2 of 1 begins: \"order\"",
            "9 M1 G1 region \"brew\" of 2 begins",
            "9 M1 G1 log of 2: \"sugar\" \"-2\"",
            "10 M1 G1 log of 1: \"till\" \"paid\"",
            "11 M1 G1 region \"brew\" of 2 ends",
            "12 M1 G1 task 2 ends",
            "14 M1 G1 task 9 ends",
            "17 M1 G1 log of 0: \"queue\" \"3\"",
        ]
    );
    assert_eq!(
        remarks(&exported),
        [
            "arguments are shown as logs",
            "of tasks that end more than once the first end is shown",
            "tasks that began before the trace have no name",
            "of tasks whose number is not known the end is not shown",
            "tasks that begin again are one",
            "counters are shown as logs",
        ]
    );
}

#[trace::test]
fn mis_nested_regions_are_cut() {
    let events = [
        "+5 RegionBegin callsite=1",
        "+5 RegionBegin callsite=2",
        "+5 WholeRegionEnd callsite=1 age=10 task=0 inner=1",
        "+5 RegionEnd",
    ];
    let (told, exported) = told(&chunk(1, 1000, "barista", &events));
    assert_eq!(
        lines(&told)[1..],
        [
            "6 M1 G1 region \"brew\" of 0 begins",
            "11 M1 G1 region \"grind\" of 0 begins",
            "16 M1 G1 region \"grind\" of 0 ends",
            "16 M1 G1 region \"brew\" of 0 ends",
            "16 M1 G1 region \"grind\" of 0 begins",
            "21 M1 G1 region \"grind\" of 0 ends",
        ]
    );
    assert_eq!(remarks(&exported), ["regions in which another one ended are two"]);
    // What is wrong with the events is told as well.
    assert_eq!((exported.problem_count, exported.problems.len()), (1, 1));
}

#[trace::test]
fn regions_that_were_open() {
    let (told, exported) = told(
        "block chunk\n  ChunkHead thread=4 sequence=7 base=1500 os_thread=0 thread_name=\"\" \
         task=0 depth=2 open=[OpenRegion callsite=1 age=900 task=0 outer=none fiber=0, OpenRegion \
         callsite=2 age=100 task=0 outer=none fiber=0]\n  +100 WholeRegionEnd callsite=2 age=200 \
         task=0 inner=0\n  +100 WholeRegionEnd callsite=1 age=1100 task=0 inner=0\n  +1 \
         UnseenRegionEnd callsite=2\n  +1 RegionBegin callsite=1\n  +1 UnseenRegionEnd callsite=2\n",
    );
    let regions: Vec<_> =
        lines(&told).into_iter().filter(|line| line.contains("region ")).collect();
    assert_eq!(
        regions,
        [
            "501 M1 G1 region \"brew\" of 0 begins",
            "501 M1 G1 region \"grind\" of 0 begins",
            "601 M1 G1 region \"grind\" of 0 ends",
            "701 M1 G1 region \"brew\" of 0 ends",
            "702 M1 G1 region \"grind\" of 0 ends",
            "703 M1 G1 region \"brew\" of 0 begins",
        ]
    );
    assert_eq!(told.goroutines[&1], "thread 4");
    assert!(
        remarks(&exported).contains(&"regions that were open already begin when they are found")
    );
}

#[trace::test]
fn regions_that_are_told_of_by_their_end_alone() {
    let end = "+9 WholeRegionEnd callsite=2 age=5 task=0 inner=9";
    let (told, exported) = told_of(&[end, "+1 RegionBegin callsite=1", end, "+1 RegionEnd"]);
    assert_eq!(lines(&told)[1], "10 M1 G1 region \"grind\" of 0 ends");
    assert_eq!(
        remarks(&exported),
        [
            "of regions that are told of by their end alone only the end is shown",
            "some regions that are told of by their end alone are left out",
        ]
    );
}

#[trace::test]
fn arguments_find_regions_far_out() {
    let mut events = vec!["+1 RegionBegin callsite=2"];
    events.extend(["+1 RegionBegin callsite=1"; 100]);
    // One that ends in the middle does not make the others others.
    events.push("+1 WholeRegionEnd callsite=1 age=50 task=0 inner=50");
    events.push("+1 RegionArg key=6 outward=99 value=i64:-2");
    events.push("+1 RegionArg key=6 outward=100 value=i64:-3");
    let (told, exported) = told_of(&events);
    let sugar = lines(&told).into_iter().filter(|line| line.contains("\"sugar\""));
    assert_eq!(sugar.collect::<Vec<_>>(), ["104 M1 G1 log of 0: \"sugar\" \"-2\""]);
    assert!(
        remarks(&exported)
            .contains(&"some arguments are left out of which nothing is known what they belong to")
    );
}

#[trace::test]
fn lost_events_are_seen() {
    for name in ["chunk_is_missing_inside_a_region", "events_lost_while_the_pool_was_full"] {
        let (told, exported) = reader_data(name);
        assert!(told.lines.iter().any(|line| line.contains("\"lost events\"")), "{name}");
        assert!(remarks(&exported).contains(&"lost events are shown as logs"), "{name}");
    }
}

/// A trace that is there for tests of the reader.
fn reader_data(name: &str) -> (Told, Exported) {
    let path = format!("{}/../trace-reader/tests/data/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    exported(&std::fs::read_to_string(path).unwrap())
}

#[trace::test]
fn traces_of_the_reader() {
    for name in [
        "an_order_on_two_threads",
        "chunks_of_two_threads",
        "clock_that_steps_back",
        "more_regions_open_than_a_head_lists",
        "region_open_at_end",
        "region_open_at_start",
        "region_that_ends_in_a_later_chunk",
        "regions_that_end_in_the_wrong_order",
        "task_that_ends_twice",
        "window_that_begins_inside_regions",
    ] {
        assert!(!reader_data(name).0.lines.is_empty(), "{name}");
    }
}

#[trace::test]
fn long_and_odd_strings() {
    let long = "a".repeat(1020) + "é" + &"b".repeat(9000);
    let odd = "quote \\\" line\\nbreak \\u{0} \\u{202e}right";
    let text = format!(
        "runtime-trace 1\nblock callsites\n  Callsite id=1 kind=region name=\"{long}\" \
         file=\"{long}\" line=4294967295 module=\"\" keys=[\"{odd}\"]\n  Callsite id=2 kind=region \
         name=\"\" file=\"\" line=0 module=\"\" keys=[]\n  Callsite id=3 kind=log name=\"{odd}\" \
         file=\"\" line=0 module=\"\" keys=[]\n{}",
        chunk(
            1,
            1000,
            "runtime.main\\n",
            &[
                "+0 RegionBegin callsite=1",
                &format!("+0 RegionArgs values=[\"{long}\"]"),
                "+1 RegionBegin callsite=2",
                "+1 RegionBegin callsite=99",
                &format!("+1 Log callsite=3 message=\"{odd}\""),
                "+1 Log callsite=3 message=\"\\xff\"",
                "+1 RegionEnd",
                "+1 RegionEnd",
                "+1 RegionEnd",
            ],
        )
    );
    let (told, exported) = exported(&text);
    assert_eq!(told.goroutines[&1], "program runtime.main\n");
    let cut = "a".repeat(1020) + "…";
    let text = told.lines.join("\n");
    for line in [
        format!("region \"{cut}\" of 0 begins"),
        format!("log of 0: {:?} \"{cut}\"", "quote \" line\nbreak \0 \u{202e}right"),
        String::from("region \"\" of 0 begins"),
        String::from("region \"callsite 99\" of 0 begins"),
        format!("log of 0: {0:?} {0:?}", "quote \" line\nbreak \0 \u{202e}right"),
        String::from("\"\u{fffd}\""),
    ] {
        assert!(text.contains(&line), "no {line} in {text}");
    }
    assert!(remarks(&exported).contains(&"strings are cut at 1,024 bytes"));
}

#[trace::test]
fn texts_that_the_program_cut_say_so() {
    let events = [
        "+1 RegionBegin callsite=2",
        "+0 RegionArgs values=[\"rob\"/9, debug:\"Some(\"/100]",
        "+1 Log callsite=4 message=\"pai\"/4",
        &format!("+1 Log callsite=4 message=\"{}\"/4000", "a".repeat(2000)),
        "+1 RegionEnd",
    ];
    let (told, _) = told_of(&events);
    let logs: Vec<_> = lines(&told).into_iter().filter(|line| line.contains(" log ")).collect();
    assert_eq!(
        logs,
        [
            "2 M1 G1 log of 0: \"beans\" \"rob…\"",
            "2 M1 G1 log of 0: \"kind\" \"Some(…\"",
            "3 M1 G1 log of 0: \"till\" \"pai…\"",
            &format!("4 M1 G1 log of 0: \"till\" \"{}…\"", "a".repeat(1021)),
        ]
    );
}

/// So many tasks with numbers so far apart that which of them have begun takes too much memory.
#[trace::test]
fn of_very_many_tasks_some_are_not_shown() {
    let number = |at: u64| 1 + 512 * at;
    let mut blocks = String::new();
    for piece in 0..14_u64 {
        let begins = (0..10_000).map(|at| {
            format!("+1 TaskBegin callsite=3 task={} parent=0", number(10_000 * piece + at))
        });
        let mut events: Vec<_> = begins.collect();
        if piece == 13 {
            for task in [number(0), number(139_999), 2] {
                events.push(format!("+1 UnseenTaskEnd callsite=3 task={task}"));
            }
        }
        let events: Vec<_> = events.iter().map(String::as_str).collect();
        blocks += &chunk(1, 1000 + 10_000 * piece, "main", &events)
            .replace("sequence=0", &format!("sequence={piece}"));
    }
    let (told, exported) = told(&blocks);
    assert_eq!(lines(&told).iter().filter(|line| line.contains("begins")).count(), 114_688);
    assert!(told.lines.last().is_some_and(|line| line.ends_with("blocks: no region open")));
    let ends: Vec<_> = lines(&told).into_iter().filter(|line| line.ends_with(" ends")).collect();
    assert_eq!(ends, ["140002 M1 G1 task 1 ends"]);
    assert_eq!(remarks(&exported), ["of very many tasks some are not shown"]);
    assert_eq!(exported.remarks[0].count, 140_000 - 114_688 + 2);
}

#[trace::test]
fn of_very_many_callsites_that_are_not_there_some_are_one() {
    let mut blocks = String::new();
    for piece in 0..7_u64 {
        let mut events = Vec::new();
        for callsite in 1000 + 10_000 * piece..11_000 + 10_000 * piece {
            events.push(format!("+1 RegionBegin callsite={callsite}"));
            events.push(String::from("+1 RegionEnd"));
        }
        let events: Vec<_> = events.iter().map(String::as_str).collect();
        blocks += &chunk(1, 1000 + 20_000 * piece, "main", &events)
            .replace("sequence=0", &format!("sequence={piece}"));
    }
    let (told, exported) = told(&blocks);
    let begins = told.lines.iter().filter(|line| line.ends_with("begins"));
    let unknown = begins.clone().filter(|line| line.contains("\"unknown callsite\""));
    assert_eq!((begins.count(), unknown.count()), (70_000, 70_000 - 65_536));
    assert_eq!(
        remarks(&exported),
        ["of callsites that are not in the trace, some are shown as one"]
    );
}

#[trace::test]
fn many_messages_take_many_batches() {
    let mut events = vec![String::from("+0 RegionBegin callsite=1")];
    for message in 0..20_000 {
        events.push(format!("+1 Log callsite=4 message=\"message {message}\""));
    }
    events.push(String::from("+1 RegionEnd"));
    let events: Vec<_> = events.iter().map(String::as_str).collect();
    // The text form is not held to the size of a chunk, but a block has its limit.
    let (told, _) = told(&chunk(1, 1000, "main", &events));
    assert!(told.batches > 1);
    assert!(told.lines.iter().any(|line| line.ends_with("\"message 19999\"")));
}

#[trace::test]
fn times_far_apart() {
    let far = (1_u64 << 56) - 1;
    let mut events = vec![String::from("+0 RegionBegin callsite=1")];
    (0..200).for_each(|_| events.push(format!("+{far} Log callsite=4 message=\"later\"")));
    events.push(String::from("+1 RegionEnd"));
    let events: Vec<_> = events.iter().map(String::as_str).collect();
    told(&chunk(1, 1000, "main", &events));
}

/// Two exports of a trace are the same, whatever was said by chance in between.
#[trace::test]
fn exports_do_not_depend_on_chance() {
    let messages: Vec<_> =
        (0..2000).map(|at| format!("+1 Log callsite=4 message=\"{}\"", at % 700)).collect();
    let messages: Vec<_> = messages.iter().map(String::as_str).collect();
    let text = format!("{CALLSITES}{}", chunk(1, 1000, "main", &messages));
    let trace = Trace::from_bytes(trace_format::text_to_file(&text).unwrap()).unwrap();
    for target in Target::ALL {
        let bytes = || {
            let mut bytes = Vec::new();
            export(&trace, target, &mut bytes).unwrap();
            bytes
        };
        let first = bytes();
        assert!((0..10).all(|_| bytes() == first), "{target}");
    }
}

#[trace::test]
fn nonsense_is_taken() {
    for seed in 1..=400 {
        let mut text = String::from(CALLSITES);
        _ = write!(text, "{}", nonsense::blocks(seed));
        exported(&text);
    }
}
