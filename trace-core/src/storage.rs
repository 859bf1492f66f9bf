//! Where the bytes of a recording are: the memory of its chunks, and its file.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::error::StartError;
use crate::memory::{Heap, Memory};
use crate::system;

/// The smallest chunk: it holds the largest head, and some events behind it.
pub(crate) const MIN_CHUNK_BYTES: usize = 4 << 10;
/// The largest chunk.
pub(crate) const MAX_CHUNK_BYTES: usize = 16 << 20;

/// How much memory, in chunks of which size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) count: usize,
    pub(crate) chunk_bytes: usize,
}

impl Size {
    /// As many chunks as `pool_bytes` hold. At least two; their size is rounded up to whole cache
    /// lines.
    pub(crate) fn new(pool_bytes: usize, chunk_bytes: usize) -> Result<Self, StartError> {
        let rounded = chunk_bytes.checked_next_multiple_of(64).unwrap_or(usize::MAX);
        let count = pool_bytes / rounded.max(1);
        let sound = (MIN_CHUNK_BYTES..=MAX_CHUNK_BYTES).contains(&rounded)
            && (2..u32::MAX as usize).contains(&count);
        if sound {
            Ok(Self { count, chunk_bytes: rounded })
        } else {
            Err(StartError::PoolSize { pool_bytes, chunk_bytes })
        }
    }

    /// Memory that ends with the process.
    pub(crate) fn on_heap(self) -> Result<Box<dyn Memory>, StartError> {
        let Self { count, chunk_bytes } = self;
        match Heap::new(count, chunk_bytes) {
            Some(memory) => Ok(Box::new(memory)),
            None => {
                let pool_bytes = count.saturating_mul(chunk_bytes);
                Err(StartError::PoolSize { pool_bytes, chunk_bytes })
            }
        }
    }

    /// Memory in a file, where that is possible, for the recording `session` with the trace at `path`.
    #[cfg(all(target_os = "linux", not(trace_portable)))]
    pub(crate) fn in_file(self, path: &Path, session: u64) -> Result<Box<dyn Memory>, StartError> {
        match crate::mapping::Mapped::new(path, session, self.count, self.chunk_bytes) {
            Ok(memory) => Ok(Box::new(memory)),
            Err((path, source)) => Err(StartError::PoolFile { path, source }),
        }
    }

    #[cfg(not(all(target_os = "linux", not(trace_portable))))]
    pub(crate) fn in_file(self, _: &Path, _: u64) -> Result<Box<dyn Memory>, StartError> {
        self.on_heap()
    }
}

/// The file of a trace.
#[derive(Debug)]
pub(crate) struct TraceFile {
    file: File,
    /// Other processes that ask are kept from writing to it.
    is_claimed: bool,
}

impl Write for TraceFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for TraceFile {
    fn drop(&mut self) {
        // Also where copies of this process live on, and have it open.
        if self.is_claimed {
            system::release(&self.file);
        }
    }
}

/// Makes the file of a trace, for its owner alone. An existing one is replaced.
pub(crate) fn create_trace(path: &Path) -> io::Result<TraceFile> {
    let file = for_owner().create(true).truncate(true).open(path)?;
    Ok(TraceFile { file, is_claimed: false })
}

/// The same, unless another process is writing a trace to the file that it made in this way.
pub(crate) fn create_own_trace(path: &Path) -> io::Result<TraceFile> {
    let file = for_owner().create(true).truncate(false).open(path)?;
    let is_claimed = file.metadata()?.is_file();
    // Others, as a pipe or `/dev/null`, may have several writers, and no length.
    if is_claimed {
        if !system::claim(&file) {
            let message = "another process is writing its trace to it; with `%p` in the name, \
                           each process has a file of its own";
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, message));
        }
        // Only now: what is there may have been that other process's.
        file.set_len(0)?;
    }
    Ok(TraceFile { file, is_claimed })
}

/// The same where nothing may be yet, not even a link: for names that others can guess.
pub(crate) fn create_new_trace(path: &Path) -> io::Result<TraceFile> {
    let file = for_owner().create_new(true).open(path)?;
    Ok(TraceFile { file, is_claimed: false })
}

fn for_owner() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
