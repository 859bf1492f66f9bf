//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, Parser, Subcommand, ValueEnum};
use trace_export::Target;

use crate::report::SortKey;

/// How many rows per table, or lines per tree, are shown when nobody says another number.
pub(crate) const DEFAULT_ROWS: usize = 20;
pub(crate) const DEFAULT_ENTRIES: usize = 200;
/// The same for JSON: enough for a program, and not so many that a trace could fill the memory.
pub(crate) const DEFAULT_JSON_ENTRIES: usize = 10_000;

/// Tells where the time of each task went, from a trace that a program wrote about itself.
#[derive(Debug, Parser)]
#[command(
    name = "cargo-trace",
    bin_name = "cargo trace",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = "\
Examples:
  cargo trace report app.trace                         the whole trace in numbers
  cargo trace tasks app.trace --type makeCappuccino    what its slowest tasks did
  cargo trace test                                     all tests, each of which is a task

Exit codes: 0 all is well, 1 `validate` found violations, 2 the command failed; of `run`, `test` and
`bench` that of Cargo."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// When to use colours; `auto` is on a terminal, unless NO_COLOR is set.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

/// When to use colours; `auto` is on a terminal.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs the program with `cargo run`, and sums up the traces that it wrote.
    ///
    /// A program writes one when its `main` has `#[trace::main]`, or calls `trace::start_from_env()`. So do
    /// other programs that it starts.
    #[command(after_help = "\
Examples:
  cargo trace run
  cargo trace run -- --release --bin coffee -- --cups 3
  cargo trace run --json | jq '.tasks[] | {name, p99_ns}'")]
    Run(Launch),
    /// Runs the tests with `cargo test`, and sums up the traces that they wrote.
    ///
    /// Each test with `#[trace::test]` is a task; all of a process are in one trace.
    #[command(after_help = "\
Examples:
  cargo trace test
  cargo trace test -- -p coffee milk -- --test-threads=1
  cargo trace test --sort max --limit 5")]
    Test(Launch),
    /// Runs the benchmarks with `cargo bench`, and sums up the traces that they wrote.
    ///
    /// A benchmark writes one when its `main` has `#[trace::main]`, or calls `trace::start_from_env()`.
    #[command(after_help = "\
Examples:
  cargo trace bench -- --bench coffee")]
    Bench(Launch),
    Report(Report),
    Tasks(Tasks),
    Logs(Logs),
    Export(Export),
    Dump(Dump),
    Recover(Recover),
    Validate(Validate),
}

/// What `run`, `test` and `bench` take.
#[derive(Debug, Args)]
pub(crate) struct Launch {
    /// Where the traces go: a directory that is empty or not there
    /// [default: target/trace/TIME-PID of the workspace].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// What the tables are sorted by.
    #[arg(long, value_name = "KEY", default_value = "total")]
    pub(crate) sort: SortKey,
    /// Rows per table [default: 20, with --json all].
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Prints JSON; what the program prints goes to standard error.
    #[arg(long)]
    pub(crate) json: bool,
    /// What Cargo gets.
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) args: Vec<OsString>,
}

/// Sums up a trace: tasks, regions, threads, logs, counters, and what is lost or wrong.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo trace report app.trace
  cargo trace report app.trace --sort p99 --limit 5
  cargo trace report app.trace --json | jq '.tasks[] | {name, p99_ns}'")]
