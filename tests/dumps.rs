//! Snapshots that a flight recorder writes by itself: of a panic, for a signal, of a task that was slow.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use trace::{Context, FlightRecorder, FlightRecorderBuilder, Session};
use trace_reader::Trace;

/// One flight recorder at a time.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn builder(directory: &Path) -> FlightRecorderBuilder {
    FlightRecorder::builder().max_bytes(256 << 10).threads(4).dump_to(directory)
}

fn in_milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// The name of the snapshot with this number.
fn snapshot(directory: &Path, reason: &str, number: usize) -> PathBuf {
    directory.join(format!("{reason}-{}-{number}.trace", std::process::id()))
}

fn count(directory: &Path) -> usize {
    std::fs::read_dir(directory).unwrap().count()
}

/// Reads a snapshot as soon as it is whole.
fn read(path: &Path) -> Trace {
    let patience = Instant::now() + Duration::from_secs(20);
    loop {
        match Trace::open(path).map(|trace| (trace.validate().unwrap().is_empty(), trace)) {
            Ok((true, trace)) => return trace,
            unfinished if Instant::now() > patience => panic!("{path:?}: {unfinished:?}"),
            _ => thread::sleep(in_milliseconds(5)),
        }
    }
}

/// How many tasks of a type are in it whole, and how many are open.
fn tasks(trace: &Trace, name: &str) -> (u64, u64) {
    let analysis = trace.analyze().unwrap();
    let found = analysis.tasks.iter().find(|task| *task.name == *name);
    found.map_or((0, 0), |task| (task.durations.count(), task.open))
}

#[test]
fn a_panic_leaves_a_snapshot_behind() {
    let _turn = turn();
    let directory = tempfile::tempdir().unwrap();
    let flight = builder(directory.path()).dump_on_panic().start().unwrap();
    let panics = |times: i64| {
        for n in 0..times {
            let worker = thread::Builder::new().name("panicking".to_owned());
            let work = move || {
                let _region = trace::trace_region!("going wrong");
                trace::trace_counter!("n", n);
                panic!("this panic is part of the test");
            };
            worker.spawn(work).unwrap().join().unwrap_err();
        }
        count(directory.path())
    };
    // Somebody guessed the name of the first one: nothing is written through the link.
    #[cfg(unix)]
    std::os::unix::fs::symlink(
        directory.path().join("elsewhere"),
        snapshot(directory.path(), "panic", 0),
    )
    .unwrap();
    #[cfg(not(unix))]
    std::fs::write(snapshot(directory.path(), "panic", 0), "").unwrap();
    assert_eq!(panics(1), 2);
    let path = snapshot(directory.path(), "panic", 1);
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
    let analysis = read(&path).analyze().unwrap();
    assert_eq!((&*analysis.regions[0].name, analysis.regions[0].open), ("going wrong", 1));
    assert_eq!(panics(20), 16, "there is an end to it");
    flight.stop().unwrap();
    std::fs::remove_dir_all(directory.path()).unwrap();
    std::panic::catch_unwind(|| panic!("this panic comes too late")).unwrap_err();
}

#[trace::task("attribute")]
fn annotated(time: Duration) {
    thread::sleep(time);
}

/// A task of the function, which ends on another thread.
fn by_function(name: &'static str, time: Duration) {
    let (context, task) = trace::new_task(Context::current(), name);
    thread::sleep(time);
    trace::with_region(context, "the end of it", || ());
    thread::spawn(move || task.end()).join().unwrap();
}

/// Something that is a task and takes as long as it is told.
type Work = fn(Duration);

/// Whatever makes a task, and whatever thread ends it, its end is noticed, and all of it is in the snapshot.
#[test]
fn a_slow_task_leaves_a_snapshot_behind() {
    let _turn = turn();
    let slow: [(&str, Work); 3] = [
        ("attribute", annotated),
        ("macro", |time| {
            let _task = trace::trace_task!("macro");
            thread::sleep(time);
        }),
        ("function", |time| by_function("function", time)),
    ];
    for (name, run) in slow {
        let directory = tempfile::tempdir().unwrap();
        let flight = builder(directory.path()).dump_if_slower(name, in_milliseconds(150));
        // Of several limits for a type, the smallest counts.
        let flight = flight.dump_if_slower(name, Duration::from_secs(100)).start().unwrap();
        run(in_milliseconds(1));
        by_function("another", in_milliseconds(160));
        thread::sleep(in_milliseconds(20));
        assert_eq!(count(directory.path()), 0, "{name}");
        run(in_milliseconds(155));
        let trace = read(&snapshot(directory.path(), "slow", 0));
        assert_eq!(tasks(&trace, name), (2, 0));
        assert_eq!(tasks(&trace, "another"), (1, 0));
        flight.stop().unwrap();
        run(in_milliseconds(155));
        assert_eq!(count(directory.path()), 1, "{name}: nobody asks any more");
    }
}

