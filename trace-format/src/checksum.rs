//! Checksums of many parts of the same bytes, in time that does not grow with their lengths.
//!
//! CRC-32 is linear: the checksum of two parts, one behind the other, follows from theirs and
//! from the length of the second. So that of a part follows from those of the two beginnings that
//! end where it starts and where it ends, and one walk over the bytes gives all beginnings.

use crc32fast::Hasher;

/// How far apart the beginnings are that are kept; what is between them is computed again.
const STEP: usize = 256;

/// The checksums of beginnings of some bytes. To be asked about the same bytes always, and about
/// parts in the order in which they start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checksums {
    base: usize,
    /// At `i`, the checksum of the `i * STEP` bytes from `base` on.
    marks: Vec<u32>,
}

impl Checksums {
    /// The checksum of `bytes[start..end]`.
    pub(crate) fn of_part(&mut self, bytes: &[u8], start: usize, end: usize) -> u32 {
        if start > self.base + self.marks.len() * STEP || self.marks.is_empty() {
            *self = Self { base: start, marks: vec![0] };
        }
        let before = self.of_beginning(bytes, start);
        let whole = self.of_beginning(bytes, end);
        let mut shifted = Hasher::new_with_initial_len(before, 0);
        shifted.combine(&Hasher::new_with_initial_len(0, (end - start) as u64));
        whole ^ shifted.finalize()
    }

    fn of_beginning(&mut self, bytes: &[u8], end: usize) -> u32 {
        let whole_steps = (end - self.base) / STEP;
        for i in self.marks.len()..=whole_steps {
            let at = self.base + i * STEP;
            self.marks.push(continued(self.marks[i - 1], &bytes[at - STEP..at]));
        }
        continued(self.marks[whole_steps], &bytes[self.base + whole_steps * STEP..end])
    }
}

fn continued(checksum: u32, bytes: &[u8]) -> u32 {
    let mut hasher = Hasher::new_with_initial(checksum);
    hasher.update(bytes);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[trace::test]
    fn a_part_has_the_checksum_it_has_alone() {
        let bytes: Vec<u8> = (0..3000_u32).map(|i| (i * i % 251) as u8).collect();
        let mut checksums = Checksums::default();
        for start in [7, 8, 255, 256, 263, 264, 1000, 2999, 3000] {
            for end in (start..=bytes.len()).step_by(97).chain([bytes.len()]) {
                let expected = crc32fast::hash(&bytes[start..end]);
                assert_eq!(checksums.of_part(&bytes, start, end), expected, "{start}..{end}");
            }
        }
    }

    #[trace::test]
    fn bytes_between_distant_parts_are_left_out() {
        let bytes = vec![5; 10_000];
        let mut checksums = Checksums::default();
        checksums.of_part(&bytes, 0, 100);
        assert_eq!(checksums.of_part(&bytes, 9000, 9010), crc32fast::hash(&[5; 10]));
        assert_eq!(checksums.base, 9000);
    }
}
