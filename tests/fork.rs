//! A child that is a copy of a recording process is off, and harms nothing of its parent's.
#![cfg(unix)]

use trace_reader::Trace;

#[test]
fn a_child_is_off_and_the_parents_trace_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("parent.trace");
    let of_child = dir.path().join("child.trace");
    let session = trace::Session::builder().start_file(&path).unwrap();
    trace::trace_log!("test", "before");

    // SAFETY: the child runs nothing but this test's code, and ends without returning.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    if pid == 0 {
        let was_off = !trace::is_enabled();
        trace::trace_log!("test", "in the child");
        let not_ours = matches!(session.finish(), Err(trace::StopError::NotStarted));
        // It may record by itself.
        let own = trace::start_file(&of_child).is_ok();
        trace::trace_log!("test", "in the child's own session");
        let stopped = trace::stop().is_ok();
        let code = i32::from(!(was_off && not_ours && own && stopped));
        // SAFETY: ends the process at once.
        unsafe { libc::_exit(code) };
    }
    trace::trace_log!("test", "after");
    let mut status = 0;
    // SAFETY: waits for the child that was just made.
    unsafe { libc::waitpid(pid, &mut status, 0) };
    assert_eq!(status, 0, "the child's own checks");
    trace::trace_log!("test", "after the child");
    assert_eq!(session.finish().unwrap().events_lost, 0);

    for (path, expected) in [
        (path, &["before", "after", "after the child"][..]),
        (of_child, &["in the child's own session"]),
    ] {
        let trace = Trace::open(path).unwrap();
        assert!(trace.validate().unwrap().is_empty());
        let recording = trace.load().unwrap();
        let logs: Vec<_> = recording.logs.iter().map(|log| log.message.to_str()).collect();
        assert_eq!(logs, expected);
    }
}
