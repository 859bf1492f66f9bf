//! SIGUSR2, by which somebody asks a running program for a snapshot.
//!
//! The handler is installed with the first flight recorder that wants it and stays: to take it away again
//! could take away what others have put there since. It does nothing while no flight recorder is asked, and
//! goes on to the handler that was there before, if there was one.

#[cfg(all(target_os = "linux", not(trace_portable)))]
pub(crate) use handler::{has_come, ignore, listen};
#[cfg(not(all(target_os = "linux", not(trace_portable))))]
pub(crate) use nothing::{has_come, ignore, listen};

#[cfg(all(target_os = "linux", not(trace_portable)))]
mod handler {
    use std::io;
    use std::sync::OnceLock;
    use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
    use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32};

    use crate::bell::Bell;

    /// What the handler rings; null while it does nothing. Stored with `Release` by [`listen`], loaded with
    /// `Acquire` by the handler.
    static BELL: AtomicPtr<Bell> = AtomicPtr::new(std::ptr::null_mut());

    /// The process of which the bell is: in a child it still is the parent's. Ordered by `BELL`.
    static OWNER: AtomicU32 = AtomicU32::new(0);

    /// The signal came. Stored with `Release` by the handler before it rings, swapped by [`has_come`].
    static HAS_COME: AtomicBool = AtomicBool::new(false);

    /// What the program did with the signal before.
    static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();

    /// Rings `bell` when the signal comes, from now on until [`ignore`] is called.
    ///
    /// One thread at a time may call this and that.
    pub(crate) fn listen(bell: &'static Bell) -> io::Result<()> {
        if BEFORE.get().is_none() {
            install()?;
        }
        HAS_COME.store(false, Release);
        OWNER.store(std::process::id(), Relaxed);
        BELL.store(std::ptr::from_ref(bell).cast_mut(), Release);
        Ok(())
    }

    /// Ends what [`listen`] began.
    pub(crate) fn ignore() {
        BELL.store(std::ptr::null_mut(), Release);
    }

    /// Whether the signal came since this was asked the last time.
    pub(crate) fn has_come() -> bool {
        HAS_COME.swap(false, AcqRel)
    }

    fn install() -> io::Result<()> {
        let done = |result| if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) };
        let mut before = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: nothing is changed, and `before` has room for what is told.
        done(unsafe { libc::sigaction(libc::SIGUSR2, std::ptr::null(), before.as_mut_ptr()) })?;
        // Known before the handler can run.
        // SAFETY: the call succeeded, and has filled it.
        let before = BEFORE.get_or_init(|| unsafe { before.assume_init() });
        // SAFETY: zeros are a value of it.
        let mut ours: libc::sigaction = unsafe { std::mem::zeroed() };
        let handler: unsafe extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) =
            came;
        ours.sa_sigaction = handler as *const () as usize;
        // A call that the signal interrupts goes on by itself; what was blocked meanwhile still is.
        ours.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
        ours.sa_mask = before.sa_mask;
        // SAFETY: `ours` is filled, and its handler does nothing that a handler may not do.
        done(unsafe { libc::sigaction(libc::SIGUSR2, &ours, std::ptr::null_mut()) })
    }

    /// The handler. It loads, stores, writes to a descriptor and asks for the number of the process.
    unsafe extern "C" fn came(
        signal: libc::c_int,
        info: *mut libc::siginfo_t,
        context: *mut libc::c_void,
    ) {
        // SAFETY: every thread has an `errno`, at an address that stays. What was interrupted may be about to
        // read it.
        let errno = unsafe { *libc::__errno_location() };
        let bell = BELL.load(Acquire);
        // SAFETY: it is null, or was made of a reference that lives for ever.
        if let Some(bell) = unsafe { bell.as_ref() } {
            if OWNER.load(Relaxed) == std::process::id() {
                HAS_COME.store(true, Release);
                bell.ring();
            }
        }
        // SAFETY: as above.
        unsafe { *libc::__errno_location() = errno };
        let Some(before) = BEFORE.get() else { return };
        match before.sa_sigaction {
            libc::SIG_DFL | libc::SIG_IGN => {}
            handler if before.sa_flags & libc::SA_SIGINFO != 0 => {
                type Handler =
                    unsafe extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
                // SAFETY: with that flag, it is a handler with three parameters.
                let handler = unsafe { std::mem::transmute::<usize, Handler>(handler) };
                // SAFETY: these are what the system would have given it.
                unsafe { handler(signal, info, context) };
            }
            handler => {
                type Handler = unsafe extern "C" fn(libc::c_int);
                // SAFETY: without that flag, it is a handler with one parameter.
                let handler = unsafe { std::mem::transmute::<usize, Handler>(handler) };
                // SAFETY: this is what the system would have given it.
                unsafe { handler(signal) };
            }
        }
    }
}

/// Where the handler could not do what it has to.
#[cfg(not(all(target_os = "linux", not(trace_portable))))]
mod nothing {
    use std::io;

    use crate::bell::Bell;

    pub(crate) fn listen(_: &'static Bell) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn ignore() {}

    pub(crate) fn has_come() -> bool {
        false
    }
}
