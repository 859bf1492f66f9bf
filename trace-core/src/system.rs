//! What a process can ask of the system about itself, for [what the environment asks for](crate::env): whether it
//! has rights that those who started it do not have, whether others write to a file, and to be told when it ends.

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
