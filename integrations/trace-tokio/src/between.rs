//! Regions that begin in one callback of the runtime and end in another.
//!
//! Both callbacks come on the same thread, in pairs that nest. The guard lies with that thread in between, also
//! while nothing is recorded: what began before a recording ends in it, and the trace says that its begin was not
//! seen.

use std::cell::RefCell;
use std::thread::LocalKey;

use trace_core::Region;

/// The regions of one kind that are open on this thread, from the outside in.
pub(crate) type Open = RefCell<Vec<Region>>;

/// Keeps a region open that has just begun.
pub(crate) fn keep(open: &'static LocalKey<Open>, region: Region) {
    // On a thread that is about to end, with nowhere to keep it, it ends with this.
    let _ = open.try_with(|open| open.borrow_mut().push(region));
}

/// Ends the innermost one.
pub(crate) fn end(open: &'static LocalKey<Open>) {
    let region = open.try_with(|open| open.borrow_mut().pop());
    if let Ok(Some(region)) = region {
        region.end();
    }
}
