//! A session that is asked for from outside: `TRACE_OUT=PATH program`.
//!
//! Whoever starts the program looks at its standard error, and has nobody else to ask. So all that goes
//! wrong is told there, in one line, and the program runs on.
//!
//! Invariants:
//! 1. Without the variable, all that is done is to look for it.
//! 2. In a program that has rights which its caller does not have, it is as if there were none.
//! 3. The session ends once: with the guard, or when the process exits, whichever is first. A child that is
//!    a copy of the process ends nothing.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::{env, fmt, io, process};

use crate::error::{StartError, StopError};
use crate::session::Session;
use crate::{program, storage, system};

/// The variable that asks for a trace.
const VARIABLE: &str = "TRACE_OUT";

/// Starts recording into a file if the environment variable `TRACE_OUT` says which, until the guard is
/// dropped. For the first line of `main`; `#[trace::main]` puts it in front of that.
///
/// ```no_run
/// # use trace_core as trace;
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let _trace = trace::start_from_env();
///     // …
///     Ok(())
/// }
/// ```
///
/// ```sh
/// TRACE_OUT=/tmp/%e-%p.trace program
/// ```
///
/// | in `TRACE_OUT` | becomes |
/// |---|---|
/// | `%p` | the process id |
/// | `%e` | the name of the program: that of its executable, without directory and extension |
/// | `%%` | a percent sign |
///
/// Any other `%` is a mistake: it may get a meaning some day. The directory has to be there.
///
/// The session is that of [`start_file`](crate::start_file), and an existing file is replaced. When a
/// program starts others, they inherit the variable; with `%p` each has a file of its own. Without
/// `%p`, on Unix, a process that finds another one writing its trace to the file leaves it alone, and runs
/// untraced, if that other trace was asked for in the same way; when it has ended, the next one replaces it. A program
/// that becomes another one by `exec` keeps its process id, so that the two need different names.
///
/// The trace is whole when `main` has returned, in whatever way, or unwound; and, on Unix, when
/// [`std::process::exit`] was called, on whatever thread. A program that ends in another way leaves what it
/// had recorded, as after [`start_file`](crate::start_file).
///
/// This does nothing when `TRACE_OUT` is not set or empty, and in set-uid programs and their like. When there
/// can be no session, or one is on already, one line on standard error says so, and the program runs on.
#[must_use = "the trace ends when this value is dropped; give it a name like `_trace`"]
pub fn start_from_env() -> SessionFromEnv {
    SessionFromEnv { is_on: start() }
}

/// Ends the session that [`start_from_env`] has started, if it has. Should the trace be incomplete then,
/// one line on standard error says so.
#[derive(Debug)]
#[must_use = "the trace ends when this value is dropped; give it a name like `_trace`"]
pub struct SessionFromEnv {
    is_on: bool,
}

impl Drop for SessionFromEnv {
    fn drop(&mut self) {
        if self.is_on {
            stop();
        }
    }
}

/// Starts the session at the first call, to be ended when the process exits: for tests, of which none is
/// the last one.
pub(crate) fn start_until_exit() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| _ = start());
}

/// The session that was started from the environment.
static SESSION: Mutex<Option<Session>> = Mutex::new(None);

/// The process that started it; 0 for none. No more than a number: it is stored before there can be a child.
static OWNER: AtomicU32 = AtomicU32::new(0);

fn session() -> MutexGuard<'static, Option<Session>> {
    SESSION.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns whether there is a session now for which to call [`stop`].
fn start() -> bool {
    let Some(pattern) = env::var_os(VARIABLE).filter(|pattern| !pattern.is_empty()) else {
        return false;
    };
    if system::has_foreign_rights() {
        return false;
    }
    let started = path(&pattern, process::id(), &program::name()).map_err(Failure::Pattern);
    let started = started.and_then(|path| {
        let session = Session::builder().start_in(&path, storage::create_own_trace);
        session.map_err(Failure::Start)
    });
    match started {
        Ok(started) => {
            OWNER.store(process::id(), Relaxed);
            *session() = Some(started);
            static ONCE: Once = Once::new();
            ONCE.call_once(|| system::at_exit(stop_at_exit));
            true
        }
        Err(failure) => {
            say(format_args!("{VARIABLE}={pattern:?}: {failure}"));
            false
        }
    }
}

