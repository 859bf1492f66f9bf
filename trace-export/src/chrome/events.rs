//! Events as text, one behind the other, each put together from left to right.

use trace_reader::Time;

use crate::json;

/// The events that were not written yet, and the one that is being put together.
pub(super) struct Events {
    pub(super) text: Vec<u8>,
    /// How every event goes on behind its phase.
    process: Vec<u8>,
    is_first: bool,
    /// What is written for the start of the trace.
    start_ns: i64,
    /// How many times were before 0.
    pub(super) too_early: u64,
    /// Whether the event has arguments so far.
    has_args: bool,
}

impl Events {
    pub(super) fn new(pid: u32, start_ns: i64) -> Self {
        let mut process = b"\",\"pid\":".to_vec();
        json::number(&mut process, u64::from(pid));
        process.extend_from_slice(b",\"tid\":");
        Self { text: Vec::new(), process, is_first: true, start_ns, too_early: 0, has_args: false }
    }

    /// Begins an event that has no time.
    pub(super) fn timeless(&mut self, phase: u8, line: u32) -> &mut Self {
        self.text.extend_from_slice(if self.is_first { b"\n{\"ph\":\"" } else { b",\n{\"ph\":\"" });
        self.is_first = false;
        self.text.push(phase);
        self.text.extend_from_slice(&self.process);
        json::number(&mut self.text, u64::from(line));
        self.has_args = false;
        self
    }

    /// Begins an event.
    #[inline]
    pub(super) fn event(&mut self, phase: u8, line: u32, time: Time) -> &mut Self {
        self.timeless(phase, line);
        self.text.extend_from_slice(b",\"ts\":");
        // Readers drop what is before 0.
        let shown = time.ns().saturating_add(self.start_ns).max(0);
        self.too_early += u64::from(time.ns() < self.start_ns.saturating_neg());
        json::micros(&mut self.text, shown);
        self
    }

    /// Adds what needs no escaping, such as `,"s":"t"`.
    #[inline]
    pub(super) fn plain(&mut self, text: &str) -> &mut Self {
        self.text.extend_from_slice(text.as_bytes());
        self
    }

    /// Names it; the name is escaped already.
    #[inline]
    pub(super) fn named(&mut self, name: &[u8]) -> &mut Self {
        self.text.extend_from_slice(b",\"name\":");
        self.text.extend_from_slice(name);
        self
    }

    /// Adds the id of arrows that belong together.
    pub(super) fn id(&mut self, id: u64) -> &mut Self {
        self.text.extend_from_slice(b",\"id\":");
        json::hexadecimal(&mut self.text, id);
        self
    }

    /// Adds arguments: keys and values that are escaped already, a comma between them; possibly none.
    pub(super) fn args(&mut self, args: &[u8]) -> &mut Self {
        if !args.is_empty() {
            self.next_arg();
            self.text.extend_from_slice(args);
        }
        self
    }

    /// Adds an argument whose value is written at the end of the text.
    pub(super) fn arg(&mut self, key: &str, value: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        self.next_arg();
        self.text.push(b'"');
        self.text.extend_from_slice(key.as_bytes());
        self.text.extend_from_slice(b"\":");
        value(&mut self.text);
        self
    }

    fn next_arg(&mut self) {
        self.text.extend_from_slice(if self.has_args { b"," } else { b",\"args\":{" });
        self.has_args = true;
    }

    /// Ends the event.
    #[inline]
    pub(super) fn end(&mut self) {
        self.text.extend_from_slice(if self.has_args { b"}}" } else { b"}" });
    }
}
