//! What a program recorded before it died, in whatever way, is read back to the last event whose call
//! had returned. `cargo bench --bench stress -- --only crash` does the same a thousand times.
#![cfg(all(target_os = "linux", not(trace_portable)))]

#[path = "shared/dying.rs"]
mod dying;

use std::time::Duration;

use dying::Death;

/// Not a test, but the program that dies.
#[test]
fn child() {
    dying::die_if_asked();
}

/// Lets this program die, as `child`.
fn dies(death: Death, kill_after: Duration) -> u64 {
    let directory = tempfile::tempdir().unwrap();
    let arguments = ["--exact", "child", "--nocapture", "--test-threads=1"];
    dying::one_death(directory.path(), death, &arguments, kill_after).unwrap()
}

#[test]
fn what_a_killed_program_recorded_is_read_back() {
    let all: u64 =
        (0..20).map(|round| dies(Death::Kill, Duration::from_micros(1_700 * round))).sum();
    assert!(all > 10_000, "{all}");
}

#[test]
fn what_a_program_recorded_that_died_of_its_own_accord_is_read_back() {
    for death in Death::OWN {
        for _ in 0..5 {
            assert!(dies(death, Duration::ZERO) > 100, "{death:?}");
        }
    }
}
