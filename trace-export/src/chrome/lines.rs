//! The lines of the picture: a number for each thread, and more for what has no place on a thread's own.
//!
//! A thread's line has the operating system's number of the thread, unless that is not known or another thread
//! had it before. Then, and for all other lines, a number stands in that no thread has. Numbers have 32 bits:
//! readers cut off what is beyond.

use hashbrown::{HashMap, HashSet};
use trace_reader::{Thread, ThreadId, Time};

/// Stand-ins are looked for from here on: no operating system's numbers are known to come here.
const FIRST_STAND_IN: u32 = 1 << 31;

/// How many intervals on a line of its own are remembered.
const MOST_REMEMBERED: usize = 64;

/// What a line is for that is not a thread's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Extra {
    /// Losses of a thread.
    Lost,
    /// Losses that no chunk tells of.
    LostSomewhere,
    /// Its regions that are told by their end, and would not nest on its own line.
    Alone,
}

/// Which numbers lines have.
pub(super) struct Lines {
    /// The operating system's numbers, each once.
    taken: HashSet<u32, foldhash::fast::RandomState>,
    /// The threads whose line has another number than the operating system's.
    stand_ins: HashMap<ThreadId, u32, foldhash::fast::RandomState>,
    extras: HashMap<(ThreadId, Extra), (u32, Intervals), foldhash::fast::RandomState>,
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

    /// Another line of a thread; whether it is new.
    pub(super) fn extra(&mut self, thread: ThreadId, extra: Extra) -> (u32, bool, &mut Intervals) {
        let is_new = !self.extras.contains_key(&(thread, extra));
        let number = if is_new { self.stand_in() } else { 0 };
        let (number, intervals) =
            self.extras.entry((thread, extra)).or_insert((number, Intervals::default()));
        (*number, is_new, intervals)
    }
}

/// Intervals on a line, told in the order of their ends.
#[derive(Debug, Default)]
pub(super) struct Intervals {
    /// The latest ones that are inside of no other one; ascending.
    outermost: Vec<(Time, Time)>,
    /// Nothing may begin before.
    floor: Option<Time>,
}

impl Intervals {
    /// Where an interval can begin so that it is inside of each other one, around it, or outside.
    pub(super) fn fit(&mut self, begin: Time, end: Time) -> Time {
        let mut begin = self.floor.map_or(begin, |floor| begin.max(floor)).min(end);
        while self.outermost.last().is_some_and(|(inner, _)| *inner >= begin) {
            self.outermost.pop();
        }
        if let Some((_, before)) = self.outermost.last() {
            begin = begin.max(*before).min(end);
        }
        if self.outermost.len() >= MOST_REMEMBERED {
            self.floor = Some(self.outermost.remove(0).1);
        }
        self.outermost.push((begin, end));
        begin
    }
}
