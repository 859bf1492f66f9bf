//! The example `wordcount` over 20,000 files: its report accounts for every file, whatever the
//! number of workers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use trace_reader::{CallsiteKind, Fate, Trace};

const FILES: usize = 20_000;
const PER_DIRECTORY: usize = 100;
/// Every so many files one is no text.
const BINARY_EVERY: usize = 50;

/// Builds the example, which a plain `cargo test` has done already, and returns its executable.
fn example() -> PathBuf {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--example", "wordcount"]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    assert!(build.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap().success());
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().join("examples").join("wordcount")
}

fn make_tree(root: &Path) {
    for directory in 0..FILES / PER_DIRECTORY {
        let dir = root.join(format!("{}/{directory}", directory % 7));
        fs::create_dir_all(&dir).unwrap();
        for file in 0..PER_DIRECTORY {
            let number = directory * PER_DIRECTORY + file;
            let path = dir.join(format!("file {number}.txt"));
            if number % BINARY_EVERY == 0 {
                fs::write(path, [0, 0xff, 0xfe]).unwrap();
            } else {
                fs::write(path, format!("word number{} common", number % 97)).unwrap();
            }
        }
    }
}

#[test]
fn the_report_accounts_for_every_file() {
    let dir = tempfile::tempdir().unwrap();
    let tree = dir.path().join("tree");
    make_tree(&tree);
    let example = example();
    for workers in ["1", "2", "16"] {
        let output = Command::new(&example)
            .arg(&tree)
            .arg(workers)
            .current_dir(dir.path())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        let text = FILES - FILES / BINARY_EVERY;
        let words = text * 3;
        let first = said.lines().next().unwrap();
        assert_eq!(first, format!("{FILES} files, {text} of them text, with {words} words"));
        assert!(said.contains("countFile"), "the report is printed");
        check(&dir.path().join("wordcount.trace"), workers.parse().unwrap());
    }
}

fn check(path: &Path, workers: usize) {
    let trace = Trace::open(path).unwrap();
    let violations = trace.validate().unwrap();
    assert!(violations.is_empty(), "{:?}", violations.kept());
    let analysis = trace.analyze().unwrap();
    assert_eq!(analysis.loss.total, 0, "nothing is lost");

    let [task] = &analysis.tasks[..] else { panic!("{:?}", analysis.tasks) };
    assert_eq!((task.name.as_str(), task.durations.count()), ("countFile", FILES as u64));
    let region = |name| analysis.regions.iter().find(|region| region.name == name).unwrap();
    for name in ["count", "read", "merge"] {
        assert_eq!(region(name).durations.count(), FILES as u64, "{name}");
    }
    assert_eq!(region("tokenise").durations.count(), (FILES - FILES / BINARY_EVERY) as u64);

    // Each file's log is there, in its own task.
    let recording = trace.load().unwrap();
    let mut files: Vec<_> = recording.logs.iter().map(|log| log.message.to_str()).collect();
    files.sort();
    files.dedup();
    assert_eq!(files.len(), FILES);
    assert!(recording.tasks.iter().all(|task| task.logs.len() == 1 && task.end.is_some()));

    // Per thread, self times add up to the time in outermost regions, from each way of counting.
    assert!(analysis.threads.len() <= workers + 1);
    for (thread, recorded) in analysis.threads.iter().zip(&recording.threads) {
        assert_eq!(thread.id, recorded.id);
        let own = recording.regions.iter().filter(|region| region.thread == thread.id);
        let self_ns: u64 = own
            .inspect(|region| assert_eq!(region.fate, Fate::Complete))
            .map(|region| region.self_ns)
            .sum();
        let outermost_ns: u64 = recorded
            .roots
            .iter()
            .map(|&root| {
                let region = &recording.regions[root];
                region.end.unwrap().since(region.begin.unwrap())
            })
            .sum();
        assert_eq!(self_ns, outermost_ns, "thread {}", thread.id);
        assert_eq!((thread.self_ns, thread.covered_ns), (self_ns, outermost_ns));
    }
    let counters = trace.callsites().iter().filter(|c| c.kind == CallsiteKind::Counter);
    assert!(counters.count() >= 1);
    let depth = &analysis.counters[0];
    assert_eq!((depth.name.as_str(), depth.count), ("queue depth", 2 * FILES as u64));
}
