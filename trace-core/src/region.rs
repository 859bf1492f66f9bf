//! Regions: intervals of one flow of control.

use std::marker::PhantomData;
use std::panic::Location;

use trace_format::{CallsiteId, CallsiteKind, Event, TaskId};

use crate::callsite::{Callsite, short};
use crate::carried::Carrying;
use crate::clock;
use crate::context::Context;
use crate::pen::Pen;
use crate::switch::when_on;
use crate::thread::{emit, short_way};
use crate::value::{Arg, Encoded, Value};

/// Where an annotation's description comes from: a static that a macro wrote, or a name that was
/// passed to a function and the place of the call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Site {
    Static(&'static Callsite),
    Named(&'static str, &'static Location<'static>),
}

impl Site {
    #[inline(always)]
    pub(crate) fn id(self, kind: CallsiteKind, pen: &mut Pen) -> u32 {
        match self {
            Self::Static(callsite) => callsite.id(),
            Self::Named(name, location) => pen.names.id(kind, name, location),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Static(callsite) => callsite.name(),
            Self::Named(name, _) => name,
        }
    }

    /// The number for [the short way](crate::short): 0 if that is not at hand.
    #[inline(always)]
    pub(crate) fn short_id(self, kind: CallsiteKind, pen: &Pen) -> u16 {
        match self {
            Self::Static(callsite) => callsite.short_id(),
            Self::Named(name, location) => short(pen.names.known_id(kind, name, location)),
        }
    }
}

/// Makes a guard stay on the thread that made it: neither `Send` nor `Sync`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StaysOnItsThread(PhantomData<*const AcrossAwaitsUseAnAttributeOrInRegion>);

/// Nothing but a name, which stands in what the compiler says when a future that holds a guard is to be sent: a
/// library cannot word that.
pub(crate) enum AcrossAwaitsUseAnAttributeOrInRegion {}

impl StaysOnItsThread {
    pub(crate) const HERE: Self = Self(PhantomData);
}

/// A region that is open; it ends with this value.
///
/// Regions of a thread nest: the one that began last ends first, as scopes do. If yours do not, the
/// trace stays right and says which ones. A region stays on its thread: it cannot be held across an `.await` of a
/// future that is sent to another one. Of a future, [`in_region`](crate::TraceFuture::in_region) makes a region, and
/// so does an attribute on an `async` function.
#[derive(Debug)]
#[must_use = "the region ends when this value is dropped; give it a name like `_region`"]
pub struct Region {
    site: Site,
    /// The callsite's number, if the begin found it out, else 0.
    short_id: u16,
    _stays: StaysOnItsThread,
}

impl Region {
    /// The value that ends a region which was not recorded, or has just been.
    #[inline(always)]
    pub(crate) fn guard(site: Site) -> Self {
        Self { site, short_id: 0, _stays: StaysOnItsThread::HERE }
    }

    /// Ends the region. The same as dropping it.
    #[inline(always)]
    pub fn end(self) {}

    /// Adds an argument while the region runs.
    ///
    /// The value is computed by the caller, even while tracing is off; its string is cut at 4,096
    /// bytes.
    ///
    /// ```
    /// let region = trace_core::trace_region!("read");
    /// let bytes = 512;
    /// region.arg("bytes", bytes);
    /// ```
    #[inline]
    #[track_caller]
    pub fn arg(&self, key: &'static str, value: impl Arg) {
        if crate::is_enabled() {
            let site = self.site;
            add_arg(key, value.value(), Location::caller(), |pen| {
                let id = site.id(CallsiteKind::Region, pen);
                pen.outward_to(id)
            });
        }
    }
}

unless_compiled_out! {
    impl Drop for Region {
        #[inline(always)]
        fn drop(&mut self) {
            if crate::is_enabled() {
                match self.site {
                    Site::Static(callsite) => end_static(callsite),
                    Site::Named(name, location) => end_named(self.short_id, name, location),
                }
            }
        }
    }
}

/// The region of a function that has the attribute. No more than its callsite: in builds that are not
/// optimised, a guard is moved around in memory.
#[derive(Debug)]
pub struct FunctionRegion {
    pub(crate) callsite: &'static Callsite,
    pub(crate) _stays: StaysOnItsThread,
}

unless_compiled_out! {
    impl Drop for FunctionRegion {
        #[inline(always)]
        fn drop(&mut self) {
            when_on!({ end_static(self.callsite) });
        }
    }
}

/// Begins a region of type `name` in `context`, and with it makes the context's task current until the
/// region ends. The `traceparent` of a context does not go along: [enter](Context::enter) it for that.
///
/// ```
/// # use trace_core as trace;
/// # let ctx = trace::Context::current();
/// let region = trace::start_region(ctx, "steamMilk");
/// // …
/// region.end();
/// ```
#[inline(always)]
#[track_caller]
pub fn start_region(context: Context, name: &'static str) -> Region {
    let location = Location::caller();
    let mut region = Region::guard(Site::Named(name, location));
    if crate::is_enabled() {
        region.short_id = begin_named(context.task(), name, location);
    }
    region
}

/// Runs `f` in a region of type `name`, in `context`.
///
/// ```
/// # use trace_core as trace;
/// # let ctx = trace::Context::current();
/// let foam = trace::with_region(ctx, "steamMilk", || "foam");
/// assert_eq!(foam, "foam");
/// ```
#[inline(always)]
#[track_caller]
pub fn with_region<R>(context: Context, name: &'static str, f: impl FnOnce() -> R) -> R {
    let _carrying = Carrying::begin(&context);
    let _region = start_region(context, name);
    f()
}

/// Adds an argument to the innermost open region of this thread, whoever began it.
///
/// For functions with an attribute, where there is no [`Region`] at hand. Nothing when no region
/// is open. The value is computed by the caller, even while tracing is off.
#[inline]
#[track_caller]
pub fn region_arg(key: &'static str, value: impl Arg) {
    if crate::is_enabled() {
        add_arg(key, value.value(), Location::caller(), |pen| pen.has_open_region().then_some(0));
    }
}

// What follows is called only while tracing is on. It is marked as cold, so that the functions that
// call it keep it out of their way: while tracing is off, that is all there is to them.

#[cold]
#[inline(never)]
pub(crate) fn begin_static(callsite: &'static Callsite) {
    if let Some(mut way) = short_way() {
        if way.pen().region_begin_shortly(callsite.short_id(), clock::counter()).is_some() {
            return;
        }
    }
    begin_static_long_way(callsite);
}

#[cold]
#[inline(never)]
fn begin_static_long_way(callsite: &'static Callsite) {
    emit(|pen, now| pen.region_begin(callsite.id(), now));
}

#[cold]
#[inline(never)]
fn end_static(callsite: &'static Callsite) {
    if let Some(mut way) = short_way() {
        if way.pen().region_end_shortly(callsite.short_id(), clock::counter()).is_some() {
            return;
        }
    }
    end_static_long_way(callsite);
}

#[cold]
#[inline(never)]
fn end_static_long_way(callsite: &'static Callsite) {
    emit(|pen, now| pen.region_end(callsite.id(), now));
}

/// Begins a region in a task, or in the current one, with arguments for the callsite's keys.
#[cold]
#[inline(never)]
pub(crate) fn begin_with(callsite: &'static Callsite, task: Option<TaskId>, args: &[Value<'_>]) {
    if let Some(mut way) = short_way() {
        let (pen, now) = (way.pen(), clock::counter());
        let task = task.unwrap_or(pen.task());
        if pen.region_begin_with_shortly(callsite.short_id(), now, task, args).is_some() {
            return;
        }
    }
    begin_with_long_way(callsite, task, args);
}

