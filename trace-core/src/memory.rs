//! The memory of a pool: chunks, and a control word or two for each.
//!
//! Where it comes from is a choice: the heap, or a [mapped file](crate::mapping) whose contents
//! outlive the process. Both are the same to everything else in this crate.
//!
//! Invariants:
//! 1. Controls and chunks stay where they are and stay mapped as long as the [`Memory`] lives.
//! 2. A chunk's bytes belong to whoever holds its [`ChunkIndex`]: it is a token that is passed on
//!    through the pool's queues and is never copied elsewhere. Others may read only the committed
//!    prefix, and only while they know that the holder does not give the chunk away, or have
//!    [pinned](crate::control) it.

use crate::control::Control;

/// Which chunk of a pool; see the second invariant of the module. Not `Copy`, on purpose.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ChunkIndex(pub(crate) u32);

/// The memory of a pool.
pub(crate) trait Memory: std::fmt::Debug + Send + Sync {
    /// One control per chunk.
    fn controls(&self) -> &[Control];

    /// Where the chunks lie, one behind the other, each of [`chunk_bytes`](Self::chunk_bytes).
    fn chunks(&self) -> *mut u8;

    /// The size of a chunk.
    fn chunk_bytes(&self) -> usize;

    /// Keeps a block of the callsite table, before an id in it is used.
    fn keep_table(&self, block: &[u8]);

    /// Leaves the memory to be found as after a crash, even when this value is dropped.
    fn leave_behind(&self) {}

    /// Where the memory can be found after a crash.
    fn path(&self) -> Option<&std::path::Path> {
        None
    }
}

/// Memory that ends with the process.
#[derive(Debug)]
pub(crate) struct Heap {
    controls: Box<[Control]>,
    chunks: *mut u8,
    len: usize,
    chunk_bytes: usize,
}

// SAFETY: `chunks` is memory that this value alone owns; who may touch it when is the second
// invariant of the module, which holds across threads.
unsafe impl Send for Heap {}
// SAFETY: as above: sharing the value gives access to a pointer, not to the bytes.
unsafe impl Sync for Heap {}

impl Heap {
    /// Allocates the memory, untouched: pages that no chunk has used yet take no room, and no time.
    ///
    /// `None` when there is not that much.
    pub(crate) fn new(chunk_count: usize, chunk_bytes: usize) -> Option<Self> {
        let len = chunk_count.checked_mul(chunk_bytes)?;
        if len == 0 {
            return None;
        }
        let chunks = pages::allocate(len)?;
        let controls = (0..chunk_count).map(|_| Control::new()).collect();
        Some(Self { controls, chunks, len, chunk_bytes })
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this length, and nothing refers to it: see invariant 1.
        unsafe { pages::free(self.chunks, self.len) };
    }
}

impl Memory for Heap {
    fn controls(&self) -> &[Control] {
        &self.controls
    }

    fn chunks(&self) -> *mut u8 {
        self.chunks
    }

    fn chunk_bytes(&self) -> usize {
        self.chunk_bytes
    }

    fn keep_table(&self, _: &[u8]) {}
}

/// Memory full of zeros, from the system: an allocator may have written to what it gives, and then
/// writes the zeros, which takes longer than all else that a session begins with.
#[cfg(all(unix, not(trace_portable)))]
mod pages {
    /// `len` must not be 0. `None` when there is not that much.
    pub(super) fn allocate(len: usize) -> Option<*mut u8> {
        let (access, kind) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANON);
        // SAFETY: asks for a new mapping, anywhere.
        let memory = unsafe { libc::mmap(std::ptr::null_mut(), len, access, kind, -1, 0) };
        (memory != libc::MAP_FAILED).then_some(memory.cast())
    }

    /// # Safety
    /// `memory` was allocated with this length and is not used any more.
    pub(super) unsafe fn free(memory: *mut u8, len: usize) {
        // SAFETY: the caller's promise.
        unsafe { libc::munmap(memory.cast(), len) };
    }
}

/// Memory full of zeros.
#[cfg(not(all(unix, not(trace_portable))))]
mod pages {
    use std::alloc::{Layout, alloc_zeroed, dealloc};

    /// Chunks begin at the beginning of a cache line.
    const ALIGN: usize = 64;

    /// `len` must not be 0. `None` when there is not that much.
    pub(super) fn allocate(len: usize) -> Option<*mut u8> {
        let layout = Layout::from_size_align(len, ALIGN).ok()?;
        // SAFETY: the size is not zero.
        let memory = unsafe { alloc_zeroed(layout) };
        (!memory.is_null()).then_some(memory)
    }

    /// # Safety
    /// `memory` was allocated with this length and is not used any more.
    pub(super) unsafe fn free(memory: *mut u8, len: usize) {
        if let Ok(layout) = Layout::from_size_align(len, ALIGN) {
            // SAFETY: the caller's promise.
            unsafe { dealloc(memory, layout) };
        }
    }
}
