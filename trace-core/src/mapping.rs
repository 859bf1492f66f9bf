//! Pool memory in a mapped file, which outlives the process.
//!
//! After the process has died, for whatever reason short of the machine's, the file holds every
//! committed event, and `docs/format.md` tells how to join it to the trace. The layout:
//!
//! ```text
//! 0                a PoolHead, on a page of its own
//! controls_offset  a Control per chunk: what the reader knows as a PoolControl
//! chunks_offset    the chunks
//! tables_offset    blocks of the callsite table, appended with `write`
//! ```
//!
//! The file lies on a memory file system when it fits there, else beside the trace: on a disk, a
//! page that was written back takes a fault of a microsecond or two with its next store.
//! Its room is claimed at the start: a hole in a file on a full disk would be a SIGBUS later.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};

use trace_format::{POOL_CONTROL_LEN, POOL_MAGIC, PoolHead};

use crate::control::Control;
use crate::fork::Process;
use crate::memory::Memory;

const PAGE: usize = 4096;

/// The memory file system that is tried first.
const MEMORY_FILE_SYSTEM: &str = "/dev/shm";

/// A pool in a file, which is removed with this value: what a crash leaves is for the reader.
#[derive(Debug)]
pub(crate) struct Mapped {
    base: *mut u8,
    len: usize,
    head: PoolHead,
    file: File,
    path: PathBuf,
    owner: Process,
    /// Where the next block of the callsite table goes. Only used with the table locked.
    tables_end: AtomicU64,
    /// See [`Memory::leave_behind`]. Ordered by whatever orders the end of this value.
    is_left_behind: AtomicBool,
}

// SAFETY: `base` is a mapping that this value alone owns; who may touch what in it when is told
// in `memory`, and holds across threads.
unsafe impl Send for Mapped {}
// SAFETY: as above.
unsafe impl Sync for Mapped {}

// They lie in the file as they lie in memory.
const _: () = assert!(size_of::<Control>() == POOL_CONTROL_LEN);

/// The file's layout; its session is to be filled in. `None` if it has no room for so many chunks.
fn layout(chunk_count: usize, chunk_bytes: usize) -> Option<PoolHead> {
    let controls = chunk_count.checked_mul(size_of::<Control>())?;
    let chunks_offset = controls.checked_add(PAGE)?.checked_next_multiple_of(PAGE)?;
    let chunks = chunk_count.checked_mul(chunk_bytes)?;
    let tables_offset = chunks_offset.checked_add(chunks)?.checked_next_multiple_of(PAGE)?;
    Some(PoolHead {
        chunk_bytes: chunk_bytes.try_into().ok()?,
        chunk_count: chunk_count.try_into().ok()?,
        controls_offset: PAGE as u32,
        chunks_offset: chunks_offset as u64,
        tables_offset: tables_offset as u64,
        session: 0,
    })
}

impl Mapped {
    /// Makes the pool of the trace at `trace`, on a memory file system if it fits there.
    ///
    /// # Errors
    /// The error for the place beside the trace, with the path.
    pub(crate) fn new(
        trace: &Path,
        session: u64,
        chunk_count: usize,
        chunk_bytes: usize,
    ) -> Result<Self, (PathBuf, io::Error)> {
        let name = trace.file_name().unwrap_or_default().to_string_lossy();
        let in_memory = Path::new(MEMORY_FILE_SYSTEM).join(format!("{name}.{session:016x}.pool"));
        let beside = {
            // The program may change its directory before the file is removed.
            let trace = std::path::absolute(trace).unwrap_or_else(|_| trace.to_owned());
            let mut path = trace.into_os_string();
            path.push(".pool");
            PathBuf::from(path)
        };
        let head = layout(chunk_count, chunk_bytes)
            .ok_or_else(|| (beside.clone(), io::ErrorKind::OutOfMemory.into()))?;
        let head = PoolHead { session, ..head };
        // No guess is better than the claim itself, which fails when there is no room.
        Self::at(in_memory, head).or_else(|_| {
            // Beside the trace the name is fixed, so that a pool left by a crash is replaced
            // together with the trace that it belonged to.
            if is_pool(&beside) {
                let _ = std::fs::remove_file(&beside);
            }
            Self::at(beside.clone(), head).map_err(|error| (beside, error))
        })
    }

