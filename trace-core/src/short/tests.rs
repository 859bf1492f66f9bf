//! Random events on both ways: they write the same bytes.

use trace_format::{CallsiteId, Overflow, TaskId, Text, Value as Field};

use super::*;
use crate::epoch::Epoch;
use crate::memory::Heap;
use crate::output::Chunk;
use crate::pool::Pool;
use crate::recorder::Target;
use crate::slot::Identity;
use crate::sync::Arc;
use crate::untold::{Counts, Side};
use crate::value::Encoded;

/// A pen in a session of its own, and where its chunks go.
struct Desk {
    pen: Pen,
    pool: Arc<Pool>,
}

impl Desk {
    fn new() -> Self {
        let memory = Heap::new(256, 4096).unwrap();
        let epoch = Epoch::new(1, false, true);
        let pool = Arc::new(Pool::new(epoch, Overflow::Drop, Box::new(memory)));
        let counts = Arc::new(Counts::new(1));
        let mut pen = Pen::new(Identity { number: 1, ..Identity::NOBODY }, counts);
        let (epoch, side) = (pool.recording, Side::FIRST);
        pen.attach(&Target { epoch, pool: Arc::clone(&pool), side });
        Self { pen, pool }
    }

    /// All that was written.
    fn finish(mut self) -> Vec<Vec<u8>> {
        self.pen.finish(true);
        let mut chunks = Vec::new();
        while let Some(chunk) = self.pool.take_full() {
            chunks.push(chunk.payload().to_vec());
        }
        chunks
    }
}

/// Random numbers, the same every time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.0 >> 33
    }

    /// One of any length in bytes.
    fn any(&mut self, most_bits: u64) -> u64 {
        let bits = self.next() % (most_bits + 1);
        (self.next() << 31 ^ self.next()) & ((1 << bits) - 1)
    }
}

/// How many kinds of events there are here.
const KINDS: usize = 13;

