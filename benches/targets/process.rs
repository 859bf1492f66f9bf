//! What a whole process takes: CPU time, bytes, memory, and threads side by side.

use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use trace::{Overflow, Session};

use crate::work::{annotated_leaf, clock};

/// What was found.
#[derive(Debug)]
pub(crate) struct Found {
    /// CPU time of the process per region, with the file written, against the floor.
    pub(crate) cpu_ratio: f64,
    pub(crate) bytes_per_region: f64,
    /// CPU time per event of two threads against one.
    pub(crate) two_threads: TwoThreads,
    /// By how much the resident memory grew beyond the pool, in MiB.
    pub(crate) beyond_pool_mib: f64,
    /// How many millions of regions that was after.
    pub(crate) million_regions: u32,
    pub(crate) start_ms: f64,
    pub(crate) stop_ms: f64,
    /// Allocations of a task that is off.
    pub(crate) off_allocations: u64,
}

/// Two threads against one: 1 when they do not disturb each other.
#[derive(Debug)]
pub(crate) struct TwoThreads {
    pub(crate) regions: f64,
    pub(crate) logs: f64,
    /// Bare clock reads: what the machine makes of two threads that have nothing to do with us.
    pub(crate) clock_reads: f64,
}

/// Measures all of it. `floor` is how many nanoseconds two clock reads take.
pub(crate) fn measure(floor: f64, quick: bool) -> Found {
    let (cpu_ns, bytes_per_region) = file_written(if quick { 3 } else { 20 });
    let million_regions = if quick { 2 } else { 100 };
    let (start_ms, stop_ms) = hundred_threads(if quick { 3 } else { 30 });
    Found {
        cpu_ratio: cpu_ns / floor,
        bytes_per_region,
        two_threads: two_threads(if quick { 2 } else { 20 }),
        beyond_pool_mib: beyond_pool_mib(million_regions),
        million_regions,
        start_ms,
        stop_ms,
        off_allocations: off_allocations(),
    }
}

/// CPU nanoseconds of all threads, and bytes, per region of a dense loop.
fn file_written(rounds: u32) -> (f64, f64) {
    const REGIONS: u32 = 10_000_000;
    let dir = tempfile::tempdir().expect("a directory for the trace");
    let mut found = (f64::INFINITY, 0.0);
    for _ in 0..rounds {
        let path = dir.path().join("dense.trace");
        let session = Session::builder().overflow(Overflow::Block).start_file(path);
        let session = session.expect("tracing is off");
        let begin = cpu_time(libc::CLOCK_PROCESS_CPUTIME_ID);
        for _ in 0..REGIONS {
            black_box(annotated_leaf(black_box(1)));
        }
        let summary = session.finish().expect("the file can be written");
        assert_eq!(summary.events_lost, 0);
        let cpu = cpu_time(libc::CLOCK_PROCESS_CPUTIME_ID) - begin;
        let cpu_ns = cpu.as_nanos() as f64 / f64::from(REGIONS);
        found = (found.0.min(cpu_ns), summary.bytes as f64 / f64::from(REGIONS));
    }
    found
}

fn two_threads(rounds: usize) -> TwoThreads {
    fn ratio(rounds: usize, work: fn()) -> f64 {
        let alone = move |()| {
            let begin = cpu_time(libc::CLOCK_THREAD_CPUTIME_ID);
            for _ in 0..100_000 {
                work();
            }
            cpu_time(libc::CLOCK_THREAD_CPUTIME_ID) - begin
        };
        let (mut one, mut two) = (Duration::MAX, Duration::MAX);
        for _ in 0..rounds {
            one = one.min(std::thread::spawn(move || alone(())).join().expect("no panic"));
            let both = Arc::new(Barrier::new(2));
            let threads = [(); 2].map(|()| {
                let both = Arc::clone(&both);
                std::thread::spawn(move || {
                    both.wait();
                    alone(())
                })
            });
            let times = threads.map(|thread| thread.join().expect("no panic"));
            two = two.min((times[0] + times[1]) / 2);
        }
        two.as_secs_f64() / one.as_secs_f64()
    }
    let clock_reads = ratio(rounds, || {
        black_box(clock());
        black_box(clock());
    });
    let session = Session::builder().start(std::io::sink()).expect("tracing is off");
    let regions = ratio(rounds, || {
        black_box(annotated_leaf(black_box(1)));
    });
    let logs = ratio(rounds, || trace::trace_log!("category", "{}", black_box(7)));
    session.finish().expect("nothing is written");
    TwoThreads { regions, logs, clock_reads }
}

fn beyond_pool_mib(million_regions: u32) -> f64 {
    const POOL: usize = 16 << 20;
    let before = resident_bytes();
    let session = Session::builder().pool_bytes(POOL).start(std::io::sink());
    let session = session.expect("tracing is off");
    for _ in 0..million_regions * 1_000_000 {
        black_box(annotated_leaf(black_box(1)));
    }
    let after = resident_bytes();
    session.finish().expect("nothing is written");
    (after - before - POOL as f64) / f64::from(1 << 20)
}

/// How long `start` and `stop` take at least while a hundred threads take part, in milliseconds.
fn hundred_threads(rounds: usize) -> (f64, f64) {
    const THREADS: usize = 100;
    let (begin, end) = (Barrier::new(THREADS + 1), Barrier::new(THREADS + 1));
    let (mut start, mut stop) = (Vec::new(), Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..rounds {
                    begin.wait();
                    black_box(annotated_leaf(black_box(1)));
                    end.wait();
                }
            });
        }
        for _ in 0..rounds {
            // Until the threads have gone back to wait: they shall not take the processor away.
            std::thread::sleep(Duration::from_millis(20));
            let now = Instant::now();
            let session = Session::builder().start(std::io::sink()).expect("tracing is off");
            start.push(now.elapsed());
            begin.wait();
            end.wait();
            std::thread::sleep(Duration::from_millis(20));
            let now = Instant::now();
            session.finish().expect("nothing is written");
            stop.push(now.elapsed());
        }
    });
    let middle = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1e3
    };
    (middle(&mut start), middle(&mut stop))
}

/// How many allocations the process makes while tasks begin and end with tracing off.
fn off_allocations() -> u64 {
    let before = allocations::count();
    for _ in 0..1000 {
        let (context, task) = trace::new_task(trace::Context::current(), "task");
        black_box(context);
        task.end();
    }
    allocations::count() - before
}

mod allocations {
    //! Counts what is allocated.

    use std::alloc::{GlobalAlloc, Layout, System};
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    struct Counting;

    static COUNT: AtomicU64 = AtomicU64::new(0);

    // SAFETY: passes everything on to the system's allocator.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            COUNT.fetch_add(1, Relaxed);
            // SAFETY: the caller's promise.
            unsafe { System.alloc(layout) }
        }

        unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
            // SAFETY: the caller's promise.
            unsafe { System.dealloc(memory, layout) }
        }
    }

    #[global_allocator]
    static ALLOCATOR: Counting = Counting;

    pub(super) fn count() -> u64 {
        COUNT.load(Relaxed)
    }
}

fn cpu_time(clock: libc::clockid_t) -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a timespec that the call may write to.
    unsafe { libc::clock_gettime(clock, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// What is in memory of this process.
fn resident_bytes() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0.0);
    // SAFETY: asks for a number.
    pages * unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as f64
}