pub(crate) struct Report {
    /// The trace.
    pub(crate) file: PathBuf,
    /// What the tables are sorted by.
    #[arg(long, value_name = "KEY", default_value = "total")]
    pub(crate) sort: SortKey,
    /// Rows per table [default: 20, with --json all].
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Shows the slowest tasks, each with its subtasks, regions and logs as a tree.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo trace tasks app.trace
  cargo trace tasks app.trace --type makeCappuccino --slowest 3
  cargo trace tasks app.trace --id 4711")]
pub(crate) struct Tasks {
    /// The trace.
    pub(crate) file: PathBuf,
    /// Only tasks of this type.
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) task_type: Option<String>,
    /// How many tasks, the slowest first.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) slowest: usize,
    /// The task with this number.
    #[arg(long, value_name = "N", conflicts_with_all = ["task_type", "slowest"])]
    pub(crate) id: Option<u64>,
    /// Entries per task, the first ones by time [default: 200, with --json 10000].
    #[arg(long, value_name = "N")]
    pub(crate) entries: Option<usize>,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Lists the log messages by time, one per line.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo trace logs app.trace --category orders
  cargo trace logs app.trace --grep 'out of milk' -i --wall")]
pub(crate) struct Logs {
    /// The trace.
    pub(crate) file: PathBuf,
    /// Only messages of this category.
    #[arg(long, value_name = "CATEGORY")]
    pub(crate) category: Option<String>,
    /// Only messages that contain this text.
    #[arg(long, value_name = "TEXT")]
    pub(crate) grep: Option<String>,
    /// Takes upper and lower case for the same in --grep.
    #[arg(short, long)]
    pub(crate) ignore_case: bool,
    /// Shows the date and the time of day, in UTC.
    #[arg(long)]
    pub(crate) wall: bool,
    /// No more messages than this.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// Prints JSON, an object per line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Turns a trace into what another tool reads: Perfetto, `go tool trace` and others.
///
/// What the other tool's format cannot express is told on standard error.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo trace export app.trace --to perfetto -o app.pftrace
  cargo trace export app.trace --to go -o app.gotrace && go tool trace app.gotrace
  cargo trace export app.trace --to collapsed -o - | inferno-flamegraph > app.svg")]
pub(crate) struct Export {
    /// The trace.
    pub(crate) file: PathBuf,
    /// What it is turned into.
    #[arg(long, value_name = "TARGET")]
    pub(crate) to: To,
    /// The file to write; `-` is standard output. One that is there already is replaced, but only by a whole export.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

/// A target, as a value of `--to`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct To(pub(crate) Target);

impl ValueEnum for To {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [To; Target::ALL.len()] = {
            let mut all = [To(Target::ALL[0]); Target::ALL.len()];
            let mut at = 0;
            while at < all.len() {
                all[at] = To(Target::ALL[at]);
                at += 1;
            }
            all
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.name()).help(self.0.description()))
    }
}

/// Prints every byte of a file in the text form of a trace, or turns that back into bytes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo trace dump app.trace | less
  cargo trace dump --back app.txt -o app.trace")]
pub(crate) struct Dump {
    /// The trace, or with --back the text. `-` is standard input.
    pub(crate) file: PathBuf,
    /// Turns the text form into the file that it describes.
    #[arg(long, requires = "output", conflicts_with = "json")]
    pub(crate) back: bool,
    /// Writes to this file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Prints JSON, an object per block.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Writes what can be read of a trace that was not stopped, or is damaged, into a clean one.
///
/// A program that dies leaves a pool file behind; every command finds it and reads it as a part of the
/// trace. This puts both into one file.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo trace recover app.trace -o whole.trace")]
pub(crate) struct Recover {
    /// The trace.
    pub(crate) file: PathBuf,
    /// The file to write, which must not exist.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

/// Checks that a trace keeps every promise of the format, and lists where it does not.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo trace validate app.trace && echo sound")]
pub(crate) struct Validate {
    /// The trace.
    pub(crate) file: PathBuf,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Cli {
    /// Reads the arguments. Cargo calls its subcommands with their own name as the first one.
    pub(crate) fn of(args: impl Iterator<Item = OsString>) -> Result<Self, clap::Error> {
        let by_cargo = |(i, arg): &(usize, OsString)| *i == 1 && arg == "trace";
        let args = args.enumerate().filter(|arg| !by_cargo(arg)).map(|(_, arg)| arg);
        Self::try_parse_from(args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[trace::test]
    fn the_definition_is_sound() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[trace::test]
    fn cargo_names_the_subcommand_first() {
        for args in [&["cargo-trace", "trace", "report", "f"][..], &["cargo-trace", "report", "f"]]
        {
            let cli = Cli::of(args.iter().map(OsString::from)).unwrap();
            assert!(matches!(cli.command, Command::Report(_)));
        }
    }
}
