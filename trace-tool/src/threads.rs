//! What a thread is called.

use std::borrow::Cow;
use std::sync::Arc;

use trace_reader::{Thread, ThreadId, Trace};

/// Names that tell the threads of a trace apart: those that several threads have are followed by
/// the thread's number.
#[derive(Clone, Debug)]
pub(crate) struct ThreadNames {
    /// Those of the trace, by id.
    threads: Arc<Vec<Thread>>,
    /// Whether another one has the name of each.
    shared: Vec<bool>,
}

impl ThreadNames {
    /// Asks the trace.
    pub(crate) fn of(trace: &Trace) -> Self {
        let threads = trace.keep_threads();
        let mut shared = vec![false; threads.len()];
        let is_named = |&at: &usize| !threads[at].name().is_empty();
        let mut by_name: Vec<u32> =
            (0..threads.len()).filter(is_named).map(|at| at as u32).collect();
        let name = |at: u32| threads[at as usize].name();
        by_name.sort_unstable_by(|&a, &b| name(a).cmp(name(b)));
        for pair in by_name.windows(2).filter(|pair| name(pair[0]) == name(pair[1])) {
            pair.iter().for_each(|&at| shared[at as usize] = true);
        }
        for at in by_name {
            // It may be called what one without a name is.
            let number = name(at).strip_prefix("thread ").and_then(|number| number.parse().ok());
            let Some(other) = number.and_then(|id| find(&threads, ThreadId(id))) else { continue };
            if threads[other].name().is_empty() && threads[other].label() == name(at) {
                (shared[other], shared[at as usize]) = (true, true);
            }
        }
        Self { threads, shared }
    }

    /// The name of a thread.
    pub(crate) fn of_thread(&self, id: ThreadId) -> Cow<'_, str> {
        match find(&self.threads, id) {
            Some(at) => self.name(at),
            None => format!("thread {id}").into(),
        }
    }

    fn name(&self, at: usize) -> Cow<'_, str> {
        let thread = &self.threads[at];
        match (thread.name(), self.shared[at]) {
            ("", false) => format!("thread {}", thread.id).into(),
            (_, true) => format!("{} #{}", thread.label(), thread.id).into(),
            (name, false) => name.into(),
        }
    }

    /// All names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Cow<'_, str>> {
        (0..self.threads.len()).map(|at| self.name(at))
    }
}

fn find(threads: &[Thread], id: ThreadId) -> Option<usize> {
    threads.binary_search_by_key(&id, |thread| thread.id).ok()
}
