//! Children that are copies of a recording process, while other threads record: off, and without a trace
//! in that of the parent.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use trace::{Overflow, Session};
use trace_reader::Trace;

use crate::Size;
use crate::rows::Rows;

/// So many events parent and child emit side by side, if the child does.
const MARKS: u64 = 1_000;

/// How a child ends.
const WAS_OFF: i32 = 0;
const WAS_ON: i32 = 1;

pub(crate) fn run(size: Size, rows: &mut Rows) {
    let children = size.pick(20, 500);
    // SAFETY: the child runs what `of_child` says only.
    let found = record(children, || unsafe { libc::fork() });
    let what = format!("`fork`, {children} times, while two threads record");
    let done = format!("{} children off, {} events of the parent", found.off, found.read);
    rows.runs(&what, "children off, parent's trace strictly valid", &done, &found.wrong(children));

    // No handler of `pthread_atfork` runs.
    // SAFETY: as above; with these flags the call is `fork`, without what the C library does.
    let found = record(children, || unsafe {
        libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) as libc::pid_t
    });
    let what = format!("bare `clone(2)`, {children} times, while two threads record");
    let done = format!("{} children off, {} events of the parent", found.off, found.read);
    rows.runs(&what, "children off, parent's trace strictly valid", &done, &found.wrong(children));
}

/// What became of children, and of the parent's trace.
struct Found {
    off: u64,
    emitted: u64,
    read: u64,
    lost: u64,
    violations: Option<String>,
}

impl Found {
    fn wrong(&self, children: u64) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.off != children {
            wrong.push(format!("{} children were not off", children - self.off));
        }
        if self.read != self.emitted || self.lost != 0 {
            let Self { emitted, read, lost, .. } = self;
            wrong.push(format!("{emitted} emitted, {read} read, {lost} lost"));
        }
        wrong.extend(self.violations.clone());
        wrong
    }
}

fn record(children: u64, copy: impl Fn() -> libc::pid_t) -> Found {
    let directory = tempfile::tempdir().expect("a directory for the trace");
    let path = directory.path().join("parent.trace");
    let builder = Session::builder().overflow(Overflow::Block).pool_bytes(1 << 20);
    let session = builder.start_file(&path).expect("tracing is off");
    // What a first event takes, the child does not have to do.
    mark();
    let (mut off, mut emitted) = (0, 1);
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let work = || {
            let mut n = 0;
            while !ended.load(Relaxed) {
                trace::trace_counter!("load", n);
                n += 1;
            }
            n
        };
        let load = [(); 2].map(|()| scope.spawn(work));
        for _ in 0..children {
            let child = copy();
            assert!(child >= 0, "a child is made");
            if child == 0 {
                of_child();
            }
            (0..MARKS).for_each(|_| mark());
            emitted += MARKS;
            off += u64::from(wait(child) == Some(WAS_OFF));
        }
        ended.store(true, Relaxed);
        emitted += load.map(|thread| thread.join().expect("no panic")).iter().sum::<u64>();
    });
    let summary = session.finish().expect("the file can be written");
    let trace = Trace::open(&path).expect("it is a trace");
    let violations = trace.validate().expect("the file can be read");
    Found {
        off,
        emitted,
        read: trace.analyze().expect("the file can be read").events,
        lost: summary.events_lost,
        violations: violations.kept().first().map(|problem| {
            format!("{} violations, first: {}", violations.total(), trace.describe(problem))
        }),
    }
}

/// One place for parent and child, so that the callsite is known before.
fn mark() {
    trace::trace_log!("mark", "of parent or child");
}

/// All that a child does: nothing that allocates or locks, since another thread of its parent may have
/// held what it needs.
fn of_child() -> ! {
    // SAFETY: a limit, should it hang all the same; short, since its parent records meanwhile.
    unsafe { libc::alarm(1) };
    let code = if trace::is_enabled() { WAS_ON } else { WAS_OFF };
    (0..MARKS).for_each(|_| mark());
    // SAFETY: ends the process at once.
    unsafe { libc::_exit(code) }
}

/// Waits for a child. `None` if a signal ended it.
fn wait(child: libc::pid_t) -> Option<i32> {
    let mut status = 0;
    // SAFETY: waits for the child that was just made.
    unsafe { libc::waitpid(child, &mut status, 0) };
    libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status))
}
