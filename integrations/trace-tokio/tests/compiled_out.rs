//! What a program on tokio does when tracing is compiled out: run by `ci/features`. Else there is nothing to see
//! here but that it does the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::task::JoinSet;
use trace_tokio::{BuilderExt, Hooks, JoinSetExt};

#[test]
fn everything_is_run() {
    let started = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&started);
    let hooks = Hooks::new().on_thread_start(move || {
        count.fetch_add(1, Relaxed);
    });
    let (sum, _) = trace::capture(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).traced_with(hooks).build().unwrap();
        runtime.block_on(async {
            let spawned = trace_tokio::spawn("spawned", async { 1 });
            let task = trace_tokio::spawn_task("task", async { 2 });
            let blocks = trace_tokio::spawn_blocking("blocks", || 4);
            let mut set = JoinSet::new();
            set.spawn_traced("one", async { 8 });
            let alone = set.join_next().await.unwrap();
            [spawned.await, task.await, blocks.await, alone].map(Result::unwrap).iter().sum::<u32>()
        })
    });
    assert_eq!(sum, 15);
    assert_eq!(started.load(Relaxed), 3, "two workers, and one for what blocks");
}
