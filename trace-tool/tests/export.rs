//! `cargo trace export`: where the file goes, and what is told beside it. What is in it: `trace-export`.

mod golden;

use std::fs;
use std::path::Path;

use golden::{Trace, bytes};

const TARGETS: [&str; 5] = ["perfetto", "chrome", "go", "collapsed", "speedscope"];

/// All files beside the trace.
fn others(trace: &Trace) -> Vec<String> {
    let files = fs::read_dir(trace.path(".")).expect("the directory");
    let names = files.map(|file| file.expect("a file").file_name().into_string().expect("text"));
    names.filter(|name| name != "t.trace").collect()
}

#[trace::test]
fn each_target_is_written_and_said_how_to_open() {
    let trace = Trace::of("busy_morning");
    for target in TARGETS {
        let answer = trace.run(&["export", "t.trace", "--to", target, "-o", "out"]);
        assert_eq!(answer.is_harmless().code(), 0, "{target}: {}", answer.stderr());
        assert_eq!(answer.stdout().lines().count(), 1, "{target}");
        assert!(answer.stdout().starts_with("exported: "), "{}", answer.stdout());
        // The same to a pipe, and nothing but that.
        let piped = trace.run(&["export", "t.trace", "--to", target, "-o", "-"]);
        assert_eq!(piped.code(), 0);
        let file = fs::read(trace.path("out")).expect("the export");
        assert!(!file.is_empty() && piped.bytes() == file, "{target}");
        assert_eq!(others(&trace), ["out"]);
    }
    let go = trace.run(&["export", "t.trace", "--to", "go", "-o", "out.gotrace"]);
    assert!(go.stdout().ends_with(" in out.gotrace; open it with `go tool trace out.gotrace`\n"));
}

#[trace::test]
fn what_is_wrong_or_cannot_be_expressed_is_told_once() {
    let whole = bytes("hostile");
    let trace = Trace::of_bytes(&whole[..whole.len() - 3]);
    let answer = trace.run(&["export", "t.trace", "--to", "go", "-o", "out"]);
    assert_eq!(answer.is_harmless().code(), 0);
    let told: Vec<&str> = answer.stderr().lines().collect();
    assert!(told.iter().any(|line| line.starts_with("trace: ")), "{told:?}");
    let remarks: Vec<_> = told.iter().filter(|line| line.starts_with("go: ")).collect();
    assert!(!remarks.is_empty(), "{told:?}");
    let mut texts: Vec<_> = remarks.iter().map(|line| line.split(" (").next()).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), remarks.len(), "{remarks:?}");
}

#[trace::test]
fn a_file_that_is_there_is_replaced_by_a_whole_export_only() {
    let trace = Trace::of_bytes(b"");
    fs::write(trace.path("out"), "kept").expect("a file");
    let failed = trace.run(&["export", "t.trace", "--to", "chrome", "-o", "out"]);
    assert_eq!((failed.code(), failed.stdout()), (2, ""));
    assert!(
        failed.stderr().contains("expected a trace, found an empty file"),
        "{}",
        failed.stderr()
    );
    assert_eq!(fs::read(trace.path("out")).expect("it is there"), b"kept");
    assert_eq!(others(&trace), ["out"], "nothing is left behind");

    let trace = Trace::of("cappuccino");
    fs::write(trace.path("out"), "replaced").expect("a file");
    assert_eq!(trace.run(&["export", "t.trace", "--to", "chrome", "-o", "out"]).code(), 0);
    assert!(fs::read(trace.path("out")).expect("it is there").starts_with(b"{"));
}

#[cfg(unix)]
#[trace::test]
fn links_are_followed_and_rights_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let trace = Trace::of("cappuccino");
    fs::write(trace.path("file"), "replaced").expect("a file");
    fs::set_permissions(trace.path("file"), fs::Permissions::from_mode(0o640)).expect("its rights");
    symlink("file", trace.path("link")).expect("a link");
    assert_eq!(trace.run(&["export", "t.trace", "--to", "chrome", "-o", "link"]).code(), 0);
    assert!(fs::symlink_metadata(trace.path("link")).expect("the link").is_symlink());
    assert!(fs::read(trace.path("file")).expect("the export").starts_with(b"{"));
    let mode = |name| fs::metadata(trace.path(name)).expect("a file").permissions().mode() & 0o777;
    assert_eq!(mode("file"), 0o640);
    // A new one tells as much as the trace.
    assert_eq!(trace.run(&["export", "t.trace", "--to", "chrome", "-o", "new"]).code(), 0);
    assert_eq!(mode("new"), 0o600);
}

#[trace::test]
fn what_is_wrong_with_events_is_told() {
    let trace = Trace::of("violations");
    let report = trace.run(&["report", "t.trace", "--json"]).json();
    let problems = report["problems"]["total"].as_u64().expect("a number") as usize;
    assert!(problems > 0);
    for target in TARGETS {
        let answer = trace.run(&["export", "t.trace", "--to", target, "-o", "out"]);
        let told = answer.stderr().lines().filter(|line| line.starts_with("trace: ")).count();
        assert_eq!(told, problems, "{target}: {}", answer.stderr());
    }
}

#[trace::test]
fn the_trace_is_not_replaced() {
    let trace = Trace::of("cappuccino");
    let before = fs::read(trace.path("t.trace")).expect("the trace");
    let answer = trace.run(&["export", "t.trace", "--to", "chrome", "-o", "./t.trace"]);
    assert_eq!(answer.code(), 2);
    assert!(answer.stderr().contains("found the trace itself"), "{}", answer.stderr());
    assert_eq!(fs::read(trace.path("t.trace")).expect("the trace"), before);
}

#[trace::test]
fn a_directory_that_is_not_there_is_named() {
    let trace = Trace::of("cappuccino");
    let answer = trace.run(&["export", "t.trace", "--to", "chrome", "-o", "missing/out"]);
    assert_eq!(answer.code(), 2);
    assert!(
        answer.stderr().starts_with("error: cannot write missing/out: "),
        "{}",
        answer.stderr()
    );
    assert!(!answer.stderr().contains(".part"), "{}", answer.stderr());
}

#[trace::test]
fn a_full_disk_is_an_error() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let trace = Trace::of("busy_morning");
    for target in TARGETS {
        let answer = trace.run(&["export", "t.trace", "--to", target, "-o", "/dev/full"]);
        assert_eq!((answer.code(), answer.stdout()), (2, ""), "{target}");
        assert!(
            answer.stderr().starts_with("error: cannot write /dev/full: "),
            "{}",
            answer.stderr()
        );
    }
}

#[trace::test]
fn a_target_that_is_not_there_is_told_with_those_that_are() {
    let trace = Trace::of("cappuccino");
    let answer = trace.run(&["export", "t.trace", "--to", "tracy", "-o", "out"]);
    assert_eq!(answer.code(), 2);
    for target in TARGETS {
        assert!(answer.stderr().contains(target), "{}", answer.stderr());
    }
    assert!(others(&trace).is_empty());
}
