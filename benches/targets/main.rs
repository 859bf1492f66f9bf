//! What recording is meant to cost, what it costs, and whether that is good enough.
//!
//! ```text
//! cargo bench --bench targets                # everything; ten minutes on a quiet machine
//! cargo bench --bench targets -- --write     # the same, into docs/performance.md
//! cargo bench --bench targets -- --quick     # a few samples of what is quick, judging nothing
//! ```
//!
//! How it is measured, and what is unfair about it: `benches/METHOD.md`.
//!
//! | file | owns |
//! |---|---|
//! | `measure.rs` | rows that take turns, and the judgement of the machine |
//! | `work.rs` | what the rows do |
//! | `process.rs` | what a whole process takes: CPU time, memory, bytes, threads |
//! | `outside.rs` | what other commands of this repository measure |
//! | `verdicts.rs` | the targets, and the table |

mod measure;
mod outside;
mod process;
mod verdicts;
mod work;

use measure::Rounds;
use verdicts::Verdicts;

/// How many samples each row has.
const ROUNDS: usize = 1000;

fn main() {
    let has = |flag: &str| std::env::args().any(|arg| arg == flag);
    let quick = has("--quick");
    let rounds = if quick { 20 } else { ROUNDS };
    let mut off = Rounds::new(work::off());
    off.run(rounds);
    let mut on = Rounds::new(work::on());
    work::while_on(|| on.run(rounds));
    print!("{}", measure::table(&[&off, &on], work::FLOOR));
    let mut verdicts = Verdicts::default();
    let floor = verdicts.rows(&off, &on);
    verdicts.processes(&process::measure(floor, quick));
    if !quick {
        verdicts.outside(&outside::measure());
    }
    let table = verdicts.table(&[("off", off.quiet()), ("on", on.quiet())]);
    println!("\n{table}");
    if has("--write") {
        verdicts::write(&table);
    }
}
