//! Child processes that are copies of a recording one: they are off, and touch nothing of it.
//!
//! A child has the parent's memory, the pool among it, which may even be shared with it, but none
//! of its threads. So the child is switched off before it runs, and whatever would end or use the parent's
//! session asks [`Process::is_child`] first.
//!
//! Linux does that by itself: it fills the page of the [epoch](crate::epoch) with zeros in every copy of the
//! process, however it was made. Where it does not (before 4.14, or with pages of another size), and
//! elsewhere, a handler does, which `fork` calls and a bare `clone` does not.

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
