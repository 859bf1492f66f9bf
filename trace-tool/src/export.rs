//! `cargo trace export`: what another tool reads, out of a trace.
//!
//! The export is written beside the file that it becomes, as `.NAME.….part`, and takes its place when it is whole:
//! whoever finds a file there can read it. Only when this program is killed is the other one left behind.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use trace_export::{Exported, Target};
use trace_reader::{Problem, Trace};

use crate::error::Error;
use crate::escape::plain;
use crate::paint::{ALARM, HEADING, paint};
use crate::units;

/// So many problems of the trace are told.
const MOST_PROBLEMS: usize = 10;

/// Where an export goes.
pub(crate) enum Destination {
    Stdout,
    /// Not there yet, or a file that is replaced: the one at the path, where links to it lead.
    Whole(NamedTempFile, PathBuf),
    /// Something else, a pipe for instance.
    Direct(File),
}

impl Destination {
    /// Creates what is written to. `input` is the trace, which is not replaced.
    pub(crate) fn new(output: &Path, input: &Path) -> Result<Self, Error> {
        let cannot = |source| Error::Write { path: Some(output.to_owned()), source };
        if output == Path::new("-") {
            return Ok(Self::Stdout);
        }
        let same = |output: &Path| Some(output.canonicalize().ok()? == input.canonicalize().ok()?);
        if same(output) == Some(true) {
            let message =
                "expected a file beside the trace, found the trace itself; name another one";
            return Err(cannot(io::Error::new(io::ErrorKind::InvalidInput, message)));
        }
        match fs::metadata(output) {
            Ok(metadata) if !metadata.is_file() => {
                Ok(Self::Direct(File::options().write(true).open(output).map_err(cannot)?))
            }
            there => {
                let path = output.canonicalize().unwrap_or_else(|_| output.to_owned());
                let directory = path.parent().filter(|directory| *directory != Path::new(""));
                let directory = directory.unwrap_or(Path::new("."));
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let file = tempfile::Builder::new()
                    .prefix(&format!(".{name}."))
                    .suffix(".part")
                    .tempfile_in(directory);
                // What a library adds to the error is the name of that file.
                let plainly = |error: io::Error| match error.raw_os_error() {
                    Some(code) => io::Error::from_raw_os_error(code),
                    None => io::Error::from(error.kind()),
                };
                let file = file.map_err(plainly).map_err(cannot)?;
                if let Ok(there) = there {
                    file.as_file().set_permissions(there.permissions()).map_err(cannot)?;
                }
                Ok(Self::Whole(file, path))
            }
        }
    }

    /// Writes the export, and puts it in its place.
    pub(crate) fn write(
        self,
        output: &Path,
        trace: &Trace,
        target: Target,
    ) -> Result<Exported, Error> {
        let stdout = matches!(self, Self::Stdout);
        let cannot = |source| {
            let path = (!stdout).then(|| output.to_owned());
            Error::Write { path, source }
        };
        let export = |out: &mut dyn Write| {
            trace_export::export(trace, target, out).map_err(|error| match error {
                trace_export::Error::Write(source) => cannot(source),
                trace_export::Error::Read(source) => Error::from(source),
                error => Error::from(io::Error::other(error)),
            })
        };
        match self {
            Self::Stdout => export(&mut io::stdout().lock()),
            Self::Direct(mut file) => export(&mut file),
            Self::Whole(mut file, path) => {
                let exported = export(file.as_file_mut())?;
                file.persist(path).map_err(|error| cannot(error.error))?;
                Ok(exported)
            }
        }
    }
}

/// What is wrong with the trace, and what the target cannot express of it.
pub(crate) fn write_remarks(
    exported: &Exported,
    target: Target,
    trace: &Trace,
    out: &mut dyn Write,
) -> io::Result<()> {
    let of_file = trace.problems().iter();
    let problems: Vec<&Problem> = of_file.chain(&exported.problems).collect();
    for problem in problems.iter().take(MOST_PROBLEMS) {
        writeln!(out, "{} {}", paint(ALARM, "trace:"), plain(&trace.describe(problem)))?;
    }
    let count = trace.problems().total() + exported.problem_count;
    let more = count.saturating_sub(problems.len().min(MOST_PROBLEMS) as u64);
    if more > 0 {
        writeln!(out, "… and {more} more; `cargo trace report` counts them")?;
    }
    for remark in &exported.remarks {
        writeln!(out, "{} {remark}", paint(HEADING, format_args!("{target}:")))?;
    }
    Ok(())
}

/// What to do with the export.
pub(crate) fn write_summary(
    exported: &Exported,
    target: Target,
    output: &Path,
    out: &mut dyn Write,
) -> io::Result<()> {
    let path = plain(&output.to_string_lossy()).into_owned();
    let how = target.how_to_open().replace("FILE", &path);
    writeln!(
        out,
        "{} {} in {path}; {how}",
        paint(HEADING, "exported:"),
        units::bytes(exported.bytes)
    )
}