/// Whoever stops right after it gets the snapshot as well; of many tasks that are slow there is one at a time.
#[test]
fn snapshots_of_slow_tasks_do_not_pile_up() {
    let _turn = turn();
    let directory = tempfile::tempdir().unwrap();
    let start = |most| {
        let flight = builder(directory.path()).dump_if_slower("attribute", Duration::ZERO);
        flight.max_dumps(most).start().unwrap()
    };
    let flight = start(16);
    (0..100).for_each(|_| annotated(Duration::ZERO));
    flight.stop().unwrap();
    assert_eq!(count(directory.path()), 1);
    let trace = read(&snapshot(directory.path(), "slow", 0));
    assert!(tasks(&trace, "attribute").0 >= 1);

    // The pause is a second long.
    let begin = Instant::now();
    let flight = start(3);
    while begin.elapsed() < in_milliseconds(1500) {
        annotated(in_milliseconds(1));
    }
    // One of them found the name of the one before, and took the next.
    assert_eq!(count(directory.path()), 3);
    flight.stop().unwrap();

    let flight = start(0);
    annotated(Duration::ZERO);
    flight.stop().unwrap();
    assert_eq!(count(directory.path()), 3, "none was wanted");
}

/// While a session is on as well, events are where the session has them, and the age is what it was.
#[test]
fn a_slow_task_is_noticed_beside_a_session() {
    let _turn = turn();
    let directory = tempfile::tempdir().unwrap();
    let limited = || builder(directory.path()).dump_if_slower("attribute", in_milliseconds(30));
    let session = Session::builder().start(std::io::sink()).unwrap();
    annotated(Duration::ZERO);
    let flight = limited().start().unwrap();
    annotated(in_milliseconds(30));
    let trace = read(&snapshot(directory.path(), "slow", 0));
    assert_eq!(tasks(&trace, "attribute"), (2, 0));
    session.finish().unwrap();
    flight.stop().unwrap();

    // A task that begins before the session and ends in it.
    let flight = limited().start().unwrap();
    let (_, task) = trace::new_task(Context::background(), "attribute");
    let session = Session::builder().start(std::io::sink()).unwrap();
    thread::sleep(in_milliseconds(30));
    task.end();
    flight.stop().unwrap();
    session.finish().unwrap();
    let trace = read(&snapshot(directory.path(), "slow", 1));
    assert_eq!(tasks(&trace, "attribute"), (1, 0));
}

#[cfg(all(target_os = "linux", not(trace_portable)))]
mod signals {
    use super::*;
    use std::sync::Once;
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering::Relaxed;

    /// How often the program's own handler was called.
    static CALLS: AtomicUsize = AtomicUsize::new(0);

    extern "C" fn own_handler(_: libc::c_int) {
        CALLS.fetch_add(1, Relaxed);
    }

    /// The program's own handler was there before.
    fn install_own_handler() {
        static ONCE: Once = Once::new();
        let handler = own_handler as extern "C" fn(libc::c_int) as *const () as usize;
        // SAFETY: the handler adds to an atomic.
        ONCE.call_once(|| unsafe { _ = libc::signal(libc::SIGUSR2, handler) });
    }

    /// Sends it to this thread, whose handler has run when this returns.
    fn raise() {
        // SAFETY: the call takes a number.
        assert_eq!(unsafe { libc::raise(libc::SIGUSR2) }, 0);
    }

    /// Sends it to the process, any thread of which may have it, some time later.
    fn send_from_elsewhere() {
        let process = std::process::id().to_string();
        let sent = Command::new("sh").args(["-c", "kill -USR2 $0", &process]).status().unwrap();
        assert!(sent.success());
    }

