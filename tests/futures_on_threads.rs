//! Thousands of futures on an executor of several threads, in chunks so small that polls go across them: every
//! poll, wake and end is read back.

use std::collections::{BTreeMap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context as Polled, Poll, Wake, Waker};
use std::thread;

use trace::{Overflow, Session, TraceFuture};
use trace_reader::{FiberOutcome, Trace};

const THREADS: usize = 3;
const FUTURES: u64 = 2_000;

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The executor: what is to be polled, and how many are not done.
#[derive(Default)]
struct Queue {
    ready: Mutex<VecDeque<Arc<Spawned>>>,
    more: Condvar,
    left: AtomicUsize,
}

/// A future that was handed to the executor.
struct Spawned {
    /// Taken out while it is polled; `None` when it is done.
    job: Mutex<Option<Job>>,
    queue: Arc<Queue>,
    is_queued: Mutex<bool>,
}

impl Wake for Spawned {
    fn wake(self: Arc<Self>) {
        if !std::mem::replace(&mut *self.is_queued.lock().unwrap(), true) {
            self.queue.ready.lock().unwrap().push_back(Arc::clone(&self));
            self.queue.more.notify_one();
        }
    }
}

impl Queue {
    fn spawn(self: &Arc<Self>, job: impl Future<Output = ()> + Send + 'static) {
        self.left.fetch_add(1, Relaxed);
        let job = Mutex::new(Some(Box::pin(job) as Job));
        Arc::new(Spawned { job, queue: Arc::clone(self), is_queued: Mutex::new(false) }).wake();
    }

    /// Polls until nothing is left.
    fn run(&self) {
        loop {
            let mut ready = self.ready.lock().unwrap();
            let next = loop {
                if self.left.load(Relaxed) == 0 {
                    self.more.notify_all();
                    return;
                }
                match ready.pop_front() {
                    Some(next) => break next,
                    None => ready = self.more.wait(ready).unwrap(),
                }
            };
            drop(ready);
            *next.is_queued.lock().unwrap() = false;
            let mut job = next.job.lock().unwrap();
            let waker = Waker::from(Arc::clone(&next));
            let polled = job.as_mut().map(|job| job.as_mut().poll(&mut Polled::from_waker(&waker)));
            if polled.is_some_and(|polled| polled.is_ready()) {
                *job = None;
                self.left.fetch_sub(1, Relaxed);
                let _ready = self.ready.lock().unwrap();
                self.more.notify_all();
            }
        }
    }
}

/// How often the futures of each name were polled, as they count it themselves.
static POLLS: [AtomicU64; 3] = [const { AtomicU64::new(0) }; 3];
const NAMES: [&str; 3] = ["order", "steamMilk", "grind"];

/// Goes on after so many polls, each of which wakes it by another thread or by itself.
async fn rounds(which: usize, count: u64) {
    let mut polls = 0;
    poll_fn(|polled| {
        polls += 1;
        POLLS[which].fetch_add(1, Relaxed);
        trace::with_region(trace::Context::current(), "inside", || {
            trace::trace_log!("poll", "{polls}")
        });
        if polls > count {
            return Poll::Ready(());
        }
        if polls % 7 == 0 {
            let waker = polled.waker().clone();
            thread::spawn(move || waker.wake());
        } else {
            polled.waker().wake_by_ref();
        }
        Poll::Pending
    })
    .await;
}

#[trace::region("steamMilk")]
async fn steam_milk(n: u64) {
    rounds(1, n % 4).await;
}

async fn order(n: u64) {
    rounds(0, n % 3).await;
    steam_milk(n).await;
    let mut never = Box::pin(rounds(2, u64::MAX).in_region("grind"));
    // Polled once, and dropped.
    poll_fn(|polled| Poll::Ready(never.as_mut().poll(polled).is_pending())).await;
}

