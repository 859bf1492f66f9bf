//! Tasks and futures, and the regions in them from whatever thread, as async slices.
//!
//! Async slices of one id must nest, and the regions of a task need not, when several threads work for it. So
//! each task and future has rows: its own id is the first row, where regions are nested in the slice of the whole;
//! more rows have ids derived from it. A thread that begins a region in a task takes the first row that is free,
//! and gives it back when none of its regions in that task is open. What is on a row is a part of one thread's
//! slices, and nests as these do.
//!
//! The first row is there only while the slice of the whole is open. A region that goes on when that ends goes on
//! in another row.

use hashbrown::HashMap;
use trace_reader::{FiberId, TaskId, ThreadId};

use super::events::Events;
use crate::ids::Ids;
use crate::json;
use crate::nesting::Slice;

/// So many rows are shared between threads; others are for one thread alone.
const SHARED_ROWS: u32 = 64;

/// A task, or a future.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Whole {
    Task(TaskId),
    Future(FiberId),
}

impl Whole {
    /// What a slice of a thread is a part of.
    #[inline]
    pub(super) fn of(slice: &Slice) -> Option<Self> {
        let fiber = if slice.is_poll() { slice.fiber } else { slice.within };
        match (fiber, slice.task) {
            (FiberId::NONE, TaskId::BACKGROUND) => None,
            (FiberId::NONE, task) => Some(Self::Task(task)),
            (fiber, _) => Some(Self::Future(fiber)),
        }
    }

    /// What it is, which is the category of its slices and the key of its id, and that id.
    pub(super) fn key_and_id(self) -> (&'static str, u64) {
        match self {
            Self::Task(task) => ("task", task.0),
            Self::Future(fiber) => ("future", fiber.0),
        }
    }
}

/// A row of a task or future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// One of those that threads share; the first is that of the whole.
    Shared(u32),
    /// One of a thread alone.
    Own(ThreadId),
    /// One of something that is told by its end, with a number that nothing else has.
    Apart(u64),
}

/// The row of the whole.
pub(super) const FIRST: Row = Row::Shared(0);

/// What some open slices of a thread are a part of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) whole: Whole,
    pub(super) row: Row,
    /// How many of the thread's slices are open on that row.
    pub(super) open: usize,
}

/// Which rows are taken.
#[derive(Debug)]
struct Rows {
    taken: u64,
    /// The thread that has the first one, if that is taken.
    first: ThreadId,
}

/// What is open.
#[derive(Debug, Default)]
pub(super) struct AsyncSlices {
    tasks: Ids,
    futures: Ids,
    rows: HashMap<Whole, Rows, foldhash::fast::RandomState>,
    apart: u64,
}

impl AsyncSlices {
    /// The slice of a whole begins; whether it was not open.
    pub(super) fn begin(&mut self, whole: Whole) -> bool {
        match whole {
            Whole::Task(task) => self.tasks.insert(task.0),
            Whole::Future(fiber) => self.futures.insert(fiber.0),
        }
    }

    /// The slice of a whole ends; whether it was open.
    pub(super) fn end(&mut self, whole: Whole) -> bool {
        match whole {
            Whole::Task(task) => self.tasks.remove(task.0),
            Whole::Future(fiber) => self.futures.remove(fiber.0),
        }
    }

    /// Whether the slice of a whole is open.
    pub(super) fn is_open(&self, whole: Whole) -> bool {
        match whole {
            Whole::Task(task) => self.tasks.contains(task.0),
            Whole::Future(fiber) => self.futures.contains(fiber.0),
        }
    }

    /// Whether it is not known any more of some whether they are open.
    pub(super) fn has_forgotten(&self) -> bool {
        self.tasks.has_forgotten() || self.futures.has_forgotten()
    }

    /// The first row that is free.
    pub(super) fn take(&mut self, whole: Whole, thread: ThreadId) -> Row {
        let closed = u64::from(!self.is_open(whole));
        let rows = self.rows.entry(whole).or_insert(Rows { taken: 0, first: thread });
        let row = (rows.taken | closed).trailing_ones();
        if row >= SHARED_ROWS {
            return Row::Own(thread);
        }
        if row == 0 {
            rows.first = thread;
        }
        rows.taken |= 1 << row;
        Row::Shared(row)
    }

    /// A row is free again.
    pub(super) fn give_back(&mut self, whole: Whole, row: Row) {
        let Row::Shared(row) = row else { return };
        if let Some(rows) = self.rows.get_mut(&whole) {
            rows.taken &= !(1 << row);
            if rows.taken == 0 {
                self.rows.remove(&whole);
            }
        }
    }

    /// The thread that has the first row, where regions are nested in the slice of the whole.
    pub(super) fn nested(&self, whole: Whole) -> Option<ThreadId> {
        self.rows.get(&whole).filter(|rows| rows.taken & 1 == 1).map(|rows| rows.first)
    }

    /// A row that nothing else has.
    pub(super) fn apart(&mut self) -> Row {
        self.apart += 1;
        Row::Apart(self.apart)
    }
}

impl Events {
    /// Adds the category and the id of a row.
    pub(super) fn row(&mut self, whole: Whole, row: Row) -> &mut Self {
        let (category, id) = whole.key_and_id();
        self.row_in(category, id, row)
    }

    /// The same of something that has this id in this category.
    pub(super) fn row_in(&mut self, category: &str, id: u64, row: Row) -> &mut Self {
        self.plain(",\"cat\":\"").plain(category).plain("\",\"id2\":{\"local\":");
        json::hexadecimal(&mut self.text, id);
        let (mark, number) = match row {
            Row::Shared(0) => return self.plain("}"),
            Row::Shared(row) => (".", u64::from(row)),
            Row::Own(thread) => (".t", thread.0),
            Row::Apart(number) => (".e", number),
        };
        // Before the quote.
        self.text.pop();
        self.plain(mark);
        json::number(&mut self.text, number);
        self.plain("\"}")
    }
}