    #[test]
    fn a_signal_asks_for_a_snapshot() {
        let _turn = turn();
        install_own_handler();
        let directory = tempfile::tempdir().unwrap();
        // As many as are asked for, whatever else is said.
        let flight = builder(directory.path()).dump_on_signal().max_dumps(0).start().unwrap();
        annotated(Duration::ZERO);
        for number in 0..20 {
            raise();
            let trace = read(&snapshot(directory.path(), "signal", number));
            assert_eq!(tasks(&trace, "attribute"), (1, 0));
        }
        assert_eq!(CALLS.load(Relaxed), 20);
        flight.stop().unwrap();

        raise();
        let flight = builder(directory.path()).start().unwrap();
        raise();
        flight.stop().unwrap();
        assert_eq!(count(directory.path()), 20, "nobody asked for these");
        let flight = builder(directory.path()).dump_on_signal().start().unwrap();
        thread::sleep(in_milliseconds(20));
        assert_eq!(count(directory.path()), 20, "nor does the next one know of them");
        assert_eq!(CALLS.load(Relaxed), 22);
        send_from_elsewhere();
        read(&snapshot(directory.path(), "signal", 20));
        flight.stop().unwrap();
    }

    /// A child has the handler, and the descriptor that it would write to, but not the thread.
    #[test]
    fn a_childs_signals_and_tasks_are_not_the_parents() {
        let _turn = turn();
        install_own_handler();
        let directory = tempfile::tempdir().unwrap();
        let wanted = || {
            builder(directory.path())
                .dump_on_signal()
                .dump_if_slower("attribute", in_milliseconds(1))
        };
        let flight = wanted().start().unwrap();
        // SAFETY: the child runs nothing but this test's code, and ends without returning.
        let child = unsafe { libc::fork() };
        assert!(child >= 0);
        if child == 0 {
            raise();
            // In a session of its own, in which the task is as slow as the parent's must not be.
            let session = Session::builder().start(std::io::sink()).unwrap();
            annotated(in_milliseconds(5));
            let mut is_right = session.finish().is_ok() && count(directory.path()) == 0;
            // And what it starts by itself is its own.
            let own = wanted().start().unwrap();
            annotated(in_milliseconds(5));
            raise();
            is_right &= own.stop().is_ok() && count(directory.path()) == 2;
            // SAFETY: ends the process at once.
            unsafe { libc::_exit(i32::from(!is_right)) };
        }
        let mut status = 0;
        // SAFETY: waits for the child that was just made.
        unsafe { libc::waitpid(child, &mut status, 0) };
        assert_eq!(status, 0, "the child's own checks");
        flight.stop().unwrap();
        let own = |reason| directory.path().join(format!("{reason}-{child}-0.trace"));
        assert_eq!(tasks(&read(&own("slow")), "attribute"), (1, 0));
        read(&own("signal"));
        assert_eq!(count(directory.path()), 2, "the parent wrote nothing");
    }
}

/// Where signals cannot be listened for, the start says so.
#[cfg(not(all(target_os = "linux", not(trace_portable))))]
#[test]
fn signals_are_for_linux() {
    let _turn = turn();
    let directory = tempfile::tempdir().unwrap();
    let wanted = || builder(directory.path()).dump_if_slower("attribute", Duration::ZERO);
    let refused = wanted().dump_on_signal().start();
    assert!(matches!(refused, Err(trace::StartError::Signal(_))), "{refused:?}");
    assert!(!trace::is_enabled());
    wanted().start().unwrap().stop().unwrap();
}

/// Set for the program that [`what_is_told`] looks at: the directory to write to.
const DIRECTORY: &str = "TRACE_DUMPS_DIRECTORY";

/// Not a test, but that program.
#[test]
fn child() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let limited = |directory: &Path, most| {
        let flight = builder(directory).dump_if_slower("attribute", in_milliseconds(5));
        flight.max_dumps(most).start().unwrap()
    };
    let flight = limited(directory.as_ref(), 1);
    annotated(in_milliseconds(8));
    flight.stop().unwrap();
    let flight = limited(&PathBuf::from(directory).join("missing"), 2);
    annotated(in_milliseconds(8));
    thread::sleep(in_milliseconds(300));
    annotated(in_milliseconds(8));
    annotated(in_milliseconds(8));
    // The pause.
    thread::sleep(in_milliseconds(1500));
    annotated(in_milliseconds(8));
    flight.stop().unwrap();
}

#[test]
fn what_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(DIRECTORY, directory.path())
        .stdout(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success());
    let told = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(lines.len(), 3, "{told}");
    let path = directory.path().display();
    for (line, parts) in lines.iter().zip([
        &[
            "task attribute took ",
            "ms, with a limit of 5ms: the last ",
            "; no more of these are written",
        ][..],
        &["task attribute took ", &format!("no trace of it in {path}/missing/slow-")],
        &["task attribute took ", " (and 2 more since the last snapshot): no trace of it in "],
    ]) {
        for part in parts {
            assert!(line.contains(part), "{line}: {part}");
        }
    }
    assert_eq!(count(directory.path()), 1);
}
