//! Files that are made to take as much time and memory as they can, each read by a process of its own: time
//! grows no faster than the file, and memory stays near it.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use trace_export::Target;
use trace_reader::{Selection, Trace};
use trace_tool::Report;
use trace_tool::tasks::Tasks;
use trace_tool::validate::Validation;

use crate::Size;
use crate::generator::{self, Hostile};
use crate::process::most_resident_kib;
use crate::rows::Rows;

/// Set for the process that reads: the file, and what is done with it.
const FILE: &str = "TRACE_STRESS_FILE";
const WAY: &str = "TRACE_STRESS_WAY";

/// Set by hand to the name of a kind: of no other are files made, and what each way took is told.
const KIND: &str = "TRACE_STRESS_KIND";

/// So many times the file may be in memory, besides [`BESIDES`].
const FACTOR: usize = 4;
const BESIDES: usize = 64 << 20;

/// The larger file is so many times the smaller one.
const TIMES: usize = 10;
/// So much longer may reading take than in proportion: caches are smaller than the larger file.
const SLACK: f64 = 2.0;
/// And so much longer in any case, since clocks and schedulers are what they are.
const ANYHOW: Duration = Duration::from_millis(50);

pub(crate) fn run(size: Size, rows: &mut Rows) {
    let small = size.pick(200_000, 10_000_000);
    let large = small * TIMES;
    let directory = tempfile::tempdir().expect("a directory for the files");
    let kinds = [generator::OF_EVENTS, generator::OF_BLOCKS, generator::OF_NAMES].concat();
    let only = std::env::var(KIND).ok();
    let (mut slow, mut fat) = <(Worst, Worst)>::default();
    for kind in &kinds {
        if only.as_ref().is_some_and(|only| only != kind.name) {
            continue;
        }
        let read = |len| Read::of(kind, len, directory.path());
        let (of_small, of_large) = match (read(small), read(large)) {
            (Ok(of_small), Ok(of_large)) => (of_small, of_large),
            (Err(error), _) | (_, Err(error)) => {
                slow.wrong.push(format!("{}: {error}", kind.name));
                continue;
            }
        };
        let factor = of_large.len as f64 / of_small.len as f64;
        let allowed = of_small.time.mul_f64(factor * SLACK) + ANYHOW;
        slow.enter(kind, of_large.time.as_secs_f64() / allowed.as_secs_f64(), || {
            format!("{:.0?} and {:.0?}", of_small.time, of_large.time)
        });
        for Read { len, kib, .. } in [of_small, of_large] {
            let allowed = (FACTOR * len + BESIDES) >> 10;
            fat.enter(kind, kib as f64 / allowed as f64, || {
                format!("{} MiB for {:.1} MB", kib >> 10, len as f64 / 1e6)
            });
        }
    }
    let what = format!(
        "{} kinds of hostile files, {:.1} and {:.1} MB, read in all ways: ",
        kinds.len(),
        small as f64 / 1e6,
        large as f64 / 1e6
    );
    slow.judge(&(what.clone() + "time"), &format!("≤ {SLACK} × in proportion"), rows);
    let target = format!("≤ {FACTOR} × the file + {} MiB", BESIDES >> 20);
    fat.judge(&(what + "most in memory"), &target, rows);
}

/// The worst that was measured of anything.
#[derive(Default)]
struct Worst {
    /// Part of what is allowed, and what it was.
    most: f64,
    what: String,
    wrong: Vec<String>,
}

impl Worst {
    fn enter(&mut self, kind: &Hostile, part: f64, measured: impl Fn() -> String) {
        let told = || format!("{}: {}", kind.name, measured());
        if part > 1.0 {
            self.wrong.push(told());
        }
        if part > self.most {
            (self.most, self.what) = (part, told());
        }
    }

    fn judge(&self, what: &str, target: &str, rows: &mut Rows) {
        rows.runs(what, target, &format!("nearest to it, {}", self.what), &self.wrong);
    }
}

/// What reading took.
struct Read {
    len: usize,
    time: Duration,
    kib: usize,
}

impl Read {
    fn of(kind: &Hostile, len: usize, directory: &Path) -> Result<Self, String> {
        let path = directory.join("hostile.trace");
        let bytes = (kind.of_len)(len);
        std::fs::write(&path, &bytes).expect("the file can be written");
        let mut read = Self { len: bytes.len(), time: Duration::ZERO, kib: 0 };
        for way in WAYS {
            let (time, kib) = in_own_process(&path, way)
                .map_err(|error| format!("{} bytes, {way}: {error}", bytes.len()))?;
            if std::env::var_os(KIND).is_some() {
                eprintln!("{} bytes, {way}: {time:.0?}, {} MiB", bytes.len(), kib >> 10);
            }
            read.time += time;
            read.kib = read.kib.max(kib);
        }
        Ok(read)
    }
}

/// What can be done with a trace: each is a command of the tool, which is a process of its own.
const WAYS: [&str; 10] = [
    "report",
    "validate",
    "tasks",
    "logs",
    "recover",
    "perfetto",
    "chrome",
    "go",
    "collapsed",
    "speedscope",
];

/// How long it takes to read a file in that way, and how much memory.
fn in_own_process(path: &Path, way: &str) -> Result<(Duration, usize), String> {
    let program = std::env::current_exe().expect("this program has a path");
    let output = Command::new(program)
        // The arguments of the tool; what nobody logs is looked for, so that hardly anything is printed.
        .args(["logs", "--grep", "nobody logs this"])
        .arg(path)
        .env(FILE, path)
        .env(WAY, way)
        .stderr(Stdio::inherit())
        .output()
        .expect("this program can be started once more");
    let told = String::from_utf8_lossy(&output.stdout);
    let mut numbers = told.lines().last().unwrap_or("").split_whitespace().map(str::parse);
    match (output.status.success(), numbers.next(), numbers.next()) {
        (true, Some(Ok(ns)), Some(Ok(kib))) => Ok((Duration::from_nanos(ns), kib as usize)),
        _ => Err(format!("the reader ended with {}", output.status)),
    }
}

/// In a process that was started as the one that reads: reads, tells what that took, and ends. Returns in all
/// others.
pub(crate) fn read_if_asked() {
    let Some(path) = std::env::var_os(FILE) else { return };
    let way = std::env::var(WAY).expect("it is told what to do");
    let begin = Instant::now();
    match &*way {
        "logs" => assert!(trace_tool::main() == ExitCode::SUCCESS, "the file can be read"),
        way => read_trace(&Trace::open(&path).expect("it is a trace"), way),
    }
    println!("{} {}", begin.elapsed().as_nanos(), most_resident_kib());
    std::process::exit(0)
}

fn read_trace(trace: &Trace, way: &str) {
    let read = "the file can be read";
    match way {
        "report" => drop(Report::of(trace).expect(read)),
        "validate" => drop(Validation::of(trace).expect(read)),
        "tasks" => {
            let slowest = Selection::Slowest { count: 10, task_type: None };
            drop(Tasks::of(trace, &slowest, 200).expect(read));
        }
        "recover" => drop(trace.recover(&mut std::io::sink()).expect(read)),
        way => {
            let target: Target = way.parse().expect("others are targets of exports");
            drop(trace_export::export(trace, target, &mut std::io::sink()).expect(read));
        }
    }
}
