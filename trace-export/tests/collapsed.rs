//! Stacks for flame graphs: the sums are those of a report, and each line is one that a parser takes.

mod given;

use std::collections::HashMap;

use given::{CAFE, CLOSED, alone, cafe, chunk, remarks_of, self_times, text_of, trace_of};
use trace_export::Target::Collapsed;
use trace_reader::Trace;

fn lines(trace: &Trace) -> Vec<String> {
    text_of(trace, Collapsed).0.lines().map(str::to_owned).collect()
}

/// The time per name, from the last frame of each line.
fn times(trace: &Trace) -> HashMap<String, u64> {
    let mut times: HashMap<String, u64> = HashMap::new();
    for line in lines(trace) {
        let (stack, ns) = line.rsplit_once(' ').unwrap();
        let name = stack.rsplit(';').next().unwrap();
        *times.entry(name.to_owned()).or_default() += ns.parse::<u64>().unwrap();
    }
    times
}

#[trace::test]
fn stacks_have_the_time_that_nothing_inside_has() {
    let thread = "  +0 RegionBegin callsite=1\n  +10 RegionBegin callsite=2\n  +5 RegionEnd\n  \
                  +7 RegionBegin callsite=2\n  +5 RegionEnd\n  +3 RegionEnd\n  +1 RegionBegin callsite=2\n  \
                  +4 RegionEnd\n";
    let trace = cafe(&format!("{}{thread}{}{thread}", chunk(1, 1000), chunk(2, 1500)));
    assert_eq!(lines(&trace), ["brew 40", "brew;grind 20", "grind 8"]);
    assert_eq!(remarks_of(&trace, Collapsed), [""; 0]);
}

#[trace::test]
fn polls_are_frames_and_tasks_are_not() {
    let (_, trace) = given::golden().remove(0);
    assert_eq!(lines(&trace), ["heat 10", "order 7", "order;milk 20", "order;milk;heat 14"],);
}

#[trace::test]
fn a_region_that_ends_before_those_inside_leaves_them_their_stack() {
    let trace = alone(
        "  +0 RegionBegin callsite=1\n  +10 RegionBegin callsite=2\n  +10 RegionBegin callsite=7\n  \
         +5 WholeRegionEnd callsite=1 age=25 task=0 inner=2\n  +100 RegionBegin callsite=1\n  \
         +1 RegionEnd\n  +0 RegionEnd\n  +3 RegionEnd\n  +0 RegionBegin callsite=7\n  +9 RegionEnd\n",
    );
    assert_eq!(
        lines(&trace),
        ["brew 10", "brew;grind 13", "brew;grind;milk 105", "brew;grind;milk;brew 1", "milk 9"],
    );
    assert_eq!(times(&trace), self_times(&trace));
}

#[trace::test]
fn what_is_open_or_lost_counts_as_far_as_it_is_known() {
    let open = alone("  +0 RegionBegin callsite=1\n  +10 RegionBegin callsite=2\n");
    assert_eq!(lines(&open), ["brew 10", "brew;grind 1990"]);
    let remarks = remarks_of(&open, Collapsed);
    assert_eq!(remarks, ["regions that are open at the end count up to there (2 times)"]);

    let unseen = alone("  +9 UnseenRegionEnd callsite=1\n");
    assert_eq!(lines(&unseen), [""; 0]);
    let remarks = remarks_of(&unseen, Collapsed);
    assert_eq!(remarks, ["regions that began before the trace have no time (1 time)"]);
}

#[trace::test]
fn names_fit_into_a_line() {
    let trace = given::odd();
    let lines = lines(&trace);
    assert_eq!(lines.len(), given::ODD_NAMES.len() + 1);
    let deepest = lines.last().unwrap();
    let frames: Vec<&str> = deepest.rsplit_once(' ').unwrap().0.split(';').collect();
    assert_eq!(
        frames[..9],
        [
            "a\"b\\c",
            "two_lines_one_frame",
            "nul_and_escape",
            "_outer spaces_",
            "(no name)",
            "\u{202e}right to left_",
            "no\u{fffd}\u{fffd}\u{fffd}\u{fffd}UTF-8",
            "brew 17",
            "\u{feff}mark",
        ],
    );
    assert_eq!(frames[9].len(), 10_240);
    let remarks = remarks_of(&trace, Collapsed);
    assert_eq!(
        remarks,
        ["names in which `;`, control characters and outer spaces became `_` (4 times)"],
    );
}

