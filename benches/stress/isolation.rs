//! A process for each group of rows: memory and descriptors are the group's alone, and one that crashes or
//! hangs is a row that is missed.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::Size;
use crate::rows::{MISSED, Rows};

/// Set for the process that measures a group: its name.
const GROUP: &str = "TRACE_STRESS_GROUP";

/// The group that this process is to measure, if it was started for that.
pub(crate) fn asked_for() -> Option<String> {
    let name = std::env::var(GROUP).ok()?;
    // The children of a group are not groups.
    // SAFETY: no other thread runs so far.
    unsafe { std::env::remove_var(GROUP) };
    Some(name)
}

/// Measures a group and prints its rows. Returns whether all are met.
pub(crate) fn run(name: &str, size: Size) -> bool {
    let program = std::env::current_exe().expect("this program has a path");
    let mut command = Command::new(program);
    if size == Size::Short {
        command.arg("--short");
    }
    let mut child = command
        .env(GROUP, name)
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program can be started once more");
    let limit = crate::process::Deadline::new(child.id(), size.pick(300, 3600));
    let mut all_met = true;
    let rows = BufReader::new(child.stdout.take().expect("it is piped"));
    for row in rows.lines().map_while(Result::ok) {
        all_met &= !row.ends_with(MISSED);
        println!("{row}");
    }
    let status = child.wait().expect("the child ends");
    drop(limit);
    if !status.success() {
        let what = format!("group `{name}`");
        Rows::default().judge(&what, "measures to its end", &status.to_string(), false);
    }
    all_met && status.success()
}
