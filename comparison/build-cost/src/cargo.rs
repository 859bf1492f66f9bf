//! Running cargo.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// A command of cargo in a directory. The lints of crates that are not ours are nobody's business here.
pub(crate) fn cargo(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(directory).env("RUSTFLAGS", "--cap-lints=allow");
    // What the cargo that started this program set is not meant for another workspace.
    command.env_remove("CARGO_TARGET_DIR").env_remove("CARGO_MANIFEST_DIR");
    command
}

/// Runs a command to its end, and tells how long that took.
pub(crate) fn time(mut command: Command) -> Result<(Duration, Output)> {
    let begin = Instant::now();
    let output = command.output()?;
    let took = begin.elapsed();
    if !output.status.success() {
        bail!("{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok((took, output))
}

/// What a command prints.
pub(crate) fn output_of(command: Command) -> Result<String> {
    Ok(String::from_utf8(time(command)?.1.stdout)?)
}
