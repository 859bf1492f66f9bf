//! How it is shown: three tables.

use std::fmt::Write;

use harness::{Mode, Row};
use report::{Table, least, middle};

use crate::measure::{FEW, MANY};
use crate::results::{Measured, Results};

/// How many times their best time the fixed loops may take before a machine counts as busy.
const BUSY: f64 = 1.15;

/// All tables, with what there is to say about them.
pub(crate) fn of(results: &Results) -> String {
    let mut text = String::new();
    let Results { machine, repeats, peers } = results;
    writeln!(
        text,
        "{}. Each program was run {repeats} times. Of all rounds, the least time and, in brackets, \
         the middle one; in nanoseconds per operation. Ratios are of the least times, to the floor in \
         the same processes: two bare readings of the clock, {} ns.\n",
        machine.line(),
        cell(floor(peers)),
    )
    .expect("text grows");
    for table in [operations(peers), whole(peers), facts(peers)] {
        writeln!(text, "{table}").expect("text grows");
    }
    busy(peers, &mut text);
    text
}

/// What annotated code pays.
fn operations(peers: &[Measured]) -> Table {
    let mut table = Table::of_numbers(&[
        "on the annotated thread",
        "region, off",
        "region, on",
        "× floor",
        "with an integer",
        "log",
        "task, off",
        "task, on",
    ]);
    for peer in peers.iter().filter(|peer| peer.facts.is_some()) {
        let on = |row| both(peer.values(Mode::On, row));
        let off = |row| {
            let plain = least(peer.values(Mode::Off, Row::Plain));
            cell(least(peer.values(Mode::Off, row)).zip(plain).map(|(off, plain)| off - plain))
        };
        table.row([
            peer.name.clone(),
            off(Row::Region),
            on(Row::Region),
            times_floor(peer, peer.values(Mode::On, Row::Region)),
            on(Row::RegionWithInteger),
            on(Row::Log),
            off(Row::Task),
            on(Row::Task),
        ]);
    }
    table
}

/// What the process pays.
fn whole(peers: &[Measured]) -> Table {
    let mut table = Table::of_numbers(&[
        "with the output written",
        "CPU time of all, per region",
        "× floor",
        "bytes per region",
        "memory, MB: 1 M regions",
        "3 M regions",
        "regions missing of 3 M",
    ]);
    for peer in peers.iter().filter(|peer| peer.facts.is_some()) {
        let megabytes = |mode| {
            least(peer.values(mode, Row::PeakMemory)).map(|bytes| format!("{:.0}", bytes / 1e6))
        };
        let Mode::Whole(regions) = MANY else { unreachable!() };
        let kept = least(peer.values(MANY, Row::Kept));
        table.row([
            peer.name.clone(),
            both(peer.values(MANY, Row::Cpu)),
            times_floor(peer, peer.values(MANY, Row::Cpu)),
            cell(least(peer.values(MANY, Row::Output))),
            megabytes(FEW).unwrap_or_else(none),
            megabytes(MANY).unwrap_or_else(none),
            kept.map_or_else(|| "not told".into(), |kept| format!("{}", regions as f64 - kept)),
        ]);
    }
    table
}

/// What is not a number.
fn facts(peers: &[Measured]) -> Table {
    let mut table = Table::of_text(&[
        "tracer",
        "measured as",
        "off means",
        "output",
        "bound of its memory",
        "what it lacks",
    ]);
    for peer in peers {
        let text = match (&peer.facts, &peer.failure) {
            (Some(facts), _) => [
                format!("{}; {}", peer.version, facts.configuration),
                facts.off.clone().unwrap_or_else(|| "cannot be switched off".into()),
                facts.output.clone(),
                facts.bound.clone(),
                facts.lacks.iter().chain(&peer.failure).cloned().collect::<Vec<_>>().join("; "),
            ],
            (None, failure) => {
                [failure.clone().unwrap_or_else(none), none(), none(), none(), none()]
            }
        };
        table.row([peer.name.clone()].into_iter().chain(text));
    }
    table
}

/// Tells by how much somebody else was using the machine.
fn busy(peers: &[Measured], text: &mut String) {
    let of = |peer: &Measured, row, statistic: fn(&[f64]) -> Option<f64>| {
        let best: Vec<f64> =
            peers.iter().filter_map(|peer| least(peer.values(Mode::On, row))).collect();
        Some(statistic(peer.values(Mode::On, row))? / least(&best)?)
    };
    let slowdown = |peer: &Measured, statistic| {
        let arithmetic = of(peer, Row::Arithmetic, statistic)?;
        Some(arithmetic.max(of(peer, Row::Memory, statistic)?))
    };
    let usual: Vec<f64> = peers.iter().filter_map(|peer| slowdown(peer, middle)).collect();
    let never_quiet: Vec<&str> = peers
        .iter()
        .filter(|&peer| slowdown(peer, least).is_some_and(|slowdown| slowdown > BUSY))
        .map(|peer| peer.name.as_str())
        .collect();
    let Some(usual) = middle(&usual) else { return };
    write!(
        text,
        "The machine was {}: the fixed loops usually took {usual:.2} × their best time.",
        if usual > BUSY { "busy" } else { "quiet" },
    )
    .expect("text grows");
    if never_quiet.is_empty() {
        writeln!(text, " It was quiet at least once while each tracer was measured.")
    } else {
        writeln!(text, " It was never quiet while these were measured: {}.", never_quiet.join(", "))
    }
    .expect("text grows");
}

fn floor(peers: &[Measured]) -> Option<f64> {
    least(&peers.iter().filter_map(Measured::floor).collect::<Vec<_>>())
}

fn times_floor(peer: &Measured, values: &[f64]) -> String {
    let ratio = least(values).zip(peer.floor()).map(|(value, floor)| value / floor);
    ratio.map_or_else(none, |ratio| format!("{ratio:.2}"))
}

/// The least value and the middle one.
fn both(values: &[f64]) -> String {
    match (least(values), middle(values)) {
        (Some(least), Some(middle)) => format!("{} ({})", short(least), short(middle)),
        _ => none(),
    }
}

fn cell(value: Option<f64>) -> String {
    value.map_or_else(none, short)
}

fn short(value: f64) -> String {
    if value < 100.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}

fn none() -> String {
    "–".to_owned()
}
