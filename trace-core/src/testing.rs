//! Tests as tasks: what `#[trace::test]` makes of a function.
//!
//! All tests of a process are in one trace, which the first of them starts and the end of the process ends:
//! there is no last test, since the harness runs as many as it was asked to, side by side.

use crate::callsite::Callsite;
use crate::env;
use crate::task::EnteredTask;

/// A test that is running.
#[derive(Debug)]
pub struct Test {
    // Read when it is dropped, unless annotations are compiled to nothing.
    #[allow(dead_code)]
    task: EnteredTask,
}

/// Begins a test, and the trace if the environment asks for one.
#[inline]
pub fn test(callsite: &'static Callsite) -> Test {
    env::start_until_exit();
    Test { task: crate::private::task(callsite) }
}

unless_compiled_out! {
    impl Drop for Test {
        fn drop(&mut self) {
            if std::thread::panicking() {
                self.task.arg("outcome", "panicked");
            }
        }
    }
}

/// What Cargo calls the test at `path`, which begins with the crate.
#[must_use]
pub const fn test_name(path: &'static str) -> &'static str {
    let bytes = path.as_bytes();
    let mut at = 0;
    while at + 2 < bytes.len() {
        if bytes[at] == b':' && bytes[at + 1] == b':' {
            let (_, name) = bytes.split_at(at + 2);
            return match std::str::from_utf8(name) {
                Ok(name) => name,
                Err(_) => path,
            };
        }
        at += 1;
    }
    path
}
