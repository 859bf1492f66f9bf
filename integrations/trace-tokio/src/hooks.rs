//! The callbacks that a program has of its own: what is recorded stands in their place, and calls them.

use std::fmt;

/// The callbacks of a program for [`traced_with`](crate::BuilderExt::traced_with), which takes tokio's places for
/// them: there is one for each kind.
///
/// Any number of each is called, in the order in which they were given, and whether anything is recorded or not.
/// What they record themselves is never in a region of this crate: they run before it begins and after it ends.
///
/// ```
/// use trace_tokio::{BuilderExt, Hooks};
///
/// # fn main() -> std::io::Result<()> {
/// let hooks = Hooks::new().thread_name("barista").on_thread_start(|| println!("good morning"));
/// let runtime = tokio::runtime::Builder::new_multi_thread().traced_with(hooks).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
#[must_use = "they are called by a runtime whose builder was given them with `traced_with`"]
pub struct Hooks {
    pub(crate) thread_name: Option<String>,
    pub(crate) start: Calls,
    pub(crate) stop: Calls,
    pub(crate) park: Calls,
    pub(crate) unpark: Calls,
    #[cfg(tokio_unstable)]
    pub(crate) tasks: crate::tasks::TaskHooks,
}

impl Hooks {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the threads of the runtime are called, followed by a dash and a number; `tokio` if nothing is said.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.thread_name = Some(name.into());
        self
    }

    /// Called as tokio's [`on_thread_start`](tokio::runtime::Builder::on_thread_start) is.
    pub fn on_thread_start(mut self, f: impl Fn() + Send + Sync + 'static) -> Self {
        self.start.0.push(Box::new(f));
        self
    }

    /// Called as tokio's [`on_thread_stop`](tokio::runtime::Builder::on_thread_stop) is.
    pub fn on_thread_stop(mut self, f: impl Fn() + Send + Sync + 'static) -> Self {
        self.stop.0.push(Box::new(f));
        self
    }

    /// Called as tokio's [`on_thread_park`](tokio::runtime::Builder::on_thread_park) is.
    pub fn on_thread_park(mut self, f: impl Fn() + Send + Sync + 'static) -> Self {
        self.park.0.push(Box::new(f));
        self
    }

    /// Called as tokio's [`on_thread_unpark`](tokio::runtime::Builder::on_thread_unpark) is.
    pub fn on_thread_unpark(mut self, f: impl Fn() + Send + Sync + 'static) -> Self {
        self.unpark.0.push(Box::new(f));
        self
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").field("thread_name", &self.thread_name).finish_non_exhaustive()
    }
}

/// Callbacks of one kind.
#[derive(Default)]
pub(crate) struct Calls(Vec<Box<dyn Fn() + Send + Sync>>);

impl Calls {
    pub(crate) fn call(&self) {
        self.0.iter().for_each(|f| f());
    }
}
