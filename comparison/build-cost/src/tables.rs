//! How it is shown: three tables.

use std::fmt::Write;

use anyhow::{Context, Result};
use report::{Table, least, middle};

use crate::Results;
use crate::check::Checked;
use crate::variants::{self, OURS, PLAIN, TRACING};

/// The tables of what was measured, with what there is to say about them.
pub(crate) fn of(results: &Results) -> Result<String> {
    let mut text = format!(
        "{}. The least time of several rounds; the tests are run once.\n\n",
        results.machine.line()
    );
    if !results.check.is_empty() {
        writeln!(text, "{}", check(results))?;
    }
    if let Some(share) = share_of_tracing(&results.check) {
        writeln!(
            text,
            "Of what `#[tracing::instrument]` adds, `#[trace::region]` adds {:.0} %, in the middle of \
             these crates.\n",
            share * 100.0,
        )?;
    }
    if !results.debug.is_empty() {
        writeln!(text, "{}", debug(results)?)?;
    }
    if !results.clean.is_empty() {
        writeln!(text, "{}", clean(results))?;
    }
    Ok(text)
}

fn check(results: &Results) -> Table {
    let mut head = vec!["`cargo check`, every function annotated", "functions", "plain, s"];
    head.extend(variants::ALL.iter().map(|variant| variant.name).filter(|&name| name != PLAIN));
    let mut table = Table::of_numbers(&head);
    for plain in results.check.iter().filter(|checked| checked.variant == PLAIN) {
        let mut row = vec![plain.subject.to_owned(), plain.functions.to_string()];
        row.push(least(&plain.seconds).map_or_else(none, |seconds| format!("{seconds:.2}")));
        let others = results.check.iter().filter(|checked| checked.subject == plain.subject);
        row.extend(others.filter(|checked| checked.variant != PLAIN).map(|checked| {
            checked
                .failure
                .clone()
                .unwrap_or_else(|| times(least(&checked.seconds), least(&plain.seconds)))
        }));
        table.row(row);
    }
    table
}

/// What ours adds to the plain time, as a part of what `tracing` adds: the middle of all crates.
fn share_of_tracing(all: &[Checked]) -> Option<f64> {
    let shares = all.iter().filter(|checked| checked.variant == PLAIN).filter_map(|plain| {
        let added = |variant| {
            let of_this =
                |checked: &&Checked| checked.subject == plain.subject && checked.variant == variant;
            Some(least(&all.iter().find(of_this)?.seconds)? - least(&plain.seconds)?)
        };
        Some(added(OURS)? / added(TRACING)?)
    });
    middle(&shares.collect::<Vec<_>>())
}

fn debug(results: &Results) -> Result<Table> {
    let plain = results.debug.iter().find(|ran| ran.variant == PLAIN);
    let plain = plain.context("the plain crate's tests can be run")?;
    let title = format!("tests of {}, not optimised, nothing recorded", plain.subject);
    let mut table = Table::of_numbers(&[&title, "s", "× plain"]);
    for ran in &results.debug {
        let seconds = least(&ran.seconds).map(|seconds| format!("{seconds:.1}"));
        table.row([
            ran.variant.to_owned(),
            seconds.unwrap_or_else(none),
            times(least(&ran.seconds), least(&plain.seconds)),
        ]);
    }
    Ok(table)
}

fn clean(results: &Results) -> Table {
    let mut table = Table::of_numbers(&["clean build of the tracer, not optimised", "crates", "s"]);
    for built in &results.clean {
        let seconds = least(&built.seconds).map(|seconds| format!("{seconds:.1}"));
        table.row([
            built.variant.to_owned(),
            built.crates.to_string(),
            seconds.unwrap_or_else(none),
        ]);
    }
    table
}

/// How many times the plain time something takes.
fn times(seconds: Option<f64>, plain: Option<f64>) -> String {
    let ratio = seconds.zip(plain).map(|(seconds, plain)| seconds / plain);
    ratio.map_or_else(none, |ratio| format!("{ratio:.2}"))
}

fn none() -> String {
    "–".to_owned()
}
