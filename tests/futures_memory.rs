//! What traced futures take of memory: nothing while tracing is off, and nothing for each poll while it is on.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, LazyLock};
use std::task::{Context as Polled, Poll, Wake, Waker};

use trace::{Context, TraceFuture};

struct Counting;

thread_local! {
    /// How often this thread has asked for memory.
    static ASKED: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ASKED.set(ASKED.get() + 1);
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

/// How often `f` asks for memory.
fn asked(f: impl FnOnce()) -> usize {
    let before = ASKED.get();
    f();
    ASKED.get() - before
}

/// An executor's waker. Of those of `Waker::noop`, one may not take itself for the other.
struct Nobody;

impl Wake for Nobody {
    fn wake(self: Arc<Self>) {}
    fn wake_by_ref(self: &Arc<Self>) {}
}

fn poll(future: Pin<&mut dyn Future<Output = ()>>) -> Poll<()> {
    static WAKER: LazyLock<Waker> = LazyLock::new(|| Waker::from(Arc::new(Nobody)));
    future.poll(&mut Polled::from_waker(&WAKER))
}

/// Is woken in each poll, and ready with the `n`th.
async fn woken(n: usize) {
    let mut count = 0;
    poll_fn(|polled| {
        count += 1;
        polled.waker().wake_by_ref();
        if count < n { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
}

#[trace::region]
async fn annotated(n: usize) {
    woken(n).await;
}

#[trace::task("order", args(n))]
async fn with_arguments(n: usize) {
    annotated(n).await;
}

#[trace::region]
fn returned(n: usize) -> impl Future<Output = ()> {
    woken(n)
}

fn all_kinds(n: usize, mut run: impl FnMut(Pin<&mut dyn Future<Output = ()>>)) {
    run(pin!(woken(n).in_region("region")));
    run(pin!(woken(n).traced("traced").without_wakes()));
    run(pin!(woken(n).in_task("task")));
    run(pin!(woken(n).in_context(Context::current())));
    run(pin!(annotated(n)));
    run(pin!(with_arguments(n)));
    run(pin!(returned(n)));
}

fn to_its_end(mut future: Pin<&mut dyn Future<Output = ()>>) {
    while poll(future.as_mut()).is_pending() {}
}

/// One test, so that nobody else records.
#[test]
fn futures_take_memory_once_and_only_while_they_are_recorded() {
    all_kinds(1, to_its_end);
    assert_eq!(asked(|| all_kinds(5, to_its_end)), 0, "tracing is off");
    // Dropped before they are ready, or polled.
    assert_eq!(asked(|| all_kinds(5, |future| assert!(poll(future).is_pending()))), 0);
    assert_eq!(asked(|| all_kinds(5, |_| {})), 0);

    let session = trace::Session::builder().start(std::io::sink()).unwrap();
    // What threads and callsites take.
    all_kinds(1, to_its_end);
    let few = asked(|| all_kinds(5, to_its_end));
    let many = asked(|| all_kinds(500, to_its_end));
    session.finish().unwrap();
    assert!(few > 0, "a future that is recorded is remembered");
    assert_eq!(many, few, "but its polls and wakes are not");
}
