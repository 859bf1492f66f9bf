//! The lines of the picture: a number for each thread, and more for what has no place on a thread's own.
//!
//! A thread's line has the operating system's number of the thread, unless that is not known or another thread
//! had it before. Then, and for all other lines, a number stands in that no thread has. Numbers have 32 bits:
//! readers cut off what is beyond.

use hashbrown::{HashMap, HashSet};
use trace_reader::{Thread, ThreadId, Time};

/// Stand-ins are looked for from here on: no operating system's numbers are known to come here.
const FIRST_STAND_IN: u32 = 1 << 31;

/// What a line is for that is not a thread's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Extra {
    /// Losses of a thread.
    Lost,
    /// Losses that no chunk tells of.
    LostSomewhere,
}

/// Which numbers lines have.
pub(super) struct Lines {
    /// The operating system's numbers, each once.
    taken: HashSet<u32, foldhash::fast::RandomState>,
    /// The threads whose line has another number than the operating system's.
    stand_ins: HashMap<ThreadId, u32, foldhash::fast::RandomState>,
    /// Also where the latest slice on each ends.
    extras: HashMap<(ThreadId, Extra), (u32, Time), foldhash::fast::RandomState>,
    next: u32,
}

impl Lines {
    pub(super) fn new(threads: &[Thread]) -> Self {
        let (mut taken, mut unnumbered) = (HashSet::default(), Vec::new());
        for thread in threads {
            let number = u32::try_from(thread.os_thread).ok().filter(|number| *number != 0);
            if !number.is_some_and(|number| taken.insert(number)) {
                unnumbered.push(thread.id);
            }
        }
        let (stand_ins, extras) = Default::default();
        let mut lines = Self { taken, stand_ins, extras, next: FIRST_STAND_IN };
        for thread in unnumbered {
            let number = lines.stand_in();
            lines.stand_ins.insert(thread, number);
        }
        lines
    }

    /// A number that no line has.
    pub(super) fn stand_in(&mut self) -> u32 {
        while self.taken.contains(&self.next) {
            self.next = self.next.wrapping_add(1);
        }
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        number
    }

    /// The number of a thread's own line.
    pub(super) fn of_thread(&self, thread: &Thread) -> u32 {
        self.stand_ins.get(&thread.id).copied().unwrap_or(thread.os_thread as u32)
    }

    /// Another line of a thread, whether it is new, and where a slice on it begins and ends: behind the one before.
    pub(super) fn extra(
        &mut self,
        thread: ThreadId,
        extra: Extra,
        (begin, end): (Time, Time),
    ) -> (u32, bool, (Time, Time)) {
        let is_new = !self.extras.contains_key(&(thread, extra));
        let number = if is_new { self.stand_in() } else { 0 };
        let (number, until) = self.extras.entry((thread, extra)).or_insert((number, begin));
        let (begin, end) = (begin.max(*until), end.max(*until));
        *until = end;
        (*number, is_new, (begin, end))
    }
}
