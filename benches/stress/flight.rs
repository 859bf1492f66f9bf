//! A flight recorder under full load among many idle threads: its bounds, its snapshots, and its cost.

use std::io;
use std::sync::Barrier;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use trace::{FlightRecorder, Session, Snapshot};
use trace_reader::Trace;

use crate::Size;
use crate::process::{resident_kib, thread_ns};
use crate::rows::Rows;

const MAX_BYTES: usize = 16 << 20;
const IDLE: usize = 598;
const BUSY: usize = 2;

pub(crate) fn run(size: Size, rows: &mut Rows) {
    let time = Duration::from_secs(size.pick(5, 600));
    let found = fly(time);
    let (all, minutes) = (IDLE + BUSY, time.as_secs_f64() / 60.0);
    let target = format!("≤ {} KiB", MAX_BYTES >> 10);
    let what =
        format!("flight recorder, {all} threads of which {IDLE} idle, {minutes:.1} minutes: ");
    let kib = found.resident_kib;
    let met = kib <= (MAX_BYTES >> 10) as i64;
    rows.judge(&(what.clone() + "resident for the pool"), &target, &format!("{kib} KiB"), met);

    let mut sizes: Vec<u64> = found.snapshots.iter().map(|(snapshot, _)| snapshot.bytes).collect();
    sizes.sort_unstable();
    let at = |place: usize| sizes.get(place).copied().unwrap_or(0);
    let (smallest, usual, largest) =
        (at(0), at(sizes.len() / 2), at(sizes.len().saturating_sub(1)));
    // All of it goes round in some 30 ms. While a snapshot is kept from the processor, threads go on and
    // overwrite what it has not copied yet: one may be small, but not most.
    let met = largest <= MAX_BYTES as u64 && usual > MAX_BYTES as u64 / 2;
    let measured = format!(
        "{} KiB at most, {} KiB in the middle, {} KiB at least, in {} snapshots",
        largest >> 10,
        usual >> 10,
        smallest >> 10,
        found.snapshots.len()
    );
    rows.judge(&(what.clone() + "written"), &target, &measured, met);

    let lost: u64 = found.snapshots.iter().map(|(snapshot, _)| snapshot.events_lost).sum();
    let mut wrong = found.wrong;
    if lost > 0 {
        wrong.push(format!("{lost} events had no chunk"));
    }
    let done = format!("{} checked, {lost} events lost", found.checked);
    rows.runs(&(what + "snapshots"), "strictly valid, nothing lost", &done, &wrong);

    let mut times: Vec<Duration> = found.snapshots.iter().map(|(_, time)| *time).collect();
    times.sort();
    let (middle, most) = (times[times.len() / 2], times[times.len() - 1]);
    let measured =
        format!("{} ms in the middle, {} ms at most", middle.as_millis(), most.as_millis());
    let met = middle <= Duration::from_millis(50);
    rows.judge("a snapshot of it, while both processors are busy", "≤ 50 ms", &measured, met);

    let (session, flight) = costs(size.pick(10, 40));
    let ratio = flight / session;
    let measured = format!("{ratio:.3} × ({flight:.1} ns against {session:.1} ns)");
    rows.judge(
        "a region in a flight recorder, on its thread",
        "≤ 1.15 × in a session",
        &measured,
        ratio <= 1.15,
    );
}

struct Found {
    /// How much more was in memory with the flight recorder full than without it.
    resident_kib: i64,
    snapshots: Vec<(Snapshot, Duration)>,
    checked: u64,
    wrong: Vec<String>,
}

fn fly(time: Duration) -> Found {
    let (step, stop) = (Barrier::new(IDLE + BUSY + 1), AtomicBool::new(false));
    let wait = |times| (0..times).for_each(|_| _ = step.wait());
    std::thread::scope(|scope| {
        for thread in 0..IDLE + BUSY {
            let (stop, wait) = (&stop, &wait);
            scope.spawn(move || {
                for _ in 0..2 {
                    wait(1);
                    regions(1);
                    wait(1);
                }
                while thread < BUSY && !stop.load(Relaxed) {
                    regions(1000);
                }
                wait(1);
            });
        }
        // What a thread has to itself, as long as it runs, does not belong to the pool.
        let before = FlightRecorder::builder().start().expect("nothing is on");
        wait(2);
        drop(before);
        let resident = resident_kib();
        // The busy ones begin as soon as all have recorded something in this one.
        let flight = FlightRecorder::builder().max_bytes(MAX_BYTES).start().expect("nothing is on");
        wait(2);
        // Long enough to go round more than once.
        std::thread::sleep(Duration::from_secs(2));
        let mut found = Found {
            resident_kib: resident_kib() - resident,
            snapshots: Vec::new(),
            checked: 0,
            wrong: Vec::new(),
        };
        let begin = Instant::now();
        while begin.elapsed() < time {
            found.take(&flight);
            std::thread::sleep(Duration::from_millis(200));
        }
        stop.store(true, Relaxed);
        wait(1);
        found
    })
}

impl Found {
    fn take(&mut self, flight: &FlightRecorder) {
        let mut bytes = Vec::with_capacity(MAX_BYTES);
        let begin = Instant::now();
        let snapshot = flight.write_to(&mut bytes).expect("memory can be written");
        let took = begin.elapsed();
        // To read one takes longer than to take it.
        if self.snapshots.len() % 20 == 0 {
            self.checked += 1;
            let trace = Trace::from_bytes(bytes).expect("it is a trace");
            let violations = trace.validate().expect("memory can be read");
            self.wrong.extend(violations.iter().map(|problem| trace.describe(problem)));
            let threads = trace.threads().len();
            if threads < IDLE + BUSY {
                self.wrong.push(format!("{threads} threads are in it"));
            }
        }
        self.snapshots.push((snapshot, took));
    }
}

/// What a region takes of its thread, in nanoseconds: in a session, in a flight recorder.
fn costs(rounds: u32) -> (f64, f64) {
    const REGIONS: u64 = 2_000_000;
    let measure = || {
        regions(REGIONS);
        let begin = thread_ns();
        regions(REGIONS);
        (thread_ns() - begin) as f64 / REGIONS as f64
    };
    let (mut in_session, mut in_flight) = (f64::MAX, f64::MAX);
    for _ in 0..rounds {
        let session =
            Session::builder().pool_bytes(MAX_BYTES).start(io::sink()).expect("nothing is on");
        in_session = in_session.min(measure());
        drop(session);
        let flight = FlightRecorder::builder().max_bytes(MAX_BYTES).start().expect("nothing is on");
        in_flight = in_flight.min(measure());
        drop(flight);
    }
    (in_session, in_flight)
}

fn regions(count: u64) {
    for _ in 0..count {
        let _region = trace::trace_region!("work");
    }
}
