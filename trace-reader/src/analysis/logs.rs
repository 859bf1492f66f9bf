//! How many messages each log category has.

use trace_format::CallsiteId;

use super::groups::{Group, Groups};
use crate::{Callsites, Time};

/// The log messages of one category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogCategory {
    /// The category, possibly empty.
    pub name: String,
    /// Where such messages are logged.
    pub callsites: Vec<CallsiteId>,
    /// How many there are.
    pub count: u64,
    /// When the first was.
    pub first: Time,
    /// When the last was.
    pub last: Time,
}

#[derive(Debug)]
struct Kept {
    count: u64,
    first: Time,
    last: Time,
}

impl Default for Kept {
    fn default() -> Self {
        Self { count: 0, first: Time(i64::MAX), last: Time(i64::MIN) }
    }
}

#[derive(Debug, Default)]
pub(super) struct Logs(Groups<Kept>);

impl Logs {
    pub(super) fn log(&mut self, callsites: &Callsites, time: Time, callsite: CallsiteId) {
        let kept = self.0.of(callsites, callsite);
        kept.count += 1;
        kept.first = kept.first.min(time);
        kept.last = kept.last.max(time);
    }

    /// Is of a part only.
    pub(super) fn of_part(&mut self) {
        self.0.of_part();
    }

    /// Whether there are so many categories that not all of them are told apart.
    pub(super) fn is_full(&self) -> bool {
        self.0.is_full()
    }

    /// Adds what was counted elsewhere.
    pub(super) fn merge(&mut self, callsites: &Callsites, other: Self) {
        self.0.merge(callsites, other.0, |kept, other, _| {
            kept.count += other.count;
            kept.first = kept.first.min(other.first);
            kept.last = kept.last.max(other.last);
        });
    }

    pub(super) fn finish(self) -> Vec<LogCategory> {
        let category = |group: Group<Kept>| {
            let Group { name, callsites, kept: Kept { count, first, last } } = group;
            LogCategory { name, callsites, count, first, last }
        };
        let mut categories: Vec<_> = self.0.into_groups().into_iter().map(category).collect();
        categories.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
        categories
    }
}
