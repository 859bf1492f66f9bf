//! Callsites: the static descriptions of annotations, and the numbers that events call them by.
//!
//! A callsite gets its number with its first event and keeps it as long as the program runs, so
//! that one session after another can use it. Numbers start at 1. The table only grows; every
//! trace gets the whole of it.

use std::collections::HashMap;
use std::panic::Location;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::atomic::{AtomicU16, AtomicU32};
use std::sync::{Mutex, PoisonError};

use trace_format::wire::{Field, LIST_LIMIT};
use trace_format::{BlockType, CallsiteId, CallsiteKind, Text, put_block};

use crate::pool::Pool;
use crate::sync::Arc;

/// Names and paths are kept up to this length in bytes.
pub(crate) const NAME_LIMIT: usize = 4096;

/// A block of callsites ends with the one that makes it as long as this.
const BLOCK_BYTES: usize = 1 << 20;

/// The static description of one annotation.
#[derive(Debug)]
pub struct Callsite {
    kind: CallsiteKind,
    name: &'static str,
    file: &'static str,
    line: u32,
    module: &'static str,
    keys: &'static [&'static str],
    /// 0 until the first event. Stored with `Release` after the callsite was entered into the
    /// table, loaded with `Acquire`: whoever gets a chunk with this id finds it in the table.
    id: AtomicU32,
    /// The same number once more if it takes two bytes in an event, else 0. As `id`.
    short_id: AtomicU16,
}

impl Callsite {
    const fn new(
        kind: CallsiteKind,
        name: &'static str,
        file: &'static str,
        line: u32,
        module: &'static str,
        keys: &'static [&'static str],
    ) -> Self {
        Self {
            kind,
            name,
            file,
            line,
            module,
            keys,
            id: AtomicU32::new(0),
            short_id: AtomicU16::new(0),
        }
    }

    /// A region's; `name` is its type, `keys` are the names of its arguments.
    pub const fn region(
        name: &'static str,
        file: &'static str,
        line: u32,
        module: &'static str,
        keys: &'static [&'static str],
    ) -> Self {
        Self::new(CallsiteKind::Region, name, file, line, module, keys)
    }

    /// A task's.
    pub const fn task(
        name: &'static str,
        file: &'static str,
        line: u32,
        module: &'static str,
        keys: &'static [&'static str],
    ) -> Self {
        Self::new(CallsiteKind::Task, name, file, line, module, keys)
    }

    /// A log message's; `name` is its category.
    pub const fn log(
        name: &'static str,
        file: &'static str,
        line: u32,
        module: &'static str,
    ) -> Self {
        Self::new(CallsiteKind::Log, name, file, line, module, &[])
    }

    /// A counter's.
    pub const fn counter(
        name: &'static str,
        file: &'static str,
        line: u32,
        module: &'static str,
    ) -> Self {
        Self::new(CallsiteKind::Counter, name, file, line, module, &[])
    }

    /// What it is of: the type of a region or task, a category, a counter's name.
    pub(crate) fn kind(&self) -> CallsiteKind {
        self.kind
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// The number that events call it by, if it has one that takes two bytes in them, else 0.
    #[inline(always)]
    pub(crate) fn short_id(&'static self) -> u16 {
        self.short_id.load(Acquire)
    }

    /// The number that events call it by.
    #[inline(always)]
    pub(crate) fn id(&'static self) -> u32 {
        match self.id.load(Acquire) {
            0 => self.register(),
            id => id,
        }
    }

    #[cold]
    fn register(&'static self) -> u32 {
        let mut table = table();
        // Another thread may have been here first.
        match self.id.load(Acquire) {
            0 => table.enter(self),
            id => id,
        }
    }

    fn encode(&self, id: u32, out: &mut Vec<u8>) {
        trace_format::Callsite {
            id: CallsiteId(id),
            kind: self.kind,
            name: Text::cut(self.name, NAME_LIMIT),
            file: Text::cut(self.file, NAME_LIMIT),
            line: self.line,
            module: Text::cut(self.module, NAME_LIMIT),
            keys: self.keys.iter().take(LIST_LIMIT).map(|key| Text::cut(key, NAME_LIMIT)).collect(),
        }
        .encode(out);
    }
}

/// A name that was given to a function, and where: what a callsite is made of that no macro wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Named {
    kind: CallsiteKind,
    name: (usize, usize),
    location: usize,
}

impl Named {
    #[inline(always)]
    fn new(kind: CallsiteKind, name: &'static str, location: &'static Location<'static>) -> Self {
        // A static string never changes, so that its address and length stand for it.
        let name = (name.as_ptr() as usize, name.len());
        Self { kind, name, location: std::ptr::from_ref(location) as usize }
    }
}

/// A few callsites of names that the thread used last, so that it need not ask the table.
#[derive(Debug)]
pub(crate) struct NameCache([Option<(Named, u32)>; Self::LEN]);

impl NameCache {
    const LEN: usize = 32;

    pub(crate) fn new() -> Self {
        Self([None; Self::LEN])
    }

    #[inline(always)]
    fn index(named: &Named) -> usize {
        // Strings and locations lie some bytes apart; the upper half of the product mixes both.
        let mixed = (named.name.0 ^ named.location.rotate_left(17)).wrapping_mul(0x9e37_79b9);
        (mixed >> 16) % Self::LEN
    }

