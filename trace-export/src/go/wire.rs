//! The bytes of events: kinds, numbers, and the batch that one thread fills.
//!
//! Invariants: times within the batches of a thread ascend; a batch is never longer than
//! [`MOST_BATCH_LEN`], for the parser takes no longer ones.

/// The longest batch.
pub(super) const MOST_BATCH_LEN: usize = 1 << 16;

/// A kind, a time and at most five numbers, of ten bytes each.
const MOST_EVENT_LEN: usize = 1 + 6 * 10;

/// What begins events and what stands between them.
pub(super) mod kind {
    pub(crate) const BATCH: u8 = 1;
    pub(crate) const STACKS: u8 = 2;
    pub(crate) const STACK: u8 = 3;
    pub(crate) const STRINGS: u8 = 4;
    pub(crate) const STRING: u8 = 5;
    pub(crate) const FREQUENCY: u8 = 8;
    /// `[processor, sequence]`
    pub(crate) const PROC_START: u8 = 10;
    pub(crate) const PROC_STOP: u8 = 11;
    /// `[processor, status]`
    pub(crate) const PROC_STATUS: u8 = 13;
    /// `[goroutine, its stack, stack]`
    pub(crate) const GO_CREATE: u8 = 14;
    /// `[goroutine, sequence]`
    pub(crate) const GO_START: u8 = 16;
    pub(crate) const GO_DESTROY: u8 = 17;
    /// `[reason, stack]`
    pub(crate) const GO_STOP: u8 = 19;
    /// `[reason, stack]`
    pub(crate) const GO_BLOCK: u8 = 20;
    /// `[goroutine, sequence, stack]`
    pub(crate) const GO_UNBLOCK: u8 = 21;
    /// `[task, parent, name, stack]`
    pub(crate) const TASK_BEGIN: u8 = 40;
    /// `[task, stack]`
    pub(crate) const TASK_END: u8 = 41;
    /// `[task, name, stack]`
    pub(crate) const REGION_BEGIN: u8 = 42;
    /// `[task, name, stack]`
    pub(crate) const REGION_END: u8 = 43;
    /// `[task, category, message, stack]`
    pub(crate) const LOG: u8 = 44;
    /// `[goroutine, thread, status, its stack]`
    pub(crate) const GO_STATUS: u8 = 48;
    pub(crate) const SYNC: u8 = 50;
    /// `[monotonic, seconds, nanoseconds]`
    pub(crate) const CLOCK_SNAPSHOT: u8 = 51;
    pub(crate) const END_OF_GENERATION: u8 = 52;
}

/// The status of a processor that nothing runs on.
pub(super) const PROC_IDLE: u64 = 2;

/// The status of a goroutine that is blocked.
pub(super) const GO_WAITING: u64 = 4;

/// Stands for no thread.
pub(super) const NO_THREAD: u64 = u64::MAX;

/// Appends a number, seven bits a byte.
pub(super) fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// The events of a thread that have not been written yet.
#[derive(Debug, Default)]
pub(super) struct Batch {
    data: Vec<u8>,
    begin: u64,
    last: u64,
}

impl Batch {
    /// The first batch behind one that was forgotten, the latest event of which was then.
    pub(super) fn behind(last: u64) -> Self {
        Self { last, ..Self::default() }
    }

    /// What has been put in, and the time that it begins at.
    pub(super) fn contents(&self) -> (u64, &[u8]) {
        (self.begin, &self.data)
    }

    /// When the latest event was, also when it has been written already.
    #[inline]
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// How much memory it takes.
    pub(super) fn capacity(&self) -> usize {
        self.data.capacity()
    }

    /// Whether another event has room without more memory.
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        self.data.capacity().min(MOST_BATCH_LEN) - self.data.len() >= MOST_EVENT_LEN
    }

    /// Whether it has to be written before another event.
    pub(super) fn is_full(&self) -> bool {
        MOST_BATCH_LEN - self.data.len() < MOST_EVENT_LEN
    }

    /// Takes more memory, and says how much more: little at first, as there may be many threads.
    pub(super) fn grow(&mut self) -> usize {
        let before = self.data.capacity();
        let wanted = (4 * before).clamp(512, MOST_BATCH_LEN);
        self.data.reserve_exact(wanted - self.data.len());
        self.data.capacity() - before
    }

    /// Forgets what has been written; whether its memory is kept is for the caller to say.
    pub(super) fn clear(&mut self, keep_memory: bool) {
        if keep_memory {
            self.data.clear();
        } else {
            self.data = Vec::new();
        }
    }

    /// Puts an event in. What would be before the latest one is at the same time.
    #[inline]
    pub(super) fn put<const N: usize>(&mut self, kind: u8, time: u64, numbers: [u64; N]) {
        const { assert!(N < 6) }
        let time = time.max(self.last);
        if self.data.is_empty() {
            (self.begin, self.last) = (time, time);
        }
        let mut bytes = [0; MOST_EVENT_LEN];
        bytes[0] = kind;
        let mut at = 1;
        at = number_at(&mut bytes, at, time - self.last);
        for number in numbers {
            at = number_at(&mut bytes, at, number);
        }
        self.last = time;
        self.data.extend_from_slice(&bytes[..at]);
    }
}

#[inline]
fn number_at(bytes: &mut [u8; MOST_EVENT_LEN], mut at: usize, mut number: u64) -> usize {
    while number >= 0x80 {
        bytes[at] = number as u8 | 0x80;
        number >>= 7;
        at += 1;
    }
    bytes[at] = number as u8;
    at + 1
}
