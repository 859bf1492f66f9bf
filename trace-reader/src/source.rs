//! Where the bytes of a trace come from.

use std::fs::File;
use std::io;

use crate::Error;

/// Bytes that can be read at any offset, by several threads at a time.
///
/// A trace is read in pieces of at most one block, so that a source larger than the memory is
/// fine. What it holds must not change while it is read; when it does, the reader reports
/// nonsense, but nothing worse.
pub trait Source: Send + Sync {
    /// How many bytes there are.
    ///
    /// # Errors
    /// What the operating system says.
    fn len(&self) -> io::Result<u64>;

    /// Whether there are none.
    ///
    /// # Errors
    /// What the operating system says.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Copies bytes from `offset` on to `buffer`, and returns how many: 0 at the end only.
    ///
    /// # Errors
    /// What the operating system says.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

impl Source for Vec<u8> {
    fn len(&self) -> io::Result<u64> {
        Ok(self.as_slice().len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self.get(start..).unwrap_or(&[]);
        let len = rest.len().min(buffer.len());
        buffer[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }
}

impl Source for File {
    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        #[cfg(unix)]
        return std::os::unix::fs::FileExt::read_at(self, buffer, offset);
        #[cfg(windows)]
        return std::os::windows::fs::FileExt::seek_read(self, buffer, offset);
        #[cfg(not(any(unix, windows)))]
        {
            let _ = (offset, buffer);
            Err(io::Error::from(io::ErrorKind::Unsupported))
        }
    }
}

/// Reads from `offset` on until `buffer` is full or the source ends; returns how many bytes.
pub(crate) fn read_full(
    source: &dyn Source,
    offset: u64,
    buffer: &mut [u8],
) -> Result<usize, Error> {
    let mut len = 0;
    while len < buffer.len() {
        let at = offset + len as u64;
        match source.read_at(at, &mut buffer[len..]) {
            Ok(0) => break,
            Ok(read) => len += read.min(buffer.len() - len),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(Error::Io { offset: at, source }),
        }
    }
    Ok(len)
}