    /// The number of the callsite of `name` at `location`, if it is among these, else 0.
    #[inline(always)]
    pub(crate) fn known_id(
        &self,
        kind: CallsiteKind,
        name: &'static str,
        location: &'static Location<'static>,
    ) -> u32 {
        let named = Named::new(kind, name, location);
        match &self.0[Self::index(&named)] {
            Some((known, id)) if *known == named => *id,
            _ => 0,
        }
    }

    /// The number of the callsite of `name` at `location`.
    pub(crate) fn id(
        &mut self,
        kind: CallsiteKind,
        name: &'static str,
        location: &'static Location<'static>,
    ) -> u32 {
        let known = self.known_id(kind, name, location);
        if known != 0 {
            return known;
        }
        let named = Named::new(kind, name, location);
        let id = table().named(named, kind, name, location);
        self.0[Self::index(&named)] = Some((named, id));
        id
    }
}

/// The number of a callsite as short events have it: 0 if it is unknown or takes more than two bytes.
#[inline(always)]
pub(crate) fn short(id: u32) -> u16 {
    if id < CallsiteId::WIDE { id as u16 } else { 0 }
}

/// What a short number stands for; nothing if it is 0. Told in a way from which the compiler sees that
/// it takes two bytes.
#[inline(always)]
pub(crate) fn of_short(number: u16) -> Option<CallsiteId> {
    let number = u32::from(number);
    (1..CallsiteId::WIDE).contains(&number).then_some(CallsiteId(number))
}

/// All callsites that had an event.
struct Table {
    /// The callsite with number `i + 1` at `i`.
    entries: Vec<&'static Callsite>,
    named: Option<HashMap<Named, u32>>,
    /// The pools that new entries are kept in, and how many blocks are in each: at most that of a
    /// session and that of a flight recorder.
    pools: Vec<(Arc<Pool>, u32)>,
}

static TABLE: Mutex<Table> =
    Mutex::new(Table { entries: Vec::new(), named: None, pools: Vec::new() });

fn table() -> std::sync::MutexGuard<'static, Table> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Table {
    fn enter(&mut self, callsite: &'static Callsite) -> u32 {
        self.entries.push(callsite);
        let id = self.entries.len() as u32;
        for at in 0..self.pools.len() {
            self.keep(at, id as usize - 1);
        }
        callsite.id.store(id, Release);
        if id < CallsiteId::WIDE {
            callsite.short_id.store(id as u16, Release);
        }
        id
    }

    fn named(
        &mut self,
        named: Named,
        kind: CallsiteKind,
        name: &'static str,
        location: &'static Location<'static>,
    ) -> u32 {
        if let Some(&id) = self.named.get_or_insert_default().get(&named) {
            return id;
        }
        // As many of these live as there are calls with a name in the program.
        let callsite = Box::leak(Box::new(Callsite::new(
            kind,
            name,
            location.file(),
            location.line(),
            "",
            &[],
        )));
        let id = self.enter(callsite);
        self.named.get_or_insert_default().insert(named, id);
        id
    }

    /// Keeps the entries behind the first `known` in the pool at `at`, for a reader after a crash.
    fn keep(&mut self, at: usize, mut known: usize) {
        while known < self.entries.len() {
            let mut payload = Vec::new();
            known = self.encode(known, &mut payload);
            let (pool, blocks) = &mut self.pools[at];
            let mut block = Vec::new();
            put_block(&mut block, BlockType::Callsites, *blocks, &payload);
            *blocks += 1;
            pool.memory().keep_table(&block);
        }
    }

    /// Appends as many entries behind the first `known` to `payload` as a block should have, and
    /// returns how many are known then.
    fn encode(&self, known: usize, payload: &mut Vec<u8>) -> usize {
        let mut known = known;
        for callsite in self.entries.iter().skip(known) {
            if payload.len() >= BLOCK_BYTES {
                break;
            }
            known += 1;
            callsite.encode(known as u32, payload);
        }
        known
    }
}

/// Keeps the whole table in `pool`, and whatever is entered from now on.
pub(crate) fn keep_in(pool: &Arc<Pool>) {
    if pool.memory().path().is_none() {
        return;
    }
    let mut table = table();
    table.pools.push((Arc::clone(pool), 0));
    let at = table.pools.len() - 1;
    table.keep(at, 0);
}

/// Ends what [`keep_in`] began.
pub(crate) fn forget_pool(pool: &Arc<Pool>) {
    table().pools.retain(|(kept, _)| !Arc::ptr_eq(kept, pool));
}

/// In a child process: keeps out of the parent's pools.
pub(crate) fn forget_parents_pools() {
    std::mem::forget(std::mem::take(&mut table().pools));
}

/// The name of a callsite, and where it is.
pub(crate) fn describe(id: CallsiteId) -> Option<(&'static str, &'static str, u32)> {
    let at = (id.0 as usize).checked_sub(1)?;
    let callsite = crate::thread::refusing(|| table().entries.get(at).copied())?;
    Some((callsite.name, callsite.file, callsite.line))
}

/// Appends what was entered after the first `known` callsites to `payload`, as much of it as a block
/// should have; returns how many are known then.
pub(crate) fn encode_new(known: usize, payload: &mut Vec<u8>) -> usize {
    crate::thread::refusing(|| table().encode(known, payload))
}
