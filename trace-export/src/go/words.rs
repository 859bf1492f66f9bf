//! What callsites, threads and futures are called: names, and stacks of one frame that tell where in the
//! source something is.
//!
//! Each callsite has its strings and its stack once. A goroutine is called what the function of the
//! outermost frame is called with which it was created.
//!
//! Invariant: a stack is written before the file ends, and so are its strings.

use hashbrown::HashMap;
use trace_reader::{Callsite, CallsiteId, CallsiteKind, Callsites};

use super::file::{File, START};
use super::strings::{EMPTY, Strings};
use super::wire::{MOST_BATCH_LEN, NO_THREAD, kind, put_varint};
use crate::remark::Remarks;

/// Callsites with ids below this one are found by indexing.
const DENSE_LEN: usize = 1 << 16;

/// So many callsites that are not in the trace are kept apart; further ones have one name.
const MOST_UNKNOWN: usize = 1 << 16;

/// So many names and files are looked for before they are written again.
const MOST_SHARED: usize = 1 << 14;

/// So many names of arguments are kept. Only a file made for it has more.
const MOST_KEYS: usize = 1 << 16;

/// A stack of ours has one frame.
const MOST_STACK_LEN: usize = 1 + 6 * 10;

/// What a callsite is called in the file.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Words {
    /// The string that is its name.
    pub(super) name: u64,
    /// Where it is; 0 while that is not known here.
    pub(super) stack: u64,
    /// It is a task.
    pub(super) is_task: bool,
    /// It is a region in which a thread sleeps.
    pub(super) is_sleep: bool,
}

/// Whether a region is one that `trace-tokio` records while a worker has nothing to do. On a processor
/// it would look like work.
fn is_sleep(name: &str, module: &str) -> bool {
    name == "tokio park" && module.starts_with("trace_tokio")
}

/// Names, and where they are used.
pub(super) struct Vocabulary<'t> {
    callsites: &'t Callsites,
    pub(super) strings: Strings,
    dense: Vec<Words>,
    others: HashMap<CallsiteId, Words, foldhash::quality::RandomState>,
    unknown: usize,
    shared: HashMap<Box<str>, u64, foldhash::quality::RandomState>,
    keys: HashMap<CallsiteId, Box<[u64]>, foldhash::quality::RandomState>,
    kept_keys: usize,
    /// The batch of stacks to come.
    stacks: Vec<u8>,
    last_stack: u64,
    threads: HashMap<Box<str>, u64, foldhash::quality::RandomState>,
}

impl<'t> Vocabulary<'t> {
    pub(super) fn new(callsites: &'t Callsites) -> Self {
        Self {
            callsites,
            strings: Strings::new(),
            dense: Vec::new(),
            others: HashMap::default(),
            unknown: 0,
            shared: HashMap::default(),
            keys: HashMap::default(),
            kept_keys: 0,
            stacks: Vec::new(),
            last_stack: 0,
            threads: HashMap::default(),
        }
    }

    /// What a callsite is called.
    #[inline]
    pub(super) fn callsite(
        &mut self,
        id: CallsiteId,
        file: &mut File<'_, '_>,
        remarks: &mut Remarks,
    ) -> Words {
        match self.dense.get(id.0 as usize) {
            Some(words) if words.stack != 0 => *words,
            _ => self.look_up(id, file, remarks),
        }
    }

    #[cold]
    fn look_up(&mut self, id: CallsiteId, file: &mut File<'_, '_>, remarks: &mut Remarks) -> Words {
        if let Some(words) = self.others.get(&id) {
            return *words;
        }
        let words = match self.callsites.get(id) {
            Some(Callsite { kind, name, file: path, line, module, .. }) => {
                let number = self.shared(&name, file, remarks);
                let stack = self.stack(&name, number, &path, line.into(), file, remarks);
                let is_task = kind == CallsiteKind::Task;
                Words { name: number, stack, is_task, is_sleep: is_sleep(&name, &module) }
            }
            None if self.unknown == MOST_UNKNOWN => {
                remarks.met("of callsites that are not in the trace, some are shown as one");
                let name = self.shared("unknown callsite", file, remarks);
                return Words { name, ..Words::default() };
            }
            None => {
                self.unknown += 1;
                let name = self.callsites.name(id);
                let number = self.shared(&name, file, remarks);
                let stack = self.stack(&name, number, "", 0, file, remarks);
                Words { name: number, stack, ..Words::default() }
            }
        };
        let at = id.0 as usize;
        if at < DENSE_LEN {
            if self.dense.len() <= at {
                self.dense.resize(at + 1, Words::default());
            }
            self.dense[at] = words;
        } else {
            self.others.insert(id, words);
        }
        words
    }

