//! Numbers as bars. Durations: one character per bucket, the same scale for all rows of a table.

use trace_reader::analysis::Durations;

use crate::units;

/// How high a bar can be.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Most characters that a row of bars takes; neighbours share one when there are more buckets.
const MAX_BARS: usize = 12;

/// One bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Bucket {
    /// The shortest duration that falls into it.
    pub from_ns: u64,
    /// The shortest duration that does not any more.
    pub to_ns: u64,
    /// How many fall into it.
    pub count: u64,
}

/// The buckets of `durations` from the first to the last that is not empty.
pub(crate) fn buckets(durations: &Durations) -> Vec<Bucket> {
    let bucket = |b: trace_reader::analysis::Bucket| Bucket {
        from_ns: b.from_ns,
        to_ns: b.to_ns,
        count: b.count,
    };
    durations.histogram().into_iter().map(bucket).collect()
}

/// The scale that the rows of a table have in common.
pub(crate) struct Scale {
    /// Where each character begins, ascending.
    from_ns: Vec<u64>,
    /// Where the last one ends.
    to_ns: u64,
}

impl Scale {
    /// The scale on which all of these rows fit.
    pub(crate) fn of<'a>(rows: impl Iterator<Item = &'a [Bucket]>) -> Self {
        let (mut first, mut to_ns) = (u64::MAX, 0);
        for bucket in rows.flatten() {
            first = first.min(bucket.from_ns);
            to_ns = to_ns.max(bucket.to_ns);
        }
        // Buckets in which no row has anything are there too, or the scale would have a fold.
        let bounds: Vec<u64> = std::iter::successors(Some(first), |&from| following(from))
            .take_while(|&from| from < to_ns)
            .collect();
        let merged = bounds.len().div_ceil(MAX_BARS).max(1);
        Self { from_ns: bounds.into_iter().step_by(merged).collect(), to_ns }
    }

    /// What the bars range over: `1 µs…5 ms`.
    pub(crate) fn legend(&self) -> String {
        let Some(&first) = self.from_ns.first() else { return String::new() };
        let bound = |ns| units::duration(u128::from(ns)).replace(".00", "").replace(".0 ", " ");
        format!("{}…{}", bound(first), bound(self.to_ns))
    }

    /// The bars of one row; a dot where nothing is.
    pub(crate) fn bars(&self, buckets: &[Bucket]) -> String {
        let mut counts = vec![0_u64; self.from_ns.len()];
        for bucket in buckets {
            let at = self.from_ns.partition_point(|&from| from <= bucket.from_ns);
            if let Some(count) = at.checked_sub(1).and_then(|at| counts.get_mut(at)) {
                *count = count.saturating_add(bucket.count);
            }
        }
        let highest = counts.iter().copied().max().unwrap_or(0);
        counts.into_iter().map(|count| bar(count, highest)).collect()
    }
}

/// A part of a whole as a horizontal bar of at most ten characters.
pub(crate) fn share_bar(part: u64, whole: u64) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if whole == 0 {
        return String::new();
    }
    let eighths = (u128::from(part.min(whole)) * 80 / u128::from(whole)) as usize;
    format!("{}{}", "█".repeat(eighths / 8), PARTS[eighths % 8])
}

/// The bound that follows `bound` in 0, 1, 2, 5, 10, 20, 50, …
fn following(bound: u64) -> Option<u64> {
    if bound == 0 {
        return Some(1);
    }
    let decade = 10_u64.pow(bound.ilog10());
    match bound / decade {
        1 => decade.checked_mul(2),
        2..=4 => decade.checked_mul(5),
        _ => decade.checked_mul(10),
    }
}

/// A bar of `part` when the highest stands for `whole`.
fn bar(part: u64, whole: u64) -> char {
    if part == 0 {
        return '·';
    }
    // Rounded up: what is there is seen.
    let eighths = (u128::from(part) * 8).div_ceil(u128::from(whole.max(1)));
    BARS[(eighths as usize).clamp(1, 8) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(from_ns: u64, to_ns: u64, count: u64) -> Bucket {
        Bucket { from_ns, to_ns, count }
    }

    #[trace::test]
    fn rows_share_a_scale() {
        let fast = [bucket(1000, 2000, 8), bucket(2000, 5000, 1)];
        let slow = [bucket(10_000, 20_000, 3)];
        let scale = Scale::of([&fast[..], &slow[..]].into_iter());
        assert_eq!(scale.legend(), "1 µs…20 µs");
        assert_eq!(scale.bars(&fast), "█▁··");
        assert_eq!(scale.bars(&slow), "···█");
        assert_eq!(Scale::of(std::iter::empty()).bars(&[]), "");
    }

    #[trace::test]
    fn neighbours_share_a_character_when_there_are_many() {
        let bounds = std::iter::successors(Some(1), |&from| following(from));
        let many: Vec<_> = bounds.take(25).map(|from| bucket(from, from * 2, 1)).collect();
        let bars = Scale::of(std::iter::once(&many[..])).bars(&many);
        assert_eq!(bars, "████████▃");
    }
}
