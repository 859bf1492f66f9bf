//! What is known of a future that is traced, from the first event about it to the last.
//!
//! 1. A fiber begins when its future is made, or first polled while something is recorded.
//! 2. A poll is written as a region of the thread that polls, and tells for how long the future could have
//!    been polled: since it was woken, but not before its last poll ended.
//! 3. Whoever wakes it does so through a waker of ours, which notes the first wake between two polls and
//!    passes all of them on. Where the waker that the future was given is one of ours already, a wake is
//!    that of the fiber around, and told once.
//! 4. The end tells what the begin and all polls told, so that it can stand alone.
//!
//! Lies on the heap, so that a future that is not recorded grows by a few words.

use std::sync::{Arc, OnceLock};
use std::task::{Context as Polled, RawWakerVTable, Wake, Waker};

use trace_format::{CallsiteId, CallsiteKind, Event, FiberId, FiberOutcome, TaskId};

use crate::callsite::short;
use crate::clock;
use crate::context::Context;
use crate::pen::Pen;
use crate::region::Site;
use crate::short::Written;
use crate::task::look_at;
use crate::thread::{emit, short_way};
use crate::traceparent::SpanContext;
use crate::value::{Encoded, Value};
use crate::woken::Woken;

/// A future that is traced, once something was recorded of it.
#[derive(Debug)]
pub(crate) struct Fiber {
    site: Site,
    kind: CallsiteKind,
    id: FiberId,
    /// The one it is a part of.
    parent: FiberId,
    /// What happens in it belongs to this.
    context: Context,
    /// Of a fiber that is a task, which one, and the one it is a part of.
    task: TaskId,
    task_parent: TaskId,
    /// The recording that all this belongs to.
    recording: usize,
    /// The callsite's number if that is short, else 0.
    short_id: u16,
    written: Written,
    /// When it began; `None` if that was not recorded.
    begin: Option<u64>,
    /// Ticks in polls, and those in which it waited for one.
    busy: u64,
    waited: u64,
    polls: u64,
    /// When the last poll began, and when it ended.
    last_begin: u64,
    last_end: u64,
    /// Whether wakes are to be recorded.
    wakes: bool,
    waker: Option<OwnWaker>,
    over: bool,
}

/// A waker of ours, and what it leads to.
#[derive(Debug)]
struct OwnWaker {
    wakes: Arc<Wakes>,
    waker: Waker,
}

