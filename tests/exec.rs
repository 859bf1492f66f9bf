//! A process that becomes another program: what it recorded is there, and the program inherits nothing of it.
#![cfg(all(target_os = "linux", not(trace_portable)))]

use std::os::unix::process::CommandExt;
use std::process::Command;

use trace::FlightRecorder;
use trace_reader::{PoolFile, Problem, Trace};

/// Set for the process that becomes another one: the file to write to.
const FILE: &str = "TRACE_EXEC_FILE";
const EVENTS: u64 = 10_000;

const LISTS_DESCRIPTORS: [&str; 2] = ["-l", "/proc/self/fd"];

/// Not a test, but that process. It ends as a listing of its descriptors.
#[test]
fn child() {
    let Some(file) = std::env::var_os(FILE) else { return };
    trace::start_file(file).unwrap();
    let flight = FlightRecorder::builder().dump_on_signal().start().unwrap();
    for n in 0..EVENTS {
        trace::trace_counter!("n", n);
    }
    let _region = trace::trace_region!("the last one");
    // What a signal is to do is forgotten, as are all handlers.
    let error = Command::new("ls").args(LISTS_DESCRIPTORS).exec();
    drop(flight);
    panic!("{error}");
}

#[test]
fn what_was_recorded_before_exec_is_read_back() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("exec.trace");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(FILE, &file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let descriptors = |listed: Vec<u8>| {
        let listed = String::from_utf8(listed).unwrap();
        (listed.lines().filter(|line| line.contains(" -> ")).count(), listed)
    };
    let (found, listed) = descriptors(output.stdout);
    // As many as in a program that is started in the usual way.
    let usual = Command::new("ls").args(LISTS_DESCRIPTORS).output().unwrap();
    assert_eq!(found, descriptors(usual.stdout).0, "{listed}");

    let trace = Trace::open(&file).unwrap();
    let analysis = trace.analyze().unwrap();
    assert_eq!(analysis.counters[0].count, EVENTS);
    assert_eq!((&*analysis.regions[0].name, analysis.regions[0].open), ("the last one", 1));
    assert_eq!(analysis.loss.total, 0);
    let recording = trace.load().unwrap();
    let [Problem::NotStopped { pool: PoolFile::Joined { path, unreadable: 0, .. } }] =
        recording.problems.kept()
    else {
        panic!("{:?}", recording.problems.kept());
    };
    std::fs::remove_file(path).unwrap();
}
