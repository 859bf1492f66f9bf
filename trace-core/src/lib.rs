//! The recording side of `runtime-trace`: what annotated code calls, and where its events go.
//!
//! Programs use the package `runtime-trace`, whose library is named `trace`; it is this crate and
//! the attribute macros. Start reading at [`recorder`](self), which tells the life of an event.
//!
//! Invariants:
//! 1. While tracing is off, annotated code loads one atomic and does nothing else.
//! 2. Recording never fails its program, and never waits but where [`Overflow::Block`] asks for
//!    it. What cannot be recorded is counted.
//! 3. Nothing of the program's runs while a thread is emitting: no `Display`, no writer.
//! 4. `unsafe` is in `slot`, `pen`, `short`, `open`, `switch`, `pool`, `memory`, `mapping`, `thread`,
//!    `thread_name`, `recorder`, `clock`, `barrier`, `bell`, `signal`, `fork`, `system`, `sync`, `future` and
//!    `function_future`, and nowhere else.
#![cfg_attr(not(test), warn(unreachable_pub))]
#![cfg_attr(
    any(feature = "off", all(feature = "release_off", not(debug_assertions))),
    allow(dead_code, unused_imports, reason = "nothing is recorded")
)]

/// Items that are there unless annotations are compiled to nothing.
///
/// A guard that does nothing when it is dropped must not be a thing to drop at all: the compiler
/// would find out too late, and make other code of the function than without it. Together with
/// [`COMPILED_IN`], the place that knows the features.
macro_rules! unless_compiled_out {
    ($($item:item)*) => {
        $(#[cfg(not(any(feature = "off", all(feature = "release_off", not(debug_assertions)))))]
        $item)*
    };
}

/// Items that are there only then.
macro_rules! when_compiled_out {
    ($($item:item)*) => {
        $(#[cfg(any(feature = "off", all(feature = "release_off", not(debug_assertions))))]
        $item)*
    };
}

mod about;
mod barrier;
mod bell;
mod callsite;
mod capture;
mod carried;
mod clock;
mod context;
mod control;
mod drainer;
mod dumper;
mod dumps;
mod env;
mod epoch;
mod error;
mod fiber;
mod flight;
mod fork;
mod function_future;
mod future;
mod log;
mod macros;
#[cfg(all(target_os = "linux", not(trace_portable)))]
mod mapping;
mod memory;
#[cfg(all(test, loom))]
mod models;
mod open;
mod open_now;
mod output;
mod pen;
mod pool;
mod private;
mod program;
mod recorder;
mod region;
mod running;
mod scratch;
mod session;
mod short;
mod signal;
mod slot;
mod slow;
mod snapshot;
mod status;
mod storage;
mod switch;
mod sync;
mod system;
mod task;
mod testing;
mod thread;
mod thread_name;
pub mod threads;
mod traceparent;
mod untold;
mod value;
mod woken;

pub use capture::capture;
pub use context::{Context, Entered};
pub use env::{SessionFromEnv, start_from_env};
pub use error::{SnapshotError, StartError, StopError};
pub use flight::{FlightRecorder, FlightRecorderBuilder, Snapshot};
pub use future::{InContext, TraceFuture, Traced};
pub use log::log;
pub use open_now::{OpenRegion, OpenThread, open_regions};
pub use region::{Region, region_arg, start_region, with_region};
pub use session::{Session, SessionBuilder, Summary, is_enabled, start, start_file, stop};
pub use status::{RecordingStatus, Status, snapshot, status};
pub use task::{EnteredTask, Task, new_task};
pub use trace_format::Overflow;
pub use traceparent::Traceparent;
pub use value::{Arg, Number, Value};

/// What the macros expand to.
#[doc(hidden)]
pub mod __private {
    pub use crate::private::*;
}

/// Whether annotations are more than nothing.
pub(crate) const COMPILED_IN: bool =
    !(cfg!(feature = "off") || cfg!(feature = "release_off") && !cfg!(debug_assertions));
