//! What `async` functions that have an attribute become: a future that is known by its callsite alone, since
//! it lies in the futures of all functions around it.

use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::task::{Context as Polled, Poll};

use crate::callsite::Callsite;
use crate::fiber::Fiber;
use crate::future::{Description, State};
use crate::region::Site;
use crate::value::Value;

/// The body of an `async` function, before there is one.
#[derive(Debug)]
pub struct Unpolled {
    callsite: &'static Callsite,
    state: State,
}

impl Unpolled {
    /// Begins with its first poll.
    #[inline(always)]
    pub fn new(callsite: &'static Callsite) -> Self {
        Self { callsite, state: State::New(None) }
    }

    /// Begins now, with arguments for the callsite's keys. Only to be called while tracing is on.
    #[cold]
    pub fn with(callsite: &'static Callsite, args: &[Value<'_>]) -> Self {
        let Description { site, kind, wakes } = description(callsite);
        let fiber = Fiber::begin(site, kind, None, wakes, args);
        Self { callsite, state: fiber.map_or(State::New(None), State::Recorded) }
    }

    /// Belongs to the context that is current here, and not to that of the first poll.
    #[inline(always)]
    pub fn here(mut self) -> Self {
        if let State::New(None) = self.state {
            self.state = State::new_here();
        }
        self
    }
}

unless_compiled_out! {
    impl Unpolled {
        /// With the body.
        #[inline(always)]
        pub fn run<F: Future>(self, body: F) -> FunctionFuture<F> {
            let mut this = ManuallyDrop::new(self);
            let state = std::mem::replace(&mut this.state, State::Over);
            FunctionFuture { body: ManuallyDrop::new(body), callsite: this.callsite, state }
        }
    }

    /// There is no body: what was to make one panicked, unless tracing was switched off meanwhile.
    impl Drop for Unpolled {
        #[cold]
        fn drop(&mut self) {
            use trace_format::FiberOutcome::{Cancelled, Panicked};
            if let (State::Recorded(fiber), true) = (&mut self.state, crate::is_enabled()) {
                fiber.end(if std::thread::panicking() { Panicked } else { Cancelled });
            }
        }
    }
}

when_compiled_out! {
    impl Unpolled {
        /// The body, and nothing else.
        #[inline(always)]
        pub fn run<F: Future>(self, body: F) -> F {
            body
        }
    }
}

fn description(callsite: &'static Callsite) -> Description {
    Description { site: Site::Static(callsite), kind: callsite.kind(), wakes: true }
}

/// The body of an `async` function.
#[derive(Debug)]
#[must_use = "futures do nothing unless they are polled"]
pub struct FunctionFuture<F> {
    /// Pinned when the whole is. Dropped by `drop` and by nobody else.
    body: ManuallyDrop<F>,
    callsite: &'static Callsite,
    state: State,
}

impl<F: Future> Future for FunctionFuture<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, given: &mut Polled<'_>) -> Poll<F::Output> {
        // SAFETY: `body` is not moved as long as the whole is pinned: nobody takes it out, and `drop` drops
        // it in place. Nothing else in here is pinned.
        let (body, callsite, state) = unsafe {
            let this = self.get_unchecked_mut();
            (Pin::new_unchecked(&mut *this.body), this.callsite, &mut this.state)
        };
        state.poll(description(callsite), body, given)
    }
}

impl<F> Drop for FunctionFuture<F> {
    #[inline]
    fn drop(&mut self) {
        let body = &mut self.body;
        // SAFETY: nobody touches it again.
        self.state.cancel(|| unsafe { ManuallyDrop::drop(body) });
    }
}