    fn at(path: PathBuf, head: PoolHead) -> io::Result<Self> {
        // `create_new` follows no link that somebody else put there.
        let file =
            OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        Self::in_file(file, path, head)
    }

    fn in_file(file: File, path: PathBuf, head: PoolHead) -> io::Result<Self> {
        let len = head.tables_offset as usize;
        let made = Self::claim_and_map(&file, len).and_then(|base| {
            file.write_all_at(&head.to_bytes(), 0)?;
            Ok(base)
        });
        match made {
            Ok(base) => Ok(Self {
                base,
                len,
                head,
                file,
                path,
                owner: Process::current(),
                tables_end: AtomicU64::new(head.tables_offset),
                is_left_behind: AtomicBool::new(false),
            }),
            Err(error) => {
                let _ = std::fs::remove_file(&path);
                Err(error)
            }
        }
    }

    fn claim_and_map(file: &File, len: usize) -> io::Result<*mut u8> {
        let fd = file.as_raw_fd();
        // SAFETY: the call takes a descriptor, which `file` keeps open, and two numbers.
        let claim = || unsafe { libc::posix_fallocate(fd, 0, len as libc::off_t) };
        // A timer of the program may interrupt it, and did something of it each time.
        match (0..1_000).map(|_| claim()).find(|claimed| *claimed != libc::EINTR) {
            Some(0) => {}
            Some(error) => return Err(io::Error::from_raw_os_error(error)),
            None => return Err(io::ErrorKind::Interrupted.into()),
        }
        // SAFETY: a new mapping, at a place that the kernel chooses, of a file that has this
        // length. The file has no name that others use, and is never made shorter.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                len,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                fd,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        populate(base, len);
        Ok(base.cast())
    }
}

/// Whether a file is a pool: nobody else's file is ever removed.
fn is_pool(path: &Path) -> bool {
    // To open something else could wait for somebody, as with a pipe.
    if !path.symlink_metadata().is_ok_and(|found| found.is_file()) {
        return false;
    }
    let mut magic = [0; POOL_MAGIC.len()];
    let read = File::open(path).and_then(|file| file.read_exact_at(&mut magic, 0));
    read.is_ok() && magic == *POOL_MAGIC
}

/// Takes the page faults now instead of while recording. Kernels before 5.14 refuse, and take
/// them later.
#[cfg(target_os = "linux")]
fn populate(base: *mut libc::c_void, len: usize) {
    // SAFETY: the range is the mapping that was just made; populating changes no byte.
    unsafe { libc::madvise(base, len, libc::MADV_POPULATE_WRITE) };
}

#[cfg(not(target_os = "linux"))]
fn populate(_: *mut libc::c_void, _: usize) {}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: mapped in `claim_and_map` with this length, and nothing refers to it: see
        // invariant 1 of `memory`.
        unsafe { libc::munmap(self.base.cast(), self.len) };
        if !self.owner.is_child() && !self.is_left_behind.load(Relaxed) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Memory for Mapped {
    fn controls(&self) -> &[Control] {
        // SAFETY: the file's room for controls begins at the second page, is zero or was written
        // through this type, and a `Control` is made of atomics for which zero is a value.
        unsafe {
            std::slice::from_raw_parts(self.base.add(PAGE).cast(), self.head.chunk_count as usize)
        }
    }

    fn chunks(&self) -> *mut u8 {
        // SAFETY: the offset is inside of the mapping.
        unsafe { self.base.add(self.head.chunks_offset as usize) }
    }

    fn chunk_bytes(&self) -> usize {
        self.head.chunk_bytes as usize
    }

    fn keep_table(&self, block: &[u8]) {
        let at = self.tables_end.load(Relaxed);
        // Without room the names are missing after a crash; the trace gets them all the same.
        if self.file.write_all_at(block, at).is_ok() {
            self.tables_end.store(at + block.len() as u64, Relaxed);
        }
    }

    fn leave_behind(&self) {
        self.is_left_behind.store(true, Relaxed);
    }

    fn path(&self) -> Option<&Path> {
        Some(&self.path)
    }
}
