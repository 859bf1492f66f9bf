//! Where an export goes: pieces are put together, and bytes counted.

use std::io::{self, Write};

/// So many bytes are written at a time.
const PIECE_LEN: usize = 64 << 10;

/// A buffer in front of what is written to.
pub(crate) struct Output<'w> {
    out: &'w mut dyn Write,
    buffer: Vec<u8>,
    bytes: u64,
}

impl<'w> Output<'w> {
    pub(crate) fn new(out: &'w mut dyn Write) -> Self {
        Self { out, buffer: Vec::with_capacity(PIECE_LEN), bytes: 0 }
    }

    /// Writes the rest, and says how many bytes there were.
    pub(crate) fn finish(mut self) -> io::Result<u64> {
        self.flush()?;
        Ok(self.bytes)
    }
}

impl Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + bytes.len() > PIECE_LEN {
            self.out.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        if bytes.len() >= PIECE_LEN {
            self.out.write_all(bytes)?;
        } else {
            self.buffer.extend_from_slice(bytes);
        }
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        self.out.flush()
    }
}
