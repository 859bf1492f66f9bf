//! `TRACE_OUT`: programs and tests that are recorded because somebody outside asks for it.
//!
//! The programs are this test binary, once more.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use trace_reader::{Argument, Recording, Trace, Value};

/// Set for a process that is one of the [`PROGRAMS`]: which one.
const PROGRAM: &str = "TRACE_FROM_ENV_PROGRAM";

const VARIABLE: &str = "TRACE_OUT";

const PROGRAMS: [(&str, fn()); 10] = [
    ("returns", returns),
    ("fails", || _ = fails()),
    ("panics", panics),
    ("exits", exits),
    ("asynchronous", asynchronous),
    ("is recording already", is_recording_already),
    ("starts another", starts_another),
    ("forks", forks),
    ("leaves a copy behind", leaves_a_copy_behind),
    ("has foreign rights", has_foreign_rights),
];

/// Not a test, but those programs.
#[test]
fn child() {
    let Ok(name) = env::var(PROGRAM) else { return };
    let (_, program) = PROGRAMS.iter().find(|(known, _)| *known == name).unwrap();
    program();
}

#[trace::main]
fn returns() {
    work();
}

#[trace::region]
fn work() {
    println!("tracing is {}", if trace::is_enabled() { "on" } else { "off" });
}

#[trace::main]
fn fails() -> Result<(), Box<dyn std::error::Error>> {
    work();
    u8::try_from(256)?;
    Ok(())
}

#[trace::main]
fn panics() {
    work();
    panic!("this panic is part of the test");
}

fn exits() {
    let _trace = trace::start_from_env();
    work();
    std::thread::spawn(|| std::process::exit(7)).join().unwrap();
}

#[tokio::main(flavor = "current_thread")]
#[trace::main]
async fn asynchronous() {
    work();
}

fn is_recording_already() {
    let session = trace::Session::builder().start(std::io::sink()).unwrap();
    let from_env = trace::start_from_env();
    work();
    drop(from_env);
    session.finish().expect("it goes on until here");
}

#[trace::main]
fn starts_another() {
    work();
    let inherited = env::var_os(VARIABLE).unwrap();
    let output = run("returns", &inherited);
    eprint!("{}", String::from_utf8(output.stderr).unwrap());
    work();
}

#[trace::main]
fn forks() {
    // SAFETY: the child runs nothing but this.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        // SAFETY: ends the process; what is to be done at its end finds nothing that is its own.
        unsafe { libc::exit(0) };
    }
    // SAFETY: waits for that child.
    unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) };
    work();
}

#[trace::main]
fn leaves_a_copy_behind() {
    work();
    // SAFETY: the child runs nothing but this.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        // SAFETY: lets go of what the parent's parent reads, and ends by itself if nobody ends it.
        unsafe {
            libc::close(1);
            libc::close(2);
            libc::sleep(60);
            libc::_exit(0);
        }
    }
    println!("left behind: {pid}");
}

fn has_foreign_rights() {
    // SAFETY: the calls return numbers.
    let has_them = unsafe { libc::getuid() != libc::geteuid() };
    println!("has foreign rights: {has_them}");
    returns();
}

/// Runs a program with `TRACE_OUT`.
fn run(program: &str, out: impl AsRef<std::ffi::OsStr>) -> Output {
    run_binary(&env::current_exe().unwrap(), program, out)
}

