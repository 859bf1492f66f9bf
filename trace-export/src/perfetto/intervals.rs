//! What is told by its end only, on a line of its own: such that it nests.

use trace_reader::Time;

/// How many intervals on a line are remembered.
const MOST_REMEMBERED: usize = 64;

/// Intervals on a line, told in the order of their ends.
#[derive(Debug, Default)]
pub(super) struct Intervals {
    /// The latest ones that are inside of no other one; ascending.
    outermost: Vec<(Time, Time)>,
    /// Nothing may begin before.
    floor: Option<Time>,
}

impl Intervals {
    /// Where an interval can begin so that it is inside of each other one, around it, or outside.
    pub(super) fn fit(&mut self, begin: Time, end: Time) -> Time {
        let mut begin = self.floor.map_or(begin, |floor| begin.max(floor)).min(end);
        while self.outermost.last().is_some_and(|(inner, _)| *inner >= begin) {
            self.outermost.pop();
        }
        if let Some((_, before)) = self.outermost.last() {
            begin = begin.max(*before).min(end);
        }
        if self.outermost.len() >= MOST_REMEMBERED {
            self.floor = Some(self.outermost.remove(0).1);
        }
        self.outermost.push((begin, end));
        begin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[trace::test]
    fn intervals_nest() {
        let mut intervals = Intervals::default();
        let mut fit = |begin, end| intervals.fit(Time(begin), Time(end)).ns();
        assert_eq!(fit(10, 20), 10);
        assert_eq!(fit(30, 40), 30);
        assert_eq!(fit(5, 50), 5, "around both");
        assert_eq!(fit(45, 60), 50, "not across an end");
        assert_eq!(fit(60, 60), 60);
    }
}
