//! What reading takes of memory, for files that are made to take much: each consists of as many as
//! possible of the smallest things of one kind.
//!
//! All that the reader and the tool do must get by with a few times the length of the file.

#[path = "shared/hostile.rs"]
mod hostile;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use trace_format::TaskId;
use trace_reader::{Selection, Trace};
use trace_tool::Report;
use trace_tool::tasks::Tasks;
use trace_tool::validate::Validation;

/// Counts what is allocated at a time, and the most that ever was.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Relaxed) + layout.size();
        MOST.fetch_max(now, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// So many times the length of a file may be in memory, besides [`ANYHOW`].
const FACTOR: usize = 10;

/// What is there for any file: read-ahead, a block, lists of limited length, and room for growth.
const ANYHOW: usize = 8 << 20;

/// What the open regions of a thread take, of which a limited number are kept.
const OPEN_REGIONS: usize = 16 << 20;

/// What threads take that are read at the same time, of which there is a limited number, with their open
/// regions.
const THREADS: usize = 48 << 20;

/// How long the files are, about.
const LEN: usize = 2 << 20;

/// Does `f`, and returns how much memory it took at a time.
fn most_memory<R>(f: impl FnOnce() -> R) -> usize {
    let before = NOW.load(Relaxed);
    MOST.store(before, Relaxed);
    drop(f());
    MOST.load(Relaxed) - before
}

#[test]
fn reading_takes_a_few_times_the_file() {
    let slowest = || Selection::Slowest { count: 10, task_type: None };
    for kind in hostile::OF_EVENTS {
        let (name, file) = (kind.name, (kind.of_len)(LEN));
        let len = file.len();
        let path = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(&path, file).expect("it can be written");
        let open = || Trace::open(&path).expect("it can be read");
        for (what, memory) in [
            ("open", most_memory(open)),
            ("report", most_memory(|| Report::of(&open()).unwrap())),
            ("validate", most_memory(|| Validation::of(&open()).unwrap())),
            ("tasks", most_memory(|| Tasks::of(&open(), &slowest(), 200).unwrap())),
            ("task", most_memory(|| Tasks::of(&open(), &Selection::Id(TaskId(1)), 200).is_ok())),
        ] {
            let times = memory as f64 / len as f64;

            let open_regions =
                if hostile::OF_OPEN_REGIONS.contains(&name) { OPEN_REGIONS } else { 0 };
            let threads = if hostile::AT_THE_SAME_TIME.contains(&name) { THREADS } else { 0 };
            println!("{name}, {what}: {memory} bytes for {len}, {times:.1} times");
            assert!(
                memory <= FACTOR * len + ANYHOW + open_regions + threads,
                "{what} of a file of {name} takes {memory} bytes for {len}, {times:.1} times as much"
            );
        }
    }
}
