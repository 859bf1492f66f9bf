//! Profiles for speedscope: what its importer insists on, and the times of a report.

mod given;

use std::collections::HashMap;

use given::{alone, cafe, chunk, json_of, remarks_of, self_times};
use serde_json::{Value, json};
use trace_export::Target::Speedscope;
use trace_reader::{Fate, Step, Trace};

/// Checks what speedscope's schema and its importer ask for, and returns the self times per name.
fn check(file: &Value) -> HashMap<String, u64> {
    assert_eq!(file["$schema"], "https://www.speedscope.app/file-format-schema.json");
    assert!(file["exporter"].is_string() && file["name"].is_string());
    let frames = file["shared"]["frames"].as_array().unwrap();
    for frame in frames {
        assert!(frame["name"].is_string());
        assert!(frame.get("file").is_none_or(Value::is_string));
        assert!(frame.get("line").is_none_or(|line| line.as_u64() > Some(0)));
    }
    let mut times: HashMap<String, u64> = HashMap::new();
    let profiles = file["profiles"].as_array().unwrap();
    assert!((file["activeProfileIndex"].as_u64().unwrap() as usize) < profiles.len());
    for profile in profiles {
        assert_eq!(
            (&profile["type"], &profile["unit"]),
            (&json!("evented"), &json!("nanoseconds"))
        );
        assert!(profile["name"].is_string());
        let mut open: Vec<u64> = Vec::new();
        let mut now = profile["startValue"].as_i64().unwrap();
        for event in profile["events"].as_array().unwrap() {
            let (frame, at) = (event["frame"].as_u64().unwrap(), event["at"].as_i64().unwrap());
            assert!((frame as usize) < frames.len() && at >= now, "{event} in {profile}");
            if let Some(innermost) = open.last() {
                let name = frames[*innermost as usize]["name"].as_str().unwrap();
                *times.entry(name.to_owned()).or_default() += (at - now).unsigned_abs();
            }
            now = at;
            match event["type"].as_str().unwrap() {
                "O" => open.push(frame),
                "C" => assert_eq!(open.pop(), Some(frame), "{event} in {profile}"),
                other => panic!("{other}"),
            }
        }
        assert!(open.is_empty() && now <= profile["endValue"].as_i64().unwrap(), "{profile}");
    }
    times.retain(|_, ns| *ns > 0);
    times
}

fn events(trace: &Trace) -> Vec<String> {
    let file = json_of(trace, Speedscope);
    check(&file);
    let event = |event: &Value| {
        let kind = event["type"].as_str().unwrap();
        let frame = event["frame"].as_u64().unwrap() as usize;
        let name = file["shared"]["frames"][frame]["name"].as_str().unwrap();
        format!("{} {kind} {name}", event["at"])
    };
    file["profiles"][0]["events"].as_array().unwrap().iter().map(event).collect()
}

#[trace::test]
fn a_thread_is_a_profile_and_frames_are_shared() {
    let first = "  +5 RegionBegin callsite=1\n  +5 RegionBegin callsite=2\n  +5 RegionEnd\n  +5 RegionEnd\n";
    let second = "  +5 RegionBegin callsite=2\n  +5 RegionEnd\n";
    let silent = "  +5 Log callsite=4 message=\"nothing to see\"\n";
    let trace = cafe(&format!(
        "{}{first}{}{silent}{}{second}",
        chunk(1, 1000),
        chunk(2, 1000),
        chunk(3, 1100)
    ));
    let file = json_of(&trace, Speedscope);
    check(&file);
    assert_eq!(file["name"], "cafe");
    let frames = json!([
        {"name": "brew", "file": "cafe.rs", "line": 10},
        {"name": "grind", "file": "cafe.rs", "line": 20},
    ]);
    assert_eq!(file["shared"]["frames"], frames);
    let profile = |name, start, end, events: Value| {
        json!({"type": "evented", "name": name, "unit": "nanoseconds", "startValue": start, "endValue": end,
               "events": events})
    };
    let event = |kind, frame, at| json!({"type": kind, "frame": frame, "at": at});
    let first = [event("O", 0, 5), event("O", 1, 10), event("C", 1, 15), event("C", 0, 20)];
    let second = [event("O", 1, 105), event("C", 1, 110)];
    assert_eq!(
        file["profiles"],
        json!([
            profile("barista 1", 5, 20, json!(first)),
            profile("barista 3", 105, 110, json!(second)),
        ]),
    );
}