fn run_binary(binary: &Path, program: &str, out: impl AsRef<std::ffi::OsStr>) -> Output {
    Command::new(binary)
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(PROGRAM, program)
        .env(VARIABLE, out)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// What this library says.
fn said(output: &Output) -> Vec<&str> {
    text(&output.stderr).lines().filter(|line| line.starts_with("trace: ")).collect()
}

/// The traces of a directory, by name.
fn traces(directory: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// A trace that was stopped, and has no fault.
fn sound(path: &Path) -> Recording {
    let trace = Trace::open(path).unwrap();
    assert!(trace.summary().is_some(), "{}: not stopped", path.display());
    let violations = trace.validate().unwrap();
    assert!(violations.is_empty(), "{:?}", violations.kept());
    trace.load().unwrap()
}

#[test]
fn main_is_recorded_to_its_end_however_it_ends() {
    for (program, code) in
        [("returns", 0), ("fails", 0), ("panics", 101), ("exits", 7), ("asynchronous", 0)]
    {
        let directory = tempfile::tempdir().unwrap();
        let output = run(program, directory.path().join("%%%e-%p.trace"));
        assert_eq!(output.status.code(), Some(code), "{program}: {output:?}");
        assert_eq!(said(&output), <[&str; 0]>::default(), "{program}");
        let [path] = &traces(directory.path())[..] else { panic!("{program}: one trace") };
        let name = path.file_name().unwrap().to_str().unwrap();
        let stem = env::current_exe().unwrap();
        let stem = stem.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(name.starts_with(&format!("%{stem}-")), "{name}");
        let pid = Trace::open(path).unwrap().header().unwrap().pid;
        assert!(name.ends_with(&format!("-{pid}.trace")), "{name}");
        let recording = sound(path);
        assert_eq!(recording.regions.len(), 1, "{program}");
        assert!(recording.regions[0].end.is_some(), "{program}");
    }
}

#[test]
fn nothing_happens_unless_it_is_asked_for() {
    let output = run("returns", "");
    assert_eq!(said(&output), <[&str; 0]>::default());
    assert!(text(&output.stdout).contains("tracing is off"), "{output:?}");
}

#[test]
fn what_cannot_be_written_is_told_and_the_program_runs_on() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing/%p.trace").display().to_string();
    for (out, expected) in
        [(missing.as_str(), "No such file or directory"), ("%t.trace", "found \"%t\"")]
    {
        let output = run("returns", out);
        assert!(output.status.success());
        assert!(text(&output.stdout).contains("tracing is off"), "{output:?}");
        let [line] = &said(&output)[..] else { panic!("one line: {output:?}") };
        assert!(line.starts_with(&format!("trace: TRACE_OUT={out:?}: ")), "{line}");
        assert!(line.contains(expected), "{line}");
        assert!(line.ends_with("; the program runs untraced"), "{line}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_trace_that_is_not_whole_is_told() {
    let output = run("returns", "/dev/full");
    assert!(output.status.success());
    assert!(text(&output.stdout).contains("tracing is on"), "{output:?}");
    let [line] = &said(&output)[..] else { panic!("one line: {output:?}") };
    assert!(line.starts_with("trace: the trace that TRACE_OUT asked for is not whole: "), "{line}");
    assert!(line.contains("No space left"), "{line}");
    assert!(line.ends_with("; `cargo trace report` tells what is there"), "{line}");
}

#[test]
fn a_session_that_is_on_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let output = run("is recording already", directory.path().join("a.trace"));
    assert!(output.status.success(), "{output:?}");
    let [line] = &said(&output)[..] else { panic!("one line: {output:?}") };
    assert!(line.ends_with("a session is on already, which goes on"), "{line}");
    assert_eq!(traces(directory.path()), <[PathBuf; 0]>::default());
}

#[test]
fn a_child_has_a_trace_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let output = run("starts another", directory.path().join("%p.trace"));
    assert_eq!(said(&output), <[&str; 0]>::default());
    let [one, other] = &traces(directory.path())[..] else { panic!("two traces") };
    let mut regions = [one, other].map(|path| sound(path).regions.len());
    regions.sort_unstable();
    assert_eq!(regions, [1, 2]);
}

#[test]
fn a_child_leaves_the_trace_of_its_parent_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.trace");
    let output = run("starts another", &path);
    let [line] = &said(&output)[..] else { panic!("one line: {output:?}") };
    assert!(line.contains("another process is writing its trace to it"), "{line}");
    assert_eq!(sound(&path).regions.len(), 2);
    // And when that has ended the file is replaced.
    assert_eq!(said(&run("returns", &path)), <[&str; 0]>::default());
    assert_eq!(sound(&path).regions.len(), 1);
}

#[test]
fn a_copy_that_is_left_behind_keeps_nobody_from_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.trace");
    let output = run("leaves a copy behind", &path);
    let pid = text(&output.stdout).split("left behind: ").nth(1).unwrap();
    let pid = pid.lines().next().unwrap().parse().unwrap();
    assert_eq!(said(&run("returns", &path)), <[&str; 0]>::default());
    // SAFETY: the process is one that this test started, and is there for a minute.
    assert_eq!(unsafe { libc::kill(pid, libc::SIGKILL) }, 0, "it was still there");
    assert_eq!(sound(&path).regions.len(), 1);
}

#[test]
fn a_copy_of_the_process_leaves_the_trace_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.trace");
    let output = run("forks", &path);
    assert_eq!(said(&output), <[&str; 0]>::default());
    assert_eq!(sound(&path).regions.len(), 1);
}

