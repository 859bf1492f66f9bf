//! What all commands have in common: help, errors, exit codes, pipes.

mod golden;

use std::io::Read;
use std::process::{Command, Stdio};

use golden::{Trace, bytes};

#[trace::test]
fn help_shows_each_command_in_a_sentence() {
    let trace = Trace::of_bytes(b"");
    trace.run(&["--help"]).is("help");
    for command in ["run", "test", "bench", "report", "tasks", "logs", "export", "dump", "validate"]
    {
        let help = trace.run(&[command, "--help"]);
        assert_eq!(help.code(), 0);
        assert!(help.stdout().contains("Examples:"), "{command}");
    }
}

#[trace::test]
fn cargo_passes_the_name_of_the_subcommand() {
    let trace = Trace::of("busy_morning");
    let by_cargo = trace.run_with(100, &["trace", "report", "t.trace"]);
    assert_eq!(by_cargo.code(), 0);
    assert_eq!(by_cargo.stdout(), trace.run(&["report", "t.trace"]).stdout());
}

#[trace::test]
fn files_that_cannot_be_read_are_errors() {
    let later = [b"runtime-trace 2\n", &bytes("cappuccino")[16..]].concat();
    let cases = [
        ("missing", None, "expected a trace, found no such file"),
        ("empty", Some(&b""[..]), "expected a trace, found an empty file"),
        ("other", Some(&b"#!/bin/sh\necho hello\n"[..]), "expected a trace, found neither"),
        ("newer", Some(&later[..]), "found version 2"),
    ];
    for (name, bytes, expected) in cases {
        let trace = Trace::of_bytes(bytes.unwrap_or_default());
        let file = if bytes.is_some() { "t.trace" } else { "missing.trace" };
        for command in ["report", "tasks", "logs", "validate"] {
            let answer = trace.run(&[command, file]);
            assert_eq!(answer.code(), 2, "{name}");
            let error = answer.is_harmless().stderr();
            assert!(error.starts_with(&format!("error: cannot read {file}: ")), "{error}");
            assert!(error.contains(expected), "{error}");
            assert_eq!(answer.stdout(), "");
        }
    }
}

#[trace::test]
fn a_wrong_argument_is_an_error() {
    let trace = Trace::of_bytes(b"");
    assert_eq!(trace.run(&["report"]).code(), 2);
    assert_eq!(trace.run(&["brew", "t.trace"]).code(), 2);
    assert_eq!(trace.run(&["dump", "--back", "t.trace"]).code(), 2);
}

#[trace::test]
fn a_reader_that_goes_away_is_no_error() {
    // More than a pipe holds, so that the write fails for certain.
    let trace = Trace::of_bytes(&vec![b'x'; 1 << 20]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_cargo-trace"))
        .args(["dump", "t.trace"])
        .current_dir(trace.path("."))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    drop(child.stdout.take());
    let mut error = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut error).expect("text");
    assert!(child.wait().expect("it ends").success());
    assert_eq!(error, "");
}
