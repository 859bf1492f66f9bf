//! Values of counters and problems, put down in a part that is read ahead until its turn comes.
//!
//! A trace may consist of nothing else, and several parts of it may wait for their turn. So counters
//! are put down in about as many bytes as their events have, not in a vector of structs.

use trace_format::wire::{Cursor, put_varint};
use trace_format::{CallsiteId, Malformed};

use super::in_order::Ordered;
use crate::step::At;
use crate::{Problem, Problems, Time};

/// What was put down of a part of the trace.
#[derive(Debug, Default)]
pub(super) struct Notes {
    counters: Vec<u8>,
    /// When the last value was: the next one tells the difference.
    time: Time,
    problems: Problems,
}

impl Notes {
    /// A counter has a new value.
    pub(super) fn counter(&mut self, at: At, callsite: CallsiteId, value: f64) {
        put_varint(&mut self.counters, at.time.0.wrapping_sub(self.time.0) as u64);
        put_varint(&mut self.counters, u64::from(callsite.0));
        self.counters.extend_from_slice(&value.to_le_bytes());
        self.time = at.time;
    }

    /// Something is not as it should be.
    pub(super) fn problem(&mut self, problem: &Problem) {
        self.problems.push(problem.clone());
    }

    /// Tells all of them.
    pub(super) fn tell(&self, ordered: &mut impl Ordered) {
        self.problems.iter().for_each(|problem| ordered.problem(problem));
        let (mut input, mut at) = (Cursor::new(&self.counters), At::default());
        while !input.is_empty() {
            // They were written here, and can be read.
            let Ok((callsite, value)) = one(&mut input, &mut at) else { break };
            ordered.counter(at, callsite, value);
        }
    }

    /// The problems that were found.
    pub(super) fn problems(&self) -> &Problems {
        &self.problems
    }
}

fn one(input: &mut Cursor<'_>, at: &mut At) -> Result<(CallsiteId, f64), Malformed> {
    at.time = Time(at.time.0.wrapping_add(input.varint("a note")? as i64));
    let callsite = CallsiteId(input.varint("a note")? as u32);
    Ok((callsite, f64::from_le_bytes(input.array("a note")?)))
}
