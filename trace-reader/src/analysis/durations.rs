//! A collection of durations: exact while there are few, a histogram when there are many.

use std::borrow::Cow;

use hdrhistogram::Histogram;

use super::buckets::Buckets;

/// Up to so many durations, percentiles are exact.
const EXACT_LEN: usize = 32_768;

/// Durations of the same kind of thing, in nanoseconds.
///
/// Count, total, mean, minimum and maximum are always exact. Percentiles are exact, by nearest
/// rank, for up to 32,768 durations, and have three significant digits beyond.
#[derive(Clone, Debug, Default)]
pub struct Durations {
    count: u64,
    total_ns: u128,
    min_ns: u64,
    max_ns: u64,
    /// All of them, while they are few.
    exact: Vec<u64>,
    sorted: bool,
    /// All of them, when they are many.
    buckets: Buckets,
    /// The same, when no more are expected.
    histogram: Option<Box<Histogram<u64>>>,
}

/// Durations of about the same length, for display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The shortest that belongs here.
    pub from_ns: u64,
    /// The shortest that belongs to the next one.
    pub to_ns: u64,
    /// How many there are.
    pub count: u64,
}

/// Equal when they cannot be told apart: by the same exact ones, or the same histogram.
impl PartialEq for Durations {
    fn eq(&self, other: &Self) -> bool {
        (self.count, self.total_ns, self.min_ns, self.max_ns)
            == (other.count, other.total_ns, other.min_ns, other.max_ns)
            && self.exact() == other.exact()
            && self.many() == other.many()
    }
}

impl Durations {
    /// Adds a duration.
    #[inline(always)]
    pub fn record(&mut self, ns: u64) {
        self.min_ns = if self.count == 0 { ns } else { self.min_ns.min(ns) };
        self.max_ns = self.max_ns.max(ns);
        self.count += 1;
        self.total_ns += u128::from(ns);
        if !self.buckets.count_again(ns) {
            self.keep(ns);
        }
    }

    /// Keeps one for which there is no bucket.
    fn keep(&mut self, ns: u64) {
        if self.is_exact() && self.exact.len() < EXACT_LEN {
            self.exact.push(ns);
            self.sorted = false;
        } else {
            self.in_buckets().count(ns, 1);
        }
    }

    /// Is told that there are too many, elsewhere: these need not be kept exactly any more.
    pub(super) fn expect_many(&mut self) {
        self.in_buckets().count(0, 0);
    }

    /// Puts all into buckets, from now on.
    fn in_buckets(&mut self) -> &mut Buckets {
        if let Some(histogram) = self.histogram.take() {
            self.buckets = Buckets::of(&histogram);
        }
        for ns in std::mem::take(&mut self.exact) {
            self.buckets.count(ns, 1);
        }
        &mut self.buckets
    }

    /// Adds other durations: the result is the same as if all had been recorded here.
    pub fn merge(&mut self, mut other: Self) {
        if other.count == 0 {
            return;
        }
        self.min_ns = if self.count == 0 { other.min_ns } else { self.min_ns.min(other.min_ns) };
        self.max_ns = self.max_ns.max(other.max_ns);
        self.count += other.count;
        self.total_ns += other.total_ns;
        let are_few = self.exact.len() + other.exact.len() <= EXACT_LEN;
        if self.is_exact() && other.is_exact() && are_few {
            self.exact.append(&mut other.exact);
            self.sorted = false;
        } else {
            self.in_buckets().merge(std::mem::take(other.in_buckets()));
        }
    }

    /// Makes percentiles cheap, now that all are there.
    pub(super) fn settle(&mut self) {
        self.exact.sort_unstable();
        self.sorted = true;
        self.histogram = self.many().map(|many| Box::new(many.into_owned()));
        self.buckets = Buckets::default();
    }

