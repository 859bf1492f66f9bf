//! What recording promises when things go wrong, tried with real processes, and whether it holds.
//!
//! ```text
//! cargo bench --bench stress                          # everything; half an hour
//! cargo bench --bench stress -- --short               # a minute
//! cargo bench --bench stress -- --only crash,flood    # some groups of rows
//! ```
//!
//! Ends with 1 if a row is missed. What is promised: `docs/reliability.md`.
//!
//! | file | owns |
//! |---|---|
//! | `rows.rs` | the table |
//! | `isolation.rs` | a process for each group of rows |
//! | `process.rs` | what a process or a thread took, and how children end |
//! | one file per group | its rows |
//!
//! To add a group: a file with `pub(crate) fn run(size: Size, rows: &mut Rows)`, and a line in [`GROUPS`].

mod crash;
mod damage;
#[path = "../../tests/shared/dying.rs"]
mod dying;
mod faults;
mod flight;
mod flood;
mod fork;
#[path = "../../tests/shared/hostile.rs"]
mod generator;
mod hostile;
mod isolation;
mod process;
mod rows;
mod short_threads;
#[path = "../../tests/shared/slow_writer.rs"]
mod slow_writer;

use std::process::ExitCode;

use rows::Rows;

/// A group of rows, measured in a process of its own.
struct Group {
    name: &'static str,
    run: fn(Size, &mut Rows),
}

const GROUPS: &[Group] = &[
    Group { name: "crash", run: crash::run },
    Group { name: "flood", run: flood::run },
    Group { name: "fork", run: fork::run },
    Group { name: "threads", run: short_threads::run },
    Group { name: "faults", run: faults::run },
    Group { name: "flight", run: flight::run },
    Group { name: "damage", run: damage::run },
    Group { name: "hostile", run: hostile::run },
];

/// How much is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    Short,
    Long,
}

impl Size {
    fn pick<T>(self, short: T, long: T) -> T {
        match self {
            Self::Short => short,
            Self::Long => long,
        }
    }
}

fn main() -> ExitCode {
    dying::die_if_asked();
    hostile::read_if_asked();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let short = arguments.iter().any(|argument| argument == "--short");
    let size = if short { Size::Short } else { Size::Long };
    if let Some(name) = isolation::asked_for() {
        let group = GROUPS.iter().find(|group| group.name == name).expect("a group of that name");
        (group.run)(size, &mut Rows::default());
        return ExitCode::SUCCESS;
    }
    let chosen = match chosen(&arguments) {
        Ok(chosen) => chosen,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    println!("{}", rows::HEAD);
    let mut all_met = true;
    for group in chosen {
        all_met &= isolation::run(group.name, size);
    }
    if all_met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The groups that the command line asks for.
fn chosen(arguments: &[String]) -> Result<Vec<&'static Group>, String> {
    let Some(at) = arguments.iter().position(|argument| argument == "--only") else {
        return Ok(GROUPS.iter().collect());
    };
    let names = arguments.get(at + 1).map_or("", String::as_str);
    let group = |name: &str| {
        GROUPS.iter().find(|group| group.name == name).ok_or_else(|| {
            let known: Vec<_> = GROUPS.iter().map(|group| group.name).collect();
            format!("`--only` takes some of {}, and not {name:?}", known.join(","))
        })
    };
    names.split(',').map(group).collect()
}
