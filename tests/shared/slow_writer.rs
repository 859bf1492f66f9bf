//! A writer that is slower than the program.

use std::io::{self, Write};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

/// A writer that takes its time, and gives the bytes away when it is flushed.
pub(crate) struct Slow {
    pub(crate) bytes: Vec<u8>,
    pub(crate) pause: Duration,
    pub(crate) to: Sender<Vec<u8>>,
}

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        thread::sleep(self.pause);
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.send(std::mem::take(&mut self.bytes)).map_err(io::Error::other)
    }
}
