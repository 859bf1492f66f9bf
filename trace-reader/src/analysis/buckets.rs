//! Counting durations by their length, as cheaply as that can be done.
//!
//! Most of what a report is made of are durations, and a histogram that works with any number of
//! digits takes a while to find the place of one. So they are counted here, in the buckets that
//! it has for three digits, and put into it when all are there, a bucket at a time.
//!
//! Invariant: two durations are in the same bucket if and only if the histogram cannot tell them
//! apart.

use hdrhistogram::Histogram;

/// How many significant digits are kept.
const SIGNIFICANT_DIGITS: u8 = 3;

/// Durations up to 2 to the power of this have a bucket each, which is what three digits ask for.
/// Beyond, half as many buckets are for each power of two.
const EXACT_BITS: u32 = 11;

/// How many there are of which length.
#[derive(Clone, Debug, Default)]
pub(super) struct Buckets {
    /// Up to the longest one.
    counts: Vec<u64>,
}

/// Which bucket a duration is in.
#[inline(always)]
fn index(ns: u64) -> usize {
    let bits = u64::BITS - (ns | 1).leading_zeros();
    let shift = bits.saturating_sub(EXACT_BITS);
    ((shift as usize) << (EXACT_BITS - 1)) + (ns >> shift) as usize
}

/// The shortest duration of a bucket.
fn shortest(index: usize) -> u64 {
    let shift = (index >> (EXACT_BITS - 1)).saturating_sub(1);
    ((index - (shift << (EXACT_BITS - 1))) as u64) << shift
}

impl Buckets {
    /// Takes what a histogram of as many digits has counted.
    pub(super) fn of(histogram: &Histogram<u64>) -> Self {
        let mut buckets = Self::default();
        for counted in histogram.iter_recorded() {
            buckets.count(counted.value_iterated_to(), counted.count_since_last_iteration());
        }
        buckets
    }

    /// Counts a duration if there is a bucket for it, as there is when one as long was counted
    /// before.
    #[inline(always)]
    pub(super) fn count_again(&mut self, ns: u64) -> bool {
        let count = self.counts.get_mut(index(ns));
        let found = count.is_some();
        if let Some(count) = count {
            *count += 1;
        }
        found
    }

    /// Counts a duration so many times.
    pub(super) fn count(&mut self, ns: u64, times: u64) {
        let at = index(ns);
        if at >= self.counts.len() {
            self.counts.resize(at + 1, 0);
        }
        self.counts[at] += times;
    }

    /// Counts those of the other ones, too.
    pub(super) fn merge(&mut self, mut other: Self) {
        if self.counts.len() < other.counts.len() {
            std::mem::swap(&mut self.counts, &mut other.counts);
        }
        for (count, other) in self.counts.iter_mut().zip(&other.counts) {
            *count += other;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The histogram of them.
    pub(super) fn histogram(&self) -> Histogram<u64> {
        let mut histogram = Histogram::new_with_max(u64::MAX, SIGNIFICANT_DIGITS)
            .expect("the digits are between 0 and 5");
        for (at, &count) in self.counts.iter().enumerate().filter(|&(_, &count)| count > 0) {
            histogram.saturating_record_n(shortest(at), count);
        }
        histogram
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All lengths around which something changes, and some between.
    fn lengths() -> impl Iterator<Item = u64> {
        let around = |ns: u64| (0..3).map(move |by| ns.saturating_add(by).saturating_sub(1));
        let powers = (0..u64::BITS).map(|bit| 1 << bit);
        let between = powers
            .clone()
            .flat_map(|power: u64| [3, 5, 1025, 2047].map(|factor| power.saturating_mul(factor)));
        powers.chain(between).chain([u64::MAX]).flat_map(around)
    }

    #[trace::test]
    fn buckets_are_those_of_the_histogram() {
        let histogram = Histogram::<u64>::new_with_max(u64::MAX, SIGNIFICANT_DIGITS).unwrap();
        for ns in lengths() {
            assert_eq!(shortest(index(ns)), histogram.lowest_equivalent(ns), "{ns}");
            let longest = histogram.highest_equivalent(ns);
            assert_eq!(index(longest), index(ns), "{ns}");
            // It is one off at the very end.
            assert!(longest >= u64::MAX - 1 || index(longest + 1) == index(ns) + 1, "{ns}");
        }
    }

    #[trace::test]
    fn the_histogram_is_the_same_as_if_each_had_been_recorded() {
        let mut expected = Histogram::<u64>::new_with_max(u64::MAX, SIGNIFICANT_DIGITS).unwrap();
        let mut buckets = Buckets::default();
        for ns in lengths() {
            expected.saturating_record(ns);
            buckets.count(ns, 1);
        }
        assert_eq!(buckets.histogram(), expected);
    }
}
