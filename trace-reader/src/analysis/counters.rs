//! What values counters had.

use trace_format::{CallsiteId, Value};

use super::groups::{Group, Groups};
use crate::{Callsites, Time};

/// The values of one counter. Integers beyond 2^53 are rounded.
#[derive(Clone, Debug, PartialEq)]
pub struct CounterStats {
    /// The counter's name.
    pub name: String,
    /// Where it is set.
    pub callsites: Vec<CallsiteId>,
    /// How many values there are.
    pub count: u64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// The mean of the values, however long each was held.
    pub mean: f64,
    /// The last one; of several at the same time, that of the last thread.
    pub last: f64,
    /// When that was.
    pub last_time: Time,
}

#[derive(Debug)]
struct Kept {
    count: u64,
    min: f64,
    max: f64,
    mean: f64,
    last: f64,
    last_time: Time,
}

impl Default for Kept {
    fn default() -> Self {
        let (min, max) = (f64::INFINITY, f64::NEG_INFINITY);
        Self { count: 0, min, max, mean: 0.0, last: 0.0, last_time: Time(i64::MIN) }
    }
}

/// The value of a counter; `None` when no recorder writes such a thing.
#[inline]
pub(super) fn number(value: &Value<'_>) -> Option<f64> {
    Some(match value {
        Value::I64(v) => *v as f64,
        Value::U64(v) => *v as f64,
        Value::I128(v) => *v as f64,
        Value::U128(v) => *v as f64,
        Value::F64(v) => *v,
        Value::Bool(v) => f64::from(u8::from(*v)),
        _ => return None,
    })
}

#[derive(Debug, Default)]
pub(super) struct Counters(Groups<Kept>);

impl Counters {
    pub(super) fn value(
        &mut self,
        callsites: &Callsites,
        time: Time,
        callsite: CallsiteId,
        value: f64,
    ) {
        let kept = self.0.of(callsites, callsite);
        kept.count += 1;
        kept.min = kept.min.min(value);
        kept.max = kept.max.max(value);
        // Welford's: no sum that grows beyond what a double holds exactly.
        kept.mean += (value - kept.mean) / kept.count as f64;
        if time >= kept.last_time {
            (kept.last, kept.last_time) = (value, time);
        }
    }

    pub(super) fn finish(self) -> Vec<CounterStats> {
        let stats = |group: Group<Kept>| {
            let Group { name, callsites, kept } = group;
            let Kept { count, min, max, mean, last, last_time } = kept;
            CounterStats { name, callsites, count, min, max, mean, last, last_time }
        };
        let mut counters: Vec<_> = self.0.into_groups().into_iter().map(stats).collect();
        counters.sort_by(|a, b| a.name.cmp(&b.name));
        counters
    }
}
