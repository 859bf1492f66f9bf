//! What is recorded of every task, with `--cfg tokio_unstable`: by tokio's callbacks for tasks, and so also of those
//! that were not spawned through this crate.
//!
//! They come in pairs around each poll, on one thread. Tokio has no place in which something could be kept from one
//! poll of a task to the next, so that polls are regions, and not those of one fiber.

use tokio::runtime::{Builder, TaskMeta};
use tokio::task;
use trace_core::{Context, trace_log, trace_region};

use crate::between::{self, Open};
use crate::hooks::Hooks;

/// A callback for tasks.
type TaskCall = Box<dyn Fn(&TaskMeta<'_>) + Send + Sync>;

/// The callbacks that a program has of its own.
#[derive(Default)]
pub(crate) struct TaskHooks {
    spawn: Vec<TaskCall>,
    before_poll: Vec<TaskCall>,
    after_poll: Vec<TaskCall>,
    terminate: Vec<TaskCall>,
}

impl Hooks {
    /// Called as tokio's [`on_task_spawn`](Builder::on_task_spawn) is.
    pub fn on_task_spawn(mut self, f: impl Fn(&TaskMeta<'_>) + Send + Sync + 'static) -> Self {
        self.tasks.spawn.push(Box::new(f));
        self
    }

    /// Called as tokio's [`on_before_task_poll`](Builder::on_before_task_poll) is.
    pub fn on_before_task_poll(
        mut self,
        f: impl Fn(&TaskMeta<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.tasks.before_poll.push(Box::new(f));
        self
    }

    /// Called as tokio's [`on_after_task_poll`](Builder::on_after_task_poll) is.
    pub fn on_after_task_poll(mut self, f: impl Fn(&TaskMeta<'_>) + Send + Sync + 'static) -> Self {
        self.tasks.after_poll.push(Box::new(f));
        self
    }

    /// Called as tokio's [`on_task_terminate`](Builder::on_task_terminate) is.
    pub fn on_task_terminate(mut self, f: impl Fn(&TaskMeta<'_>) + Send + Sync + 'static) -> Self {
        self.tasks.terminate.push(Box::new(f));
        self
    }
}

impl TaskHooks {
    pub(crate) fn install(self, builder: &mut Builder) {
        let Self { spawn, before_poll, after_poll, terminate } = self;
        builder.on_task_spawn(move |meta| {
            let (id, place) = (meta.id(), meta.spawned_at());
            // The task that spawns it, if one does: its own id is not current yet.
            match task::try_id() {
                Some(parent) => {
                    trace_log!("tokio", "task {id} is spawned by task {parent} at {place}")
                }
                None => trace_log!("tokio", "task {id} is spawned at {place}"),
            }
            call(&spawn, meta);
        });
        builder.on_before_task_poll(move |meta| {
            call(&before_poll, meta);
            // Not in the context of whoever runs the runtime: that is not the task's.
            let background = Context::background();
            let poll = trace_region!(context: background, "tokio poll", task = %meta.id());
            between::keep(&POLLED, poll);
        });
        builder.on_after_task_poll(move |meta| {
            between::end(&POLLED);
            call(&after_poll, meta);
        });
        builder.on_task_terminate(move |meta| {
            // Wherever that is: a task that is aborted ends on the thread that does it.
            trace_log!(context: Context::background(), "tokio", "task {} has ended", meta.id());
            call(&terminate, meta);
        });
    }
}

fn call(calls: &[TaskCall], meta: &TaskMeta<'_>) {
    calls.iter().for_each(|f| f(meta));
}

thread_local! {
    static POLLED: Open = const { Open::new(Vec::new()) };
}
