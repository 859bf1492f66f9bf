//! Runs a command: opens what it reads, and writes what it answers.

use std::io::{self, BufWriter, IsTerminal, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use anstream::{AutoStream, ColorChoice};
use trace_reader::{RecoverError, TaskId, Trace};

use crate::cli::{self, Cli, Color, Command};
use crate::error::Error;
use crate::escape::plain;
use crate::export::{self, Destination};
use crate::launch::{self, Verb};
use crate::paint::{ALARM, paint};
use crate::progress::Progress;
use crate::recover::Recovery;
use crate::report::{DEFAULT_WIDTH, Report};
use crate::tasks::{Selection, Tasks};
use crate::validate::Validation;
use crate::{dump, json, logs};

/// The exit code when `validate` finds violations.
const VIOLATIONS: u8 = 1;

/// Runs `cargo trace` with the arguments of this process.
pub fn main() -> ExitCode {
    let cli = match Cli::of(env::args_os()) {
        Ok(cli) => cli,
        Err(error) => {
            // Also help and version, which are no failure.
            let _ = error.print();
            return ExitCode::from(error.exit_code() as u8);
        }
    };
    match cli.color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
    .write_global();
    match run(&cli.command) {
        Ok(code) => code,
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            let message = error.to_string();
            anstream::eprintln!("{} {}", paint(ALARM, "error:"), plain(&message));
            ExitCode::from(error.code())
        }
    }
}

fn run(command: &Command) -> Result<ExitCode, Error> {
    let mut code = ExitCode::SUCCESS;
    let mut out = BufWriter::new(AutoStream::auto(io::stdout().lock()));
    match command {
        Command::Report(args) => {
            let mut report = read_whole(&args.file, Report::of)?;
            report.sort(args.sort);
            if args.json {
                report.truncate(args.limit.unwrap_or(usize::MAX));
                json::write_document(&mut out, &report)?;
            } else {
                report.write(&mut out, width(), args.limit.unwrap_or(cli::DEFAULT_ROWS))?;
            }
        }
        Command::Run(args) => code = run_launch(Verb::Run, args, &mut out)?,
        Command::Test(args) => code = run_launch(Verb::Test, args, &mut out)?,
        Command::Bench(args) => code = run_launch(Verb::Bench, args, &mut out)?,
        Command::Tasks(args) => {
            let default = if args.json { cli::DEFAULT_JSON_ENTRIES } else { cli::DEFAULT_ENTRIES };
            let entries = args.entries.unwrap_or(default);
            let selection = selection(args);
            let tasks = read(&args.file, "loading", TO_CHOOSE, |trace| {
                Tasks::of(trace, &selection, entries)
            })?;
            if args.json {
                json::write_document(&mut out, &tasks)?;
            } else {
                tasks.write(&mut out, width())?;
            }
        }
        Command::Logs(args) => {
            let trace = read_lazily(&args.file)?;
            let options = logs::Options {
                category: args.category.clone(),
                contains: args.grep.clone(),
                ignore_case: args.ignore_case,
                limit: args.limit,
                wall: args.wall,
                json: args.json,
            };
            let _progress = unless_shown("listing", &args.file);
            logs::write(&trace, &options, &mut out).map_err(|error| error.in_file(&args.file))?;
        }
        Command::Export(args) => run_export(args, &mut out)?,
        Command::Dump(args) => run_dump(args, &mut out)?,
        Command::Recover(args) => run_recover(args, &mut out)?,
        Command::Validate(args) => {
            let validation = read(&args.file, "checking", TO_VALIDATE, Validation::of)?;
            if !validation.valid {
                code = ExitCode::from(VIOLATIONS);
            }
            let written = match args.json {
                true => json::write_document(&mut out, &validation),
                false => validation.write(&mut out),
            };
            match written.and_then(|()| out.flush()).map_err(Error::from) {
                // Who reads only the first violations wants to know that there are some.
                Err(error) if error.is_broken_pipe() => return Ok(code),
                written => written?,
            }
        }
    }
    out.flush()?;
    Ok(code)
}

fn selection(args: &cli::Tasks) -> Selection {
    match args.id {
        Some(id) => Selection::Id(TaskId(id)),
        None => Selection::Slowest { count: args.slowest, task_type: args.task_type.clone() },
    }
}

/// Prints the [`Report`] of a trace on standard output, as `cargo trace report` does.
///
/// # Errors
/// When the trace cannot be read, or standard output cannot be written.
pub fn print_report(path: impl AsRef<Path>) -> Result<(), Error> {
    let path = path.as_ref();
    let mut report = read_whole(path, Report::of)?;
    report.sort(Default::default());
    let mut out = BufWriter::new(AutoStream::auto(io::stdout().lock()));
    report.write(&mut out, width(), cli::DEFAULT_ROWS)?;
    Ok(out.flush()?)
}

/// How many times a file is read to be opened and understood.
const TWICE: u64 = 2;
/// Opened, searched for tasks once or twice, and for what belongs to them.
const TO_CHOOSE: u64 = 4;
/// Opened, checked per block and per event, and its events counted.
const TO_VALIDATE: u64 = 4;
/// Opened, searched for losses, and copied.
const TO_RECOVER: u64 = 3;

