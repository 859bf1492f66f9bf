//! Threads that live for an event or two, while sessions come and go.

use std::thread;

use trace_reader::Trace;

#[test]
fn many_short_threads_while_sessions_come_and_go() {
    thread::scope(|scope| {
        let spawner = scope.spawn(|| {
            for _ in 0..300 {
                let work = || {
                    let _region = trace::trace_region!("short");
                    trace::trace_log!("test", "short");
                };
                let threads: Vec<_> = (0..4).map(|_| thread::spawn(work)).collect();
                threads.into_iter().for_each(|thread| thread.join().unwrap());
            }
        });
        while !spawner.is_finished() {
            let ((), bytes) = trace::capture(thread::yield_now);
            let violations = Trace::from_bytes(bytes).unwrap().validate().unwrap();
            assert!(violations.is_empty(), "{:?}", violations.kept());
        }
    });
}
