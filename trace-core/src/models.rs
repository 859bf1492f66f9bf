//! Models of every hand-off between threads, run through all orders by loom.
//!
//! They use the real recorder, slots and pool, with chunks so small that a few events fill one.

use loom::thread;
use trace_format::wire::{Cursor, Field};
use trace_format::{CallsiteId, ChunkHead, Event, Overflow, Text, Timed};

use crate::epoch::Epoch;
use crate::memory::Heap;
use crate::output::Chunk;
use crate::pool::Pool;
use crate::recorder::Recorder;
use crate::slot::{Identity, Slot};
use crate::sync::Arc;
use crate::woken::Woken;

/// Fills more than half of a chunk, so that every event needs a chunk of its own.
const LONG: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\
                    0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const SHORT: &str = "short";

/// An epoch in which events can take the short way.
fn epoch(generation: usize) -> Epoch {
    let epoch = Epoch::new(generation, false, true);
    assert!(epoch.has_short_way());
    epoch
}

/// A pool of a session that begins a recording.
fn pool(generation: usize, chunks: usize) -> Arc<Pool> {
    let memory = Heap::new(chunks, 256).unwrap();
    Arc::new(Pool::new(epoch(generation), Overflow::Drop, Box::new(memory)))
}

/// That of a flight recorder.
fn flight(chunks: usize) -> Arc<Pool> {
    let memory = Heap::new(chunks, 256).unwrap();
    Arc::new(Pool::new(epoch(1), Overflow::Overwrite, Box::new(memory)))
}

/// Turns recording on, into `pool`, in the epoch in which its recording begins.
fn start(recorder: &Recorder, pool: &Arc<Pool>) {
    assert!(recorder.turn(Some((pool.recording, Arc::clone(pool)))).is_none());
}

/// Turns recording off, which went into `pool`.
fn stop(recorder: &Recorder, pool: &Arc<Pool>) {
    assert!(recorder.turn(None).is_some_and(|left| Arc::ptr_eq(&left, pool)));
}

fn identity(number: u64) -> Identity {
    Identity { number, ..Identity::NOBODY }
}

/// Logs, on the short way if it can be taken, and tells whether it was recorded.
fn log(recorder: &Recorder, slot: &Slot, message: &str) -> bool {
    let event = || Event::Log { callsite: CallsiteId(1), message: Text::new(message) };
    let short = recorder.short_way(slot).and_then(|mut way| {
        way.pen().put_text_shortly(crate::clock::counter(), event(), message.len())
    });
    short.or_else(|| recorder.emit(slot, |pen, now| pen.put(now, event()))).is_some()
}

/// What is in the full chunks: logs, and events that were lost.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    logs: u64,
    lost: u64,
}

impl Found {
    /// Adds what is in a chunk, whose number in its thread this returns.
    fn add(&mut self, payload: &[u8]) -> u64 {
        let mut input = Cursor::new(payload);
        let head = ChunkHead::decode(&mut input, "head").unwrap();
        while !input.is_empty() {
            match Timed::decode(&mut input).unwrap().event {
                Event::Log { message, .. } => {
                    assert!([LONG.as_bytes(), SHORT.as_bytes()].contains(&&*message.bytes));
                    self.logs += 1;
                }
                Event::Loss { count, .. } => self.lost += count,
                other => panic!("{other:?}"),
            }
        }
        head.sequence
    }
}

fn drain(pool: &Pool, found: &mut Found) {
    while let Some(chunk) = pool.take_full() {
        found.add(chunk.payload());
        chunk.give_back();
    }
}

fn add_losses(pool: &Pool, found: &mut Found) {
    found.lost += pool.losses().iter().map(|loss| loss.count).sum::<u64>();
}

/// Chunks go round between a thread and the drainer; what does not fit is counted.
#[test]
fn hand_off() {
    loom::model(|| {
        let recorder = Arc::new(Recorder::new());
        let pool = pool(1, 2);
        start(&recorder, &pool);
        let emitter = {
            let recorder = Arc::clone(&recorder);
            thread::spawn(move || {
                let slot = recorder.adopt(identity(1));
                for _ in 0..4 {
                    assert!(log(&recorder, &slot, LONG));
                }
            })
        };
        let mut found = Found::default();
        drain(&pool, &mut found);
        drain(&pool, &mut found);
        emitter.join().unwrap();
        stop(&recorder, &pool);
        drain(&pool, &mut found);
        add_losses(&pool, &mut found);
        assert_eq!(found.logs + found.lost, 4);
    });
}

/// What was recorded before `stop` saw the thread is in the trace, and nothing comes after.
#[test]
fn stop_against_emit() {
    loom::model(|| {
        let recorder = Arc::new(Recorder::new());
        let pool = pool(1, 2);
        start(&recorder, &pool);
        let emitter = {
            let recorder = Arc::clone(&recorder);
            thread::spawn(move || {
                let slot = recorder.adopt(identity(1));
                (0..2).map(|_| u64::from(log(&recorder, &slot, SHORT))).sum::<u64>()
            })
        };
        stop(&recorder, &pool);
        let mut found = Found::default();
        drain(&pool, &mut found);
        let recorded = emitter.join().unwrap();
        assert_eq!(found, Found { logs: recorded, lost: 0 });
        // Nothing came later.
        drain(&pool, &mut found);
        assert_eq!(found.logs, recorded);
    });
}

