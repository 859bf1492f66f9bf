//! `cargo trace run` and `test`, over a small project that depends on this library: how often what was
//! recorded, by how many processes, and what is said when there is nothing.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use serde_json::Value;
use tempfile::TempDir;

const MAIN: &str = r#"
    use std::process::Command;

    #[trace::main]
    fn main() {
        let mode = std::env::args().nth(1).unwrap_or_default();
        println!("brewing: {mode}");
        brew();
        match mode.as_str() {
            "two" => {
                let this = std::env::current_exe().unwrap();
                assert!(Command::new(this).arg("another").status().unwrap().success());
            }
            "abort" => std::process::abort(),
            "exit" => std::process::exit(7),
            _ => {}
        }
    }

    #[trace::task("brew", args(cups = 1))]
    fn brew() {
        let _region = trace::trace_region!("grind");
        trace::trace_log!("order", "for here");
        trace::trace_counter!("cups", 1);
        let mut milk = std::pin::pin!(trace::TraceFuture::in_region(async {}, "steam"));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(std::future::Future::poll(milk.as_mut(), &mut context).is_ready());
    }

    #[cfg(test)]
    mod tests {
        #[trace::test]
        fn coffee_is_brewed() {
            super::brew();
        }

        #[trace::test]
        fn coffee_is_spilled() {
            super::brew();
            panic!("spilled");
        }
    }
"#;

/// A program that nobody annotated.
const QUIET: &str = "fn main() {}";

/// A project with that `main`, in a directory of its own.
struct Project {
    directory: TempDir,
}

