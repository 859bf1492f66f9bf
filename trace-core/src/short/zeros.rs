//! Counting leading zeros, with the instruction for it.

pub(super) use imp::{are_counted, count};

#[cfg(all(target_arch = "x86_64", not(target_feature = "lzcnt")))]
mod imp {
    /// The instruction came with Haswell and, on AMD's side, before. The compiler does not rely on
    /// it, and what it uses instead takes three to eight times as long.
    pub(in crate::short) fn are_counted() -> bool {
        std::arch::is_x86_feature_detected!("lzcnt")
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(in crate::short) fn count(number: u64) -> u64 {
        let zeros: u64;
        // SAFETY: reads and writes registers only. A processor that does not know the instruction
        // executes another one, whose result is not used: see `are_counted`.
        unsafe {
            core::arch::asm!(
                "lzcnt {zeros}, {number}",
                number = in(reg) number,
                zeros = lateout(reg) zeros,
                options(pure, nomem, nostack),
            );
        }
        zeros
    }
}

#[cfg(not(all(target_arch = "x86_64", not(target_feature = "lzcnt"))))]
mod imp {
    pub(in crate::short) fn are_counted() -> bool {
        true
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(in crate::short) fn count(number: u64) -> u64 {
        u64::from(number.leading_zeros())
    }
}
