//! Futures that are traced, on any executor.
//!
//! A future is a flow of control of its own: threads take turns to poll it, and several overlap on one
//! thread without nesting. So it is a fiber of its own in the trace, which tells when it began, each poll
//! and its thread, who woke it, and how it ended.
//!
//! A future holds nothing of a thread's across an await: its context is entered with each poll, and left
//! at its end.

use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context as Polled, Poll};

use trace_format::{CallsiteKind, FiberOutcome, TaskId};

use crate::carried::{self, Carrying};
use crate::context::Context;
use crate::fiber::Fiber;
use crate::region::Site;
use crate::traceparent::SpanContext;

/// What can be done with any future. In scope, it has these methods.
///
/// ```
/// # use trace_core as trace;
/// use trace::TraceFuture;
///
/// async fn order() {
///     let milk = async { /* … */ }.in_region("steamMilk");
///     let coffee = async { /* … */ }.in_region("extractCoffee");
///     # let join = |a, b| async { let _: ((), ()) = (a.await, b.await); };
///     join(milk, coffee).await; // side by side
/// }
///
/// let order = order().in_task("makeCappuccino");
/// # let mut order = std::pin::pin!(order);
/// # assert!(order.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_ready());
/// ```
///
/// While something is recorded, a future is polled with a waker of ours, which tells the trace who woke it and leads to
/// the executor's. It lies in the future: an executor that frees what it runs when the last waker of it is gone, and
/// in no other way, never frees such a one that is left pending. For those there is
/// [`without_wakes`](Traced::without_wakes). Within a future that is traced, others do without a waker of their
/// own: that they could have been polled and were not is told of the outermost, and counts as idle in those within.
pub trait TraceFuture: Future + Sized {
    /// Makes the future a region of type `name`, from its first poll to its end, in the context that is
    /// current here and now.
    ///
    /// The trace tells for how long it was busy, idle, or ready and waiting to be polled, and whether it
    /// completed, panicked, or was dropped before.
    #[track_caller]
    fn in_region(self, name: &'static str) -> Traced<Self> {
        let description = Description::named(name, CallsiteKind::Region);
        let state = State::new_here();
        Traced { future: ManuallyDrop::new(self), description, state }
    }

    /// The same, from here and now on: what it waits for its first poll counts. For futures that are
    /// handed to an executor.
    #[track_caller]
    fn traced(self, name: &'static str) -> Traced<Self> {
        Traced::begun(self, Description::named(name, CallsiteKind::Region))
    }

    /// Makes the future a task of type `name`, as a part of the task that is current here and now. The
    /// task begins here and now, is current whenever the future is polled, and ends with it.
    #[track_caller]
    fn in_task(self, name: &'static str) -> Traced<Self> {
        Traced::begun(self, Description::named(name, CallsiteKind::Task))
    }

    /// Makes `context` the current one whenever the future is polled: what happens in it belongs to that
    /// context's task.
    fn in_context(self, context: Context) -> InContext<Self> {
        InContext { future: self, context }
    }
}

impl<F: Future> TraceFuture for F {}

/// A future that is traced; see [`TraceFuture`] for how to get one.
///
/// To drop it before it has given its result is to cancel it, and the trace says so.
#[derive(Debug)]
#[must_use = "futures do nothing unless they are polled"]
pub struct Traced<F> {
    /// Pinned when the whole is. Dropped by `drop` and by nobody else.
    future: ManuallyDrop<F>,
    description: Description,
    state: State,
}

impl<F> Traced<F> {
    /// Does not record who wakes the future, and so not for how long it waits to be polled either: wakes
    /// are recorded through a waker of ours, which not every executor takes for the one it gave.
    pub fn without_wakes(mut self) -> Self {
        self.description.wakes = false;
        if let State::Recorded(fiber) = &mut self.state {
            fiber.forget_wakes();
        }
        self
    }

    /// What happens in the future belongs to this context: that of its task, if it is one. The background
    /// if nothing is recorded of it.
    pub fn context(&self) -> Context {
        match &self.state {
            State::Recorded(fiber) => *fiber.context(),
            State::New(Some(task)) => Context::new(*task, SpanContext::NONE),
            State::Carried(home) => home.context,
            State::New(None) | State::Unrecorded | State::Over => Context::background(),
        }
    }

