//! What is recorded of a runtime and its threads, by the callbacks that its builder takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::runtime::Builder;
use trace_core::{trace_log, trace_region};

use crate::between::{self, Open};
use crate::hooks::Hooks;
use crate::told::Told;

/// What can be done with the builder of a runtime beside what tokio has. In scope, it has these methods.
pub trait BuilderExt {
    /// Records when threads of the runtime start, stop and are parked, and what else the crate's documentation
    /// tells; and calls the threads `tokio-0`, `tokio-1` and so on, where tokio gives all of them one name.
    ///
    /// To be called before everything else: a name that the builder gets later is kept, while one that it was given
    /// before is replaced. Callbacks for threads and tasks that it was given before are replaced as well, and
    /// later ones replace these: give them to [`traced_with`](Self::traced_with).
    ///
    /// ```
    /// use trace_tokio::BuilderExt;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = tokio::runtime::Builder::new_multi_thread().traced().enable_all().build()?;
    /// # Ok(())
    /// # }
    /// ```
    fn traced(&mut self) -> &mut Self {
        self.traced_with(Hooks::new())
    }

    /// The same, for a program that has callbacks of its own.
    fn traced_with(&mut self, hooks: Hooks) -> &mut Self;
}

impl BuilderExt for Builder {
    fn traced_with(&mut self, hooks: Hooks) -> &mut Self {
        let told = Arc::new(Told::nothing());
        told.look();
        let name = hooks.thread_name.unwrap_or_else(|| "tokio".to_owned());
        let threads = AtomicUsize::new(0);
        self.thread_name_fn(move || format!("{name}-{}", threads.fetch_add(1, Relaxed)));

        let (first, again) = (Arc::clone(&told), Arc::clone(&told));
        let Hooks { start, stop, park, unpark, .. } = hooks;
        self.on_thread_start(move || {
            first.look();
            trace_log!("tokio", "thread starts");
            start.call();
        });
        self.on_thread_stop(move || {
            stop.call();
            trace_log!("tokio", "thread stops");
        });
        self.on_thread_park(move || {
            park.call();
            again.look();
            between::keep(&PARKED, trace_region!("tokio park"));
        });
        self.on_thread_unpark(move || {
            between::end(&PARKED);
            told.look();
            unpark.call();
        });
        #[cfg(tokio_unstable)]
        hooks.tasks.install(self);
        self
    }
}

thread_local! {
    static PARKED: Open = const { Open::new(Vec::new()) };
}
