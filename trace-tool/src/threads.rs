//! What a thread is called.

use std::collections::HashMap;

use trace_reader::{ThreadId, Trace};

/// Names that tell the threads of a trace apart: those that several threads have are followed by
/// the thread's number.
pub(crate) struct ThreadNames(HashMap<ThreadId, String>);

impl ThreadNames {
    /// Asks the trace.
    pub(crate) fn of(trace: &Trace) -> Self {
        let mut uses: HashMap<String, usize> = HashMap::new();
        for thread in trace.threads() {
            *uses.entry(thread.label().to_string()).or_default() += 1;
        }
        let name = |thread: &trace_reader::Thread| {
            let label = thread.label().to_string();
            match uses[&label] {
                1 => (thread.id, label),
                _ => (thread.id, format!("{label} #{}", thread.id)),
            }
        };
        Self(trace.threads().iter().map(name).collect())
    }

    /// The name of a thread.
    pub(crate) fn of_thread(&self, id: ThreadId) -> String {
        self.0.get(&id).cloned().unwrap_or_else(|| format!("thread {id}"))
    }

    /// All names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(String::as_str)
    }
}
