//! The threads that have been found while a trace is opened.

use crate::ThreadId;
use crate::numbers::NumberMap;
use crate::trace::Thread;

/// Threads, in the order in which they were found. There may be a thread for every few bytes of a file.
#[derive(Default)]
pub(crate) struct KnownThreads {
    threads: Vec<Thread>,
    /// Where each is.
    index: NumberMap<ThreadId, u32>,
}

impl KnownThreads {
    /// The thread with this number, which is new if it was not found before.
    pub(crate) fn of(&mut self, id: ThreadId) -> &mut Thread {
        let threads = &mut self.threads;
        // Chunks of a thread often follow each other.
        let at = match threads.last() {
            Some(last) if last.id == id => threads.len() - 1,
            _ => *self.index.entry(id).or_insert_with(|| {
                threads.push(Thread::new(id));
                threads.len() as u32 - 1
            }) as usize,
        };
        &mut threads[at]
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Thread> {
        self.threads.iter()
    }

    /// All of them, by number.
    pub(crate) fn into_sorted(self) -> Vec<Thread> {
        let Self { mut threads, index } = self;
        drop(index);
        threads.sort_unstable_by_key(|thread| thread.id);
        threads
    }
}
