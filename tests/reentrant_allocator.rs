//! An allocator that is traced itself: what it emits inside of the recorder is counted, and never
//! harms the event that is being recorded.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use trace_reader::{LossCause, Trace};

struct Traced;

static CALLS: AtomicU64 = AtomicU64::new(0);

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Traced {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if trace::is_enabled() {
            CALLS.fetch_add(1, Relaxed);
            trace::trace_counter!("allocated", layout.size());
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Traced = Traced;

fn nest(depth: u32) {
    let _region = trace::trace_region!("nest");
    if depth > 0 {
        nest(depth - 1);
    }
}

#[test]
fn emitted_is_read_plus_refused() {
    let before = CALLS.load(Relaxed);
    let ((), bytes) = trace::capture(|| {
        for i in 0..100 {
            let boxed = Box::new(i);
            trace::trace_log!("test", "{boxed}");
        }
        // Deep enough for the recorder to need memory while it is emitting.
        nest(500);
        std::thread::spawn(|| nest(50)).join().unwrap();
    });
    let calls = CALLS.load(Relaxed) - before;
    let trace = Trace::from_bytes(bytes).unwrap();
    let violations = trace.validate().unwrap();
    assert!(violations.is_empty(), "{:?}", violations.kept());
    let analysis = trace.analyze().unwrap();
    assert_eq!(analysis.logs[0].count, 100);
    assert_eq!(analysis.regions[0].durations.count(), 501 + 51);
    let refused = &analysis.loss.losses;
    assert!(refused.iter().all(|loss| loss.cause == LossCause::Reentrant));
    assert!(analysis.loss.total > 0, "the recorder itself allocated");
    // The harness has a thread of its own, which may allocate just when the session ends.
    let told = analysis.counters[0].count + analysis.loss.total;
    assert!((told..=told + 1).contains(&calls), "{calls} calls, of which {told} are told");
}