#[trace::test]
fn whatever_the_trace_the_sums_are_those_of_a_report() {
    for (name, trace) in given::all() {
        let lines = lines(&trace);
        assert!(
            lines.is_sorted_by(|a, b| a.rsplit_once(' ').unwrap().0.split(';').lt(b
                .rsplit_once(' ')
                .unwrap()
                .0
                .split(';'))),
            "{name}: {lines:?}"
        );
        if name == "odd names" {
            continue;
        }
        // What is open or lost counts here, but not in a report.
        let mut unfinished: HashMap<String, u64> = HashMap::new();
        let mut merged = trace.merged();
        while let Some(item) = merged.next().unwrap() {
            if let trace_reader::Step::RegionEnded(end) = item.step {
                if end.fate != trace_reader::Fate::Complete {
                    let name = trace.callsites().name(end.callsite).into_owned();
                    *unfinished.entry(name).or_default() += end.self_ns;
                }
            }
        }
        let mut expected = self_times(&trace);
        unfinished.into_iter().for_each(|(name, ns)| *expected.entry(name).or_default() += ns);
        expected.retain(|_, ns| *ns > 0);
        assert_eq!(times(&trace), expected, "{name}");
    }
}

#[trace::test]
fn recursion_has_an_end_and_loses_no_time() {
    let depth = 5000;
    let begins = "  +1 RegionBegin callsite=1\n".repeat(depth);
    let ends = "  +1 RegionEnd\n".repeat(depth);
    let trace = trace_of(&format!("{CAFE}{}{begins}{ends}", chunk(1, 1000)));
    let lines = lines(&trace);
    assert_eq!(lines.len(), 1001);
    assert_eq!(lines[0], "(other stacks);brew 7999");
    assert_eq!(lines[1], "brew 2");
    assert_eq!(times(&trace), self_times(&trace));
    assert_eq!(remarks_of(&trace, Collapsed).len(), 1);
}

#[trace::test]
fn names_that_stand_for_others_have_one_line_as_well() {
    let callsite = |id: u64, name: &str| {
        format!(
            "  Callsite id={id} kind=region name=\"{name}\" file=\"\" line=0 module=\"\" keys=[]\n"
        )
    };
    let callsites = callsite(10, "(other stacks)") + &callsite(11, "(other names)");
    let (depth, own) =
        (1100, "  +1 RegionBegin callsite=10\n  +1 RegionBegin callsite=1\n  +1 RegionEnd\n");
    let begins = "  +1 RegionBegin callsite=1\n".repeat(depth);
    let ends = "  +1 RegionEnd\n".repeat(depth + 1);
    let more = "  +1 RegionBegin callsite=11\n  +5 RegionEnd\n";
    let events = format!("{own}{begins}{ends}{more}{begins}{ends}");
    let trace = trace_of(&format!("{CAFE}{callsites}{}{events}", chunk(1, 1000)));
    let mut stacks: Vec<_> =
        lines(&trace).iter().map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect();
    assert!(stacks.contains(&"(other stacks);brew".to_owned()));
    assert!(stacks.contains(&"(other names)".to_owned()));
    let count = stacks.len();
    stacks.sort();
    stacks.dedup();
    assert_eq!(stacks.len(), count);
    assert_eq!(times(&trace), self_times(&trace));
}

#[trace::test]
fn long_names_in_deep_stacks_take_little() {
    let long = "x".repeat(512 << 10);
    let (begins, ends) =
        ("  +1 RegionBegin callsite=10\n".repeat(900), "  +1 RegionEnd\n".repeat(900));
    let trace = trace_of(&format!(
        "{CAFE}  Callsite id=10 kind=region name=\"{long}\" file=\"\" line=0 module=\"\" keys=[]\n\
         {}{begins}{ends}",
        chunk(1, 1000)
    ));
    let lines = lines(&trace);
    assert!(lines.iter().map(String::len).sum::<usize>() < 1 << 20);
    let total: u64 = times(&trace).values().sum();
    assert_eq!(total, 1799);
    assert_eq!(
        remarks_of(&trace, Collapsed),
        [
            "names are cut at 16,384 bytes (1 time)",
            "stacks of more than 1,000 frames or 64 KiB, or beyond 1,048,576 stacks or 1 GiB, became \
             `(other stacks)` (897 times)",
        ]
    );
}

#[trace::test]
fn what_is_wrong_with_events_is_told() {
    let trace = alone("  +1 RegionEnd\n");
    let (_, exported) = text_of(&trace, Collapsed);
    assert_eq!((exported.problems.len(), exported.problem_count), (1, 1));
}

#[trace::test]
fn many_regions_that_overlap_take_no_memory() {
    // Each ends while the next 20 are open.
    let mut text = format!("{CAFE}{}", chunk(1, 1000));
    for at in 0..3000 {
        text += "  +1 RegionBegin callsite=1\n";
        if at >= 20 {
            text += "  +0 WholeRegionEnd callsite=1 age=20 task=0 inner=20\n";
        }
    }
    let trace = trace_of(&(text + CLOSED));
    let total: u64 = times(&trace).values().sum();
    assert_eq!(total, 2999);
}
