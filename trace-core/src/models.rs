//! Models of every hand-off between threads, run through all orders by loom.
//!
//! They use the real recorder, slots and pool, with chunks so small that a few events fill one.

use loom::thread;
use trace_format::wire::{Cursor, Field};
use trace_format::{BLOCK_HEAD_LEN, CallsiteId, ChunkHead, Event, Overflow, Text, Timed};

use crate::epoch::Epoch;
use crate::memory::Heap;
use crate::pool::Pool;
use crate::recorder::Recorder;
use crate::slot::{Identity, Slot};
use crate::sync::Arc;

/// Fills more than half of a chunk, so that every event needs a chunk of its own.
const LONG: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\
                    0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const SHORT: &str = "short";

/// A pool of a session in which events can take the short way.
fn pool(generation: usize, chunks: usize) -> Arc<Pool> {
    let memory = Heap::new(chunks, 256).unwrap();
    let epoch = Epoch::new(generation, false, true);
    assert!(epoch.has_short_way());
    Arc::new(Pool::new(epoch, Overflow::Drop, Box::new(memory)))
}

/// That of a flight recorder.
fn flight(chunks: usize) -> Arc<Pool> {
    let memory = Heap::new(chunks, 256).unwrap();
    Arc::new(Pool::new(Epoch::new(1, false, true), Overflow::Overwrite, Box::new(memory)))
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
    fn add(&mut self, block: &[u8]) -> u64 {
        let mut input = Cursor::new(&block[BLOCK_HEAD_LEN..]);
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
    while let Some(mut chunk) = pool.take_full() {
        found.add(pool.block_of(&mut chunk));
        pool.give_back(chunk);
    }
}

fn add_losses(pool: &Pool, found: &mut Found) {
    found.lost += pool.take_losses().iter().map(|loss| loss.count).sum::<u64>();
}

/// Chunks go round between a thread and the drainer; what does not fit is counted.
#[test]
fn hand_off() {
    loom::model(|| {
        let recorder = Arc::new(Recorder::new());
        let pool = pool(1, 2);
        recorder.start(Arc::clone(&pool));
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
        recorder.stop(&pool);
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
        recorder.start(Arc::clone(&pool));
        let emitter = {
            let recorder = Arc::clone(&recorder);
            thread::spawn(move || {
                let slot = recorder.adopt(identity(1));
                (0..2).map(|_| u64::from(log(&recorder, &slot, SHORT))).sum::<u64>()
            })
        };
        recorder.stop(&pool);
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
        recorder.start(Arc::clone(&pool));
        let emitter = {
            let recorder = Arc::clone(&recorder);
            thread::spawn(move || {
                let slot = recorder.adopt(identity(1));
                let recorded = u64::from(log(&recorder, &slot, SHORT));
                recorder.retire(&slot);
                recorded
            })
        };
        recorder.stop(&pool);
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
        recorder.start(Arc::clone(&first));
        let emitter = {
            let recorder = Arc::clone(&recorder);
            thread::spawn(move || {
                let slot = recorder.adopt(identity(1));
                (0..2).map(|_| u64::from(log(&recorder, &slot, SHORT))).sum::<u64>()
            })
        };
        recorder.stop(&first);
        recorder.start(Arc::clone(&second));
        let recorded = emitter.join().unwrap();
        recorder.stop(&second);
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
        recorder.start(Arc::clone(&pool));
        let slot = recorder.adopt(identity(1));
        assert!(log(&recorder, &slot, LONG));
        let emitter = {
            let recorder = Arc::clone(&recorder);
            thread::spawn(move || (0..2).filter(|_| log(&recorder, &slot, LONG)).count())
        };
        for (at, _) in pool.sightings() {
            if let Some(copied) = pool.copy(at) {
                let mut found = Found::default();
                if copied.block.len() > BLOCK_HEAD_LEN {
                    assert_eq!(found.add(&copied.block), copied.sequence);
                    assert!(found.logs <= 1 && found.lost <= 1, "{found:?}");
                }
            }
        }
        assert_eq!(emitter.join().unwrap(), 2);
        recorder.stop(&pool);
        let mut found = Found::default();
        let mut chunks = 0;
        while let Some(mut chunk) = pool.take_full() {
            found.add(pool.block_of(&mut chunk));
            pool.give_back(chunk);
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
        recorder.start(Arc::clone(&pool));
        let slot = recorder.adopt(identity(1));
        assert!(log(&recorder, &slot, SHORT));
        let emitter = {
            let recorder = Arc::clone(&recorder);
            thread::spawn(move || {
                assert!(log(&recorder, &slot, SHORT));
                recorder.retire(&slot);
            })
        };
        let copied: Vec<_> = pool.sightings().filter_map(|(at, _)| pool.copy(at)).collect();
        let mut found = Found::default();
        copied.iter().for_each(|copied| _ = found.add(&copied.block));
        assert!((1..=2).contains(&found.logs), "what had returned before is there: {found:?}");
        emitter.join().unwrap();
        recorder.stop(&pool);
        let mut found = Found::default();
        drain(&pool, &mut found);
        assert_eq!(found, Found { logs: 2, lost: 0 });
    });
}