#[test]
fn both_ways_write_the_same_bytes() {
    if !is_possible() {
        return;
    }
    let (mut short, mut long) = (Desk::new(), Desk::new());
    let mut numbers = Numbers(1);
    let (mut now, mut taken) = (1 << 50, [[0; 2]; KINDS]);
    let (mut tasks, mut keys, mut next_task) = (Vec::new(), Vec::new(), 100);
    for _ in 0..30_000 {
        now += numbers.any(44);
        let callsite = 1 + (numbers.next() % 3) as u16;
        let id = CallsiteId(callsite.into());
        let in_task = TaskId(numbers.any(3));
        let text = &"What it may be, and not more."[..(numbers.next() % 29) as usize];
        let (a, b) = (numbers.any(40), numbers.any(20) as i64 - 1000);
        let args = [Value::U64(a), Value::I64(b), Value::Str(text), Value::F64(0.5)];
        let args = &args[..(numbers.next() % 5) as usize];
        let (first, second) = (&mut short.pen, &mut long.pen);
        let kind = numbers.next() as usize % KINDS;
        let done = match kind {
            0 => {
                second.region_begin(callsite.into(), now);
                let done = first.region_begin_shortly(callsite, now);
                if done.is_none() {
                    first.region_begin(callsite.into(), now);
                }
                done
            }
            1 | 2 => {
                second.region_end(callsite.into(), now);
                let done = first.region_end_shortly(callsite, now);
                if done.is_none() {
                    first.region_end(callsite.into(), now);
                }
                done
            }
            3 => {
                let encoded = Encoded::new(args);
                let long_way = |pen: &mut Pen| match args {
                    [] => pen.region_begin_in(callsite.into(), now, in_task),
                    _ => pen.region_begin_with(callsite.into(), now, in_task, encoded.values()),
                };
                long_way(second);
                let done = first.region_begin_with_shortly(callsite, now, in_task, args);
                if done.is_none() {
                    long_way(first);
                }
                done
            }
            4 => {
                let encoded = (!args.is_empty()).then(|| Encoded::new(args));
                let long_way = |pen: &mut Pen| {
                    pen.begin_entered(callsite.into(), in_task, encoded.as_ref(), now)
                };
                // No id comes twice, and they grow long in the end.
                next_task += 1 + if numbers.next() % 99 == 0 { numbers.any(30) } else { 0 };
                (first.tasks, second.tasks) = (next_task..next_task + 1, next_task..next_task + 1);
                let task = long_way(second);
                tasks.push(task);
                let done = first.begin_entered_shortly(callsite, now, in_task, args);
                assert_eq!(done.unwrap_or_else(|| long_way(first)), task);
                done.map(drop)
            }
            5 => {
                // Usually the last one, which is what the short way is for.
                let at = if numbers.next() % 8 == 0 { 0 } else { tasks.len().saturating_sub(1) };
                let task = if tasks.is_empty() { TaskId(77) } else { tasks.remove(at) };
                second.end_entered(callsite.into(), task, now);
                let done = first.end_entered_shortly(callsite, now, task);
                if done.is_none() {
                    first.end_entered(callsite.into(), task, now);
                }
                done
            }
            6 => {
                let (task, age) = (TaskId(numbers.any(30)), numbers.any(50));
                let end = || Event::TaskEnd { callsite: id, task, parent: in_task, age };
                second.put(now, end());
                let done = first.put_shortly(now, end());
                if done.is_none() {
                    first.put(now, end());
                }
                done
            }
            7 => {
                let key = second.enter(in_task, now);
                let done = first.enter_shortly(in_task, now);
                assert_eq!(done.unwrap_or_else(|| first.enter(in_task, now)), key);
                keys.push(key);
                done.map(drop)
            }
            8 => {
                let at = if numbers.next() % 8 == 0 { 0 } else { keys.len().saturating_sub(1) };
                let key = if keys.is_empty() { EntryKey::NONE } else { keys.remove(at) };
                second.leave(key, now);
                let done = first.leave_shortly(key, now);
                if done.is_none() {
                    first.leave(key, now);
                }
                done
            }
            9 => {
                let log = || Event::Log { callsite: id, message: Text::new(text) };
                second.put(now, log());
                let done = first.put_text_shortly(now, log(), text.len());
                if done.is_none() {
                    first.put(now, log());
                }
                done
            }
            10 => {
                let (fiber, waited) = (FiberId(numbers.any(60)), numbers.any(40));
                second.poll_begin(callsite.into(), fiber, waited, in_task, now);
                let known = (callsite, fiber, &Written::new(callsite, fiber));
                let done = first.poll_begin_shortly(known, waited, in_task, now);
                if done.is_none() {
                    first.poll_begin(callsite.into(), fiber, waited, in_task, now);
                }
                done
            }
            11 => {
                let fiber = FiberId(numbers.any(60));
                second.put(now, Event::Wake { fiber });
                let done = first.wake_shortly(&Written::new(callsite, fiber), now);
                if done.is_none() {
                    first.put(now, Event::Wake { fiber });
                }
                done
            }
            _ => {
                let count = || Event::Counter { callsite: id, value: Field::I64(b) };
                second.put(now, count());
                let done = first.put_shortly(now, count());
                if done.is_none() {
                    first.put(now, count());
                }
                done
            }
        };
        first.commit();
        second.commit();
        taken[kind][usize::from(done.is_some())] += 1;
    }
    for (kind, taken) in taken.iter().enumerate() {
        assert!(taken.iter().all(|&times| times > 100), "{kind}: long and short {taken:?}");
    }
    let (short, long) = (short.finish(), long.finish());
    assert_eq!(short.len(), long.len());
    for (at, (short, long)) in short.iter().zip(&long).enumerate() {
        let differs = short.iter().zip(long).position(|(short, long)| short != long);
        assert!(short == long, "chunk {at} differs at {differs:?}");
    }
}
