//! The short way of a poll's begin, and of a wake. A poll's end is that of a region.
//!
//! Both name the fiber, which is the same as long as it lives: how that is written is worked out once.

use trace_format::wire::{Bounded, Sink, put_varint};
use trace_format::{FiberId, Kind, TaskId};

use super::room::Packed;
use crate::open::{NO_TASK, Open};
use crate::pen::Pen;

/// How a fiber is written. `None` in either is for the long way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    /// Behind its callsite: what begins a poll's fields.
    polled: Option<Start>,
    /// Alone: the field of a wake.
    woken: Option<Start>,
}

/// At most eight bytes, the first of them lowest.
#[derive(Clone, Copy, Debug)]
struct Start {
    bytes: u64,
    len: u8,
}

impl Written {
    /// Of a fiber of a callsite, the number of which is 0 if it is not short.
    pub(crate) fn new(callsite: u16, fiber: FiberId) -> Self {
        let with = |fields: &[u8]| {
            let mut bytes = [0; 8];
            let mut out = Bounded::new(&mut bytes);
            out.put(fields);
            put_varint(&mut out, fiber.0);
            let len = out.len()? as u8;
            Some(Start { bytes: u64::from_le_bytes(bytes), len })
        };
        let polled = if callsite == 0 { None } else { with(&callsite.to_le_bytes()) };
        Self { polled, woken: with(&[]) }
    }
}

impl Start {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn packed(self) -> Packed {
        Packed::start(self.bytes, self.len.into())
    }
}

impl Pen {
    /// A poll of a fiber begins, that could have been polled for so many ticks.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn poll_begin_shortly(
        &mut self,
        (callsite, fiber, written): (u16, FiberId, &Written),
        waited: u64,
        task: TaskId,
        now: u64,
    ) -> Option<()> {
        let room = self.room_for(now, 0)?;
        let mut fields = written.polled?.packed();
        put_varint(&mut fields, waited);
        let (kind, outer) = if task == self.task {
            (Kind::PollBegin, NO_TASK)
        } else {
            put_varint(&mut fields, task.0);
            (Kind::TaskPollBegin, self.task)
        };
        if !fields.fits() {
            return None;
        }
        let next = room.put_packed(kind, fields);
        let place = self.place.of(callsite.into());
        let open = Open { begin: now, place, task, outer, fiber };
        self.open.push_within(open).then_some(())?;
        self.task = task;
        self.next = next;
        self.commit_shortly(now);
        Some(())
    }

    /// A fiber is woken.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn wake_shortly(&mut self, written: &Written, now: u64) -> Option<()> {
        let room = self.room_for(now, 0)?;
        self.next = room.put_packed(Kind::Wake, written.woken?.packed());
        self.commit_shortly(now);
        Some(())
    }
}
