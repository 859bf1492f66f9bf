//! What annotations cost, against the floor: two bare readings of the clock.
//!
//! ```text
//! cargo bench --bench cost [-- --json] [-- --quick]
//! ```

mod measure;
mod work;

use measure::{Quiet, Rounds};

/// How many samples each row has.
const ROUNDS: usize = 400;

fn main() {
    let has = |flag: &str| std::env::args().any(|arg| arg == flag);
    let rounds = if has("--quick") { 20 } else { ROUNDS };
    work::check_that_off_allocates_nothing();
    let mut off = Rounds::new(work::off());
    off.run(rounds);
    let mut on = Rounds::new(work::on());
    work::while_on(|| on.run(rounds));
    let floor = on.times(work::FLOOR).least;
    println!("{:44} {:>8} {:>8} {:>8} {:>8}", "ns", "least", "middle", "p90", "x floor");
    for row in off.rows.iter().chain(&on.rows) {
        let times = row.times();
        println!(
            "{:44} {:8.2} {:8.2} {:8.2} {:8.2}",
            row.name,
            times.least,
            times.middle,
            times.p90,
            times.least / floor
        );
    }
    for (what, quiet) in [("off", off.machine()), ("on", on.machine())] {
        let Quiet { width, memory } = quiet;
        let verdict = if quiet.is_quiet() { "quiet" } else { "busy" };
        println!("machine while {what}: {verdict} (width {width:.2}, memory {memory:.2})");
    }
    work::whole_process(floor);
}
