//! Child processes that are copies of a recording one: they are off, and touch nothing of it.
//!
//! A child has the parent's memory, the pool among it, which may even be shared with it, but none
//! of its threads. So the child is switched off before `fork` returns in it, and whatever would end
//! or use the parent's session asks [`Process::is_child`] first.

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
#[cfg(unix)]
pub(crate) fn prepare() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    unsafe extern "C" fn in_child() {
        crate::thread::RECORDER.abandon();
    }
    ONCE.call_once(|| {
        // SAFETY: the handler stores to an atomic, which may be done in a child at once. Should
        // there be no memory to register it, children are not switched off, and nothing is worse.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
}

#[cfg(not(unix))]
pub(crate) fn prepare() {}