#[test]
fn every_poll_is_read_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("futures.trace");
    let builder =
        Session::builder().overflow(Overflow::Block).chunk_bytes(4096).pool_bytes(1 << 20);
    let session = builder.start_file(&path).unwrap();
    let queue = Arc::new(Queue::default());
    let workers: Vec<_> = {
        // There is something to do before the first of them looks.
        for n in 0..FUTURES {
            queue.spawn(order(n).in_task("order"));
        }
        let worker = |_| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.run())
        };
        (0..THREADS).map(worker).collect()
    };
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    let summary = session.finish().unwrap();
    assert_eq!(summary.events_lost, 0);

    let trace = Trace::open(&path).unwrap();
    let problems = trace.validate().unwrap();
    assert!(problems.is_empty(), "{:?}", problems.iter().map(|p| trace.describe(p)).next());
    let recording = trace.load().unwrap();
    let mut polls: BTreeMap<String, u64> = BTreeMap::new();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for fiber in &recording.fibers {
        let name = trace.callsites().name(fiber.callsite).into_owned();
        assert_eq!(fiber.poll_count, fiber.polls.len() as u64, "{name}");
        // Each is rounded by itself; and between each two readings of all clocks, ticks are of another length, in
        // the ninth digit or so.
        let latency = fiber.end.unwrap().since(fiber.begin.unwrap());
        let rounding = fiber.poll_count + 2 + latency / 1_000_000;
        let busy: u64 = fiber.polls.iter().map(|poll| poll.end.since(poll.begin.unwrap())).sum();
        assert!(fiber.busy_ns.abs_diff(busy) <= rounding, "{} and {busy}", fiber.busy_ns);
        for pair in fiber.polls.windows(2) {
            assert!(pair[0].end <= pair[1].begin.unwrap(), "one thread at a time");
        }
        let waited: u64 = fiber.polls.iter().map(|poll| poll.waited_ns).sum();
        assert!(fiber.waited_ns.abs_diff(waited) <= rounding, "{} and {waited}", fiber.waited_ns);
        let outcome = fiber.outcome.expect("all of them end");
        let expected =
            if name == "grind" { FiberOutcome::Cancelled } else { FiberOutcome::Completed };
        assert_eq!(outcome, expected, "{name}");
        let parts = fiber.busy_ns + fiber.waited_ns;
        assert!(parts <= latency + rounding, "{name}: {parts} of {latency}");
        *polls.entry(name.clone()).or_default() += fiber.poll_count;
        *counts.entry(name).or_default() += 1;
    }
    for name in NAMES {
        assert_eq!(counts[name], FUTURES, "{name}");
    }
    let [own, milk, grind] = [0, 1, 2].map(|which: usize| POLLS[which].load(Relaxed));
    assert_eq!((polls["steamMilk"], polls["grind"]), (milk, grind));
    // Those of the task's future are its own, and those in which it polls what it awaits.
    assert!(polls["order"] >= own && polls["order"] <= own + milk + grind);
    assert_eq!(recording.tasks.len() as u64, FUTURES);
    assert!(recording.tasks.iter().all(|task| task.end.is_some()));
    // Each log lies in its region, in a future, in the task.
    assert_eq!(recording.logs.len() as u64, own + milk + grind);
    let is_inside = |log: &trace_reader::Log| {
        let region = &recording.regions[log.region.unwrap()];
        region.fiber == log.fiber && log.fiber.0 != 0 && region.task == log.task && log.task.0 != 0
    };
    assert!(recording.logs.iter().all(is_inside));
    let chunks: usize = trace.threads().iter().map(|thread| thread.chunks()).sum();
    assert!(chunks > 50, "{chunks} chunks");

    let analysis = trace.analyze().unwrap();
    for row in &analysis.futures {
        assert_eq!(row.polls, polls[&row.name], "{}", row.name);
        assert_eq!((row.durations.count(), row.began), (FUTURES, FUTURES));
    }
}
