//! Go's execution trace, version 2, as Go 1.26 writes it, for `go tool trace`.
//!
//! Threads and futures are goroutines; a poll is a turn of a future's goroutine on the thread and the
//! processor of the goroutine that polls it. Tasks, regions and logs are what they are in Go, but for
//! futures, which are regions as well: of their own goroutines, from the first poll to the end.
//!
//! Of a goroutine that is made in a region, the tool shows a region without a name, as it does of Go's own.
//!
//! Go's parser keeps states of goroutines and processors, and gives up at the first event that
//! does not fit. So the exporter keeps the same states, and writes no event that does not:
//!
//! | file | what |
//! |---|---|
//! | `wire.rs`, `file.rs` | bytes: events, batches, the file around them |
//! | `strings.rs`, `words.rs` | numbers for strings, and what callsites are called |
//! | `threads.rs`, `processors.rs` | what is known of threads; on what they run |
//! | `scheduling.rs` | which goroutine runs on a thread, and whether one does |
//! | `futures.rs` | what is known of futures; when their goroutines run |
//! | `regions.rs`, `tasks.rs`, `logs.rs` | regions; tasks; logs, and what can only be shown as such |
//!
//! Invariants:
//! 1. Events of a thread are written in the order of its steps, at ascending times. Whatever depends on
//!    another thread's event is written after that one: there is an order in which the parser can
//!    take all of them, and sequence numbers make it find that one.
//! 2. Regions of a goroutine nest: [`nesting`](crate::nesting) sees to that for a thread, and those of a
//!    poll end before it does.
//! 3. A thread whose last regions are open at the end of the trace is left as it is: nothing is
//!    written behind that.

mod file;
mod futures;
mod logs;
mod processors;
mod regions;
mod scheduling;
mod strings;
mod tasks;
mod threads;
mod wire;
mod words;

use trace_reader::{CallsiteId, Item, Step, Time, Trace};

use crate::output::Output;
use crate::remark::Remarks;
use crate::{Error, nesting::Edge};

use file::{File, stamp};
use futures::Futures;
use processors::Processors;
use tasks::Tasks;
use threads::{Machine, Thread, Threads};
use words::{Vocabulary, Words};

/// So much memory batches and threads take together. Then everything is written, and threads that do
/// nothing are forgotten.
const MOST_HELD: usize = 32 << 20;

/// About what a thread takes beside its batch.
const THREAD_LEN: usize = 2 * size_of::<Thread>();

/// Writes a trace.
pub(crate) fn write(
    trace: &Trace,
    out: &mut Output<'_>,
    remarks: &mut Remarks,
) -> Result<(), Error> {
    let wall_ns = trace.clock().wall_ns(Time::START).unwrap_or(0);
    let mut export = Export {
        file: File::new(out, wall_ns),
        remarks,
        words: Vocabulary::new(trace.callsites()),
        threads: Threads::new(trace.threads()),
        processors: Processors::default(),
        futures: Futures::default(),
        tasks: Tasks::default(),
        text: String::new(),
    };
    let mut merged = trace.merged();
    while let Some(item) = merged.next()? {
        export.item(&item);
        if export.file.has_failed() {
            break;
        }
    }
    export.losses(trace);
    export.finish().map_err(Error::Write)
}

/// An export under way.
struct Export<'t, 'o, 'w> {
    file: File<'o, 'w>,
    remarks: &'o mut Remarks,
    words: Vocabulary<'t>,
    threads: Threads<'t>,
    processors: Processors,
    futures: Futures,
    tasks: Tasks,
    /// What is put together of a message.
    text: String,
}