#[trace::test]
fn a_trace_without_regions_has_a_profile_all_the_same() {
    let file = json_of(&alone(""), Speedscope);
    check(&file);
    assert_eq!(file["profiles"].as_array().unwrap().len(), 1);
    assert_eq!(file["shared"]["frames"], json!([]));
}

#[trace::test]
fn what_does_not_nest_is_cut() {
    let trace = alone(
        "  +0 RegionBegin callsite=1\n  +10 RegionBegin callsite=7\n  \
         +5 WholeRegionEnd callsite=1 age=15 task=0 inner=1\n  +3 RegionEnd\n",
    );
    assert_eq!(
        events(&trace),
        ["0 O brew", "10 O milk", "15 C milk", "15 C brew", "15 O milk", "18 C milk"],
    );
    let remarks = remarks_of(&trace, Speedscope);
    assert_eq!(remarks, ["regions that do not nest are closed, and opened again (1 time)"]);
}

#[trace::test]
fn what_is_open_is_closed_at_the_end() {
    let trace = alone("  +0 RegionBegin callsite=1\n  +10 RegionBegin callsite=7\n");
    assert_eq!(events(&trace), ["0 O brew", "10 O milk", "2000 C milk", "2000 C brew"]);
    let remarks = remarks_of(&trace, Speedscope);
    assert_eq!(remarks, ["regions that are open at the end are closed there (2 times)"]);
}

#[trace::test]
fn an_end_without_a_begin_has_a_place_if_nothing_is_in_the_way() {
    let trace = alone(
        "  +0 RegionBegin callsite=1\n  +20 WholeRegionEnd callsite=7 age=20 task=0 inner=0\n  \
         +20 WholeRegionEnd callsite=2 age=39 task=0 inner=0\n  +1 RegionEnd\n",
    );
    assert_eq!(events(&trace), ["0 O brew", "0 O milk", "20 C milk", "41 C brew"]);
    let remarks = remarks_of(&trace, Speedscope);
    assert_eq!(remarks, ["regions that are told of by their end alone are left out (1 time)"]);
}

#[trace::test]
fn what_is_found_behind_a_loss_does_not_go_back_in_time() {
    let trace = given::found_behind();
    assert_eq!(events(&trace), ["50 O milk", "100 C milk", "100 O brew", "510 C brew"]);
}

#[trace::test]
fn regions_that_began_before_the_trace_have_their_time() {
    let golden = given::golden();
    let (_, trace) =
        golden.iter().find(|(name, _)| name == "window_that_begins_inside_regions").unwrap();
    assert_eq!(events(trace), ["-400 O brew", "400 O grind", "600 C grind", "700 C brew"]);
}

#[trace::test]
fn whatever_the_trace_the_profiles_are_sound() {
    let mut compared = 0;
    for (name, trace) in given::all() {
        let times = check(&json_of(&trace, Speedscope));
        let mut is_plain = true;
        let mut merged = trace.merged();
        while let Some(item) = merged.next().unwrap() {
            is_plain &= match item.step {
                Step::RegionEnded(end) => end.fate == Fate::Complete && !end.untold,
                Step::RegionFound { .. } | Step::Problem(_) => false,
                _ => true,
            };
        }
        if is_plain {
            compared += 1;
            assert_eq!(times, self_times(&trace), "{name}");
        }
    }
    assert!(compared > 3, "only {compared} traces have only regions that are whole");
}

#[trace::test]
fn odd_names_come_back() {
    let trace = given::odd();
    let file = json_of(&trace, Speedscope);
    check(&file);
    let frames = file["shared"]["frames"].as_array().unwrap();
    let names: Vec<&str> = frames.iter().map(|frame| frame["name"].as_str().unwrap()).collect();
    let expected: Vec<_> =
        trace.callsites().iter().skip(7).map(|callsite| callsite.name.into_owned()).collect();
    assert_eq!(names, expected);
    assert_eq!(names[2], "nul\0and\u{1b}escape");
}

#[trace::test]
fn what_is_wrong_with_events_is_told() {
    let (_, exported) = given::text_of(&alone("  +1 RegionEnd\n"), Speedscope);
    assert_eq!((exported.problems.len(), exported.problem_count), (1, 1));
}

#[trace::test]
fn ten_thousand_threads_have_a_profile_each() {
    let threads: String = (1..=10_000)
        .map(|thread| {
            format!("{}  +0 RegionBegin callsite=1\n  +9 RegionEnd\n", chunk(thread, 1000 + thread))
        })
        .collect();
    let file = json_of(&cafe(&threads), Speedscope);
    assert_eq!(file["profiles"].as_array().unwrap().len(), 10_000);
    assert_eq!(check(&file)["brew"], 90_000);
}