    /// All of them in their order, while they are few.
    fn exact(&self) -> Cow<'_, [u64]> {
        if self.sorted {
            return Cow::Borrowed(&self.exact);
        }
        let mut exact = self.exact.clone();
        exact.sort_unstable();
        Cow::Owned(exact)
    }

    /// All of them, when they are many.
    fn many(&self) -> Option<Cow<'_, Histogram<u64>>> {
        match &self.histogram {
            Some(histogram) => Some(Cow::Borrowed(histogram)),
            None if self.buckets.is_empty() => None,
            None => Some(Cow::Owned(self.buckets.histogram())),
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// All together.
    pub fn total_ns(&self) -> u128 {
        self.total_ns
    }

    /// The mean, rounded down; 0 when there are none.
    pub fn mean_ns(&self) -> u64 {
        (self.total_ns / u128::from(self.count.max(1))) as u64
    }

    /// The shortest; 0 when there are none.
    pub fn min_ns(&self) -> u64 {
        self.min_ns
    }

    /// The longest; 0 when there are none.
    pub fn max_ns(&self) -> u64 {
        self.max_ns
    }

    /// Whether percentiles are exact.
    pub fn is_exact(&self) -> bool {
        self.histogram.is_none() && self.buckets.is_empty()
    }

    /// The shortest that at least `percentile` % of all are not longer than; 0 when there are none.
    pub fn percentile_ns(&self, percentile: f64) -> u64 {
        if self.count == 0 {
            return 0;
        }
        if let Some(histogram) = self.many() {
            let ns = histogram.value_at_percentile(percentile.clamp(0.0, 100.0));
            return ns.clamp(self.min_ns, self.max_ns);
        }
        let exact = self.exact();
        // A little less, so that 99.9 % of 1,000, which a double cannot tell, is not the 1,000th.
        let rank = percentile.clamp(0.0, 100.0) * exact.len() as f64 / 100.0 - 1e-6;
        let rank = rank.ceil() as usize;
        exact[rank.clamp(1, exact.len()) - 1]
    }

    /// How many there are of which length, in steps of 1, 2, 5 per power of ten, from the shortest
    /// to the longest.
    pub fn histogram(&self) -> Vec<Bucket> {
        let mut buckets: Vec<Bucket> = Vec::new();
        let mut add = |ns: u64, count: u64| {
            while buckets.last().is_none_or(|last| ns >= last.to_ns && last.to_ns < u64::MAX) {
                let from_ns = match buckets.last() {
                    Some(last) => last.to_ns,
                    None => step_below(ns),
                };
                buckets.push(Bucket { from_ns, to_ns: step_above(from_ns), count: 0 });
            }
            if let Some(last) = buckets.last_mut() {
                last.count += count;
            }
        };
        match self.many() {
            Some(histogram) => {
                for value in histogram.iter_recorded() {
                    let ns = value.value_iterated_to().clamp(self.min_ns, self.max_ns);
                    add(ns, value.count_since_last_iteration());
                }
            }
            None => self.exact().iter().for_each(|&ns| add(ns, 1)),
        }
        buckets
    }
}

/// The limits of buckets: 0, 1, 2, 5, 10, 20, 50, …
fn limits() -> impl Iterator<Item = u64> {
    let powers = (0..20).map(|exponent| 10_u64.pow(exponent));
    let steps = powers.flat_map(|power| [1, 2, 5].map(|step| power.checked_mul(step)));
    std::iter::once(0).chain(steps.map_while(|limit| limit))
}

fn step_below(ns: u64) -> u64 {
    limits().take_while(|limit| *limit <= ns).last().unwrap_or(0)
}

fn step_above(ns: u64) -> u64 {
    limits().find(|limit| *limit > ns).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[trace::test]
    fn what_is_settled_can_be_added_to() {
        for count in [10, EXACT_LEN as u64, 40_000] {
            let recorded = |durations: &mut Durations| {
                (0..count).for_each(|ns| durations.record(ns * ns));
            };
            let (mut settled, mut expected) = (Durations::default(), Durations::default());
            recorded(&mut settled);
            settled.settle();
            recorded(&mut settled);
            recorded(&mut expected);
            recorded(&mut expected);
            assert_eq!(settled, expected, "{count}");
            settled.settle();
            assert_eq!(settled, expected, "{count}, settled again");
        }
    }
}