    /// The future, for `trace-futures`, in whose futures lies more than a result.
    #[doc(hidden)]
    pub fn get_ref(&self) -> &F {
        &self.future
    }

    /// The future, as long as it is not pinned.
    #[doc(hidden)]
    pub fn get_mut(&mut self) -> &mut F {
        &mut self.future
    }

    /// The future, which is pinned.
    #[doc(hidden)]
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut F> {
        // SAFETY: `future` is not moved as long as the whole is pinned: as in `poll`.
        unsafe { self.map_unchecked_mut(|this| &mut *this.future) }
    }

    /// Begins here and now.
    fn begun(future: F, description: Description) -> Self {
        let state = State::begun(description);
        Self { future: ManuallyDrop::new(future), description, state }
    }
}

impl<F: Future> Future for Traced<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, given: &mut Polled<'_>) -> Poll<F::Output> {
        // SAFETY: `future` is not moved as long as the whole is pinned: nobody takes it out, and `drop`
        // drops it in place. Nothing else in here is pinned.
        let (future, this) = unsafe {
            let this = self.get_unchecked_mut();
            (Pin::new_unchecked(&mut *this.future), (&mut this.state, this.description))
        };
        let (state, description) = this;
        state.poll(description, future, given)
    }
}

impl<F> Drop for Traced<F> {
    #[inline]
    fn drop(&mut self) {
        let future = &mut self.future;
        // SAFETY: nobody touches it again.
        self.state.cancel(|| unsafe { ManuallyDrop::drop(future) });
    }
}

/// What a future is in the trace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Description {
    pub(crate) site: Site,
    pub(crate) kind: CallsiteKind,
    /// Whether wakes are recorded.
    pub(crate) wakes: bool,
}

impl Description {
    #[track_caller]
    fn named(name: &'static str, kind: CallsiteKind) -> Self {
        Self { site: Site::Named(name, Location::caller()), kind, wakes: true }
    }
}

/// What is recorded of a future.
#[derive(Debug)]
pub(crate) enum State {
    /// It was not polled yet. It belongs to this task, or to the one that is current when it is.
    New(Option<TaskId>),
    /// It was first polled while nothing was recorded.
    Unrecorded,
    /// One of these two, in a context that is a part of a trace across processes. Few are, so that the
    /// others need not grow for it.
    Carried(Box<Home>),
    Recorded(Box<Fiber>),
    Over,
}

/// The context that a future is to begin in.
#[derive(Debug)]
pub(crate) struct Home {
    context: Context,
    /// It was first polled while nothing was recorded.
    unrecorded: bool,
}

impl State {
    /// Of a future that belongs to the context that is current here and now. While nothing is recorded that is
    /// known only of what is carried; else it will be that of the first poll.
    pub(crate) fn new_here() -> Self {
        let context = Context::current();
        match context.span().some() {
            Some(_) => Self::Carried(Box::new(Home { context, unrecorded: false })),
            None => Self::New(crate::is_enabled().then_some(context.task())),
        }
    }

    /// Of a future that begins here and now.
    fn begun(description: Description) -> Self {
        let Description { site, kind, wakes } = description;
        let fiber =
            if crate::is_enabled() { Fiber::begin(site, kind, None, wakes, &[]) } else { None };
        fiber.map_or_else(Self::new_here, Self::Recorded)
    }

    /// Polls a future, of which this is the state.
    #[inline]
    pub(crate) fn poll<F: Future>(
        &mut self,
        description: Description,
        future: Pin<&mut F>,
        given: &mut Polled<'_>,
    ) -> Poll<F::Output> {
        if crate::is_enabled() {
            return self.poll_recorded(description, future, given);
        }
        if carried::in_use() {
            return self.poll_untold(future, given);
        }
        let result = future.poll(given);
        if result.is_ready() {
            *self = Self::Over;
        } else if let Self::New(_) = self {
            *self = Self::Unrecorded;
        }
        result
    }

