//! Which slot is the calling thread's: found, made, and given back when the thread ends.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;

use crate::pen::Pen;
use crate::recorder::Recorder;
use crate::slot::{Identity, ShortWay, Slot};
use crate::sync::{Arc, global};
use crate::thread_name;

global! {
    /// The recorder of this program.
    pub(crate) static RECORDER: Recorder = Recorder::new();
}

/// The thread has no slot yet.
const NONE: *const Slot = std::ptr::null();
/// The thread is getting a slot or giving one back. Whoever emits now is a signal handler or an
/// allocator inside of that, and is refused.
const BUSY: *const Slot = std::ptr::without_provenance(1);
/// The thread gave its slot back.
const GONE: *const Slot = std::ptr::without_provenance(2);

thread_local! {
    /// One of the constants, or the slot, which [`Leave`] keeps alive. Has no destructor, so that
    /// it can be read until the very end of the thread.
    static SLOT: Cell<*const Slot> = const { Cell::new(NONE) };
    static LEAVE: Leave = const { Leave { slot: RefCell::new(None) } };
    /// Who a thread is that gave its slot back, and where it goes on. Never dropped, so that it is
    /// there until the very end; nothing of it is on the heap unless a region or a context stays open for ever.
    static GONE_IDENTITY: ManuallyDrop<Cell<Identity>> =
        const { ManuallyDrop::new(Cell::new(Identity::NOBODY)) };
}

/// Gives the slot back when the thread ends.
struct Leave {
    slot: RefCell<Option<Arc<Slot>>>,
}

impl Drop for Leave {
    fn drop(&mut self) {
        SLOT.set(BUSY);
        if let Some(slot) = self.slot.take() {
            leave(&slot);
        }
        SLOT.set(GONE);
    }
}

/// Lets `f` write with the calling thread's pen. `None` when nothing is recorded.
#[inline(always)]
pub(crate) fn emit<R>(f: impl FnOnce(&mut Pen, u64) -> R) -> Option<R> {
    let slot = SLOT.get();
    if slot > GONE {
        // SAFETY: a slot that is not one of the constants is kept alive by `LEAVE`, which sets
        // `SLOT` to GONE before it lets go.
        return RECORDER.emit(unsafe { &*slot }, f);
    }
    emit_without_slot(f)
}

/// The short way of [`emit`], if it can be taken. To be left before the function that took it returns.
#[inline(always)]
pub(crate) fn short_way() -> Option<ShortWay<'static>> {
    let slot = SLOT.get();
    if slot <= GONE {
        return None;
    }
    // SAFETY: as in `emit`; and the thread does not end within the function that uses this.
    RECORDER.short_way(unsafe { &*slot })
}

/// Lets `f` look at the calling thread's pen. `None` when nothing is recorded, or this thread has
/// recorded nothing yet, or is doing so right now; none of which is a loss.
#[inline]
pub(crate) fn peek<R>(f: impl FnOnce(&Pen) -> R) -> Option<R> {
    let slot = SLOT.get();
    if slot <= GONE || is_emitting() {
        return None;
    }
    // SAFETY: as in `emit`.
    RECORDER.emit(unsafe { &*slot }, |pen, _| f(pen))
}

#[cold]
fn emit_without_slot<R>(f: impl FnOnce(&mut Pen, u64) -> R) -> Option<R> {
    let (mut f, mut result) = (Some(f), None);
    with_other_slot(&mut |pen, now| result = f.take().map(|f| f(pen, now)));
    result
}

/// Lets `write` write with the pen of a slot for a thread that had none to begin with, unless there cannot
/// be one. The code is the same for every event, and there once.
fn with_other_slot(write: &mut dyn FnMut(&mut Pen, u64)) {
    let mut emit = |slot: &Slot| _ = RECORDER.emit(slot, &mut *write);
    if !RECORDER.is_on() {
        return;
    }
    // In one step: a signal handler may come in between and get a slot for this thread.
    let state = SLOT.replace(BUSY);
    if state == BUSY {
        return RECORDER.refuse();
    }
    if state > GONE {
        SLOT.set(state);
        // SAFETY: as in `emit`.
        return emit(unsafe { &*state });
    }
    let slot = if state == NONE {
        let name = thread_name::of_current();
        let slot = RECORDER.adopt(identity(RECORDER.next_thread(), name));
        let address = Arc::as_ptr(&slot);
        let kept = LEAVE.try_with(|leave| leave.slot.replace(Some(Arc::clone(&slot))));
        if kept.is_ok() {
            SLOT.set(address);
            return emit(&slot);
        }
        // The thread is ending and had no slot before: go on as if it had given one back.
        slot
    } else {
        // A thread that gave its slot back, and still runs destructors: it borrows one for each event.
        RECORDER.adopt(GONE_IDENTITY.with(|identity| identity.replace(Identity::NOBODY)))
    };
    emit(&slot);
    leave(&slot);
    SLOT.set(GONE);
}

fn leave(slot: &Slot) {
    // The destructors of the thread that still run may emit, and go on where this ended. The
    // thread's name is in its earlier chunks.
    let identity = Identity { name: String::new(), ..RECORDER.retire(slot) };
    GONE_IDENTITY.with(|gone| gone.set(identity));
}

/// Runs `f` while whatever this thread emits is refused: for parts of the recorder that hold a lock
/// outside of [`emit`], and in which an allocator that is traced could ask for the same lock.
pub(crate) fn refusing<R>(f: impl FnOnce() -> R) -> R {
    let slot = SLOT.replace(BUSY);
    let result = f();
    SLOT.set(slot);
    result
}

/// In a child process: forgets the threads that only its parent has, and where they recorded.
pub(crate) fn forget_parent() {
    refusing(|| {
        let own = LEAVE.try_with(|leave| leave.slot.borrow().as_ref().map(Arc::as_ptr));
        RECORDER.forget_parent(own.ok().flatten().unwrap_or(std::ptr::null()));
    });
}

/// Whether the calling thread is inside of [`emit`], so that it must not wait for itself.
pub(crate) fn is_emitting() -> bool {
    let slot = SLOT.get();
    match slot {
        NONE | GONE => false,
        BUSY => true,
        // SAFETY: as in `emit`.
        slot => unsafe { &*slot }.is_emitting(),
    }
}

fn identity(number: u64, name: String) -> Identity {
    Identity { number, os_thread: os_thread(), name, ..Identity::NOBODY }
}

#[cfg(target_os = "linux")]
fn os_thread() -> u64 {
    // SAFETY: the call takes nothing and cannot fail.
    unsafe { libc::syscall(libc::SYS_gettid) as u64 }
}

#[cfg(not(target_os = "linux"))]
fn os_thread() -> u64 {
    0
}
