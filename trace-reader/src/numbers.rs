//! Maps whose keys are tasks, or other numbers that a trace tells.
//!
//! Every begin and end of a task asks for its task, several times. The standard library's hash is
//! made for keys of any length; a number needs no more than two multiplications, of which the upper and
//! the lower half are combined.
//!
//! A file may be made to slow down whoever reads it. So what is multiplied differs from run to run:
//! nobody can know which numbers fall together.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

/// A map from numbers.
pub(crate) type NumberMap<K, V> = HashMap<K, V, BuildNumberHasher>;

/// Makes hashers that agree with each other, and with no other one's.
#[derive(Clone, Debug)]
pub(crate) struct BuildNumberHasher {
    secret: u64,
    factor: u64,
}

impl Default for BuildNumberHasher {
    fn default() -> Self {
        let random = RandomState::new();
        Self { secret: random.hash_one(0), factor: random.hash_one(1) | 1 }
    }
}

impl BuildHasher for BuildNumberHasher {
    type Hasher = NumberHasher;

    #[inline]
    fn build_hasher(&self) -> NumberHasher {
        NumberHasher { hash: self.secret, factor: self.factor }
    }
}

/// Hashes a number.
#[derive(Debug)]
pub(crate) struct NumberHasher {
    hash: u64,
    factor: u64,
}

/// The upper and the lower half of a product, combined.
#[inline]
fn folded(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

impl Hasher for NumberHasher {
    #[inline]
    fn write_u64(&mut self, number: u64) {
        let once = folded(self.hash ^ number, self.factor);
        self.hash = folded(self.hash ^ once, self.factor);
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(byte.into()));
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.hash
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Of regular numbers, neither the upper nor the lower bits of the hash fall together much more
    /// than by chance.
    #[test]
    fn regular_numbers_are_spread() {
        let hashes = BuildNumberHasher::default();
        let steps = [1_u64, 64, 1 << 16, 1 << 32, 1 << 48, 0x0001_0001_0001_0001, 1_000_003];
        for step in steps {
            let hash = |i: u64| hashes.hash_one(step.wrapping_mul(i));
            for shift in [0, 52] {
                let places: HashSet<u64> = (0..4096).map(|i| hash(i) >> shift & 4095).collect();
                assert!(places.len() > 2048, "step {step}, shift {shift}: {}", places.len());
            }
        }
    }
}
