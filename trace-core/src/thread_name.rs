//! What the calling thread is called.
//!
//! Only the standard library knows: the operating system cuts names after 15 bytes, and lets a
//! thread that nobody named go by the name of the one that started it. The library may not be asked
//! in two places, though. In the very last destructors of a thread it panics, and the thread then
//! has no name. In a signal handler on a thread that is only being started it aborts the program:
//! therefore a thread's first event must not come from a signal handler, and the recorder's own
//! thread runs none (see [`without_signals`]).

/// Names are kept up to this length in bytes.
const NAME_LIMIT: usize = 256;

/// The name of the calling thread, possibly empty.
pub(crate) fn of_current() -> String {
    let name = || std::thread::current().name().unwrap_or_default().to_owned();
    let mut name = std::panic::catch_unwind(name).unwrap_or_default();
    let mut end = NAME_LIMIT.min(name.len());
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    name
}

/// Runs `f`, and lets no thread that it starts run the signal handlers of the program.
#[cfg(all(unix, not(miri)))]
pub(crate) fn without_signals<R>(f: impl FnOnce() -> R) -> R {
    let mut all = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the first call fills `all`; the second reads it, and fills `before` unless it fails.
    let changed = unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) == 0
    };
    let result = f();
    if changed {
        // SAFETY: `before` was filled by the call that succeeded.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut()) };
    }
    result
}

/// There are no signals that interrupt threads.
#[cfg(any(not(unix), miri))]
pub(crate) fn without_signals<R>(f: impl FnOnce() -> R) -> R {
    f()
}