    /// What a callsite calls the argument of a begin at this position.
    pub(super) fn key(
        &mut self,
        id: CallsiteId,
        at: usize,
        file: &mut File<'_, '_>,
        remarks: &mut Remarks,
    ) -> u64 {
        if let Some(keys) = self.keys.get(&id) {
            return keys.get(at).copied().unwrap_or(EMPTY);
        }
        let Some(callsite) = self.callsites.get(id) else { return EMPTY };
        if self.kept_keys + callsite.keys.len() > MOST_KEYS {
            let Some(key) = callsite.keys.get(at) else { return EMPTY };
            return self.strings.recent(key, file, remarks);
        }
        self.kept_keys += callsite.keys.len().max(1);
        let keys = callsite.keys.iter().map(|key| self.shared(key, file, remarks));
        let keys: Box<[u64]> = keys.collect();
        let key = keys.get(at).copied().unwrap_or(EMPTY);
        self.keys.insert(id, keys);
        key
    }

    /// The stack that names the goroutine of a thread.
    pub(super) fn thread(
        &mut self,
        label: &str,
        file: &mut File<'_, '_>,
        remarks: &mut Remarks,
    ) -> u64 {
        if let Some(stack) = self.threads.get(label) {
            return *stack;
        }
        let name = self.shared(label, file, remarks);
        let stack = self.stack(label, name, "", 0, file, remarks);
        if self.threads.len() < MOST_SHARED {
            self.threads.insert(label.into(), stack);
        }
        stack
    }

    /// Numbers a string that is likely to be there more than once, and for good.
    pub(super) fn shared(
        &mut self,
        text: &str,
        file: &mut File<'_, '_>,
        remarks: &mut Remarks,
    ) -> u64 {
        if let Some(number) = self.shared.get(text) {
            return *number;
        }
        let number = self.strings.add(text, file, remarks);
        if self.shared.len() < MOST_SHARED && text.len() <= 1 << 10 {
            self.shared.insert(text.into(), number);
        }
        number
    }

    /// Numbers a stack of one frame.
    fn stack(
        &mut self,
        name: &str,
        number: u64,
        path: &str,
        line: u64,
        file: &mut File<'_, '_>,
        remarks: &mut Remarks,
    ) -> u64 {
        // Goroutines without a name, or with one of the runtime's, are left out of pages.
        let function = match name.starts_with("runtime.") || name.is_empty() {
            true => self.shared(&format!("program {name}"), file, remarks),
            false => number,
        };
        let path = self.shared(path, file, remarks);
        if self.stacks.len() + MOST_STACK_LEN > MOST_BATCH_LEN {
            self.flush_stacks(file);
        }
        if self.stacks.is_empty() {
            self.stacks.push(kind::STACKS);
        }
        self.last_stack += 1;
        // Frames are told apart by the address alone, of which we have none.
        let address = self.last_stack;
        self.stacks.push(kind::STACK);
        for number in [self.last_stack, 1, address, function, path, line] {
            put_varint(&mut self.stacks, number);
        }
        self.last_stack
    }

    fn flush_stacks(&mut self, file: &mut File<'_, '_>) {
        if !self.stacks.is_empty() {
            file.batch(NO_THREAD, START, &self.stacks);
            self.stacks.clear();
        }
    }

    /// Writes what has not been written.
    pub(super) fn flush(&mut self, file: &mut File<'_, '_>) {
        self.strings.flush(file);
        self.flush_stacks(file);
    }
}
