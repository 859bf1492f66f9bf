//! Text that is formatted before an event is written.
//!
//! A `Display` may emit events, panic, or stop the session, so that none of it may run while a
//! thread is emitting: it is formatted into a buffer first, and copied from there.

use std::cell::Cell;
use std::fmt::{self, Write};

use trace_format::Text;

/// Messages and string arguments are kept up to this length in bytes; the length that they had is
/// recorded.
pub(crate) const TEXT_LIMIT: usize = 4096;

thread_local! {
    /// The thread's buffer. Only to be touched by whoever has set [`IN_USE`].
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    /// Whether somebody has the buffer: what formats inside of a `Display`, or in a signal handler
    /// that came in between, gets one of its own.
    static IN_USE: Cell<bool> = const { Cell::new(false) };
}

/// A buffer for one text at a time: the thread's, taken with the first text.
pub(crate) struct Scratch {
    buffer: Option<Vec<u8>>,
    is_the_threads: bool,
}

impl Scratch {
    #[inline]
    pub(crate) fn new() -> Self {
        Self { buffer: None, is_the_threads: false }
    }

    /// Formats a message, or takes it as it is when there is nothing to format.
    #[inline]
    pub(crate) fn message<'s>(&'s mut self, arguments: fmt::Arguments<'s>) -> Text<'s> {
        match arguments.as_str() {
            Some(text) => Text::cut(text, TEXT_LIMIT),
            None => self.format(arguments),
        }
    }

    /// Formats a text.
    #[inline]
    pub(crate) fn format(&mut self, arguments: fmt::Arguments<'_>) -> Text<'_> {
        if self.buffer.is_none() {
            self.is_the_threads = !IN_USE.replace(true);
            // A thread that is ending may have no buffer any more.
            let spare = || SPARE.try_with(Cell::take).unwrap_or_default();
            self.buffer = Some(if self.is_the_threads { spare() } else { Vec::new() });
        }
        let buffer = self.buffer.get_or_insert_default();
        buffer.clear();
        let mut out = Cutting { kept: buffer, len: 0 };
        // An error is the `Display`'s own; what it wrote before stands.
        let _ = out.write_fmt(arguments);
        let len = out.len;
        let was_cut = len > buffer.len();
        Text {
            bytes: std::borrow::Cow::Borrowed(buffer),
            original_len: was_cut.then_some(len as u64),
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.is_the_threads {
            let buffer = self.buffer.take().unwrap_or_default();
            let _ = SPARE.try_with(|spare| spare.set(buffer));
            IN_USE.set(false);
        }
    }
}

/// Keeps the first bytes and counts the rest.
struct Cutting<'a> {
    kept: &'a mut Vec<u8>,
    len: usize,
}

impl Write for Cutting<'_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let whole_so_far = self.len == self.kept.len();
        self.len += text.len();
        if whole_so_far {
            let mut end = text.len().min(TEXT_LIMIT - self.kept.len());
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            self.kept.extend_from_slice(&text.as_bytes()[..end]);
        }
        Ok(())
    }
}