    #[cold]
    fn poll_recorded<F: Future>(
        &mut self,
        description: Description,
        future: Pin<&mut F>,
        given: &mut Polled<'_>,
    ) -> Poll<F::Output> {
        let begun = self.fiber(description).and_then(|fiber| {
            let begin = fiber.poll_begin(given)?;
            Some((fiber, begin))
        });
        let Some((fiber, begin)) = begun else { return self.poll_untold(future, given) };
        // Unless it is told otherwise, the poll panicked.
        let mut polling = Polling { fiber, begin, outcome: Some(FiberOutcome::Panicked) };
        let carrying = Carrying::begin(polling.fiber.context());
        let result = match polling.fiber.waker() {
            Some(waker) => future.poll(&mut Polled::from_waker(waker)),
            None => future.poll(given),
        };
        drop(carrying);
        polling.outcome = result.is_ready().then_some(FiberOutcome::Completed);
        drop(polling);
        if result.is_ready() {
            *self = Self::Over;
        }
        result
    }

    /// The fiber that this future is, if it can be recorded.
    #[inline]
    fn fiber(&mut self, description: Description) -> Option<&mut Fiber> {
        if !matches!(self, Self::Recorded(_)) {
            self.begin(description);
        }
        match self {
            // It may have panicked, and be polled by somebody who does not mind.
            Self::Recorded(fiber) if !fiber.is_over() => Some(fiber),
            _ => None,
        }
    }

    /// Polls it without a word, but with what is carried, also by one that was recorded until now.
    #[cold]
    #[inline(never)]
    fn poll_untold<F: Future>(
        &mut self,
        future: Pin<&mut F>,
        given: &mut Polled<'_>,
    ) -> Poll<F::Output> {
        let carrying = match self {
            Self::Carried(home) => {
                home.unrecorded = true;
                Carrying::begin(&home.context)
            }
            Self::Recorded(fiber) => Carrying::begin(fiber.context()),
            _ => None,
        };
        let result = future.poll(given);
        drop(carrying);
        if result.is_ready() {
            *self = Self::Over;
        } else if let Self::New(_) = self {
            *self = Self::Unrecorded;
        }
        result
    }

    #[cold]
    #[inline(never)]
    fn begin(&mut self, Description { site, kind, wakes }: Description) {
        let begun = match self {
            Self::New(task) => {
                let context = task.map(|task| Context::new(task, SpanContext::NONE));
                Fiber::begin(site, kind, context, wakes, &[])
            }
            Self::Unrecorded => Fiber::unseen(site, kind, SpanContext::NONE, wakes),
            Self::Carried(home) if home.unrecorded => {
                Fiber::unseen(site, kind, home.context.span(), wakes)
            }
            Self::Carried(home) => Fiber::begin(site, kind, Some(home.context), wakes, &[]),
            Self::Recorded(_) | Self::Over => None,
        };
        if let Some(fiber) = begun {
            *self = Self::Recorded(fiber);
        }
    }

    /// Drops a future, of which this is the state.
    #[inline]
    pub(crate) fn cancel(&mut self, drop_future: impl FnOnce()) {
        match std::mem::replace(self, Self::Over) {
            Self::Recorded(fiber) if !fiber.is_over() && crate::is_enabled() => {
                let _ending = Cancelled(fiber);
                let _entered = _ending.0.context().enter();
                drop_future();
            }
            _ => drop_future(),
        }
    }
}

/// A poll that is going on. It ends with this value, which also an unwinding drops.
struct Polling<'a> {
    fiber: &'a mut Fiber,
    begin: u64,
    /// How the fiber ends with this poll, if it does.
    outcome: Option<FiberOutcome>,
}

impl Drop for Polling<'_> {
    #[inline]
    fn drop(&mut self) {
        if crate::is_enabled() {
            self.fiber.poll_end(self.begin, self.outcome);
        }
    }
}

/// Ends a fiber that is dropped, behind what the future does while it is.
struct Cancelled(Box<Fiber>);

impl Drop for Cancelled {
    fn drop(&mut self) {
        if crate::is_enabled() {
            self.0.end(FiberOutcome::Cancelled);
        }
    }
}

/// A future in whose polls a context is current; see [`TraceFuture::in_context`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are polled"]
pub struct InContext<F> {
    /// Pinned when the whole is.
    future: F,
    context: Context,
}

impl<F: Future> Future for InContext<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, given: &mut Polled<'_>) -> Poll<F::Output> {
        let _entered = self.context.enter();
        // SAFETY: `future` is not moved as long as the whole is pinned, which has no `drop` of its own and
        // is `Unpin` only if the future is.
        let future = unsafe { self.map_unchecked_mut(|this| &mut this.future) };
        future.poll(given)
    }
}
