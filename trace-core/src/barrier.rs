//! A barrier of which one side is nearly free.
//!
//! A thread that records stores *I am emitting* in its gate and then loads the epoch; a thread that
//! stops stores the epoch and then loads the gate. At least one of the two must see the other's
//! store, which takes a full barrier on both sides. Recording happens a million times as often, so
//! its side is only a barrier to the compiler, and [`heavy`] makes the kernel run a full barrier on
//! every processor that this program is running on. Where the kernel has no such call, both sides
//! run a fence; the epoch's [`FENCED`](crate::epoch::Epoch::is_fenced) bit tells which it is.

use std::sync::OnceLock;
use std::sync::atomic::Ordering::SeqCst;

use crate::sync::fence;

/// Whether [`heavy`] reaches other threads, so that [`light`] needs no fence. The same for as long
/// as the program runs, so that the recording side may go by what an earlier epoch said.
pub(crate) fn is_asymmetric() -> bool {
    static IS_ASYMMETRIC: OnceLock<bool> = OnceLock::new();
    *IS_ASYMMETRIC.get_or_init(imp::register)
}

/// The recording thread's side, between its store and its load.
#[inline(always)]
pub(crate) fn light(fenced: bool) {
    if fenced {
        fence(SeqCst);
    } else {
        light_in_short_way();
    }
}

/// The same where it is known that no fence is needed.
#[inline(always)]
pub(crate) fn light_in_short_way() {
    crate::sync::fence_that_heavy_runs_for_us();
}

/// The stopping thread's side, between its store and its load.
pub(crate) fn heavy(fenced: bool) {
    fence(SeqCst);
    if !fenced {
        imp::run();
    }
}

#[cfg(all(target_os = "linux", not(trace_portable)))]
mod imp {
    fn membarrier(command: libc::c_int) -> libc::c_long {
        // SAFETY: the call takes a command and flags, and touches no memory of ours.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) }
    }

    pub(super) fn register() -> bool {
        membarrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0
    }

    pub(super) fn run() {
        if membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0 {
            // Allowed at first and forbidden since: the program locked itself into a sandbox. A
            // store leaves its processor's buffer within microseconds, or with the next interrupt.
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

#[cfg(not(all(target_os = "linux", not(trace_portable))))]
mod imp {
    pub(super) fn register() -> bool {
        false
    }

    pub(super) fn run() {}
}