impl Export<'_, '_, '_> {
    fn item(&mut self, item: &Item<'_>) {
        match &item.step {
            Step::TaskEntered { .. } => return,
            Step::Problem(problem) => return self.remarks.problem(problem),
            _ => {}
        }
        let Some(index) = self.threads.index(item.thread) else { return };
        let Some(mut thread) = self.threads.take(index) else { return };
        self.step(&mut thread, item);
        self.give_back(thread);
        if self.file.held + self.threads.live * THREAD_LEN > MOST_HELD {
            self.relieve();
        }
    }

    fn step(&mut self, thread: &mut Thread, item: &Item<'_>) {
        let now = stamp(item.time);
        let machine = &mut thread.machine;
        let nesting = &mut thread.nesting;
        match &item.step {
            Step::RegionBegan { .. }
            | Step::PollBegan { .. }
            | Step::RegionFound { .. }
            | Step::RegionEnded(_) => {
                self.activate(machine, now);
                let found = matches!(item.step, Step::RegionFound { .. }).then_some(item.time);
                nesting.step(item, |time, edge| self.edge(machine, time, edge, found));
            }
            // It is not to be blocked before when that was its last poll.
            Step::FiberEnded(end) => self.future_ended(machine, now, end),
            step => {
                self.activate(machine, now);
                self.other(thread, now, step);
            }
        }
    }

    fn edge(&mut self, machine: &mut Machine, time: Time, edge: Edge, found: Option<Time>) {
        if machine.is_over {
            return;
        }
        self.settle(machine);
        if machine.processor.is_none() {
            // It fell asleep at the edge before.
            self.start(machine, stamp(time));
        }
        match edge {
            Edge::Begin(slice, _) => {
                if found.is_some_and(|now| now != time) {
                    self.remarks.met("regions that were open already begin when they are found");
                }
                let time = stamp(found.unwrap_or(time));
                machine.open += 1;
                match slice.is_poll() {
                    true => self.poll_begins(machine, time, &slice),
                    false => self.region_begins(machine, time, slice.task, slice.callsite),
                }
            }
            Edge::End(slice, ending) => self.slice_ends(machine, stamp(time), &slice, ending),
            Edge::Alone(end) => self.region_alone(machine, stamp(time), &end),
        }
    }

    /// What is neither the begin nor the end of a region or a poll.
    fn other(&mut self, thread: &mut Thread, now: u64, step: &Step<'_>) {
        let Thread { machine, nesting } = thread;
        match step {
            Step::TaskBegan { task, callsite, parent } => {
                self.task_begins(machine, now, *task, *callsite, *parent);
            }
            Step::TaskEnded { task, callsite, begin, .. } => {
                self.task_ends(machine, now, *task, *callsite, *begin);
            }
            Step::FiberBegan { fiber, callsite, task, .. } => {
                let made_at = nesting.open().last().map(|slice| slice.callsite);
                self.future_begins(machine, now, (*fiber, *callsite, *task), made_at);
            }
            Step::Woken { fiber } => {
                let woken_at = nesting.open().last().map(|slice| slice.callsite);
                self.future_woken(machine, now, *fiber, woken_at);
            }
            step => self.log_step(machine, nesting, now, step),
        }
    }

    /// Gives back a thread, and writes it when it is over.
    #[inline]
    fn give_back(&mut self, mut thread: Box<Thread>) {
        let machine = &mut thread.machine;
        let (id, last) = (machine.id(), machine.batch.last());
        if machine.is_over {
            self.file.flush(id, &mut machine.batch, false);
            return self.threads.forget(&thread.machine);
        }
        if machine.open == 0 && machine.processor.is_some() && !machine.is_queued {
            machine.is_queued = true;
            self.processors.queue(machine.index, last);
        }
        self.threads.give_back(thread);
    }

    /// Writes all batches, stops threads on which nothing is open, and forgets them. The reader sees to it
    /// that there are not too many others.
    #[cold]
    fn relieve(&mut self) {
        for index in 0..self.threads.len() {
            let Some(mut thread) = self.threads.take_live(index) else { continue };
            let machine = &mut thread.machine;
            if machine.open == 0 {
                self.stop_idle(machine);
            }
            self.file.flush(machine.id(), &mut machine.batch, false);
            machine.is_queued = false;
            match machine.open {
                0 => self.threads.forget(&thread.machine),
                _ => self.threads.give_back(thread),
            }
        }
        self.processors.forget_queue();
    }

    /// Stops threads that have nothing to do, and writes the rest.
    fn finish(mut self) -> std::io::Result<()> {
        for index in 0..self.threads.len() {
            let Some(mut thread) = self.threads.take_live(index) else { continue };
            let machine = &mut thread.machine;
            if machine.open == 0 {
                self.stop_idle(machine);
            }
            self.file.flush(machine.id(), &mut machine.batch, false);
            self.threads.forget(&thread.machine);
        }
        self.words.flush(&mut self.file);
        self.file.finish()
    }

    /// What a callsite is called.
    #[inline]
    fn words(&mut self, callsite: CallsiteId) -> Words {
        self.words.callsite(callsite, &mut self.file, self.remarks)
    }

    /// The stack of a callsite, if one is given.
    fn stack(&mut self, callsite: Option<CallsiteId>) -> u64 {
        callsite.map_or(0, |callsite| self.words(callsite).stack)
    }

    /// A string for all times: the reason of something.
    fn phrase(&mut self, text: &'static str) -> u64 {
        self.words.shared(text, &mut self.file, self.remarks)
    }

    /// Writes an event of a thread.
    #[inline]
    fn put<const N: usize>(
        &mut self,
        machine: &mut Machine,
        kind: u8,
        time: u64,
        numbers: [u64; N],
    ) {
        if !machine.batch.has_room() {
            self.file.make_room(machine.id(), &mut machine.batch);
        }
        machine.batch.put(kind, time, numbers);
    }
}