/// A thread ends while the session does: its chunk is handed over once.
#[test]
fn thread_exit_against_stop() {
    loom::model(|| {
        let recorder = Arc::new(Recorder::new());
        let pool = pool(1, 2);
        start(&recorder, &pool);
        let emitter = {
            let recorder = Arc::clone(&recorder);
            thread::spawn(move || {
                let slot = recorder.adopt(identity(1));
                let recorded = u64::from(log(&recorder, &slot, SHORT));
                recorder.retire(&slot);
                recorded
            })
        };
        stop(&recorder, &pool);
        let recorded = emitter.join().unwrap();
        let mut found = Found::default();
        drain(&pool, &mut found);
        assert_eq!(found, Found { logs: recorded, lost: 0 });
    });
}

/// A second session begins while a thread may still be busy with the first: each gets its own.
#[test]
fn stop_then_start() {
    loom::model(|| {
        let recorder = Arc::new(Recorder::new());
        let (first, second) = (pool(1, 2), pool(2, 2));
        start(&recorder, &first);
        let emitter = {
            let recorder = Arc::clone(&recorder);
            thread::spawn(move || {
                let slot = recorder.adopt(identity(1));
                (0..2).map(|_| u64::from(log(&recorder, &slot, SHORT))).sum::<u64>()
            })
        };
        stop(&recorder, &first);
        start(&recorder, &second);
        let recorded = emitter.join().unwrap();
        stop(&recorder, &second);
        let mut found = Found::default();
        drain(&first, &mut found);
        drain(&second, &mut found);
        assert_eq!(found, Found { logs: recorded, lost: 0 });
    });
}

/// A flight recorder is read while a thread overwrites what is in it: every chunk that is read is whole,
/// and all come back, whoever had them last.
#[test]
fn snapshot_against_overwrite() {
    loom::model(|| {
        let recorder = Arc::new(Recorder::new());
        let pool = flight(2);
        start(&recorder, &pool);
        let slot = recorder.adopt(identity(1));
        assert!(log(&recorder, &slot, LONG));
        let emitter = {
            let recorder = Arc::clone(&recorder);
            thread::spawn(move || (0..2).filter(|_| log(&recorder, &slot, LONG)).count())
        };
        for (at, _) in pool.sighted(|_| (0, 0)) {
            if let Some(copied) = pool.copy(at) {
                let mut found = Found::default();
                if !copied.payload().is_empty() {
                    assert_eq!(found.add(copied.payload()), copied.sequence);
                    assert!(found.logs <= 1 && found.lost <= 1, "{found:?}");
                }
            }
        }
        assert_eq!(emitter.join().unwrap(), 2);
        stop(&recorder, &pool);
        let mut found = Found::default();
        let mut chunks = 0;
        while let Some(chunk) = pool.take_full() {
            found.add(chunk.payload());
            chunk.give_back();
            chunks += 1;
        }
        assert!((1..=2).contains(&chunks), "{chunks}");
        // Two threads may not hold one chunk, and none may be gone.
        let free = (0..).map_while(|n| pool.take_free(9, n)).count();
        assert_eq!(free, 2);
    });
}

/// The same while its chunk is being filled.
#[test]
fn snapshot_against_emit() {
    loom::model(|| {
        let recorder = Arc::new(Recorder::new());
        let pool = flight(2);
        start(&recorder, &pool);
        let slot = recorder.adopt(identity(1));
        assert!(log(&recorder, &slot, SHORT));
        let emitter = {
            let recorder = Arc::clone(&recorder);
            thread::spawn(move || {
                assert!(log(&recorder, &slot, SHORT));
                recorder.retire(&slot);
            })
        };
        let seen = pool.sighted(|_| (0, 0)).into_iter();
        let copied: Vec<_> = seen.filter_map(|(at, _)| pool.copy(at)).collect();
        let mut found = Found::default();
        copied.iter().for_each(|copied| _ = found.add(copied.payload()));
        assert!((1..=2).contains(&found.logs), "what had returned before is there: {found:?}");
        emitter.join().unwrap();
        stop(&recorder, &pool);
        let mut found = Found::default();
        drain(&pool, &mut found);
        assert_eq!(found, Found { logs: 2, lost: 0 });
    });
}

