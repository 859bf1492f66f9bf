//! The targets, and what was found for each.

use std::fmt::Write;

use serde_json::Value as Json;

use crate::measure::{Quiet, Rounds, Times};
use crate::{outside, process, work};

/// What was found so far, in the order of the table.
#[derive(Default)]
pub(crate) struct Verdicts(Vec<Verdict>);

struct Verdict {
    what: String,
    target: String,
    measured: String,
    /// `None` if it was not measured.
    met: Option<bool>,
}

impl Verdicts {
    fn most(&mut self, what: &str, unit: &str, most: f64, found: Option<f64>) {
        let measured = found.map_or("not measured".into(), |found| format!("{found:.2}{unit}"));
        let met = found.map(|found| found <= most);
        self.0.push(Verdict {
            what: what.to_owned(),
            target: format!("≤ {most}{unit}"),
            measured,
            met,
        });
    }

    /// What the rows tell: least times, which a busy neighbour disturbs least. Returns the floor.
    pub(crate) fn rows(&mut self, off: &Rounds, on: &Rounds) -> f64 {
        let (off, on) = (off.times(), on.times());
        let least = |times: &[(&str, Times)], name: &str| {
            let row = times.iter().find(|(row, _)| *row == name);
            row.unwrap_or_else(|| panic!("no row {name}")).1.least
        };
        let on = |name: &str| least(&on, name);
        let off = |name: &str| least(&off, name);
        let floor = on(work::FLOOR);
        let added = off(work::OFF_CALLER) - off(work::PLAIN_CALLER);
        self.most("function that calls others, off", " ns", 0.5, Some(added));
        self.most("region on", " × floor", 1.1, Some(on(work::REGION) / floor));
        let named = on(work::START_REGION).max(on(work::START_REGION_IN)) / floor;
        self.most("`start_region(ctx, name)` on", " × floor", 1.4, Some(named));
        let integers = (on(work::FOUR_INTEGERS) - on(work::NO_INTEGER)) / 4.0;
        self.most("each integer argument", " ns", 3.0, Some(integers));
        self.most("task, begin and end, on", " ns + floor", 12.0, Some(on(work::TASK) - floor));
        self.most(
            "task, begin and end, off",
            " ns",
            1.0,
            Some(off(work::TASK) - off(work::CONTEXT)),
        );
        let function = on(work::FUNCTION_TASK) - floor;
        self.0.push(Verdict {
            what: "`#[task]`, begin, enter, leave and end, on".into(),
            target: "(four events)".into(),
            measured: format!("{function:.2} ns + floor"),
            met: None,
        });
        let function = off(work::FUNCTION_TASK) - off(work::PLAIN_LEAF);
        self.most("`#[task]`, off", " ns", 1.0, Some(function));
        let log = on(work::LOG) - on(work::CLOCK);
        self.most("log with an integer, on", " ns + one clock read", 30.0, Some(log));
        let log = off(work::LOG) - off(work::NOTHING);
        self.most("log with an integer, off", " ns", 0.5, Some(log));
        let poll = on(work::POLL) - on(work::PLAIN_POLL) - floor;
        self.most("poll of a future, begin and end, on", " ns + floor", 15.0, Some(poll));
        let woken = on(work::WOKEN_POLL) - on(work::PLAIN_POLL) - floor;
        self.most("the same, and a wake", " ns + floor", 15.0, Some(woken));
        let poll = off(work::POLL) - off(work::PLAIN_POLL);
        self.most("poll of a future, off", " ns", 2.0, Some(poll));
        floor
    }

    pub(crate) fn processes(&mut self, found: &process::Found) {
        let allocations = found.off_allocations as f64;
        self.most("task off", " allocations", 0.0, Some(allocations));
        self.most("region in the file, dense loop", " bytes", 6.5, Some(found.bytes_per_region));
        self.most(
            "CPU of the process per region, file written",
            " × floor",
            1.3,
            Some(found.cpu_ratio),
        );
        let two = &found.two_threads;
        self.most("two threads against one: region", " ×", 1.05, Some(two.regions));
        self.most("two threads against one: log", " ×", 1.05, Some(two.logs));
        self.0.push(Verdict {
            what: "two threads against one: bare clock reads".into(),
            target: "(the machine)".into(),
            measured: format!("{:.2} ×", two.clock_reads),
            met: None,
        });
        let what = format!("memory beyond the pool, {} million regions", found.million_regions);
        self.most(&what, " MiB", 2.0, Some(found.beyond_pool_mib));
        self.most("`start` with 100 threads", " ms", 5.0, Some(found.start_ms));
        self.most("`stop` with 100 threads", " ms", 5.0, Some(found.stop_ms));
    }

    pub(crate) fn outside(&mut self, found: &outside::Found) {
        let ops = &found.instructions;
        let more = |op: &str, than: &str| Some(ops.get(op)? - ops.get(than)?);
        let caller = more("off_caller", "plain_caller");
        self.most("function that calls others, off", " instructions", 6.0, caller);
        let leaf = more("off_leaf", "plain_leaf");
        self.most("leaf function, off", " instructions", 10.0, leaf);
        self.0.push(Verdict {
            what: "compiled out".into(),
            target: "same machine code".into(),
            measured: match found.same_code {
                Some(true) => "same".into(),
                Some(false) => "differs".into(),
                None => "not measured".into(),
            },
            met: found.same_code,
        });
        self.most("region in the file, wordcount", " bytes", 9.0, found.wordcount_bytes);
        self.report(&found.report);
        self.build(found.build.as_ref());
    }