impl Project {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let library = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let manifest = format!(
            "[package]\nname = \"coffee\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [dependencies]\nruntime-trace = {{ path = {library:?} }}\n"
        );
        let file = |name: &str, text: &str| {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        file("Cargo.toml", &manifest);
        file("src/main.rs", MAIN);
        file("examples/quiet.rs", QUIET);
        // The versions that are there already.
        fs::copy(library.join("Cargo.lock"), directory.path().join("Cargo.lock")).unwrap();
        Self { directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Runs `cargo trace`.
    fn run(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_cargo-trace"))
            .args(args)
            .current_dir(self.directory.path())
            // What the project depends on is built once.
            .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("launch"))
            .env("COLUMNS", "100")
            .output()
            .unwrap()
    }

    /// Runs it with `--json` and a directory for the traces, and returns the exit code and the answer.
    fn json(&self, verb: &str, args: &[&str]) -> (i32, Value, Output) {
        let out = self.path("traces of 100%");
        let options = ["trace", verb, "--json", "--out", out.to_str().unwrap(), "--", "--offline"];
        let output = self.run(&[&options[..], args].concat());
        let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        (output.status.code().unwrap(), json, output)
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The counts of the rows of a table, by name.
fn counts(json: &Value, table: &str, name: &str) -> Vec<(String, u64)> {
    let rows = json[table].as_array().unwrap().iter();
    let mut counts: Vec<_> = rows
        .map(|row| (row[name].as_str().unwrap().to_owned(), row["count"].as_u64().unwrap()))
        .collect();
    counts.sort();
    counts
}

fn of(name: &str, count: u64) -> (String, u64) {
    (name.to_owned(), count)
}

#[trace::test]
fn a_program_and_its_children_are_reported_together() {
    let project = Project::new();
    let (code, json, output) = project.json("run", &["--", "two"]);
    assert_eq!(code, 0);
    let printed = text(&output.stderr);
    assert!(printed.contains("brewing: two") && printed.contains("brewing: another"), "{printed}");
    let processes = json["processes"].as_array().unwrap();
    assert_eq!(processes.len(), 2);
    for process in processes {
        assert_eq!(process["stopped"], true);
        let (file, pid) = (process["file"].as_str().unwrap(), process["pid"].as_u64().unwrap());
        assert_eq!(file, format!("coffee-{pid}.trace"));
        assert!(project.path("traces of 100%").join(file).is_file());
    }
    assert_eq!(counts(&json, "tasks", "name"), [of("brew", 2)]);
    assert_eq!(counts(&json, "regions", "name"), [of("grind", 2)]);
    assert_eq!(counts(&json, "futures", "name"), [of("steam", 2)]);
    assert_eq!(json["futures"][0]["polls"], 2);
    assert_eq!(counts(&json, "logs", "category"), [of("order", 2)]);
    assert_eq!(counts(&json, "counters", "name"), [of("cups", 2)]);
    let threads: Vec<_> = json["threads"].as_array().unwrap().iter().collect();
    assert_eq!(threads.len(), 2);
    for thread in threads {
        let name = thread["name"].as_str().unwrap();
        assert!(name.starts_with("coffee ") && name.ends_with(": main"), "{name}");
    }
    assert_eq!(json["problems"]["total"], 0);
}

#[trace::test]
fn tests_are_tasks_and_the_exit_code_is_that_of_cargo() {
    let project = Project::new();
    let (code, json, output) = project.json("test", &[]);
    assert_eq!(code, 101);
    assert!(text(&output.stderr).contains("1 passed; 1 failed"), "{output:?}");
    assert_eq!(json["code"], 101);
    assert_eq!(json["processes"].as_array().unwrap().len(), 1);
    assert_eq!(json["stopped"], true);
    let tests =
        [of("brew", 2), of("tests::coffee_is_brewed", 1), of("tests::coffee_is_spilled", 1)];
    assert_eq!(counts(&json, "tasks", "name"), tests);
    assert_eq!(counts(&json, "panicked", "name"), [of("tests::coffee_is_spilled", 1)]);
}

#[trace::test]
fn tests_that_panicked_come_first() {
    let project = Project::new();
    let output = project.run(&["test", "--out", "traces", "--", "--offline", "--quiet"]);
    assert_eq!(output.status.code(), Some(101), "{output:?}");
    let printed = text(&output.stdout);
    let table = printed.split("\nTasks").nth(1).unwrap_or_else(|| panic!("{printed}"));
    let rows: Vec<Vec<&str>> =
        table.lines().take(4).map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["count", "panicked", "total", "max"]);
    assert_eq!(rows[1][..3], ["tests::coffee_is_spilled", "1", "1"]);
    let mut rest = [&rows[2][..3], &rows[3][..3]];
    rest.sort();
    assert_eq!(rest, [["brew", "2", "–"], ["tests::coffee_is_brewed", "1", "–"]]);
    // There is one for each test, and nothing more to say of it.
    assert!(!printed.contains("Threads"), "{printed}");
}

#[trace::test]
fn a_process_that_died_is_reported_to_its_last_event() {
    let project = Project::new();
    for (how, stopped) in [("exit", true), ("abort", false)] {
        let (code, json, _) = project.json("run", &["--", how]);
        assert_eq!(code, if stopped { 7 } else { 134 });
        assert_eq!(json["processes"][0]["stopped"], stopped, "{how}");
        if stopped || cfg!(target_os = "linux") {
            assert_eq!(counts(&json, "tasks", "name"), [of("brew", 1)]);
        }
        let file = json["processes"][0]["file"].as_str().unwrap();
        let trace = trace_reader::Trace::open(project.path("traces of 100%").join(file)).unwrap();
        if !stopped {
            let _ = fs::remove_file(&trace.header().unwrap().pool_path);
        }
        fs::remove_dir_all(project.path("traces of 100%")).unwrap();
    }
}

#[trace::test]
fn the_text_tells_where_the_traces_are() {
    let project = Project::new();
    let output = project.run(&["run", "--", "--offline", "--quiet"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let printed = text(&output.stdout);
    let mut lines = printed.lines();
    assert_eq!(lines.next(), Some("brewing: "));
    assert_eq!((lines.next(), lines.next()), (Some(""), Some("cargo run --offline --quiet")));
    let place = printed.split("traces in ").nth(1).unwrap();
    let place: String = place.split("\n\n").next().unwrap().split_whitespace().collect();
    let directory = Path::new(&place);
    assert_eq!(directory.parent().unwrap().file_name().unwrap(), "trace");
    assert_eq!(fs::read_dir(directory).unwrap().count(), 1);
    fs::remove_dir_all(directory).unwrap();
    for expected in ["Processes", ".trace", " stopped", "Tasks", "brew", "Threads", "main"] {
        assert!(printed.contains(expected), "{expected}: {printed}");
    }
}

#[trace::test]
fn without_a_trace_it_is_said_what_to_do() {
    let project = Project::new();
    let out = project.path("none");
    let run = |args: &[&str]| {
        let options = ["run", "--out", out.to_str().unwrap(), "--", "--offline", "--quiet"];
        project.run(&[&options[..], args].concat())
    };
    let output = run(&["--example", "quiet"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let error = text(&output.stderr);
    assert!(
        error.starts_with("error: expected traces of what `cargo run` ran, found none"),
        "{error}"
    );
    assert!(error.contains("#[trace::main]"), "{error}");
    assert!(!out.exists());

    let output = run(&["--example", "missing"]);
    assert_eq!(output.status.code(), Some(101), "{output:?}");
    let error = text(&output.stderr);
    assert!(error.contains("`cargo run` failed with exit code 101"), "{error}");
    assert!(error.contains("let it run without `trace` first"), "{error}");

    fs::create_dir(&out).unwrap();
    fs::write(out.join("earlier.trace"), "").unwrap();
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output.stderr);
    assert!(
        error.contains("expected an empty directory, or none, found one with files in it"),
        "{error}"
    );
    assert!(error.contains("name another directory with `--out`"), "{error}");

    let run = Command::new(env!("CARGO_BIN_EXE_cargo-trace"))
        .args(["run", "--out", project.path("other").to_str().unwrap()])
        .env("CARGO", project.path("no cargo"))
        .output();
    let output = run.unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output.stderr);
    assert!(error.contains("no cargo: ") && error.contains("expected Cargo there"), "{error}");
}
