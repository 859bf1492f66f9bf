//! Threads that go on in the context of whoever starts them: the functions of [`std::thread`], with one
//! difference. What a thread does that [`std::thread::spawn`] starts belongs to no task.
//!
//! ```
//! # mod trace { pub use trace_core::*; pub use trace_core::threads as thread; }
//! let (context, task) = trace::new_task(trace::Context::current(), "makeCappuccino");
//! context.run(|| {
//!     let milk = trace::thread::spawn(|| {
//!         // Belongs to the task.
//!         let _region = trace::trace_region!("steamMilk");
//!     });
//!     milk.join().unwrap();
//! });
//! task.end();
//! ```
//!
//! Where work goes to other threads in other ways, the context goes along: it is `Copy`, and makes
//! whatever is called in [`Context::run`] its own.
//!
//! ```
//! # mod trace { pub use trace_core::*; pub use trace_core::threads as thread; }
//! let (sender, receiver) = std::sync::mpsc::channel();
//! # let worker =
//! std::thread::spawn(move || {
//!     for (context, order) in receiver {
//!         let context: trace::Context = context;
//!         context.run(|| { /* make it */ let _: u32 = order; });
//!     }
//! });
//! sender.send((trace::Context::current(), 4711)).unwrap();
//! # drop(sender);
//! # worker.join().unwrap();
//! ```

use std::io;
use std::thread::{self, JoinHandle, ScopedJoinHandle};

use crate::context::Context;

/// As [`std::thread::spawn`]; the thread begins in the context that is current here.
///
/// # Panics
/// When the system has no thread left.
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let context = Context::current();
    thread::spawn(move || context.run(f))
}

/// As [`std::thread::Builder`]; the thread begins in the context that is current where it is spawned.
#[derive(Debug)]
#[must_use = "no thread is started before `spawn`"]
pub struct Builder(thread::Builder);

impl Builder {
    /// A thread without a name, with the usual stack.
    #[expect(clippy::new_without_default, reason = "as the standard library has it")]
    pub fn new() -> Self {
        Self(thread::Builder::new())
    }

    /// Names the thread. The name is in the trace.
    pub fn name(self, name: String) -> Self {
        Self(self.0.name(name))
    }

    /// The size of its stack in bytes.
    pub fn stack_size(self, size: usize) -> Self {
        Self(self.0.stack_size(size))
    }

    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has no thread left.
    ///
    /// # Panics
    /// When the name has a byte 0 in it.
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let context = Context::current();
        self.0.spawn(move || context.run(f))
    }

    /// Starts the thread in a [`scope`].
    ///
    /// # Errors
    /// When the system has no thread left.
    ///
    /// # Panics
    /// When the name has a byte 0 in it.
    pub fn spawn_scoped<'scope, F, T>(
        self,
        scope: Scope<'scope, '_>,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let context = Context::current();
        self.0.spawn_scoped(scope.0, move || context.run(f))
    }
}

/// As [`std::thread::scope`]: the threads that are started in it begin in the context that is current where
/// they are, and have ended when it returns.
///
/// ```
/// # mod trace { pub use trace_core::*; pub use trace_core::threads as thread; }
/// let mut cups = vec![0; 2];
/// trace::thread::scope(|s| {
///     for cup in &mut cups {
///         s.spawn(move || *cup += 1);
///     }
/// });
/// assert_eq!(cups, [1, 1]);
/// ```
///
/// # Panics
/// When a thread panicked that was not joined.
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(Scope<'scope, 'env>) -> T,
{
    thread::scope(|scope| f(Scope(scope)))
}

/// Starts threads in a [`scope`].
#[derive(Clone, Copy, Debug)]
pub struct Scope<'scope, 'env: 'scope>(&'scope thread::Scope<'scope, 'env>);

impl<'scope> Scope<'scope, '_> {
    /// As [`std::thread::Scope::spawn`].
    ///
    /// # Panics
    /// When the system has no thread left.
    pub fn spawn<F, T>(self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let context = Context::current();
        self.0.spawn(move || context.run(f))
    }
}