    /// What the reader's benchmark printed: per kind of trace the rate with one and with all workers.
    fn report(&mut self, lines: &[String]) {
        let (mut kind, mut resident_mib) = ("", None);
        for line in lines {
            let words: Vec<&str> = line.split_whitespace().collect();
            match &words[..] {
                [workers, "both", _, _, rate] => self.0.push(Verdict {
                    what: format!("`report` on {kind}, {workers} workers"),
                    target: "≥ 50 M events per CPU second".into(),
                    measured: (*rate).to_owned(),
                    met: rate.parse().ok().map(|rate: f64| rate >= 50.0),
                }),
                [times, "times", "as", "fast", ..] => self.0.push(Verdict {
                    what: format!("`report` on {kind}, all processors against one"),
                    target: "(both used)".into(),
                    measured: format!("{times} ×"),
                    met: None,
                }),
                [.., "MiB", "resident,", found, "found"] => {
                    let found: f64 = found.parse().unwrap_or(f64::NAN);
                    resident_mib = Some(resident_mib.unwrap_or(0.0_f64).max(found));
                }
                [.., "million", "events"] => kind = line.split(':').next().unwrap_or_default(),
                _ => {}
            }
        }
        self.most("`report`, resident", " MiB", 512.0, resident_mib);
    }

    fn build(&mut self, build: Option<&Json>) {
        let check = build.and_then(|build| share_of_tracing(&build["check"]));
        self.most("`cargo check`, of what tracing adds", "", 0.25, check);
        let ran = |variant: &str| build.and_then(|build| least_of(&build["debug"], variant));
        let debug = ran("runtime-trace").zip(ran("plain")).map(|(ours, plain)| ours / plain);
        self.most("debug build, off: tests of httparse", " × plain", 1.5, debug);
        let built = |variant: &str| build.and_then(|build| least_of(&build["clean"], variant));
        let clean =
            built("runtime-trace").zip(built("tracing")).map(|(ours, theirs)| ours / theirs);
        self.most("clean build of the facade", " × tracing", 1.0, clean);
        let crates = build.and_then(|build| {
            let ours =
                build["clean"].as_array()?.iter().find(|b| b["variant"] == "runtime-trace")?;
            ours["crates"].as_f64()
        });
        self.most("crates in its tree", "", 12.0, crates);
    }

    /// The table, in Markdown, and what the machine was like.
    pub(crate) fn table(&self, machines: &[(&str, Quiet)]) -> String {
        let mut text = "| what | target | measured | verdict |\n|---|---|---|---|\n".to_owned();
        for Verdict { what, target, measured, met } in &self.0 {
            let verdict = match met {
                Some(true) => "met",
                Some(false) => "**missed**",
                None => "–",
            };
            let _ = writeln!(text, "| {what} | {target} | {measured} | {verdict} |");
        }
        for (what, quiet) in machines {
            let Quiet { rounds, of } = quiet;
            let consequence = if quiet.is_enough() {
                "times are from those"
            } else {
                "too few: times are from all, and a missed target says little"
            };
            let _ = writeln!(
                text,
                "\nWhile tracing was {what}, the machine was quiet in {rounds} rounds of {of}; {consequence}."
            );
        }
        text
    }
}

/// The least of the seconds of this variant.
fn least_of(measured: &Json, variant: &str) -> Option<f64> {
    least(measured.as_array()?.iter().find(|entry| entry["variant"] == variant)?)
}

fn least(entry: &Json) -> Option<f64> {
    entry["seconds"].as_array()?.iter().filter_map(Json::as_f64).min_by(f64::total_cmp)
}

/// What ours adds to checking a crate, as a part of what tracing adds; the middle one of the crates.
fn share_of_tracing(checked: &Json) -> Option<f64> {
    let all = checked.as_array()?;
    let of = |subject: &Json, variant: &str| {
        least(all.iter().find(|c| c["subject"] == *subject && c["variant"] == variant)?)
    };
    let mut shares: Vec<f64> = all
        .iter()
        .filter(|entry| entry["variant"] == "plain")
        .filter_map(|entry| {
            let (subject, plain) = (&entry["subject"], least(entry)?);
            Some((of(subject, "runtime-trace")? - plain) / (of(subject, "tracing")? - plain))
        })
        .collect();
    shares.sort_by(f64::total_cmp);
    shares.get(shares.len() / 2).copied()
}

/// Puts the table into `docs/performance.md`.
pub(crate) fn write(table: &str) {
    const BEGIN: &str = "<!-- targets:begin -->\n";
    const END: &str = "<!-- targets:end -->\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/performance.md");
    let document = std::fs::read_to_string(path).expect("the document can be read");
    let begin = document.find(BEGIN).expect("the document has a place for it") + BEGIN.len();
    let end = document.find(END).expect("the place has an end");
    let written = [&document[..begin], "\n", table, "\n", &document[end..]].concat();
    std::fs::write(path, written).expect("the document can be written");
}
