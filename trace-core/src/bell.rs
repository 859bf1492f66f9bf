//! Wakes a thread that waits for something to happen, from wherever that is noticed: on Linux from a signal
//! handler, too.
//!
//! What has happened is told elsewhere, before the bell is rung; whoever waits looks for it after each time.

use std::io;
use std::time::Duration;

#[cfg(all(target_os = "linux", not(trace_portable)))]
mod ways {
    use super::{Duration, io};
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

    /// A descriptor that counts, of which the system wakes who reads it.
    #[derive(Debug)]
    pub(crate) struct Bell(OwnedFd);

    impl Bell {
        pub(crate) fn new() -> io::Result<Self> {
            // SAFETY: the call takes two numbers.
            let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            // SAFETY: the call has just made it, and nobody else knows it.
            Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
        }

        /// Wakes who waits, now or the next time. May be called by a signal handler, and changes `errno`.
        pub(crate) fn ring(&self) {
            let one = 1_u64.to_ne_bytes();
            // SAFETY: the eight bytes can be read. If the call fails, the bell has been rung very often.
            unsafe { libc::write(self.0.as_raw_fd(), one.as_ptr().cast(), one.len()) };
        }

        /// Waits until the bell is rung, or was since the last time, and no longer than that; now and then
        /// less.
        pub(crate) fn wait(&self, at_most: Option<Duration>) {
            let mut poll =
                libc::pollfd { fd: self.0.as_raw_fd(), events: libc::POLLIN, revents: 0 };
            // Rounded up, so that nobody comes back a little too early, again and again.
            let milliseconds = at_most.map_or(-1, |time| {
                i32::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
            });
            let mut count = [0; 8];
            // SAFETY: `poll` is one such structure, and `count` has room for what is read.
            unsafe {
                libc::poll(&mut poll, 1, milliseconds);
                libc::read(poll.fd, count.as_mut_ptr().cast(), count.len());
            }
        }
    }
}

#[cfg(not(all(target_os = "linux", not(trace_portable))))]
mod ways {
    use super::{Duration, io};
    use std::sync::{Condvar, Mutex, PoisonError};

    #[derive(Debug)]
    pub(crate) struct Bell {
        has_rung: Mutex<bool>,
        waiting: Condvar,
    }

    impl Bell {
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self { has_rung: Mutex::new(false), waiting: Condvar::new() })
        }

        /// Wakes who waits, now or the next time.
        pub(crate) fn ring(&self) {
            *self.has_rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
            self.waiting.notify_one();
        }

        /// Waits until the bell is rung, or was since the last time, and no longer than that; now and then
        /// less.
        pub(crate) fn wait(&self, at_most: Option<Duration>) {
            let mut has_rung = self.has_rung.lock().unwrap_or_else(PoisonError::into_inner);
            if !*has_rung {
                has_rung = match at_most {
                    None => self.waiting.wait(has_rung).unwrap_or_else(PoisonError::into_inner),
                    Some(time) => {
                        self.waiting
                            .wait_timeout(has_rung, time)
                            .unwrap_or_else(PoisonError::into_inner)
                            .0
                    }
                };
            }
            *has_rung = false;
        }
    }
}

pub(crate) use ways::Bell;
