//! Page faults of threads that emit, with the pool in memory and on the disk.

use std::fs::File;
use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use trace::{Overflow, Session};

use crate::Size;
use crate::process::{of_thread, thread_ns};
use crate::rows::Rows;

const THREADS: usize = 2;
const POOL_BYTES: usize = 4 << 20;
/// More than that no event of [`emit`] takes in a chunk, and less than this none.
const LEAST_EVENT_BYTES: usize = 4;

pub(crate) fn run(size: Size, rows: &mut Rows) {
    let events = size.pick(2_000_000, 20_000_000);
    let directory = tempfile::tempdir().expect("a directory for the trace");

    // The kernel may move a page meanwhile; it does not do so again and again.
    let path = directory.path().join("memory.trace");
    let mut memory = measure(&path, events, &|| {});
    for _ in 0..2 {
        if memory.faults > 0 {
            memory = measure(&path, events, &|| {});
        }
    }
    let target = format!("0 faults in {} million events", events * THREADS as u64 / 1_000_000);
    let measured = format!("{} faults, {:.1} ns per event", memory.faults, memory.ns);
    let what = "pool in `/dev/shm`, two threads, after the pool went round";
    rows.judge(what, &target, &measured, memory.faults == 0);

    // The pool's name in `/dev/shm` is longer than that beside the trace, and there too long.
    let path = directory.path().join("n".repeat(240));
    let pool = directory.path().join("n".repeat(240) + ".pool");
    let tell = |what: &str, found: &Found| {
        let faults = found.faults as f64 * 1e6 / (events * THREADS as u64) as f64;
        let ns = found.ns;
        format!("{what}{faults:.0} faults per million events, {ns:.1} ns per event")
    };
    let disk = measure(&path, events, &|| assert!(pool.exists(), "the pool is on the disk"));
    rows.tell("pool on the disk beside the trace", &tell("", &disk));
    let disk = measure(&path, events, &|| {
        let pool = File::open(&pool).expect("the pool is on the disk");
        pool.sync_data().expect("the disk can be written");
    });
    rows.tell("the same, written back all the time", &tell("", &disk));
}

/// What emitting took.
struct Found {
    /// Minor and major faults of all threads that emit.
    faults: i64,
    /// The processor's time per event.
    ns: f64,
}

/// Lets threads emit, and does something beside them, again and again.
fn measure(path: &Path, events: u64, beside: &(dyn Fn() + Sync)) -> Found {
    let builder = Session::builder().overflow(Overflow::Block).pool_bytes(POOL_BYTES);
    let session = builder.start_file(path).expect("tracing is off");
    let (warm, ended) = (Barrier::new(THREADS), AtomicBool::new(false));
    let work = || {
        emit((3 * POOL_BYTES / LEAST_EVENT_BYTES) as u64);
        warm.wait();
        let (usage, begin) = (of_thread(), thread_ns());
        emit(events);
        let (ns, now) = (thread_ns() - begin, of_thread());
        (now.ru_minflt - usage.ru_minflt + now.ru_majflt - usage.ru_majflt, ns)
    };
    let found: Vec<(i64, u64)> = std::thread::scope(|scope| {
        let threads = [(); THREADS].map(|()| scope.spawn(work));
        scope.spawn(|| {
            while !ended.load(Relaxed) {
                beside();
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let found = threads.map(|thread| thread.join().expect("no panic"));
        ended.store(true, Relaxed);
        found.into()
    });
    session.finish().expect("the file can be written");
    Found {
        faults: found.iter().map(|(faults, _)| faults).sum(),
        ns: found.iter().map(|(_, ns)| *ns as f64).sum::<f64>() / (events * THREADS as u64) as f64,
    }
}

fn emit(events: u64) {
    for n in 0..events {
        trace::trace_counter!("work", n);
    }
}
