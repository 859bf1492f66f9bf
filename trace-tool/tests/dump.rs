//! `cargo trace dump`.

mod golden;

use std::fs;

use golden::{Trace, bytes};

#[trace::test]
fn the_text_form_of_a_trace() {
    Trace::of("violations").run(&["dump", "t.trace"]).is("violations.dump");
}

#[trace::test]
fn any_bytes_come_back() {
    let cut = &bytes("cappuccino")[..700];
    let cases = [&bytes("hostile")[..], cut, b"", b"not a trace", b"runtime-trace 2\n"];
    for case in cases {
        let trace = Trace::of_bytes(case);
        let text = trace.run(&["dump", "t.trace"]);
        assert_eq!(text.is_harmless().code(), 0);
        fs::write(trace.path("t.txt"), text.stdout()).expect("the directory can be written");
        assert_eq!(trace.run(&["dump", "--back", "t.txt", "-o", "back.trace"]).code(), 0);
        assert_eq!(fs::read(trace.path("back.trace")).expect("it was written"), case);
    }
}

#[trace::test]
fn json_covers_the_file_from_its_start_to_its_end() {
    for case in [&bytes("cappuccino")[..], &bytes("cappuccino")[..700], &bytes("hostile")[..]] {
        let parts = Trace::of_bytes(case).run(&["dump", "t.trace", "--json"]);
        let mut offset = 0;
        for part in parts.is_harmless().json_lines() {
            assert_eq!(part["offset"], offset);
            offset += part["bytes"].as_u64().expect("a length");
        }
        assert_eq!(offset, case.len() as u64);
    }
}

#[trace::test]
fn json_names_forms_and_types() {
    let mut file = bytes("violations");
    file.extend_from_slice(b"rubbish");
    let parts = Trace::of_bytes(&file).run(&["dump", "t.trace", "--json"]).json_lines();
    let shape: Vec<_> = parts.iter().map(|part| (&part["form"], &part["type"])).collect();
    assert_eq!(
        serde_json::to_value(shape).expect("JSON"),
        serde_json::json!([
            ["magic", null],
            ["block", "header"],
            ["block", "anchors"],
            ["block", "callsites"],
            ["block", "chunk"],
            ["block", "chunk"],
            ["junk", null],
        ])
    );
    assert_eq!(parts[4]["lines"][1], "+10000 RegionEnd");
    assert_eq!(parts[4]["sequence"], 3);
    assert_eq!(parts[6]["lines"][0], "72756262697368");
}

#[trace::test]
fn text_that_is_not_in_the_form_is_an_error_with_its_place() {
    let trace = Trace::of_bytes(b"runtime-trace 1\nblock soup\n");
    let answer = trace.run(&["dump", "--back", "t.trace", "-o", "x"]);
    assert_eq!(answer.code(), 2);
    assert_eq!(
        answer.stderr(),
        "error: cannot read t.trace: line 2, column 7: expected a block type, found \"soup\"; \
         the text form is what `cargo trace dump` prints\n"
    );
    assert!(!trace.path("x").exists());
}
