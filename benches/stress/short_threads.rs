//! Threads that live for an event or two, one hundred thousand of them: nothing of them stays.

use trace::{Overflow, Session};
use trace_reader::Trace;

use crate::Size;
use crate::process::{descriptors, resident_kib};
use crate::rows::Rows;

/// So many live at a time.
const AT_A_TIME: usize = 8;
/// What each emits: a region is two events.
const EVENTS: u64 = 3;

pub(crate) fn run(size: Size, rows: &mut Rows) {
    let threads = size.pick(5_000, 100_000);
    let directory = tempfile::tempdir().expect("a directory for the trace");
    let path = directory.path().join("threads.trace");
    let session = Session::builder().overflow(Overflow::Block).start_file(&path);
    let session = session.expect("tracing is off");
    live(threads / 10);
    let before = (resident_kib(), descriptors());
    live(threads - threads / 10);
    let (resident, open) = (resident_kib() - before.0, descriptors() - before.1);
    session.finish().expect("the file can be written");

    let trace = Trace::open(&path).expect("it is a trace");
    let violations = trace.validate().expect("the file can be read");
    let events = trace.analyze().expect("the file can be read").events;
    let found = trace.threads().len();
    let mut wrong: Vec<_> = violations.iter().map(|problem| trace.describe(problem)).collect();
    if (found, events) != (threads, threads as u64 * EVENTS) {
        wrong.push(format!("{found} threads, {events} events"));
    }
    let what = format!("{threads} threads of three events each");
    let done = format!("{found} threads, {events} events read");
    rows.runs(&what, "strictly valid, and complete", &done, &wrong);
    let what = format!("memory, from {} to {threads} threads", threads / 10);
    rows.judge(&what, "≤ 256 KiB more", &format!("{resident} KiB more"), resident <= 256);
    let what = format!("descriptors, from {} to {threads} threads", threads / 10);
    rows.judge(&what, "none more", &format!("{open} more"), open <= 0);
}

fn live(threads: usize) {
    let work = || {
        let _region = trace::trace_region!("short");
        trace::trace_log!("test", "short");
    };
    for _ in 0..threads / AT_A_TIME {
        let living = [(); AT_A_TIME].map(|()| std::thread::spawn(work));
        living.into_iter().for_each(|thread| thread.join().expect("no panic"));
    }
    (0..threads % AT_A_TIME).for_each(|_| std::thread::spawn(work).join().expect("no panic"));
}