/// Needs the rights to give files to other users, and a file system that lets programs be set-uid.
#[test]
fn programs_with_foreign_rights_are_not_told_what_to_write() {
    use std::os::unix::fs::{PermissionsExt, chown};
    let directory = tempfile::tempdir().unwrap();
    let binary = directory.path().join("program");
    // Not by this process: a copy of it that another test makes meanwhile would have the file open for
    // writing, and it could not be run.
    let copied = Command::new("cp").arg(env::current_exe().unwrap()).arg(&binary).status();
    assert!(copied.unwrap().success());
    const NOBODY: u32 = 65534;
    if chown(&binary, Some(NOBODY), None).is_err() {
        return;
    }
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o4755)).unwrap();
    let out = directory.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::set_permissions(&out, fs::Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let output = run_binary(&binary, "has foreign rights", out.join("a.trace"));
    if text(&output.stdout).contains("has foreign rights: true") {
        assert_eq!(said(&output), <[&str; 0]>::default());
        assert!(text(&output.stdout).contains("tracing is off"), "{output:?}");
        assert_eq!(traces(&out), <[PathBuf; 0]>::default());
    }
}

/// Run in a process of their own with `TRACE_OUT`, and without in this one.
mod annotated {
    use super::work;

    #[trace::test]
    fn passes() {
        work();
    }

    #[trace::test]
    fn passes_with_a_result() -> Result<(), std::num::TryFromIntError> {
        u8::try_from(255).map(drop)
    }

    #[trace::test]
    #[should_panic(expected = "out of milk")]
    fn panics_as_it_should() {
        panic!("out of milk");
    }

    #[tokio::test]
    #[trace::test]
    async fn passes_asynchronously() {
        work();
    }

    #[trace::test]
    #[ignore = "it fails"]
    fn panics() {
        panic!("this panic is part of the test");
    }

    pub(crate) use ::trace as renamed;

    /// Names of ours, which mean something else in here.
    mod named_like_ours {
        mod trace {}
        mod core {}
        mod std {}

        #[::trace::test(crate = crate::annotated::renamed)]
        fn passes() {}
    }

    #[trace::test]
    #[ignore = "it fails"]
    fn returns_an_error() -> Result<(), std::num::TryFromIntError> {
        u8::try_from(256).map(drop)
    }
}

/// Runs the tests above, and returns their names and outcomes as they are in the trace.
fn run_tests(arguments: &[&str], code: i32) -> Vec<(String, Option<String>)> {
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(env::current_exe().unwrap())
        .arg("annotated::")
        .args(arguments)
        .env(VARIABLE, directory.path().join("%e-%p.trace"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert_eq!(said(&output), <[&str; 0]>::default());
    let [path] = &traces(directory.path())[..] else { panic!("one trace") };
    let recording = sound(path);
    let trace = Trace::open(path).unwrap();
    let mut tests: Vec<_> = recording
        .tasks
        .iter()
        .map(|task| {
            assert!(task.end.is_some());
            let name = trace.callsites().name(task.callsite.unwrap()).into_owned();
            let outcome = match &task.args[..] {
                [] => None,
                [Argument { key, value: Value::Str(text), .. }] if **key == *"outcome" => {
                    Some(text.to_str().into_owned())
                }
                others => panic!("{others:?}"),
            };
            (name, outcome)
        })
        .collect();
    tests.sort();
    tests
}

#[test]
fn each_test_is_a_task() {
    let panicked = || Some("panicked".to_owned());
    let passing = [
        ("annotated::named_like_ours::passes".to_owned(), None),
        ("annotated::panics_as_it_should".to_owned(), panicked()),
        ("annotated::passes".to_owned(), None),
        ("annotated::passes_asynchronously".to_owned(), None),
        ("annotated::passes_with_a_result".to_owned(), None),
    ];
    assert_eq!(run_tests(&[], 0), passing);
    let all = [
        passing[0].clone(),
        ("annotated::panics".to_owned(), panicked()),
        passing[1].clone(),
        passing[2].clone(),
        passing[3].clone(),
        passing[4].clone(),
        ("annotated::returns_an_error".to_owned(), None),
    ];
    assert_eq!(run_tests(&["--include-ignored"], 101), all);
    assert_eq!(run_tests(&["--include-ignored", "--test-threads=1"], 101), all);
}
