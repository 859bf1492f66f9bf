//! The recorder: who is recording what, and how that begins and ends.
//!
//! # Life of an event
//! 1. Annotated code finds the [epoch](crate::epoch) not to be zero.
//! 2. [`emit`](Recorder::emit) takes the thread's slot, closes its gate, runs the light side of
//!    the [barrier](crate::barrier), and loads the epoch again.
//! 3. The slot's pen writes the event into its chunk and commits it.
//! 4. The gate is opened.
//!
//! Regions try a [short way](Recorder::short_way) first, which is the same with everything left
//! out that is rarely needed; see [`short`](crate::short).
//!
//! # Stop
//! 1. [`stop`](Recorder::stop) stores a zero epoch and runs the heavy side of the barrier.
//! 2. It waits for every slot whose gate is closed. A thread that closed it before the barrier is
//!    seen here; one that closes it later sees zero in its step 2.
//! 3. It takes every slot's chunk, and lets go of the pool.
//!
//! So whatever had returned before `stop` was called is in the chunks that were taken.
//!
//! A recorder is a value, not a global, so that models can make as many as they like; a program
//! has [one](crate::thread::RECORDER).

use std::sync::atomic::Ordering::{Acquire, Relaxed, SeqCst};

use trace_format::LossCause;

use crate::epoch::{Epoch, EpochWord};
use crate::pen::Pen;
use crate::pool::Pool;
use crate::slot::{Identity, ShortWay, Slot};
use crate::sync::{Arc, AtomicU64, Mutex, const_fn, lock, wait};
use crate::{barrier, clock};

/// How many task ids a thread takes at once.
const TASK_IDS: u64 = 64;

/// Everything that recording threads and sessions share.
#[derive(Debug)]
pub(crate) struct Recorder {
    /// See [`Epoch`]. Stored by `start` and [`stop`](Self::stop); loaded twice by
    /// [`emit`](Self::emit), the second time with `Acquire`, so that what a stopping thread did to
    /// a slot is seen by the slot's thread in the next session.
    epoch: EpochWord,
    /// The pool of the session. Taken once per thread and session.
    pool: Mutex<Option<Arc<Pool>>>,
    slots: Mutex<Slots>,
    next_task: AtomicU64,
    next_thread: AtomicU64,
    /// Events of threads that were getting a slot or giving one back.
    refused: AtomicU64,
}

#[derive(Debug)]
struct Slots {
    live: Vec<Arc<Slot>>,
    /// Slots of threads that ended, for threads to come.
    spare: Vec<Arc<Slot>>,
}

impl Recorder {
    const_fn! {
        /// A recorder that is off.
        pub(crate) fn new() -> Self {
            Self {
                epoch: EpochWord::of_program(),
                pool: Mutex::new(None),
                slots: Mutex::new(Slots { live: Vec::new(), spare: Vec::new() }),
                next_task: AtomicU64::new(1),
                next_thread: AtomicU64::new(1),
                refused: AtomicU64::new(0),
            }
        }
    }

    /// Whether a session is on. All that annotated code does when it is not.
    #[inline(always)]
    pub(crate) fn is_on(&self) -> bool {
        self.epoch.load(Relaxed) != 0
    }

    /// Lets `f` write with the pen of `slot`, the calling thread's own, and commits what it wrote.
    /// `None` when nothing is recorded.
    #[inline(always)]
    pub(crate) fn emit<R>(&self, slot: &Slot, f: impl FnOnce(&mut Pen, u64) -> R) -> Option<R> {
        let hint = Epoch::from_word(self.epoch.load(Relaxed))?;
        slot.write(
            || barrier::light(hint.is_fenced()),
            || Epoch::from_word(self.epoch.load(Acquire)),
            |pen, epoch| {
                if !pen.is_at(epoch) {
                    self.attach(pen);
                }
                let result = f(pen, clock::now(epoch.has_counter()));
                pen.commit();
                result
            },
        )
    }

    /// The short way to the pen of `slot`, the calling thread's own, if nothing is out of the ordinary.
    /// What writes there commits by itself.
    #[inline(always)]
    pub(crate) fn short_way<'s>(&self, slot: &'s Slot) -> Option<ShortWay<'s>> {
        slot.short_way(&self.epoch)
    }

    /// While the slot is emitting, the session cannot end, and its pool is the one to find.
    #[cold]
    fn attach(&self, pen: &mut Pen) {
        if let Some(pool) = lock(&self.pool).clone() {
            pen.attach(pool);
        }
    }

    /// Turns recording on, into `pool`. No other session may be on.
    pub(crate) fn start(&self, pool: Arc<Pool>) {
        let epoch = pool.epoch.word();
        *lock(&self.pool) = Some(pool);
        self.epoch.store(epoch, SeqCst);
    }

    /// Turns recording into `pool` off, and hands every chunk over. The numbered steps are those of
    /// the module.
    pub(crate) fn stop(&self, pool: &Pool) {
        // 1.
        self.epoch.store(0, SeqCst);
        pool.close();
        barrier::heavy(pool.epoch.is_fenced());
        // 2. and 3. No thread waits for this lock while it is emitting.
        let slots = lock(&self.slots);
        for slot in &slots.live {
            let mut round = 0;
            while slot.is_emitting() {
                wait(round);
                round += 1;
            }
            // SAFETY: the epoch is zero, the barrier ran, and the slot is not emitting.
            unsafe { slot.finish() };
        }
        drop(slots);
        let refused = self.refused.swap(0, Relaxed);
        pool.add_loss(crate::pool::loss(0, LossCause::Reentrant, refused, 0, 0));
        *lock(&self.pool) = None;
    }

    /// Turns recording off and does no more: in a child process, where the session is not ours.
    pub(crate) fn abandon(&self) {
        self.epoch.store(0, SeqCst);
    }

    /// Forgets the threads of the process that this one is a copy of. `own` is the one that lives.
    pub(crate) fn forget_threads(&self, own: *const Slot) {
        lock(&self.slots).live.retain(|slot| Arc::as_ptr(slot) == own);
    }

    /// A slot for a thread.
    pub(crate) fn adopt(&self, identity: Identity) -> Arc<Slot> {
        let mut slots = lock(&self.slots);
        let slot = match slots.spare.pop() {
            Some(slot) => {
                // SAFETY: a spare slot has no thread, and stopping sessions look at live ones.
                unsafe { slot.pen(|pen| pen.adopt(identity)) };
                slot
            }
            None => Arc::new(Slot::new(identity)),
        };
        slots.live.push(Arc::clone(&slot));
        slot
    }

    /// Takes a slot back from its thread, which must be the calling one and not emit any more.
    /// Returns with what the thread can go on later.
    pub(crate) fn retire(&self, slot: &Slot) -> Identity {
        let mut slots = lock(&self.slots);
        let at = slots.live.iter().position(|live| std::ptr::eq(&**live, slot));
        // SAFETY: called by the slot's own thread, with the lock held under which sessions stop.
        let identity = unsafe { slot.finish() };
        if let Some(at) = at {
            let slot = slots.live.swap_remove(at);
            slots.spare.push(slot);
        }
        identity
    }

    /// Counts an event of a thread that has no slot to count it in.
    pub(crate) fn refuse(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    /// A number for a thread.
    pub(crate) fn next_thread(&self) -> u64 {
        self.next_thread.fetch_add(1, Relaxed)
    }

    /// Task ids for a thread to give out.
    pub(crate) fn more_tasks(&self) -> std::ops::Range<u64> {
        let first = self.next_task.fetch_add(TASK_IDS, Relaxed);
        first..first + TASK_IDS
    }
}
