//! What a thread is called.

use std::collections::HashSet;

use trace_reader::{Thread, ThreadId, Trace};

/// Names that tell the threads of a trace apart: those that several threads have are followed by
/// the thread's number.
pub(crate) struct ThreadNames<'t> {
    trace: &'t Trace,
    /// Those that several have.
    shared: HashSet<String>,
}

impl<'t> ThreadNames<'t> {
    /// Asks the trace.
    pub(crate) fn of(trace: &'t Trace) -> Self {
        let mut named: Vec<&str> = Vec::new();
        let mut shared = HashSet::new();
        for thread in trace.threads().iter().filter(|thread| !thread.name.is_empty()) {
            named.push(&thread.name);
            // It may be called what one without a name is.
            let number = thread.name.strip_prefix("thread ").and_then(|number| number.parse().ok());
            let namesake = number.and_then(|number| find(trace, ThreadId(number)));
            if namesake.is_some_and(|other| other.name.is_empty() && other.label() == thread.name) {
                shared.insert(thread.name.clone());
            }
        }
        named.sort_unstable();
        let twice = named.windows(2).filter(|pair| pair[0] == pair[1]);
        shared.extend(twice.map(|pair| pair[0].to_owned()));
        Self { trace, shared }
    }

    /// The name of a thread.
    pub(crate) fn of_thread(&self, id: ThreadId) -> String {
        find(self.trace, id).map_or_else(|| format!("thread {id}"), |thread| self.name(thread))
    }

    fn name(&self, thread: &Thread) -> String {
        let label = thread.label();
        if self.shared.contains(&label) { format!("{label} #{}", thread.id) } else { label }
    }

    /// All names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = String> {
        self.trace.threads().iter().map(|thread| self.name(thread))
    }
}

fn find(trace: &Trace, id: ThreadId) -> Option<&Thread> {
    let threads = trace.threads();
    threads.binary_search_by_key(&id, |thread| thread.id).ok().map(|at| &threads[at])
}
