//! Child processes that are copies of a recording one: they are off, and touch nothing of it.
//!
//! A child has the parent's memory, the pool among it, which may even be shared with it, but none
//! of its threads. So the child is switched off before it runs, and whatever would end or use the parent's
//! session asks [`Process::is_child`] first.
//!
//! Linux does that by itself: it fills the page of the [epoch](crate::epoch) with zeros in every copy of the
//! process, however it was made. Where it does not (before 4.14, or with pages of another size), and
//! elsewhere, a handler does, which `fork` calls and a bare `clone` does not.
//!
//! And what else it takes to tell a process from others, for [`env`](crate::env): whether it has rights that
//! those who started it do not have, which files other processes are writing, and when it ends.

/// The process that something belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process(u32);

impl Process {
    /// The one that is running.
    pub(crate) fn current() -> Self {
        Self(std::process::id())
    }

    /// Whether this is a child of that process, and what belongs to it is not ours.
    pub(crate) fn is_child(self) -> bool {
        self != Self::current()
    }
}

/// Sees to it that children are switched off. To be called before the first session begins.
#[cfg(all(unix, not(miri)))]
pub(crate) fn prepare() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    unsafe extern "C" fn in_child() {
        crate::thread::RECORDER.abandon();
    }
    ONCE.call_once(|| {
        // SAFETY: the handler stores to an atomic, which may be done in a child at once. Should
        // there be no memory to register it, children are not switched off, and nothing is worse.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        wipe_epoch_in_children();
    });
}

#[cfg(all(target_os = "linux", not(trace_portable), not(loom)))]
fn wipe_epoch_in_children() {
    let page = std::ptr::from_ref(&crate::epoch::PAGE).cast_mut();
    // SAFETY: nothing else is on this page, and zero is a value of what is. It is filled with that in
    // children only. When the call fails nothing is changed.
    unsafe { libc::madvise(page.cast(), crate::epoch::PAGE_LEN, libc::MADV_WIPEONFORK) };
}

#[cfg(all(unix, not(miri), not(all(target_os = "linux", not(trace_portable), not(loom)))))]
fn wipe_epoch_in_children() {}

#[cfg(any(not(unix), miri))]
pub(crate) fn prepare() {}

/// Whether this process has rights that those who started it, and chose its environment, do not have: as a
/// set-uid program, or one with capabilities of its own.
#[cfg(all(any(target_os = "linux", target_os = "android"), not(miri)))]
pub(crate) fn has_foreign_rights() -> bool {
    // SAFETY: the call looks up a number that the kernel gave the process at its start.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android", miri))))]
pub(crate) fn has_foreign_rights() -> bool {
    // SAFETY: the calls return numbers, and cannot fail.
    unsafe { libc::getuid() != libc::geteuid() || libc::getgid() != libc::getegid() }
}

#[cfg(any(not(unix), miri))]
pub(crate) fn has_foreign_rights() -> bool {
    false
}

/// Keeps other processes that ask from writing to a file, as long as it is open; `false` if one does so.
///
/// Where a file system knows no locks, nobody is kept from anything.
#[cfg(all(unix, not(any(target_os = "solaris", miri))))]
pub(crate) fn claim(file: &std::fs::File) -> bool {
    use std::io;
    use std::os::fd::AsRawFd;
    // SAFETY: the call takes a descriptor, which `file` keeps open, and a number.
    let locked = unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) };
    locked == 0 || io::Error::last_os_error().kind() != io::ErrorKind::WouldBlock
}

#[cfg(any(not(unix), target_os = "solaris", miri))]
pub(crate) fn claim(_: &std::fs::File) -> bool {
    true
}

/// Gives up what [`claim`] claimed, also for the copies of this process that have the file open.
#[cfg(all(unix, not(any(target_os = "solaris", miri))))]
pub(crate) fn release(file: &std::fs::File) {
    use std::os::fd::AsRawFd;
    // SAFETY: as in `claim`. Should it fail, the file is claimed for as long as anybody has it open.
    unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_UN) };
}

#[cfg(any(not(unix), target_os = "solaris", miri))]
pub(crate) fn release(_: &std::fs::File) {}

/// Has `handler` called when the process exits: when `main` has returned, or `exit` is called, on the thread
/// that does so. In children that are copies of the process, too.
#[cfg(all(unix, not(miri)))]
pub(crate) fn at_exit(handler: extern "C" fn()) {
    // SAFETY: the handler lives as long as the code that it is. Should there be no memory to register it, it
    // is not called, and nothing is worse.
    unsafe { libc::atexit(handler) };
}

#[cfg(any(not(unix), miri))]
pub(crate) fn at_exit(_: extern "C" fn()) {}
