//! Starting and stopping, and what refuses to.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use trace::{Session, StartError, StopError};
use trace_reader::{Recording, Trace};

/// A process has one session; the tests of this file take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn load(path: &Path) -> Recording {
    let trace = Trace::open(path).unwrap();
    let violations = trace.validate().unwrap();
    assert!(violations.is_empty(), "{:?}", violations.kept());
    trace.load().unwrap()
}

fn messages(recording: &Recording) -> Vec<String> {
    recording.logs.iter().map(|log| log.message.to_str().into_owned()).collect()
}

#[test]
fn what_is_logged_between_start_and_stop_is_in_the_trace() {
    let _turn = turn();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.trace");

    trace::trace_log!("test", "before");
    assert!(!trace::is_enabled());
    trace::start_file(&path).unwrap();
    assert!(trace::is_enabled());
    trace::trace_log!("test", "between");
    let summary = trace::stop().unwrap();
    assert!(!trace::is_enabled());
    trace::trace_log!("test", "after");

    assert_eq!(messages(&load(&path)), ["between"]);
    assert_eq!(summary.bytes, path.metadata().unwrap().len());
    assert_eq!((summary.chunks, summary.events_lost), (1, 0));
}

#[test]
fn a_second_start_is_refused_and_harms_nothing() {
    let _turn = turn();
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (dir.path().join("first.trace"), dir.path().join("second.trace"));
    trace::start_file(&first).unwrap();
    trace::trace_log!("test", "one");
    assert!(matches!(trace::start_file(&second), Err(StartError::AlreadyStarted)));
    assert!(matches!(trace::start(std::io::sink()), Err(StartError::AlreadyStarted)));
    trace::trace_log!("test", "two");
    trace::stop().unwrap();
    assert_eq!(messages(&load(&first)), ["one", "two"]);
    assert!(!second.exists(), "the refused session must not touch its file");
}

#[test]
fn an_output_that_cannot_be_written_is_named_and_tracing_stays_off() {
    let _turn = turn();
    let path = Path::new("/no/such/directory/a.trace");
    let error = trace::start_file(path).unwrap_err();
    assert!(error.to_string().contains("/no/such/directory/a.trace"), "{error}");
    assert!(!trace::is_enabled());
    assert!(matches!(trace::stop(), Err(StopError::NotStarted)));
}

#[test]
fn pools_that_cannot_be_are_refused() {
    let _turn = turn();
    let sizes = [(0, 64 << 10), (64 << 10, 64 << 10), (1 << 20, 100), (1 << 40, 1 << 30)];
    for (pool_bytes, chunk_bytes) in sizes {
        let builder = Session::builder().pool_bytes(pool_bytes).chunk_bytes(chunk_bytes);
        let error = builder.start(std::io::sink()).unwrap_err();
        assert!(matches!(error, StartError::PoolSize { .. }), "{error}");
        assert!(error.to_string().contains(&pool_bytes.to_string()), "{error}");
        assert!(!trace::is_enabled());
    }
}

#[test]
fn a_guard_stops_its_session_and_no_other() {
    let _turn = turn();
    {
        let _session = Session::builder().start(std::io::sink()).unwrap();
        assert!(trace::is_enabled());
    }
    assert!(!trace::is_enabled(), "dropping the guard stops");

    let first = Session::builder().start(std::io::sink()).unwrap();
    trace::stop().unwrap();
    let second = Session::builder().start(std::io::sink()).unwrap();
    assert!(matches!(first.finish(), Err(StopError::NotStarted)));
    assert!(trace::is_enabled(), "the second session is not the first guard's");
    second.finish().unwrap();

    Session::builder().start(std::io::sink()).unwrap().detach();
    assert!(trace::is_enabled(), "a detached session stays on");
    trace::stop().unwrap();
}

