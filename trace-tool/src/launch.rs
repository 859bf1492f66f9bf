//! `cargo trace run`, `test` and `bench`: Cargo with `TRACE_OUT` set, and then what the traces say.
//!
//! Each run has a directory of its own, so that whatever lies there afterwards is of this run. Whoever starts
//! it sees, types and gets back what they would with Cargo alone: this only speaks when that has ended.

mod panicked;
mod processes;

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fmt, fs, process};

use crate::cli;
use crate::error::Error;
use crate::{json, wall};
use processes::Processes;

/// The variable that asks a program for a trace.
const VARIABLE: &str = "TRACE_OUT";

/// The file of each process: its name and its id.
const FILE: &str = "%e-%p.trace";
/// What such a file's name ends in.
const EXTENSION: &str = "trace";

/// What Cargo is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Run,
    Test,
    Bench,
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Run => "run",
            Self::Test => "test",
            Self::Bench => "bench",
        })
    }
}

/// Runs Cargo, and reports. Returns the exit code of Cargo.
///
/// # Errors
/// When Cargo cannot be run, or no process wrote a trace.
pub(crate) fn launch(
    verb: Verb,
    args: &cli::Launch,
    out: &mut dyn Write,
    width: usize,
) -> Result<u8, Error> {
    let directory = Directory::new(args.out.as_deref())?;
    let status = run_cargo(verb, args, &directory)?;
    let code = code(status);
    let files = directory.traces()?;
    if files.is_empty() {
        directory.remove_if_empty();
        return Err(Error::NoTraces { command: format!("cargo {verb}"), code });
    }
    let command = [OsStr::new("cargo"), verb.to_string().as_ref()]
        .into_iter()
        .chain(args.args.iter().map(OsString::as_os_str))
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let mut processes = Processes::of(verb, command, code, &directory.path, &files);
    processes.sort(args.sort);
    if args.json {
        processes.truncate(args.limit.unwrap_or(usize::MAX));
        json::write_document(out, &processes)?;
    } else {
        processes.write(out, width, args.limit.unwrap_or(cli::DEFAULT_ROWS))?;
    }
    Ok(code)
}

fn run_cargo(verb: Verb, args: &cli::Launch, directory: &Directory) -> Result<ExitStatus, Error> {
    let cargo = cargo();
    let mut command = Command::new(&cargo);
    command.arg(verb.to_string()).args(&args.args).env(VARIABLE, &directory.pattern);
    if args.json {
        // Standard output is for the JSON.
        command.stdout(Stdio::from(io::stderr()));
    }
    let interrupts = Interrupts::left_to_child();
    let status = command.status().map_err(|source| Error::Cargo { program: cargo, source })?;
    interrupts.end_this();
    Ok(status)
}

/// The Cargo that has called this, or else the one in the path.
fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// What a shell says of a process that has ended in this way.
fn code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return 128_u8.saturating_add(signal.try_into().unwrap_or(127));
    }
    // Windows has more of them. None but 0 is success.
    status.code().map_or(1, |code| code.try_into().unwrap_or(1))
}

/// Ctrl-C, which a terminal sends to the program and to this process. While the program runs it is meant for
/// that: what it did until then is to be reported.
struct Interrupts {
    end_this: Arc<AtomicBool>,
}

impl Interrupts {
    fn left_to_child() -> Self {
        const CODE: i32 = 130;
        let end_this = Arc::new(AtomicBool::new(false));
        // If it fails, Ctrl-C ends both.
        let _ = signal_hook::flag::register_conditional_shutdown(
            signal_hook::consts::SIGINT,
            CODE,
            Arc::clone(&end_this),
        );
        Self { end_this }
    }

    /// From now on it ends this process, as it does in general.
    fn end_this(self) {
        // Read by the handler alone, which acts on nothing else.
        self.end_this.store(true, Relaxed);
    }
}

/// Where the traces of a run are.
struct Directory {
    path: PathBuf,
    /// What to set the variable to.
    pattern: String,
}

impl Directory {
    /// Makes one, with this name if there is one.
    fn new(name: Option<&Path>) -> Result<Self, Error> {
        let path = match name {
            Some(path) => path.to_owned(),
            None => target_directory().join("trace").join(name_of_run()),
        };
        let cannot = |source| Error::Directory { path: path.clone(), source };
        fs::create_dir_all(&path).map_err(cannot)?;
        if fs::read_dir(&path).map_err(cannot)?.next().is_some() {
            let message = "expected an empty directory, or none, found one with files in it";
            return Err(cannot(io::Error::other(message)));
        }
        // Cargo runs tests in the directories of their packages.
        let absolute = std::path::absolute(&path).map_err(cannot)?;
        let Some(text) = absolute.to_str() else {
            let message = "expected a path that is Unicode, found another";
            return Err(cannot(io::Error::other(message)));
        };
        let pattern = Path::new(&text.replace('%', "%%")).join(FILE);
        Ok(Self { pattern: pattern.to_string_lossy().into_owned(), path })
    }

    /// The traces in it, by name. The pools that lie beside those of processes that died belong to them.
    fn traces(&self) -> Result<Vec<PathBuf>, Error> {
        let cannot = |source| Error::Directory { path: self.path.clone(), source };
        let mut traces = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(cannot)? {
            let path = entry.map_err(cannot)?.path();
            if path.extension().is_some_and(|extension| extension == EXTENSION) {
                traces.push(path);
            }
        }
        traces.sort();
        Ok(traces)
    }

    /// Removes what nobody has written to.
    fn remove_if_empty(&self) {
        let _ = fs::remove_dir(&self.path);
    }
}

/// That of the workspace, as Cargo knows it; where there is none, Cargo is going to say so.
fn target_directory() -> PathBuf {
    let metadata = Command::new(cargo())
        .args(["metadata", "--no-deps", "--format-version=1"])
        .stderr(Stdio::null())
        .output();
    metadata
        .ok()
        .and_then(|metadata| serde_json::from_slice::<serde_json::Value>(&metadata.stdout).ok())
        .and_then(|metadata| metadata["target_directory"].as_str().map(PathBuf::from))
        .unwrap_or_else(|| "target".into())
}

/// `2026-11-23T20-42-27-4711`: sorted by time, and of one process only.
fn name_of_run() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = wall::date_and_time(now.as_secs().saturating_mul(1_000_000_000));
    let seconds = seconds.split('.').next().unwrap_or_default();
    format!("{}-{}", seconds.replace(' ', "T").replace(':', "-"), process::id())
}
