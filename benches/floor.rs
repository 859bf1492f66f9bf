//! What annotations cost, measured against the floor: two bare readings of the clock.
//!
//! ```text
//! cargo bench --bench floor
//! ```
//!
//! Every round runs each row once, one after the other, so that a machine that gets slower does so
//! for all of them. Per row the least and the middle time per iteration are printed, in nanoseconds,
//! and the ratio of the least to the floor's.

use std::hint::black_box;
use std::time::{Duration, Instant};

use trace::{Context, Overflow, Session};

const ROUNDS: usize = 15;
const ITERATIONS: u32 = 1_000_000;

fn main() {
    let mut rows: Vec<Row> = vec![
        Row::new("two clock reads (the floor)", false, || {
            black_box(clock());
            black_box(clock());
        }),
        Row::new("function, not annotated", false, || {
            black_box(plain(black_box(1)));
        }),
        Row::new("#[region], off", false, || {
            black_box(annotated(black_box(1)));
        }),
        Row::new("#[region], on", true, || {
            black_box(annotated(black_box(1)));
        }),
        Row::new("start_region, on", true, || {
            drop(black_box(trace::start_region(Context::background(), "region")));
        }),
        Row::new("trace_region! with an integer, on", true, || {
            drop(black_box(trace::trace_region!("region", number = 7)));
        }),
        Row::new("trace_log! with an integer, on", true, || {
            trace::trace_log!("category", "{}", black_box(7));
        }),
        Row::new("new_task and its end, on", true, || {
            drop(black_box(trace::new_task(Context::background(), "task")));
        }),
    ];
    for _ in 0..ROUNDS {
        for row in &mut rows {
            row.run();
        }
    }
    let floor = rows[0].least();
    println!("{:36} {:>8} {:>8} {:>9}", "", "least", "middle", "x floor");
    for row in &mut rows {
        let (least, middle) = (row.least(), row.middle());
        println!("{:36} {least:8.2} {middle:8.2} {:9.2}", row.name, least / floor);
    }
    whole_process(floor);
}

/// The CPU time of all threads and the size of the file, for a dense loop of regions.
fn whole_process(floor: f64) {
    const REGIONS: u32 = 20_000_000;
    let dir = tempfile::tempdir().expect("a directory for the trace");
    let path = dir.path().join("floor.trace");
    let builder = Session::builder().overflow(Overflow::Block);
    let session = builder.start_file(path).expect("tracing is off");
    let begin = cpu_time();
    for _ in 0..REGIONS {
        black_box(annotated(black_box(1)));
    }
    let summary = session.finish().expect("the file can be written");
    let per_region = (cpu_time() - begin).as_nanos() as f64 / f64::from(REGIONS);
    println!("\nfile written, {REGIONS} regions, {} events lost", summary.events_lost);
    println!(
        "  CPU time of the process  {per_region:.2} ns per region, {:.2} x floor",
        per_region / floor
    );
    println!(
        "  size of the file         {:.3} bytes per region",
        summary.bytes as f64 / f64::from(REGIONS)
    );
}

struct Row {
    name: &'static str,
    is_on: bool,
    body: fn(),
    times: Vec<f64>,
}

impl Row {
    fn new(name: &'static str, is_on: bool, body: fn()) -> Self {
        Self { name, is_on, body, times: Vec::new() }
    }

    fn run(&mut self) {
        let session = self.is_on.then(|| {
            let builder = Session::builder().overflow(Overflow::Block);
            builder.start(std::io::sink()).expect("tracing is off")
        });
        let body = self.body;
        let begin = Instant::now();
        for _ in 0..ITERATIONS {
            body();
        }
        self.times.push(begin.elapsed().as_nanos() as f64 / f64::from(ITERATIONS));
        drop(session);
    }

    fn least(&self) -> f64 {
        self.times.iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn middle(&mut self) -> f64 {
        self.times.sort_by(f64::total_cmp);
        self.times[self.times.len() / 2]
    }
}

#[inline(never)]
fn plain(x: u64) -> u64 {
    black_box(x)
}

#[trace::region("region")]
#[inline(never)]
fn annotated(x: u64) -> u64 {
    black_box(x)
}

#[cfg(target_arch = "x86_64")]
fn clock() -> u64 {
    // SAFETY: every x86-64 processor has the instruction.
    unsafe { core::arch::x86_64::_rdtsc() }
}

#[cfg(not(target_arch = "x86_64"))]
fn clock() -> u64 {
    Instant::now().elapsed().as_nanos() as u64
}

/// The CPU time that all threads of this process have used, those that ended too.
#[cfg(unix)]
fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a timespec that the call may write to.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Without such a clock, the time that went by.
#[cfg(not(unix))]
fn cpu_time() -> Duration {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    START.elapsed()
}
