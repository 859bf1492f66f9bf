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
//! # Turning elsewhere
//! A session begins or ends, or a flight recorder does: events go to another pool from now on, or to
//! none. [`turn`](Recorder::turn)
//! 1. stores another epoch, or zero, and runs the heavy side of the barrier;
//! 2. waits for every slot whose gate is closed. A thread that closed it before the barrier is seen
//!    here; one that closes it later sees the other epoch in its step 2, and goes to the other pool;
//! 3. takes what threads have counted, and sweeps up the chunks that they left in the pool.
//!
//! So whatever had returned before `turn` was called is in the chunks of that pool, and nothing that
//! comes later is. Nobody is held up: at no time does a thread find recording off in between. Its open
//! regions and contexts, and the numbers of its chunks, go on from one pool to the next, as long as both
//! are of one [recording](Pool::recording).
//!
//! A recorder is a value, not a global, so that models can make as many as they like; a program
//! has [one](crate::thread::RECORDER).

use std::sync::atomic::Ordering::{Acquire, Relaxed, SeqCst};

use trace_format::LossCause;

use crate::epoch::{Epoch, EpochWord};
use crate::pen::Pen;
use crate::pool::{Pool, loss};
use crate::slot::{Identity, ShortWay, Slot};
use crate::sync::{Arc, AtomicU64, Mutex, const_fn, lock, wait};
use crate::untold::{Side, Untold};
use crate::{barrier, clock};

/// How many task ids a thread takes at once.
const TASK_IDS: u64 = 64;

/// Everything that recording threads and sessions share.
#[derive(Debug)]
pub(crate) struct Recorder {
    /// See [`Epoch`]. Stored by [`turn`](Self::turn); loaded twice by [`emit`](Self::emit), the second
    /// time with `Acquire`, so that a thread that sees it finds the target in `targets`.
    epoch: EpochWord,
    /// Looked at once per thread and epoch.
    targets: Mutex<Targets>,
    slots: Mutex<Slots>,
    next_task: AtomicU64,
    next_thread: AtomicU64,
    /// Events of threads that were getting a slot or giving one back.
    refused: Untold,
}

/// Where events go: into which pool, and in which epoch. Each epoch is that of one target.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) epoch: Epoch,
    pub(crate) pool: Arc<Pool>,
    /// Another one than that of the target before.
    pub(crate) side: Side,
}

#[derive(Debug)]
struct Targets {
    current: Option<Target>,
    /// The one before, until no thread can be at it any more.
    leaving: Option<Target>,
    side: Side,
}

impl Targets {
    fn of(&self, epoch: Epoch) -> Option<&Target> {
        [&self.current, &self.leaving].into_iter().flatten().find(|target| target.epoch == epoch)
    }
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
                targets: Mutex::new(Targets { current: None, leaving: None, side: Side::FIRST }),
                slots: Mutex::new(Slots { live: Vec::new(), spare: Vec::new() }),
                next_task: AtomicU64::new(1),
                next_thread: AtomicU64::new(1),
                refused: Untold::new(),
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
                    self.attach(pen, epoch);
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

    /// While the slot is emitting and has seen this epoch, its target is one of the two.
    #[cold]
    fn attach(&self, pen: &mut Pen, epoch: Epoch) {
        match lock(&self.targets).of(epoch) {
            Some(target) => pen.attach(target),
            None => pen.detach(),
        }
    }

    /// Turns recording to a pool, in an epoch that none was before, or off. Returns the pool that it
    /// turned away from, with every chunk passed on. The numbered steps are those of the module.
    ///
    /// One thread at a time may call this.
    pub(crate) fn turn(&self, to: Option<(Epoch, Arc<Pool>)>) -> Option<Arc<Pool>> {
        let word = to.as_ref().map_or(0, |(epoch, _)| epoch.word());
        let left = {
            let mut targets = lock(&self.targets);
            targets.side = targets.side.other();
            let side = targets.side;
            let to = to.map(|(epoch, pool)| Target { epoch, pool, side });
            targets.leaving = std::mem::replace(&mut targets.current, to);
            targets.leaving.clone()
        };
        // 1.
        self.epoch.store(word, SeqCst);
        let left = left?;
        let pool = left.pool;
        pool.close();
        barrier::heavy(pool.recording.is_fenced());
        // 2. and 3. No thread waits for this lock while it is emitting.
        let slots = lock(&self.slots);
        for slot in &slots.live {
            let mut round = 0;
            while slot.is_emitting() {
                wait(round);
                round += 1;
            }
            pool.take_counts(&slot.counts, left.side);
        }
        lock(&self.targets).leaving = None;
        drop(slots);
        let (refused, first) = self.refused.take();
        pool.add_loss(loss(0, LossCause::Reentrant, refused, first, clock::now_here()));
        pool.sweep();
        Some(pool)
    }

    /// How many events are missing of which nothing tells yet.
    pub(crate) fn untold(&self) -> u64 {
        let side = lock(&self.targets).side;
        let untold = |slot: &Arc<Slot>| slot.counts.missing(side).count();
        lock(&self.slots).live.iter().map(untold).sum()
    }

    /// Turns recording off and does no more: in a child process, where the session is not ours.
    pub(crate) fn abandon(&self) {
        self.epoch.store(0, SeqCst);
    }

    /// Forgets the threads of the process that this one is a copy of, and where its events went. `own`
    /// is the thread that lives.
    pub(crate) fn forget_parent(&self, own: *const Slot) {
        let mut targets = lock(&self.targets);
        std::mem::forget((targets.current.take(), targets.leaving.take()));
        drop(targets);
        lock(&self.slots).live.retain(|slot| Arc::as_ptr(slot) == own);
    }

    /// A slot for a thread.
    pub(crate) fn adopt(&self, identity: Identity) -> Arc<Slot> {
        let mut slots = lock(&self.slots);
        let slot = match slots.spare.pop() {
            Some(slot) => {
                // SAFETY: a spare slot has no thread, and its next one is the calling one.
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
        let identity = {
            let targets = lock(&self.targets);
            // SAFETY: called by the slot's own thread, with the lock of all slots held.
            let identity = unsafe {
                slot.pen(|pen| {
                    let current = targets.current.as_ref().map(|target| target.epoch);
                    pen.finish(pen.epoch().is_some() && pen.epoch() == current)
                })
            };
            // Whoever turns recording elsewhere has not come to this slot yet, and will not any more.
            for Target { pool, side, .. } in targets.leaving.iter().chain(&targets.current) {
                pool.take_counts(&slot.counts, *side);
            }
            identity
        };
        if let Some(at) = at {
            let slot = slots.live.swap_remove(at);
            slots.spare.push(slot);
        }
        identity
    }

    /// Counts an event of a thread that has no slot to count it in.
    pub(crate) fn refuse(&self) {
        self.refused.add(1, clock::now_here());
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
