//! The threads of the program: Go's Ms, and the goroutine that each of them is.
//!
//! The first thread of the trace is M 1, and runs goroutine 1 unless it polls a future. What is known of
//! a thread lives while it is of use: of one that does nothing two numbers may be all that is left, and
//! nothing is left of one that is over.

use trace_reader::{CallsiteId, FiberId, TaskId, Thread as Traced, ThreadId};

use super::wire::Batch;
use crate::nesting::Nesting;

/// What is known of a thread.
#[derive(Debug, Default)]
pub(super) struct Thread {
    pub(super) nesting: Nesting,
    pub(super) machine: Machine,
}

/// A thread as Go sees it.
#[derive(Debug, Default)]
pub(super) struct Machine {
    /// Its position among the threads of the trace.
    pub(super) index: usize,
    pub(super) batch: Batch,
    /// The processor that it runs on; `None` while it has nothing to do, or sleeps.
    pub(super) processor: Option<u32>,
    /// How often its goroutine was started and unblocked; 0 while it does not exist.
    pub(super) sequence: u64,
    /// How many regions and polls are open on it.
    pub(super) open: usize,
    /// The polls that are open on it, from the outside in.
    pub(super) polls: Vec<Poll>,
    /// How many regions are open of the goroutine that runs.
    pub(super) depth: usize,
    /// The innermost poll ended then, but its future's goroutine still runs: if the future ends next,
    /// it is not to be blocked before.
    pub(super) poll_ended: Option<u64>,
    /// It stands in the queue of those that may stop.
    pub(super) is_queued: bool,
    /// What is open on it stays so: its trace ends here.
    pub(super) is_over: bool,
    /// The task that began last on it, for its arguments.
    pub(super) last_task: (TaskId, CallsiteId),
}

/// A poll that is open on a thread.
#[derive(Clone, Copy, Debug)]
pub(super) struct Poll {
    /// The future; `None` when another thread polls it as well, or too many are known, so that the
    /// goroutine around goes on.
    pub(super) fiber: Option<FiberId>,
    /// How many regions are open of the goroutine around it.
    pub(super) depth: usize,
}

impl Machine {
    /// What Go calls the thread, and its goroutine.
    #[inline]
    pub(super) fn id(&self) -> u64 {
        self.index as u64 + 1
    }

    /// The future whose goroutine runs, when it is not the thread's.
    #[inline]
    pub(super) fn polled(&self) -> Option<FiberId> {
        self.polls.iter().rev().find_map(|poll| poll.fiber)
    }
}

/// Where a thread is.
#[derive(Debug)]
enum Place {
    /// Nothing happens on it. Its goroutine was started and unblocked so many times, and its latest event
    /// was then: another one cannot be before.
    Parked {
        sequence: u64,
        last: u64,
    },
    Live(Box<Thread>),
    /// Somebody is working on it.
    Taken,
    /// It is over.
    Gone,
}

/// All threads of a trace.
pub(super) struct Threads<'t> {
    traced: &'t [Traced],
    places: Vec<Place>,
    /// How many are live or taken.
    pub(super) live: usize,
}

impl<'t> Threads<'t> {
    pub(super) fn new(traced: &'t [Traced]) -> Self {
        Self {
            traced,
            places: traced.iter().map(|_| Place::Parked { sequence: 0, last: 0 }).collect(),
            live: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn traced(&self, index: usize) -> &'t Traced {
        &self.traced[index]
    }

    /// The position of a thread. Most threads have the number that follows from it.
    #[inline]
    pub(super) fn index(&self, id: ThreadId) -> Option<usize> {
        let likely = id.0.wrapping_sub(1) as usize;
        match self.traced.get(likely) {
            Some(thread) if thread.id == id => Some(likely),
            _ => self.traced.binary_search_by_key(&id, |thread| thread.id).ok(),
        }
    }

    /// Takes a thread to work on; `None` when it is over, or somebody works on it.
    #[inline]
    pub(super) fn take(&mut self, index: usize) -> Option<Box<Thread>> {
        match std::mem::replace(&mut self.places[index], Place::Taken) {
            Place::Live(thread) => Some(thread),
            Place::Parked { sequence, last } => {
                self.live += 1;
                let batch = Batch::behind(last);
                let machine = Machine { index, sequence, batch, ..Machine::default() };
                Some(Box::new(Thread { nesting: Nesting::default(), machine }))
            }
            other => {
                self.places[index] = other;
                None
            }
        }
    }

    /// The same of a thread of which more is known than these numbers.
    pub(super) fn take_live(&mut self, index: usize) -> Option<Box<Thread>> {
        matches!(self.places[index], Place::Live(_)).then(|| self.take(index)).flatten()
    }

    /// Gives it back.
    #[inline]
    pub(super) fn give_back(&mut self, thread: Box<Thread>) {
        let index = thread.machine.index;
        self.places[index] = Place::Live(thread);
    }

    /// Instead of being given back a thread is forgotten, but for two numbers that are needed when it
    /// goes on. Its batch has been written.
    pub(super) fn forget(&mut self, machine: &Machine) {
        self.live -= 1;
        self.places[machine.index] = match machine.is_over {
            true => Place::Gone,
            false => Place::Parked { sequence: machine.sequence, last: machine.batch.last() },
        };
    }
}