#[cold]
#[inline(never)]
fn begin_with_long_way(callsite: &'static Callsite, task: Option<TaskId>, args: &[Value<'_>]) {
    let encoded = (!args.is_empty()).then(|| Encoded::new(args));
    emit(|pen, now| {
        let task = task.unwrap_or(pen.task());
        let id = callsite.id();
        match &encoded {
            None => pen.region_begin_in(id, now, task),
            Some(args) => pen.region_begin_with(id, now, task, args.values()),
        }
    });
}

/// Returns the callsite's number if that is short and known by now, else 0.
#[cold]
#[inline(never)]
fn begin_named(task: TaskId, name: &'static str, location: &'static Location<'static>) -> u16 {
    if let Some(mut way) = short_way() {
        let (pen, now) = (way.pen(), clock::counter());
        let id = Site::Named(name, location).short_id(CallsiteKind::Region, pen);
        if pen.region_begin_in_shortly(id, now, task).is_some() {
            return id;
        }
    }
    begin_named_long_way(task, name, location)
}

#[cold]
#[inline(never)]
fn begin_named_long_way(
    task: TaskId,
    name: &'static str,
    location: &'static Location<'static>,
) -> u16 {
    let id = emit(|pen, now| {
        let id = pen.names.id(CallsiteKind::Region, name, location);
        pen.region_begin_in(id, now, task);
        id
    });
    short(id.unwrap_or(0))
}

#[cold]
#[inline(never)]
fn end_named(short_id: u16, name: &'static str, location: &'static Location<'static>) {
    if let Some(mut way) = short_way() {
        if way.pen().region_end_shortly(short_id, clock::counter()).is_some() {
            return;
        }
    }
    end_named_long_way(name, location);
}

#[cold]
#[inline(never)]
fn end_named_long_way(name: &'static str, location: &'static Location<'static>) {
    emit(|pen, now| {
        let id = pen.names.id(CallsiteKind::Region, name, location);
        pen.region_end(id, now);
    });
}

#[inline(never)]
fn add_arg(
    key: &'static str,
    value: Value<'_>,
    location: &'static Location<'static>,
    outward: impl FnOnce(&mut Pen) -> Option<u64>,
) {
    value.resolve(&mut crate::scratch::Scratch::new(), |value| {
        emit(|pen, now| {
            if let Some(outward) = outward(pen) {
                let key = CallsiteId(pen.names.id(CallsiteKind::Argument, key, location));
                pen.put(now, Event::RegionArg { key, outward, value });
            }
        });
    });
}
