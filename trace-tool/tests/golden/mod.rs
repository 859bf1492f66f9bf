//! Runs the real binary over traces that are made from their text form, and compares what it
//! prints with what is kept. `UPDATE=1 cargo test` writes what is kept anew.
// Each file of tests uses a part of this.
#![allow(dead_code)]

pub(crate) mod widths;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use tempfile::TempDir;

/// A directory with a trace in it, in which `cargo trace` runs.
pub(crate) struct Trace {
    directory: TempDir,
}

impl Trace {
    /// The trace whose text form is `tests/data/NAME.txt`, as `t.trace`.
    pub(crate) fn of(name: &str) -> Self {
        Self::of_bytes(&bytes(name))
    }

    /// These bytes, as `t.trace`.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::write(directory.path().join("t.trace"), bytes).expect("a trace in it");
        Self { directory }
    }

    /// A file in that directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Runs `cargo trace` on 100 columns without colours.
    pub(crate) fn run(&self, args: &[&str]) -> Answer {
        self.run_with(100, &[&["--color", "never"], args].concat())
    }

    /// Runs `cargo trace` on so many columns.
    pub(crate) fn run_with(&self, columns: usize, args: &[&str]) -> Answer {
        let output = Command::new(env!("CARGO_BIN_EXE_cargo-trace"))
            .args(args)
            .current_dir(self.directory.path())
            .env("COLUMNS", columns.to_string())
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .output()
            .expect("the binary runs");
        Answer(output)
    }
}

/// The bytes of the trace whose text form is `tests/data/NAME.txt`.
pub(crate) fn bytes(name: &str) -> Vec<u8> {
    let text = fs::read_to_string(data(&format!("{name}.txt"))).expect("the text form is there");
    trace_format::text_to_file(&text).expect("the text form is right")
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// What a run printed, and how it ended.
pub(crate) struct Answer(Output);

impl Answer {
    /// The exit code.
    pub(crate) fn code(&self) -> i32 {
        self.0.status.code().expect("it was not killed")
    }

    /// Standard output.
    pub(crate) fn stdout(&self) -> &str {
        std::str::from_utf8(&self.0.stdout).expect("text")
    }

    /// Standard output, whatever it is.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0.stdout
    }

    /// Standard error.
    pub(crate) fn stderr(&self) -> &str {
        std::str::from_utf8(&self.0.stderr).expect("text")
    }

    /// Standard output as one JSON document.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.stdout()).expect("JSON")
    }

    /// Standard output as a JSON document per line.
    pub(crate) fn json_lines(&self) -> Vec<serde_json::Value> {
        self.stdout().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// Checks that standard output is what `tests/data/NAME.out` holds, and that nothing in it
    /// could harm a terminal.
    #[track_caller]
    pub(crate) fn is(&self, name: &str) -> &Self {
        self.is_harmless();
        let path = data(&format!("{name}.out"));
        if env::var_os("UPDATE").is_some() {
            fs::write(&path, self.stdout()).expect("the directory can be written");
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(self.stdout(), expected, "{}; UPDATE=1 accepts it", path.display());
        self
    }

    /// Checks that all that was printed consists of lines of plain characters.
    #[track_caller]
    pub(crate) fn is_harmless(&self) -> &Self {
        let printed = [&self.0.stdout[..], &self.0.stderr[..]].concat();
        let printed = String::from_utf8(printed).expect("text");
        let bad = printed.chars().find(|&c| c != '\n' && !trace_format::text::is_plain(c));
        assert_eq!(bad, None, "in {printed}");
        self
    }
}