#[test]
fn sessions_follow_each_other_on_the_same_threads() {
    let _turn = turn();
    let dir = tempfile::tempdir().unwrap();
    for round in 0..20 {
        let path = dir.path().join(format!("{round}.trace"));
        trace::start_file(&path).unwrap();
        trace::trace_log!("test", "round {round}");
        trace::stop().unwrap();
        assert_eq!(messages(&load(&path)), [format!("round {round}")]);
    }
}

#[test]
fn what_began_in_another_session_is_shown_as_such() {
    let _turn = turn();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.trace");

    let before_all = trace::trace_region!("before all");
    Session::builder().start(std::io::sink()).unwrap().detach();
    let in_first = trace::trace_region!("in the first session");
    let (ctx, task) = trace::new_task(trace::Context::current(), "task of the first session");
    let entered = ctx.enter();
    trace::stop().unwrap();

    trace::start_file(&path).unwrap();
    {
        let _region = trace::trace_region!("inside");
    }
    drop(entered);
    task.end();
    drop(in_first);
    drop(before_all);
    let _open = trace::trace_region!("still open");
    trace::stop().unwrap();

    let trace = Trace::open(&path).unwrap();
    let recording = load(&path);
    let regions: Vec<_> = recording
        .regions
        .iter()
        .map(|r| (trace.callsites().name(r.callsite).into_owned(), r.begin.is_some(), r.fate))
        .collect();
    use trace_reader::Fate;
    let expected = [
        ("inside".to_owned(), true, Fate::Complete),
        ("in the first session".to_owned(), false, Fate::BeganBefore),
        ("before all".to_owned(), false, Fate::BeganBefore),
        ("still open".to_owned(), true, Fate::Open),
    ];
    assert_eq!(regions, expected);
    let began_before: Vec<_> = recording.tasks.iter().map(|t| (t.began_before, t.begin)).collect();
    assert_eq!(began_before, [(true, None)]);
}

#[test]
fn the_header_tells_about_the_program() {
    let _turn = turn();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.trace");
    let builder = Session::builder().pool_bytes(1 << 20).chunk_bytes(8 << 10).command_line(true);
    builder.start_file(&path).unwrap().finish().unwrap();
    let trace = Trace::open(&path).unwrap();
    let header = trace.header().unwrap();
    assert_eq!(header.pid, u64::from(std::process::id()));
    assert_eq!(Path::new(&header.program), std::env::current_exe().unwrap());
    assert!(header.command_line.contains("session"), "{}", header.command_line);
    assert_eq!((header.pool_bytes, header.chunk_bytes), (1 << 20, 8 << 10));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let age = now.as_nanos() as u64 - header.wall_ns;
    assert!(age < 60_000_000_000, "started {age} ns ago");
}

#[cfg(all(target_os = "linux", not(trace_portable)))]
#[test]
fn the_pool_is_a_file_until_the_trace_is_complete() {
    use std::os::unix::fs::PermissionsExt;
    let _turn = turn();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.trace");
    trace::start_file(&path).unwrap();
    trace::trace_log!("test", "only in the pool so far");

    // The header is written as soon as the session is on.
    let header = loop {
        match Trace::open(&path) {
            Ok(trace) => break trace.header().unwrap().clone(),
            Err(_) => std::thread::yield_now(),
        }
    };
    let pool = std::fs::read(&header.pool_path).unwrap();
    assert!(pool.starts_with(b"runtime-trace P\n"));
    assert_eq!(pool[48..56], header.session.to_le_bytes());
    let text = b"only in the pool so far";
    assert!(pool.windows(text.len()).any(|window| window == text));
    for file in [Path::new(&header.pool_path), &path] {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    trace::stop().unwrap();
    assert!(!Path::new(&header.pool_path).exists(), "a clean stop removes the pool file");
}

#[test]
fn a_capture_inside_of_a_capture_is_refused() {
    let _turn = turn();
    let (inner, _) = trace::capture(|| std::panic::catch_unwind(|| trace::capture(|| ())).is_err());
    assert!(inner);
}
