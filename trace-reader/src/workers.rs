//! Work that is done by several threads, and whose results are taken in order.
//!
//! Invariants:
//! 1. Results are taken by the calling thread, in the order of the jobs, whatever the number of
//!    workers: what is made of them cannot depend on it.
//! 2. At most two results per worker wait to be taken: one that was handed over, and one that could
//!    not be yet. A worker is never further ahead than that.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, Builder, Scope};

use crate::Error;

/// How large a piece of work is, at least, unless it is the last one: enough events that handing over
/// costs nothing, and few enough that a handful of pieces takes some megabytes.
const PIECE_LEN: u64 = 1 << 20;

/// How many threads read a trace, and how much each takes at a time.
///
/// Whatever these are, the results are the same.
///
/// ```
/// # let file = trace_format::text_to_file("runtime-trace 1\n").unwrap();
/// use trace_reader::{Trace, Workers};
/// let trace = Trace::from_bytes(file)?;
/// assert_eq!(trace.analyze_with(Workers::new(1))?, trace.analyze()?);
/// # Ok::<(), trace_reader::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workers {
    count: usize,
    piece_len: u64,
}

impl Default for Workers {
    /// As many as there are processors that the program may use.
    fn default() -> Self {
        Self::new(0)
    }
}

impl Workers {
    /// So many; 0 means as many as there are processors that the program may use.
    pub fn new(count: usize) -> Self {
        let available = || thread::available_parallelism().map_or(1, |count| count.get());
        Self { count: if count == 0 { available() } else { count }, piece_len: PIECE_LEN }
    }

    /// Lets each take at least so many bytes of the trace at a time, instead of a mebibyte. Memory
    /// is in proportion.
    pub fn pieces_of(self, bytes: u64) -> Self {
        Self { piece_len: bytes, ..self }
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn piece_len(&self) -> u64 {
        self.piece_len
    }

    /// Does the jobs, and gives each with its result to `take`. An error of `take` ends it.
    pub(crate) fn in_order<J: Sync, R: Send>(
        &self,
        jobs: &[J],
        work: impl Fn(&J) -> R + Sync,
        mut take: impl FnMut(&J, R) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let count = self.count.clamp(1, jobs.len().max(1));
        thread::scope(|scope| {
            let results: Vec<Option<Receiver<R>>> = (0..count)
                .map(|worker| spawn(scope, jobs.iter().skip(worker).step_by(count), &work))
                .collect();
            for (job, results) in jobs.iter().zip(results.iter().cycle()) {
                let result = match results {
                    Some(results) => match results.recv() {
                        Ok(result) => result,
                        // The worker has panicked, and so will the scope.
                        Err(_) => break,
                    },
                    None => work(job),
                };
                take(job, result)?;
            }
            Ok(())
        })
    }
}

/// Starts a worker; `None` when the system has no more threads to give.
fn spawn<'scope, J: Sync + 'scope, R: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    jobs: impl Iterator<Item = &'scope J> + Send + 'scope,
    work: &'scope (impl Fn(&J) -> R + Sync),
) -> Option<Receiver<R>> {
    let (sender, receiver) = sync_channel(1);
    let worker = move || {
        for job in jobs {
            // Nobody listens any more behind an error.
            if sender.send(work(job)).is_err() {
                break;
            }
        }
    };
    let spawned = Builder::new().name("trace-reader".to_owned()).spawn_scoped(scope, worker);
    spawned.is_ok().then_some(receiver)
}
