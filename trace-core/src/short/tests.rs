//! Random events on both ways: they write the same bytes.

use trace_format::{Overflow, TaskId, Text, Value as Field, Values};

use super::*;
use crate::epoch::Epoch;
use crate::memory::Heap;
use crate::pool::Pool;
use crate::slot::Identity;
use crate::sync::Arc;
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
        let mut pen = Pen::new(Identity { number: 1, ..Identity::NOBODY });
        pen.attach(Arc::clone(&pool));
        Self { pen, pool }
    }

    /// All that was written.
    fn finish(mut self) -> Vec<Vec<u8>> {
        self.pen.finish(0);
        let mut chunks = Vec::new();
        while let Some(mut chunk) = self.pool.take_full() {
            chunks.push(self.pool.block_of(&mut chunk).to_vec());
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

#[test]
fn both_ways_write_the_same_bytes() {
    if !is_possible() {
        return;
    }
    let (mut short, mut long) = (Desk::new(), Desk::new());
    let mut numbers = Numbers(1);
    let (mut now, mut tries, mut taken) = (1 << 50, 0, 0);
    for _ in 0..30_000 {
        now += numbers.any(44);
        let callsite = 1 + (numbers.next() % 3) as u16;
        let id = CallsiteId(callsite.into());
        let context = Context::of(TaskId(numbers.any(3)));
        let text = &"What it may be, and not more."[..(numbers.next() % 29) as usize];
        let (a, b) = (numbers.any(40), numbers.any(20) as i64 - 1000);
        let args = [Value::U64(a), Value::I64(b), Value::Str(text), Value::F64(0.5)];
        let args = &args[..(numbers.next() % 5) as usize];
        let (first, second) = (&mut short.pen, &mut long.pen);
        let done = match numbers.next() % 8 {
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
                    [] => pen.region_begin_in(callsite.into(), now, context),
                    _ => pen.region_begin_with(callsite.into(), now, context, encoded.values()),
                };
                long_way(second);
                let done = first.region_begin_with_shortly(callsite, now, context, args);
                if done.is_none() {
                    long_way(first);
                }
                done
            }
            4 => {
                let (task, parent) = (TaskId(numbers.any(30)), context.task());
                let begin = || Event::TaskBegin { callsite: id, task, parent };
                let encoded = Encoded::new(args);
                let long_way = |pen: &mut Pen| match args {
                    [] => pen.put(now, begin()),
                    _ => {
                        let values: Values<'_> = encoded.values();
                        pen.put_all(now, [begin(), Event::TaskArgs { values }]);
                    }
                };
                long_way(second);
                let done = first.put_shortly(now, begin(), args);
                if done.is_none() {
                    long_way(first);
                }
                done
            }
            5 => {
                let (task, age) = (TaskId(numbers.any(30)), numbers.any(50));
                let end = || Event::TaskEnd { callsite: id, task, parent: context.task(), age };
                second.put(now, end());
                let done = first.put_shortly(now, end(), &[]);
                if done.is_none() {
                    first.put(now, end());
                }
                done
            }
            6 => {
                let log = || Event::Log { callsite: id, message: Text::new(text) };
                second.put(now, log());
                let done = first.put_text_shortly(now, log(), text.len());
                if done.is_none() {
                    first.put(now, log());
                }
                done
            }
            _ => {
                let count = || Event::Counter { callsite: id, value: Field::I64(b) };
                second.put(now, count());
                let done = first.put_shortly(now, count(), &[]);
                if done.is_none() {
                    first.put(now, count());
                }
                done
            }
        };
        first.commit();
        second.commit();
        tries += 1;
        taken += u32::from(done.is_some());
    }
    assert!(taken * 2 > tries, "{taken} of {tries}");
    assert!(taken < tries, "the long way was never taken");
    assert_eq!(short.finish(), long.finish());
}
