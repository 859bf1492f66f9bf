//! What has to be looked at [in order](super::in_order), put down until its turn comes.
//!
//! A trace may consist of nothing else, and many parts of it may wait for their turn. So tasks and
//! counters are put down in about as many bytes as their events have, not in a vector of structs.

use trace_format::wire::{Cursor, put_varint};
use trace_format::{CallsiteId, Malformed, TaskId};

use super::in_order::Ordered;
use crate::step::At;
use crate::{Problem, Problems, ThreadId, Time};

/// What a note begins with.
mod word {
    pub(super) const THREAD: u64 = 0;
    pub(super) const BEGAN: u64 = 1;
    pub(super) const ENDED: u64 = 2;
    /// A task that began before the trace.
    pub(super) const UNSEEN_ENDED: u64 = 3;
    pub(super) const COUNTER: u64 = 4;
}

/// What was put down of a part of the trace.
#[derive(Debug, Default)]
pub(super) struct Notes {
    bytes: Vec<u8>,
    /// Where and when the last note was: the next one tells the difference.
    at: At,
    problems: Problems,
    /// For each problem that is kept, how many of the bytes precede it.
    places: Vec<usize>,
}

impl Notes {
    fn note(&mut self, at: At, word: u64, callsite: CallsiteId) {
        if at.thread != self.at.thread {
            put_varint(&mut self.bytes, word::THREAD);
            put_varint(&mut self.bytes, at.thread.0);
        }
        put_varint(&mut self.bytes, word);
        put_varint(&mut self.bytes, difference(at.time, self.at.time));
        put_varint(&mut self.bytes, at.offset.wrapping_sub(self.at.offset));
        put_varint(&mut self.bytes, u64::from(callsite.0));
        self.at = at;
    }

    /// Tells all of them.
    pub(super) fn tell(&self, ordered: &mut impl Ordered) {
        let mut problems = self.places.iter().zip(&self.problems).peekable();
        let (mut input, mut at) = (Cursor::new(&self.bytes), At::default());
        while !input.is_empty() {
            while let Some((_, problem)) =
                problems.next_if(|(place, _)| **place <= input.position())
            {
                ordered.problem(problem);
            }
            // They were written here, and can be read.
            if tell_one(&mut input, &mut at, ordered).is_err() {
                break;
            }
        }
        problems.for_each(|(_, problem)| ordered.problem(problem));
    }

    /// The problems that were found.
    pub(super) fn problems(&self) -> &Problems {
        &self.problems
    }
}

fn tell_one(
    input: &mut Cursor<'_>,
    at: &mut At,
    ordered: &mut impl Ordered,
) -> Result<(), Malformed> {
    let mut number = || input.varint("a note");
    let word = number()?;
    if word == word::THREAD {
        at.thread = ThreadId(number()?);
        return Ok(());
    }
    at.time = Time(at.time.0.wrapping_add(number()? as i64));
    at.offset = at.offset.wrapping_add(number()?);
    let callsite = CallsiteId(number()? as u32);
    match word {
        word::COUNTER => {
            let value = f64::from_le_bytes(input.array("a note")?);
            ordered.counter(*at, callsite, value);
        }
        word::BEGAN => ordered.task_began(*at, TaskId(number()?), callsite),
        word::UNSEEN_ENDED => ordered.task_ended(*at, TaskId(number()?), callsite, None),
        _ => {
            let task = TaskId(number()?);
            let begin = Time(at.time.0.wrapping_sub(number()? as i64));
            ordered.task_ended(*at, task, callsite, Some(begin));
        }
    }
    Ok(())
}

/// Small when `time` is a little later than `before`, and whatever it is, it can be undone.
fn difference(time: Time, before: Time) -> u64 {
    time.0.wrapping_sub(before.0) as u64
}

impl Ordered for Notes {
    fn task_began(&mut self, at: At, task: TaskId, callsite: CallsiteId) {
        self.note(at, word::BEGAN, callsite);
        put_varint(&mut self.bytes, task.0);
    }

    fn task_ended(&mut self, at: At, task: TaskId, callsite: CallsiteId, begin: Option<Time>) {
        let word = if begin.is_some() { word::ENDED } else { word::UNSEEN_ENDED };
        self.note(at, word, callsite);
        put_varint(&mut self.bytes, task.0);
        if let Some(begin) = begin {
            put_varint(&mut self.bytes, difference(at.time, begin));
        }
    }

    fn counter(&mut self, at: At, callsite: CallsiteId, value: f64) {
        self.note(at, word::COUNTER, callsite);
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    fn problem(&mut self, problem: &Problem) {
        self.problems.push(problem.clone());
        if self.places.len() < self.problems.kept().len() {
            self.places.push(self.bytes.len());
        }
    }
}
