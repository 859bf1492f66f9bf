//! Files that are made to take as much time and memory as they can, each read by a process of its own: time
//! grows no faster than the file, and memory stays near it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use trace_reader::{Selection, Trace};
use trace_tool::Report;
use trace_tool::tasks::Tasks;
use trace_tool::validate::Validation;

use crate::Size;
use crate::generator::{self, Hostile};
use crate::process::most_resident_kib;
use crate::rows::Rows;

/// Set for the process that reads: the file.
const FILE: &str = "TRACE_STRESS_FILE";

/// So many times the file may be in memory, besides [`BESIDES`].
const THING: usize = 10;
/// The same where each thing has a name of its own: what is known of a type of regions is half a kibibyte, and
/// a name can be told in a few bytes.
const NAME: usize = 35;
const BESIDES: usize = 64 << 20;

/// The larger file is so many times the smaller one.
const TIMES: usize = 10;
/// So much longer may reading take than in proportion: caches are smaller than the larger file.
const SLACK: f64 = 2.0;
/// And so much longer in any case, since clocks and schedulers are what they are.
const ANYHOW: Duration = Duration::from_millis(50);

pub(crate) fn run(size: Size, rows: &mut Rows) {
    let small = size.pick(200_000, 2_000_000);
    let large = small * TIMES;
    let directory = tempfile::tempdir().expect("a directory for the files");
    let of_things = [generator::OF_EVENTS, generator::OF_BLOCKS].concat();
    let of_names = generator::OF_NAMES;
    let (mut slow, mut fat, mut named) = <(Worst, Worst, Worst)>::default();
    let kinds = of_things.iter().map(|kind| (kind, THING));
    for (kind, times) in kinds.chain(of_names.iter().map(|kind| (kind, NAME))) {
        let fat = if times == NAME { &mut named } else { &mut fat };
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
            let allowed = (times * len + BESIDES) >> 10;
            fat.enter(kind, kib as f64 / allowed as f64, || {
                format!("{} MiB for {:.1} MB", kib >> 10, len as f64 / 1e6)
            });
        }
    }
    let what = format!(
        "hostile files of {:.1} and {:.1} MB, read in all ways; ",
        small as f64 / 1e6,
        large as f64 / 1e6
    );
    let (things, names) = (of_things.len(), of_names.len());
    let target = format!("≤ {SLACK} × in proportion");
    slow.judge(&format!("{what}{} kinds: time", things + names), &target, rows);
    let target = |times| format!("≤ {times} × the file + {} MiB", BESIDES >> 20);
    fat.judge(&format!("{what}{things} kinds: most in memory"), &target(THING), rows);
    let what = format!("{what}{names} kinds of which each thing has its own name: most in memory");
    named.judge(&what, &target(NAME), rows);
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
        let program = std::env::current_exe().expect("this program has a path");
        let output = Command::new(program)
            .env(FILE, &path)
            .stderr(Stdio::inherit())
            .output()
            .expect("this program can be started once more");
        let told = String::from_utf8_lossy(&output.stdout);
        let mut numbers = told.split_whitespace().map(str::parse);
        match (output.status.success(), numbers.next(), numbers.next()) {
            (true, Some(Ok(ns)), Some(Ok(kib))) => {
                let (time, kib) = (Duration::from_nanos(ns), kib as usize);
                Ok(Self { len: bytes.len(), time, kib })
            }
            _ => Err(format!("{} bytes: the reader ended with {}", bytes.len(), output.status)),
        }
    }
}

/// In a process that was started as the one that reads: reads, tells what that took, and ends. Returns in all
/// others.
pub(crate) fn read_if_asked() {
    let Some(path) = std::env::var_os(FILE) else { return };
    let begin = Instant::now();
    let open = || Trace::open(&path).expect("it is a trace");
    let slowest = Selection::Slowest { count: 10, task_type: None };
    let read = "the file can be read";
    drop(Report::of(&open()).expect(read));
    drop(Validation::of(&open()).expect(read));
    drop(Tasks::of(&open(), &slowest, 200).expect(read));
    open().recover(&mut std::io::sink()).expect(read);
    println!("{} {}", begin.elapsed().as_nanos(), most_resident_kib());
    std::process::exit(0)
}
