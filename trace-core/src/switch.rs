//! Whether a session is on: all that annotated code asks while none is.
//!
//! It is asked at every begin and at every end, so the question must cost as little as it can, and
//! keep no register busy between the two. Left to itself, the compiler keeps the address of the
//! [epoch](crate::epoch) in one for the whole of the function, and saves and restores it.
//! Where possible, the question is therefore put in three instructions that it cannot take apart, the
//! last of which jumps away: also without optimisation, no answer is stored to be looked at again.

/// Does something if a session is on, unless annotations are compiled to nothing.
#[cfg(short_switch)]
macro_rules! when_on {
    ($then:block) => {
        if $crate::COMPILED_IN {
            // The epoch lies in another crate than the code that asks, perhaps in another library:
            // its address is where the dynamic linker puts it, as in code that the compiler makes.
            //
            // SAFETY: loads the first word of the epoch's page, which is the epoch, an aligned word that is only touched as an atomic one,
            // and changes nothing but a register and the flags. A plain load of a word is what a relaxed
            // atomic load is on this processor.
            unsafe {
                ::core::arch::asm!(
                    "mov {address}, qword ptr [rip + {epoch}@GOTPCREL]",
                    "cmp qword ptr [{address}], 0",
                    "jne {on}",
                    address = out(reg) _,
                    epoch = sym $crate::epoch::PAGE,
                    on = label $then,
                    options(nostack, readonly),
                );
            }
        }
    };
}

/// Does something if a session is on, unless annotations are compiled to nothing.
#[cfg(not(short_switch))]
macro_rules! when_on {
    ($then:block) => {
        if $crate::COMPILED_IN && $crate::thread::RECORDER.is_on() $then
    };
}

pub(crate) use when_on;

/// Whether a session is on, and annotations are more than nothing.
#[inline(always)]
pub(crate) fn is_on() -> bool {
    when_on!({ return true });
    false
}