/// Opens a trace and asks it a question; for both together the file is read so many `times`.
fn read<T>(
    path: &Path,
    doing: &str,
    times: u64,
    question: impl FnOnce(&Trace) -> Result<T, Error>,
) -> Result<T, Error> {
    let (_progress, source) = Progress::of_file(label(doing, path), open(path)?, times);
    let trace = Trace::open_through(path, source).map_err(Error::from);
    trace.and_then(|trace| question(&trace)).map_err(|error| error.in_file(path))
}

/// Opens a trace and asks it what takes one reading of all its events.
pub(crate) fn read_whole<T>(
    path: &Path,
    question: impl FnOnce(&Trace) -> Result<T, Error>,
) -> Result<T, Error> {
    read(path, "reading", TWICE, question)
}

/// Opens a trace whose events are read while the output is written.
fn read_lazily(path: &Path) -> Result<Trace, Error> {
    let (_progress, source) = Progress::of_file(label("opening", path), open(path)?, 1);
    Trace::open_through(path, source).map_err(|source| Error::from(source).in_file(path))
}

fn open(path: &Path) -> Result<fs::File, Error> {
    fs::File::open(path).map_err(|source| Error::File { path: path.to_owned(), source })
}

fn label(doing: &str, path: &Path) -> String {
    format!("{doing} {}", plain(&path.to_string_lossy()))
}

/// Progress while the output is written, unless the output itself shows on the terminal.
fn unless_shown(doing: &str, path: &Path) -> Option<Progress> {
    (!io::stdout().is_terminal()).then(|| Progress::of_unknown_length(label(doing, path)))
}

fn run_launch(verb: Verb, args: &cli::Launch, out: &mut dyn Write) -> Result<ExitCode, Error> {
    Ok(ExitCode::from(launch::launch(verb, args, out, width())?))
}

fn run_dump(args: &cli::Dump, out: &mut dyn Write) -> Result<(), Error> {
    let bytes = read_bytes(&args.file)?;
    let back = match args.back {
        true => Some(
            dump::bytes_of(&bytes)
                .map_err(|source| Error::Text { path: args.file.clone(), source })?,
        ),
        false => None,
    };
    let write = |out: &mut dyn Write| match (&back, args.json) {
        (Some(file), _) => out.write_all(file),
        (None, true) => dump::write_json(&bytes, out),
        (None, false) => dump::write(&bytes, out),
    };
    let _progress = unless_shown("dumping", &args.file);
    match &args.output {
        None => write(out)?,
        Some(path) => fs::File::create(path)
            .map(BufWriter::new)
            .and_then(|mut file| write(&mut file).and_then(|()| file.flush()))
            .map_err(|source| Error::Write { path: Some(path.clone()), source })?,
    }
    Ok(())
}

fn run_export(args: &cli::Export, out: &mut dyn Write) -> Result<(), Error> {
    let target = args.to.0;
    // Before anything is read: the name may be wrong.
    let destination = Destination::new(&args.output, &args.file)?;
    let to_stdout = matches!(destination, Destination::Stdout);
    let exported = read(&args.file, "exporting", TWICE, |trace| {
        let exported = destination.write(&args.output, trace, target)?;
        let mut remarks = Vec::new();
        export::write_remarks(&exported, target, trace, &mut remarks)?;
        Ok((exported, remarks))
    });
    let (exported, remarks) = exported?;
    AutoStream::auto(io::stderr().lock()).write_all(&remarks)?;
    if !to_stdout {
        export::write_summary(&exported, target, &args.output, out)?;
    }
    Ok(())
}

fn run_recover(args: &cli::Recover, out: &mut dyn Write) -> Result<(), Error> {
    let cannot = |source| Error::Write { path: Some(args.output.clone()), source };
    // Never the trace itself, nor anything else that is there.
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = BufWriter::new(options.open(&args.output).map_err(cannot)?);
    let recovery = read(&args.file, "recovering", TO_RECOVER, |trace| {
        Recovery::of(trace, &mut file).map_err(|error| match error {
            RecoverError::Write(source) => cannot(source),
            RecoverError::Read(source) => Error::from(source),
            error => Error::from(io::Error::other(error)),
        })
    });
    let recovery = recovery.inspect_err(|_| _ = fs::remove_file(&args.output))?;
    Ok(recovery.write(out)?)
}

/// All of a file, or of standard input when its name is `-`.
fn read_bytes(path: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let read = match path.to_str() {
        Some("-") => io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes),
        _ => fs::read(path),
    };
    read.map_err(|source| Error::File { path: path.to_owned(), source })
}

/// The width of the output: that of the terminal, or what COLUMNS says, or 100.
fn width() -> usize {
    /// Narrower than this, nothing is readable anyhow.
    const LEAST: usize = 40;
    let columns = || env::var("COLUMNS").ok()?.parse().ok();
    let terminal = || Some(usize::from(terminal_size::terminal_size_of(io::stdout())?.0.0));
    columns().or_else(terminal).unwrap_or(DEFAULT_WIDTH).max(LEAST)
}
