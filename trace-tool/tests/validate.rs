//! `cargo trace validate`.

mod golden;

use golden::{Trace, bytes};

#[trace::test]
fn sound_traces_are_valid() {
    for name in ["busy_morning", "cappuccino", "futures", "hostile"] {
        let answer = Trace::of(name).run(&["validate", "t.trace"]);
        assert_eq!(answer.code(), 0, "{name}: {}", answer.stdout());
        answer.is(&format!("{name}.validate"));
    }
}

#[trace::test]
fn violations_are_listed_and_counted() {
    let answer = Trace::of("violations").run(&["validate", "t.trace"]);
    assert_eq!(answer.code(), 1);
    answer.is("violations.validate");
}

#[trace::test]
fn json_says_the_same() {
    let answer = Trace::of("violations").run(&["validate", "t.trace", "--json"]);
    assert_eq!(answer.code(), 1);
    let answer = answer.is_harmless().json();
    assert_eq!(answer["valid"], false);
    assert_eq!(answer["chunks"], 2);
    let violations = answer["violations"].as_array().expect("violations");
    assert_eq!(answer["total"], violations.len());
    assert!(violations.iter().any(|violation| violation["offset"].is_u64()));

    let valid = Trace::of("busy_morning").run(&["validate", "t.trace", "--json"]);
    assert_eq!(valid.code(), 0);
    assert_eq!(valid.json()["valid"], true);
    assert_eq!(valid.json()["total"], 0);
}

#[trace::test]
fn a_file_that_was_cut_is_read_up_to_there_and_invalid() {
    let bytes = bytes("cappuccino");
    let trace = Trace::of_bytes(&bytes[..bytes.len() - 100]);
    let answer = trace.run(&["validate", "t.trace"]);
    assert_eq!(answer.code(), 1);
    answer.is("cut.validate");
    trace.run(&["report", "t.trace"]).is("cut.report");
}
