//! The building blocks that threads share, and the only file that knows loom.
//!
//! In a normal build everything here is the standard library's, crossbeam's, or a wrapper without
//! cost. Under `--cfg loom` it is loom's, so that the hand-offs of this crate can be run through
//! every order in which threads may take their turns.

pub(crate) use imp::*;

#[cfg(not(loom))]
mod imp {
    pub(crate) use crossbeam_queue::ArrayQueue;
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, fence};
    pub(crate) use std::sync::{Arc, Mutex, MutexGuard};

    /// Memory that one thread at a time may touch, by a rule that the type's owner states.
    #[derive(Debug)]
    #[repr(transparent)]
    pub(crate) struct UnsafeCell<T: ?Sized>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(std::cell::UnsafeCell::new(value))
        }

        /// Lends the memory for writing.
        #[inline(always)]
        pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }

        /// The memory, for writing as long as what this returns is there.
        #[inline(always)]
        pub(crate) fn get_mut(&self) -> MutPtr<T> {
            MutPtr(self.0.get())
        }

        /// Lends the memory for reading.
        #[inline(always)]
        pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }
    }

    /// Points to memory that is being written.
    #[derive(Debug)]
    pub(crate) struct MutPtr<T>(*mut T);

    impl<T> MutPtr<T> {
        /// The memory.
        ///
        /// # Safety
        /// The rule of the [`UnsafeCell`]'s owner holds, and nobody else has a reference.
        #[inline(always)]
        #[allow(clippy::mut_from_ref, reason = "as loom has it")]
        pub(crate) unsafe fn deref(&self) -> &mut T {
            // SAFETY: the caller's promise.
            unsafe { &mut *self.0 }
        }
    }

    /// A fence that the kernel runs for this thread when another one asks for it: here, only the
    /// compiler must keep the order.
    #[inline(always)]
    pub(crate) fn fence_that_heavy_runs_for_us() {
        std::sync::atomic::compiler_fence(std::sync::atomic::Ordering::SeqCst);
    }

    /// Waits for another thread: a turn of its own at first, then some microseconds.
    pub(crate) fn wait(round: u32) {
        if round < 16 {
            std::thread::yield_now();
        } else {
            std::thread::sleep(std::time::Duration::from_micros(50));
        }
    }

    /// Declares a static that may hold atomics.
    macro_rules! global {
        ($(#[$meta:meta])* $vis:vis static $NAME:ident: $Type:ty = $value:expr;) => {
            $(#[$meta])*
            $vis static $NAME: $Type = $value;
        };
    }
    pub(crate) use global;
    /// `const` where statics need it: loom's atomics cannot be made in a constant.
    macro_rules! const_fn {
        ($(#[$meta:meta])* $vis:vis fn $($rest:tt)*) => { $(#[$meta])* $vis const fn $($rest)* };
    }
    pub(crate) use const_fn;
}

#[cfg(loom)]
mod imp {
    pub(crate) use loom::cell::{MutPtr, UnsafeCell};
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, fence};
    pub(crate) use loom::sync::{Arc, Mutex, MutexGuard};

    /// loom knows no kernel that would run it: it runs every time.
    pub(crate) fn fence_that_heavy_runs_for_us() {
        fence(std::sync::atomic::Ordering::SeqCst);
    }

    pub(crate) fn wait(_: u32) {
        loom::thread::yield_now();
    }

    /// crossbeam's queue promises that what happened before a push is seen after the pop; so does
    /// this one. Its insides are crossbeam's to check.
    #[derive(Debug)]
    pub(crate) struct ArrayQueue<T> {
        items: Mutex<std::collections::VecDeque<T>>,
        capacity: usize,
    }

    impl<T> ArrayQueue<T> {
        pub(crate) fn new(capacity: usize) -> Self {
            Self { items: Mutex::new(std::collections::VecDeque::new()), capacity }
        }

        pub(crate) fn push(&self, item: T) -> Result<(), T> {
            let mut items = self.items.lock().unwrap();
            if items.len() == self.capacity {
                return Err(item);
            }
            items.push_back(item);
            Ok(())
        }

        pub(crate) fn pop(&self) -> Option<T> {
            self.items.lock().unwrap().pop_front()
        }

        pub(crate) fn len(&self) -> usize {
            self.items.lock().unwrap().len()
        }
    }

    macro_rules! global {
        ($(#[$meta:meta])* $vis:vis static $NAME:ident: $Type:ty = $value:expr;) => {
            $(#[$meta])*
            $vis static $NAME: std::sync::LazyLock<$Type> = std::sync::LazyLock::new(|| $value);
        };
    }
    pub(crate) use global;
    macro_rules! const_fn {
        ($(#[$meta:meta])* $vis:vis fn $($rest:tt)*) => { $(#[$meta])* $vis fn $($rest)* };
    }
    pub(crate) use const_fn;
}

/// Locks a mutex that no panic can leave in a bad state: what it guards is always whole.
#[cfg(not(loom))]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(loom)]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> loom::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap()
}