/// A session begins and ends beside a flight recorder while a thread records: every event is in one of
/// the two pools, in chunks that are numbered from one to the other, and the thread is never off.
#[test]
fn turning_against_emit() {
    loom::model(|| {
        let recorder = Arc::new(Recorder::new());
        let flight = flight(2);
        start(&recorder, &flight);
        let slot = recorder.adopt(identity(1));
        assert!(log(&recorder, &slot, SHORT));
        let emitter = {
            let recorder = Arc::clone(&recorder);
            thread::spawn(move || {
                assert!(log(&recorder, &slot, SHORT));
                assert!(log(&recorder, &slot, SHORT));
                recorder.retire(&slot);
            })
        };
        let memory = Heap::new(2, 256).unwrap();
        let session = Arc::new(Pool::new(epoch(1), Overflow::Drop, Box::new(memory)));
        let left = recorder.turn(Some((epoch(2), Arc::clone(&session))));
        assert!(left.is_some_and(|left| Arc::ptr_eq(&left, &flight)));
        let (mut found, mut numbers) = (Found::default(), Vec::new());
        let mut read = |pool: &Pool| {
            while let Some(chunk) = pool.take_full() {
                numbers.push(found.add(chunk.payload()));
                chunk.give_back();
            }
            add_losses(pool, &mut found);
        };
        read(&flight);
        emitter.join().unwrap();
        stop(&recorder, &session);
        read(&session);
        assert_eq!(found, Found { logs: 3, lost: 0 });
        assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
    });
}

/// A session's drainer copies a chunk into the flight recorder's pool while what threads left there is
/// swept up: each chunk is passed on once.
#[test]
fn copying_against_sweep() {
    loom::model(|| {
        let recorder = Recorder::new();
        let flight = flight(3);
        start(&recorder, &flight);
        let slot = recorder.adopt(identity(1));
        assert!(log(&recorder, &slot, SHORT));
        // Another thread has been faster: a chunk of the session is full.
        let session = pool(2, 1);
        let held = session.take_free(2, 0).unwrap();
        session.hand_over(held.index, 0);
        let drainer = {
            let flight = Arc::clone(&flight);
            thread::spawn(move || {
                let chunk = session.take_full().unwrap();
                flight.keep_copy(&chunk);
                chunk.give_back();
            })
        };
        stop(&recorder, &flight);
        drainer.join().unwrap();
        let mut owners = Vec::new();
        while let Some(chunk) = flight.take_full() {
            owners.push(chunk.owner());
            chunk.give_back();
        }
        owners.sort_unstable();
        assert_eq!(owners, [(1, 0), (2, 0)]);
        let free = (0..).map_while(|n| flight.take_free(9, n)).count();
        assert_eq!(free, 3);
    });
}

/// What a thread could not record is told of by the pool that had no room, although recording turns
/// elsewhere meanwhile.
#[test]
fn turning_against_loss() {
    loom::model(|| {
        let recorder = Arc::new(Recorder::new());
        let first = pool(1, 2);
        start(&recorder, &first);
        // Nothing is free.
        let held = [first.take_free(8, 0), first.take_free(9, 0)];
        let slot = recorder.adopt(identity(1));
        let emitter = {
            let recorder = Arc::clone(&recorder);
            thread::spawn(move || {
                assert!(log(&recorder, &slot, SHORT));
                assert!(log(&recorder, &slot, SHORT));
                slot
            })
        };
        let memory = Heap::new(2, 256).unwrap();
        let second = Arc::new(Pool::new(epoch(1), Overflow::Drop, Box::new(memory)));
        recorder.turn(Some((epoch(2), Arc::clone(&second))));
        let mut found = Found::default();
        add_losses(&first, &mut found);
        let lost = found.lost;
        let slot = emitter.join().unwrap();
        assert!(log(&recorder, &slot, SHORT));
        stop(&recorder, &second);
        drain(&second, &mut found);
        add_losses(&second, &mut found);
        assert_eq!((found.logs, found.lost), (3 - lost, lost));
        let mut told_late = Found::default();
        add_losses(&first, &mut told_late);
        assert_eq!(told_late.lost, lost, "nothing is told of when nobody listens any more");
        drop(held);
    });
}

/// Threads wake a fiber while another one polls it: whenever a poll is told when it was woken, that is the time
/// of a wake, whole; and a wake that happened before a poll, and after all others, is found.
#[test]
fn waking_against_poll() {
    loom::model(|| {
        let woken = Arc::new(Woken::not_yet());
        assert_eq!(woken.poll(), None);
        let wake = |time: u64| {
            let woken = Arc::clone(&woken);
            thread::spawn(move || woken.note(|| Some(time)))
        };
        let (one, two) = (wake(10), wake(20));
        let found = woken.poll();
        assert!(matches!(found, None | Some(10 | 20)), "{found:?}");
        one.join().unwrap();
        two.join().unwrap();
        let later = woken.poll();
        assert!(matches!(later, None | Some(10 | 20)), "{later:?}");
        // Nobody wakes it at the same time.
        woken.note(|| Some(30));
        woken.note(|| panic!("it was woken"));
        assert_eq!(woken.poll(), Some(30));
        assert_eq!(woken.poll(), None);
    });
}