fn stop() {
    if OWNER.load(Relaxed) != process::id() {
        return;
    }
    // Locked until the trace is whole: who exits meanwhile, on another thread, waits for that.
    let mut session = session();
    match session.take().map(Session::finish) {
        // The program may have stopped it by itself.
        None | Some(Ok(_) | Err(StopError::NotStarted)) => {}
        Some(Err(error)) => {
            say(format_args!(
                "the trace that {VARIABLE} asked for is not whole: {error}; `cargo trace report` tells what \
                 is there"
            ));
        }
    }
}

extern "C" fn stop_at_exit() {
    // Nobody is there to unwind to.
    let _ = std::panic::catch_unwind(stop);
}

/// One line on standard error. If that is closed there is nobody to tell.
fn say(what: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "trace: {what}");
}

/// Why there is no session.
enum Failure {
    Pattern(String),
    Start(StartError),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern(error) => f.write_str(error)?,
            Self::Start(StartError::AlreadyStarted) => {
                return f.write_str("not used, since a session is on already, which goes on");
            }
            Self::Start(error) => write!(f, "{error}")?,
        }
        f.write_str("; the program runs untraced")
    }
}

/// The file that a pattern names.
fn path(pattern: &OsStr, pid: u32, program: &OsStr) -> Result<PathBuf, String> {
    let mut path = Vec::new();
    let mut rest = pattern.as_encoded_bytes();
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        path.extend_from_slice(&rest[..at]);
        match rest.get(at + 1) {
            Some(b'p') => path.extend_from_slice(pid.to_string().as_bytes()),
            Some(b'e') => path.extend_from_slice(program.as_encoded_bytes()),
            Some(b'%') => path.push(b'%'),
            _ => {
                let found: String = String::from_utf8_lossy(&rest[at..]).chars().take(2).collect();
                return Err(format!(
                    "expected `%p`, `%e` or `%%`, found {found:?}; `%%` is a percent sign"
                ));
            }
        }
        rest = &rest[at + 2..];
    }
    path.extend_from_slice(rest);
    from_bytes(path).map(PathBuf::from)
}

#[cfg(unix)]
fn from_bytes(path: Vec<u8>) -> Result<OsString, String> {
    Ok(std::os::unix::ffi::OsStringExt::from_vec(path))
}

#[cfg(not(unix))]
fn from_bytes(path: Vec<u8>) -> Result<OsString, String> {
    let path = String::from_utf8(path);
    path.map(OsString::from).map_err(|_| "expected a path that is Unicode, found another".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(pattern: &str) -> Result<String, String> {
        let path = path(pattern.as_ref(), 4711, "coffee".as_ref())?;
        Ok(path.into_os_string().into_string().unwrap())
    }

    #[test]
    fn patterns_name_files() {
        for (pattern, expected) in [
            ("a.trace", "a.trace"),
            ("/tmp/%e-%p.trace", "/tmp/coffee-4711.trace"),
            ("%p%p%%p%e", "47114711%pcoffee"),
            ("100%%", "100%"),
            ("Kännchen/%e", "Kännchen/coffee"),
        ] {
            assert_eq!(expanded(pattern).as_deref(), Ok(expected), "{pattern}");
        }
    }

    #[test]
    fn what_has_no_meaning_is_a_mistake() {
        for (pattern, found) in
            [("a%", "\"%\""), ("%t.trace", "\"%t\""), ("%%%ä", "\"%ä\""), ("%P", "\"%P\"")]
        {
            let error = expanded(pattern).expect_err(pattern);
            assert!(error.contains(&format!("found {found};")), "{error}");
        }
    }
}
