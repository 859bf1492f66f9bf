//! The anchors that have been found while a trace is opened.

use trace_format::Anchor;

/// So many are kept, at least half of it if there are more: with one every 50 ms, all of nearly an hour. Of a
/// longer recording every second is kept, or every fourth; the clocks of a machine do not drift apart by a
/// nanosecond in between.
const MOST: usize = 1 << 16;

/// Anchors in the order of the file: all of them, or, of very many, some and the last one.
#[derive(Default)]
pub(crate) struct KnownAnchors {
    kept: Vec<Anchor>,
    last: Option<Anchor>,
    /// How many there were behind the last one that is kept.
    behind: u64,
    /// So many there are from each one that is kept to the next, in doublings.
    doublings: u32,
}

impl KnownAnchors {
    pub(crate) fn push(&mut self, anchor: Anchor) {
        self.behind += 1;
        if self.kept.is_empty() || self.behind == 1 << self.doublings {
            self.kept.push(anchor.clone());
            self.behind = 0;
            if self.kept.len() == MOST {
                // From the first on.
                let mut is_kept = false;
                self.kept.retain(|_| {
                    is_kept = !is_kept;
                    is_kept
                });
                self.behind = 1 << self.doublings;
                self.doublings += 1;
            }
        }
        self.last = Some(anchor);
    }

    /// The one that was found last.
    pub(crate) fn last(&self) -> Option<&Anchor> {
        self.last.as_ref()
    }

    pub(crate) fn into_kept(mut self) -> Vec<Anchor> {
        if self.behind > 0 {
            self.kept.extend(self.last);
        }
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trace_format::Ticks;

    fn kept(count: u64) -> Vec<u64> {
        let mut known = KnownAnchors::default();
        for n in 0..count {
            known.push(Anchor { ticks: Ticks(n), monotonic_ns: n, wall_ns: n });
            assert_eq!(known.last().map(|last| last.ticks.0), Some(n));
        }
        known.into_kept().iter().map(|anchor| anchor.ticks.0).collect()
    }

    #[trace::test]
    fn all_are_kept_while_there_are_few_and_some_of_many() {
        let most = MOST as u64;
        assert_eq!(kept(0), [0; 0]);
        for count in [1, 2, 1000, most - 1] {
            assert_eq!(kept(count), (0..count).collect::<Vec<_>>());
        }
        for count in [most, most + 1, most + 2, 3 * most + 5, 10 * most] {
            let kept = kept(count);
            assert!((MOST / 2..=MOST).contains(&kept.len()), "{count}: {}", kept.len());
            assert_eq!((kept[0], kept[kept.len() - 1]), (0, count - 1));
            let steps: Vec<_> = kept.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let (last, all) = steps.split_last().unwrap();
            assert!(all.iter().all(|step| *step == all[0] && step.is_power_of_two()), "{count}");
            assert!(*last <= all[0]);
        }
    }
}
