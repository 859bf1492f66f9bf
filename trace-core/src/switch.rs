//! Whether a session is on: all that annotated code asks while none is.
//!
//! It is asked at every begin and at every end, so the question must cost as little as it can, and
//! keep no register busy between the two. Left to itself, the compiler keeps the address of the
//! [recorder](crate::thread::RECORDER) in one for the whole of the function, and saves and restores it.
//! Where possible, the question is therefore put in three instructions that it cannot take apart.

/// Whether a session is on.
#[cfg(short_switch)]
#[inline(always)]
pub(crate) fn is_on() -> bool {
    use crate::recorder::Recorder;
    use crate::thread::RECORDER;

    // The recorder lies in another crate than the code that asks, perhaps in another library: its
    // address is where the dynamic linker puts it, as in code that the compiler makes.
    //
    // SAFETY: loads the epoch, which is an aligned word that is only touched as an atomic one, and
    // changes nothing but a register and the flags. A plain load of a word is what a relaxed atomic
    // load is on this processor.
    unsafe {
        core::arch::asm!(
            "mov {address}, qword ptr [rip + {recorder}@GOTPCREL]",
            "cmp qword ptr [{address} + {epoch}], 0",
            "jne {on}",
            address = out(reg) _,
            recorder = sym RECORDER,
            epoch = const Recorder::EPOCH_OFFSET,
            on = label { return true },
            options(nostack, readonly),
        );
    }
    false
}

/// Whether a session is on.
#[cfg(not(short_switch))]
#[inline(always)]
pub(crate) fn is_on() -> bool {
    crate::thread::RECORDER.is_on()
}
