//! What has to be looked at in the order of the trace, put down until its turn comes.
//!
//! Whether a task begins or ends for the first time depends on all that precedes; so does a mean of
//! doubles, in its last digits. Of problems only the first ones are kept.
//!
//! A trace may consist of nothing else, and many parts of it may wait for their turn. So tasks and
//! counters are put down in about as many bytes as their events have, not in a vector of structs.

use trace_format::wire::{Cursor, put_varint};
use trace_format::{CallsiteId, Malformed, TaskId};

use super::counters::Counters;
use super::tasks::Tasks;
use crate::ledger::{Entry, Ledger};
use crate::step::{Item, Step};
use crate::{Callsites, Problem, Problems, ThreadId, Time};

/// What a note begins with.
mod word {
    pub(super) const THREAD: u64 = 0;
    pub(super) const BEGAN: u64 = 1;
    pub(super) const ENDED: u64 = 2;
    /// A task that began before the trace.
    pub(super) const UNSEEN_ENDED: u64 = 3;
    pub(super) const COUNTER: u64 = 4;
}

/// Where and when a note was: the next one tells the difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct At {
    thread: ThreadId,
    time: Time,
    offset: u64,
}

/// What was put down of a part of the trace.
#[derive(Debug, Default)]
pub(super) struct Notes {
    bytes: Vec<u8>,
    at: At,
    problems: Problems,
    /// For each problem that is kept, how many of the bytes precede it.
    places: Vec<usize>,
}

impl Notes {
    /// Puts down the begin or end of a task.
    pub(super) fn task(&mut self, item: &Item<'_>) {
        let (word, task, callsite, begin) = match item.step {
            Step::TaskBegan { task, callsite, .. } => (word::BEGAN, task, callsite, None),
            Step::TaskEnded { task, callsite, begin: None, .. } => {
                (word::UNSEEN_ENDED, task, callsite, None)
            }
            Step::TaskEnded { task, callsite, begin, .. } => (word::ENDED, task, callsite, begin),
            _ => return,
        };
        self.note(item, word, callsite);
        put_varint(&mut self.bytes, task.0);
        if let Some(begin) = begin {
            put_varint(&mut self.bytes, difference(item.time, begin));
        }
    }

    /// Puts down a counter's value.
    pub(super) fn counter(&mut self, item: &Item<'_>, callsite: CallsiteId, value: f64) {
        self.note(item, word::COUNTER, callsite);
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Puts down a problem.
    pub(super) fn problem(&mut self, problem: &Problem) {
        self.problems.push(problem.clone());
        if self.places.len() < self.problems.kept().len() {
            self.places.push(self.bytes.len());
        }
    }

    fn note(&mut self, item: &Item<'_>, word: u64, callsite: CallsiteId) {
        let &Item { thread, time, offset, .. } = item;
        if thread != self.at.thread {
            put_varint(&mut self.bytes, word::THREAD);
            put_varint(&mut self.bytes, thread.0);
        }
        put_varint(&mut self.bytes, word);
        put_varint(&mut self.bytes, difference(time, self.at.time));
        put_varint(&mut self.bytes, offset.wrapping_sub(self.at.offset));
        put_varint(&mut self.bytes, u64::from(callsite.0));
        self.at = At { thread, time, offset };
    }
}

/// Small when `time` is a little later than `before`, and whatever it is, it can be undone.
fn difference(time: Time, before: Time) -> u64 {
    time.0.wrapping_sub(before.0) as u64
}

/// What is made of the notes of all parts.
#[derive(Debug)]
pub(super) struct InOrder<'t> {
    callsites: &'t Callsites,
    pub(super) tasks: Tasks,
    pub(super) counters: Counters,
    pub(super) problems: Problems,
    ledger: Ledger,
}

impl<'t> InOrder<'t> {
    /// Starts with what is wrong with the file.
    pub(super) fn new(callsites: &'t Callsites, problems: Problems) -> Self {
        let (tasks, counters, ledger) = Default::default();
        Self { callsites, tasks, counters, problems, ledger }
    }

    /// Takes the notes of the next part.
    pub(super) fn take(&mut self, notes: &Notes) {
        let mut problems = notes.places.iter().zip(&notes.problems).peekable();
        let (mut input, mut at) = (Cursor::new(&notes.bytes), At::default());
        while !input.is_empty() {
            while let Some((_, problem)) =
                problems.next_if(|(place, _)| **place <= input.position())
            {
                self.problems.push(problem.clone());
            }
            // They were written here, and can be read.
            if self.note(&mut input, &mut at).is_err() {
                break;
            }
        }
        problems.for_each(|(_, problem)| self.problems.push(problem.clone()));
        self.problems.push_uncounted(&notes.problems);
    }

    fn note(&mut self, input: &mut Cursor<'_>, at: &mut At) -> Result<(), Malformed> {
        let mut number = || input.varint("a note");
        let word = number()?;
        if word == word::THREAD {
            at.thread = ThreadId(number()?);
            return Ok(());
        }
        at.time = Time(at.time.0.wrapping_add(number()? as i64));
        at.offset = at.offset.wrapping_add(number()?);
        let At { thread, time, offset } = *at;
        let callsite = CallsiteId(number()? as u32);
        if word == word::COUNTER {
            let value = f64::from_le_bytes(input.array("a note")?);
            self.counters.value(self.callsites, time, callsite, value);
            return Ok(());
        }
        // Nobody asks here what it is a part of.
        let (task, parent) = (TaskId(number()?), TaskId::BACKGROUND);
        let step = match word {
            word::BEGAN => Step::TaskBegan { task, callsite, parent },
            word::UNSEEN_ENDED => Step::TaskEnded { task, callsite, parent: None, begin: None },
            _ => {
                let begin = Some(Time(time.0.wrapping_sub(number()? as i64)));
                Step::TaskEnded { task, callsite, parent: Some(parent), begin }
            }
        };
        let item = Item { thread, time, offset, step };
        match self.ledger.enter(&item) {
            Entry::Again(problem) => self.problems.push(problem),
            _ => self.tasks.step(self.callsites, time, &item.step),
        }
        Ok(())
    }

    /// Nothing is missing: then an end without a begin is a mistake.
    pub(super) fn nothing_is_missing(&mut self) {
        let loose = std::mem::take(&mut self.ledger).loose();
        loose.for_each(|problem| self.problems.push(problem));
    }
}