impl Fiber {
    /// Begins a fiber in `context`, or in the current one, with arguments for the callsite's keys. `None`
    /// when nothing is recorded.
    #[cold]
    #[inline(never)]
    pub(crate) fn begin(
        site: Site,
        kind: CallsiteKind,
        context: Option<Context>,
        wakes: bool,
        args: &[Value<'_>],
    ) -> Option<Box<Self>> {
        let args = (!args.is_empty()).then(|| Encoded::new(args));
        let begun = emit(|pen, now| {
            let context = context.unwrap_or_else(|| Context::of_current(pen.task()));
            let mut fiber = Self::new(site, kind, context, wakes, pen);
            let callsite = site.id(kind, pen);
            if kind == CallsiteKind::Task {
                fiber.task_parent = context.task();
                fiber.task = pen.begin_task(callsite, context.task(), args.as_ref(), now);
                fiber.context = Context::new(fiber.task, context.span());
            }
            let args = args.as_ref().filter(|_| kind != CallsiteKind::Task);
            (fiber.id, fiber.parent) = pen.begin_fiber(callsite, fiber.context.task(), args, now);
            fiber.written = Written::new(fiber.short_id, fiber.id);
            fiber.begin = Some(now);
            (fiber, context.remote_parent())
        });
        let (fiber, remote_parent) = begun?;
        if let Some(span) = remote_parent {
            span.tell_of(fiber.task);
        }
        Some(Box::new(fiber))
    }

    /// One of which the begin was not recorded. It goes on in the current context, or in that of a trace across
    /// processes.
    #[cold]
    #[inline(never)]
    pub(crate) fn unseen(
        site: Site,
        kind: CallsiteKind,
        span: SpanContext,
        wakes: bool,
    ) -> Option<Box<Self>> {
        emit(|pen, _| {
            let context = Context::of_current(pen.task());
            let context = Context::new(context.task(), context.span().some().unwrap_or(span));
            let mut fiber = Self::new(site, kind, context, wakes, pen);
            fiber.id = pen.next_fiber();
            fiber.written = Written::new(fiber.short_id, fiber.id);
            fiber
        })
        .map(Box::new)
    }

    fn new(site: Site, kind: CallsiteKind, context: Context, wakes: bool, pen: &mut Pen) -> Self {
        let short_id = short(site.id(kind, pen));
        Self {
            site,
            kind,
            id: FiberId::NONE,
            parent: FiberId::NONE,
            context,
            task: TaskId::BACKGROUND,
            task_parent: TaskId::BACKGROUND,
            recording: pen.recording(),
            short_id,
            written: Written::new(short_id, FiberId::NONE),
            begin: None,
            busy: 0,
            waited: 0,
            polls: 0,
            last_begin: 0,
            last_end: 0,
            wakes,
            waker: None,
            over: false,
        }
    }

    /// What happens in it belongs to this.
    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// Whether its end was recorded.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    /// Wakes are not recorded from now on.
    pub(crate) fn forget_wakes(&mut self) {
        self.wakes = false;
        self.waker = None;
    }

    /// A poll begins, for which this was given. Returns when; `None` if it is not recorded.
    #[inline(never)]
    pub(crate) fn poll_begin(&mut self, given: &Polled<'_>) -> Option<u64> {
        let woken = match &self.waker {
            // One that was noted late is of a poll before.
            Some(own) => own.wakes.woken.poll().filter(|woken| *woken >= self.last_begin),
            None => None,
        };
        // Mostly it is polled by whoever polled it before.
        match &self.waker {
            Some(own) if own.wakes.given.will_wake(given.waker()) => {}
            None if !self.wakes || is_own(given.waker()) => {}
            _ => self.make_waker(given),
        }
        let ready = match woken {
            Some(woken) => Some(woken.max(self.last_end)),
            None if self.polls == 0 => self.begin,
            None => None,
        };
        let waited = |now: u64| ready.map_or(0, |ready| now.saturating_sub(ready));
        if let Some(mut way) = short_way() {
            let (pen, now) = (way.pen(), clock::counter());
            let waited = waited(now);
            let known = (self.short_id, self.id, &self.written);
            if self.recording == pen.recording()
                && pen.poll_begin_shortly(known, waited, self.context.task(), now).is_some()
            {
                self.waited += waited;
                return Some(now);
            }
        }
        emit(|pen, now| {
            if self.recording != pen.recording() {
                self.go_on_in(pen);
            }
            let waited = if self.polls == 0 && self.begin.is_none() { 0 } else { waited(now) };
            let callsite = self.site.id(self.kind, pen);
            pen.poll_begin(callsite, self.id, waited, self.context.task(), now);
            self.waited += waited;
            now
        })
    }

    /// Another recording began in the meantime.
    #[cold]
    fn go_on_in(&mut self, pen: &mut Pen) {
        self.recording = pen.recording();
        self.short_id = short(self.site.id(self.kind, pen));
        self.written = Written::new(self.short_id, self.id);
        self.begin = None;
        (self.busy, self.waited, self.polls) = (0, 0, 0);
    }

    /// The poll that began at `begin` ends, and with it perhaps the fiber.
    #[inline(never)]
    pub(crate) fn poll_end(&mut self, begin: u64, outcome: Option<FiberOutcome>) {
        self.polls += 1;
        if outcome.is_none() {
            if let Some(mut way) = short_way() {
                let (pen, now) = (way.pen(), clock::counter());
                if self.recording == pen.recording()
                    && pen.region_end_shortly(self.short_id, now).is_some()
                {
                    return self.polled(begin, now);
                }
            }
        }
        let age = emit(|pen, now| {
            if self.recording == pen.recording() {
                let callsite = self.site.id(self.kind, pen);
                pen.region_end(callsite, now);
            }
            self.polled(begin, now);
            outcome.and_then(|outcome| self.put_end(outcome, pen, now))
        });
        self.look_at(age.flatten());
    }

    fn polled(&mut self, begin: u64, now: u64) {
        self.busy += now.saturating_sub(begin);
        (self.last_begin, self.last_end) = (begin, now);
    }

    /// The fiber ends outside of any poll.
    #[cold]
    #[inline(never)]
    pub(crate) fn end(&mut self, outcome: FiberOutcome) {
        let age = emit(|pen, now| self.put_end(outcome, pen, now));
        self.look_at(age.flatten());
    }

    /// Returns the age of a task, if its begin was recorded.
    fn put_end(&mut self, outcome: FiberOutcome, pen: &mut Pen, now: u64) -> Option<u64> {
        self.over = true;
        let callsite = CallsiteId(self.site.id(self.kind, pen));
        let (fiber, task) = (self.id, self.context.task());
        let begin = self.begin.filter(|_| self.recording == pen.recording());
        let age = begin.map(|begin| now.saturating_sub(begin));
        let end = match age {
            Some(age) => {
                let &mut Self { parent, busy, waited, polls, .. } = self;
                Event::FiberEnd { callsite, fiber, parent, task, age, busy, waited, polls, outcome }
            }
            None => Event::UnseenFiberEnd { callsite, fiber, outcome },
        };
        pen.put(now, end);
        if self.kind != CallsiteKind::Task {
            return None;
        }
        let &mut Self { task, task_parent: parent, .. } = self;
        let end = match age {
            Some(age) => Event::TaskEnd { callsite, task, parent, age },
            None => Event::UnseenTaskEnd { callsite, task },
        };
        pen.put(now, end);
        age
    }

    /// Looks at how old the task was, if it is one.
    fn look_at(&self, age: Option<u64>) {
        if age.is_some() {
            look_at(self.site.name(), age);
        }
    }

    /// The waker that the future is to be polled with, if it is not to be polled with the one it was given.
    #[inline]
    pub(crate) fn waker(&self) -> Option<&Waker> {
        self.waker.as_ref().map(|own| &own.waker)
    }

    /// Makes a waker of ours that leads to the one that was given, unless that is one of ours itself.
    #[cold]
    #[inline(never)]
    fn make_waker(&mut self, given: &Polled<'_>) {
        self.waker = None;
        if is_own(given.waker()) {
            return;
        }
        let wakes = Arc::new(Wakes {
            fiber: self.id,
            written: self.written,
            given: given.waker().clone(),
            woken: Woken::not_yet(),
        });
        let waker = Waker::from(Arc::clone(&wakes));
        OWN.get_or_init(|| waker.vtable());
        self.waker = Some(OwnWaker { wakes, waker });
    }
}

/// What tells our wakers from others.
static OWN: OnceLock<&'static RawWakerVTable> = OnceLock::new();

fn is_own(waker: &Waker) -> bool {
    OWN.get().is_some_and(|own| *own == waker.vtable())
}

/// Notes when a fiber is woken, and wakes whoever is to poll it.
#[derive(Debug)]
struct Wakes {
    fiber: FiberId,
    written: Written,
    given: Waker,
    woken: Woken,
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if crate::is_enabled() {
            self.woken.note(|| put_wake(self.fiber, &self.written));
        }
        self.given.wake_by_ref();
    }
}

/// Returns when that was; `None` if it is not recorded.
#[cold]
#[inline(never)]
fn put_wake(fiber: FiberId, written: &Written) -> Option<u64> {
    if let Some(mut way) = short_way() {
        let (pen, now) = (way.pen(), clock::counter());
        if pen.wake_shortly(written, now).is_some() {
            return Some(now);
        }
    }
    emit(|pen, now| {
        pen.put(now, Event::Wake { fiber });
        now
    })
}
