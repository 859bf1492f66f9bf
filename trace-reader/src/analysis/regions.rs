//! How long regions took, per type.

use trace_format::CallsiteId;

use super::durations::Durations;
use super::groups::{Group, Groups};
use super::many::Many;
use crate::Callsites;
use crate::step::{Fate, RegionEnd};

/// The regions of one name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RegionType {
    /// The name.
    pub name: String,
    /// Where such regions are.
    pub callsites: Vec<CallsiteId>,
    /// How long they took, those whose begin and end are in the trace.
    pub durations: Durations,
    /// The time in them and in none of the regions in them, of the same ones.
    pub self_ns: u128,
    /// How many are open at the end of the trace.
    pub open: u64,
    /// How many began before the trace.
    pub began_before: u64,
    /// How many ended where events are missing.
    pub lost: u64,
    /// How many of those in `durations` had something lost inside of them, so that their part of
    /// `self_ns` may be too much.
    pub partial: u64,
}

impl RegionType {
    /// Adds others: of a part of the trace, or of another trace. The name and the callsites stay.
    pub fn add(&mut self, other: Self) {
        let Self { name: _, callsites: _, durations, self_ns, open, began_before, lost, partial } =
            other;
        self.durations.merge(durations);
        self.self_ns += self_ns;
        self.open += open;
        self.began_before += began_before;
        self.lost += lost;
        self.partial += partial;
    }
}

#[derive(Debug, Default)]
pub(super) struct Regions {
    /// All but the names and the callsites.
    groups: Groups<RegionType>,
    /// What was found when others were added.
    many: Many,
}

impl Regions {
    #[inline(always)]
    pub(super) fn ended(&mut self, callsites: &Callsites, end: &RegionEnd) {
        let kept = self.groups.of(callsites, end.callsite);
        match end.fate {
            Fate::Complete => {
                kept.durations.record(end.duration_ns().unwrap_or(0));
                kept.self_ns += u128::from(end.self_ns);
                kept.partial += u64::from(end.partial);
            }
            Fate::BeganBefore => kept.began_before += 1,
            Fate::Open => kept.open += 1,
            Fate::Lost => kept.lost += 1,
        }
    }

    /// Takes time back from a type's own time: it was spent in regions inside of one of its regions.
    pub(super) fn correct(
        &mut self,
        callsites: &Callsites,
        callsite: CallsiteId,
        children_ns: u64,
        becomes_partial: bool,
    ) {
        let kept = self.groups.of(callsites, callsite);
        kept.self_ns -= u128::from(children_ns);
        kept.partial += u64::from(becomes_partial);
    }

    /// Is of a part only.
    pub(super) fn of_part(&mut self) {
        self.groups.of_part();
    }

    /// Whether there are so many types that not all of them are told apart.
    pub(super) fn is_full(&self) -> bool {
        self.groups.is_full()
    }

    /// The types of which there are many, as far as is known.
    pub(super) fn many(&self) -> &Many {
        &self.many
    }

    /// Is told of which there are many: their durations need not be kept exactly.
    pub(super) fn expect(&mut self, callsites: &Callsites, many: &Many) {
        for callsite in many.iter() {
            self.groups.of(callsites, callsite).durations.expect_many();
        }
    }

    /// Adds what was counted elsewhere.
    pub(super) fn merge(&mut self, callsites: &Callsites, other: Self) {
        let many = &mut self.many;
        self.groups.merge(callsites, other.groups, |kept, other, ids| {
            kept.add(other);
            if !kept.durations.is_exact() {
                many.add(ids);
            }
        });
    }

    pub(super) fn finish(self) -> Vec<RegionType> {
        let region_type = |group: Group<RegionType>| {
            let Group { name, callsites, kept } = group;
            let mut row = RegionType { name, callsites, ..kept };
            row.durations.settle();
            row
        };
        let mut types: Vec<_> = self.groups.into_groups().into_iter().map(region_type).collect();
        types.sort_by(|a, b| {
            b.durations.total_ns().cmp(&a.durations.total_ns()).then_with(|| a.name.cmp(&b.name))
        });
        types
    }
}
