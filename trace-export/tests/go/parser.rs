//! A reader of Go's execution trace that accepts what Go's own parser accepts, of the events that are
//! exported, and panics otherwise.
//!
//! As Go does, it takes the earliest event of all threads that fits the states of goroutines and
//! processors. An event that does not fit yet, by its sequence number, waits for others; everything else
//! that does not fit is an error.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

const NO_THREAD: u64 = u64::MAX;

/// What is needed to take an event, and what it tells, in order. `None` stands for no event.
const NUMBERS: [Option<usize>; 53] = {
    let mut numbers = [None; 53];
    numbers[10] = Some(2);
    numbers[11] = Some(0);
    numbers[13] = Some(2);
    numbers[14] = Some(3);
    numbers[16] = Some(2);
    numbers[17] = Some(0);
    numbers[19] = Some(2);
    numbers[20] = Some(2);
    numbers[21] = Some(3);
    numbers[40] = Some(4);
    numbers[41] = Some(2);
    numbers[42] = Some(3);
    numbers[43] = Some(3);
    numbers[44] = Some(4);
    numbers[48] = Some(4);
    numbers
};

/// What a trace tells, by the order in which Go takes its events.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The names of goroutines by number.
    pub(crate) goroutines: BTreeMap<u64, String>,
    /// A line per event that is not about processors.
    pub(crate) lines: Vec<String>,
    /// How many processors there are.
    pub(crate) processors: usize,
    /// How many batches of events there are.
    pub(crate) batches: usize,
    pub(crate) wall_ns: u64,
}

#[derive(Debug)]
struct Event {
    kind: u8,
    time: u64,
    numbers: Vec<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Runnable,
    Running,
    Waiting,
}

#[derive(Debug)]
struct Goroutine {
    status: Status,
    sequence: u64,
    regions: Vec<(u64, String)>,
}

#[derive(Debug, Default)]
struct Machine {
    processor: Option<u64>,
    goroutine: Option<u64>,
}

#[derive(Default)]
struct Parser {
    strings: HashMap<u64, String>,
    /// The function, the file and the line, as numbers of strings.
    stacks: HashMap<u64, [u64; 3]>,
    machines: HashMap<u64, Machine>,
    /// Whether it runs, and its sequence number.
    processors: HashMap<u64, (bool, u64)>,
    goroutines: HashMap<u64, Goroutine>,
    tasks: HashSet<u64>,
    /// The parents of tasks that have begun.
    parents: HashMap<u64, u64>,
    told: Told,
}

fn number(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        assert!(shift < 64, "a number of more than ten bytes");
        let (first, rest) = bytes.split_first().expect("a number that ends");
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return value;
        }
    }
    unreachable!()
}

fn byte(bytes: &mut &[u8]) -> u8 {
    let (first, rest) = bytes.split_first().expect("a byte more");
    *bytes = rest;
    *first
}

/// Reads a file.
pub(crate) fn parse(file: &[u8]) -> Told {
    let mut rest = file.strip_prefix(b"go 1.26 trace\0\0\0").expect("the header");
    let mut parser = Parser::default();
    let mut events: BTreeMap<u64, Vec<Event>> = BTreeMap::new();
    let mut frames: HashMap<u64, [u64; 3]> = HashMap::new();
    let mut synced = false;
    loop {
        match byte(&mut rest) {
            1 => {}
            52 => break,
            other => panic!("expected a batch, found {other}"),
        }
        assert_eq!(number(&mut rest), 1, "the generation");
        let (thread, begin, len) = (number(&mut rest), number(&mut rest), number(&mut rest));
        assert!(begin > 0 && len > 0 && len <= 65_536, "a batch of {len} bytes at {begin}");
        let (mut data, behind) = rest.split_at(len as usize);
        rest = behind;
        match data[0] {
            50 => {
                assert!(!std::mem::replace(&mut synced, true));
                assert_eq!((begin, &data[1..7]), (1, &[8, 0x80, 0x94, 0xeb, 0xdc, 3][..]));
                data = &data[7..];
                assert_eq!((byte(&mut data), number(&mut data), number(&mut data)), (51, 0, 1));
                parser.told.wall_ns = number(&mut data) * 1_000_000_000 + number(&mut data);
                assert!(data.is_empty());
            }
            4 => {
                assert_eq!((thread, begin), (NO_THREAD, 1));
                byte(&mut data);
                while !data.is_empty() {
                    assert_eq!(byte(&mut data), 5);
                    let (id, len) = (number(&mut data), number(&mut data) as usize);
                    assert!(id > 0 && len <= 1024, "a string of {len} bytes");
                    let text = String::from_utf8(data[..len].to_vec()).expect("UTF-8");
                    assert!(parser.strings.insert(id, text).is_none(), "string {id} twice");
                    data = &data[len..];
                }
            }
            2 => {
                assert_eq!((thread, begin), (NO_THREAD, 1));
                byte(&mut data);
                while !data.is_empty() {
                    assert_eq!(byte(&mut data), 3);
                    let (id, count) = (number(&mut data), number(&mut data));
                    assert!(id > 0 && count == 1);
                    let address = number(&mut data);
                    let frame = [0; 3].map(|_| number(&mut data));
                    // Go keeps the first frame at an address, whatever stands in others.
                    assert!(frames.insert(address, frame).is_none(), "address {address} twice");
                    assert!(parser.stacks.insert(id, frame).is_none(), "stack {id} twice");
                }
            }
            _ => {
                parser.told.batches += 1;
                let of_thread = events.entry(thread).or_default();
                let last = of_thread.last().map_or(0, |event| event.time);
                assert!(begin >= last, "batches of thread {thread} do not ascend");
                let mut time = begin;
                while !data.is_empty() {
                    let kind = byte(&mut data);
                    let count = NUMBERS.get(usize::from(kind)).copied().flatten();
                    let count = count.unwrap_or_else(|| panic!("an event of kind {kind}"));
                    time += number(&mut data);
                    let numbers = (0..count).map(|_| number(&mut data)).collect();
                    of_thread.push(Event { kind, time, numbers });
                }
            }
        }
    }
    assert!(rest.is_empty() && synced);
    parser.strings.insert(0, String::new());
    for frame in parser.stacks.values() {
        assert!(parser.strings.contains_key(&frame[0]) && parser.strings.contains_key(&frame[1]));
    }
    parser.run(events);
    parser.told
}

impl Parser {
    fn run(&mut self, events: BTreeMap<u64, Vec<Event>>) {
        let mut threads: BTreeMap<u64, VecDeque<Event>> =
            events.into_iter().map(|(id, events)| (id, events.into())).collect();
        let mut next: BTreeSet<(u64, u64)> =
            threads.iter().map(|(id, events)| (events[0].time, *id)).collect();
        while !next.is_empty() {
            let fits = next.iter().find(|(_, id)| self.take(*id, &threads[id][0]));
            let Some((time, id)) = fits.copied() else {
                let waiting = next.iter().map(|(_, id)| (id, &threads[id][0]));
                panic!("no event fits: {:?}", waiting.collect::<Vec<_>>())
            };
            next.remove(&(time, id));
            let events = threads.get_mut(&id).expect("it has events");
            events.pop_front();
            next.extend(events.front().map(|event| (event.time, id)));
        }
    }

    /// Takes an event if it fits.
    fn take(&mut self, thread: u64, event: &Event) -> bool {
        let machine = self.machines.entry(thread).or_default();
        let numbers = &event.numbers;
        let tell = |told: &mut Told, text: String| {
            told.lines.push(format!("{} M{thread} {text}", event.time));
        };
        let reason = |at: usize, strings: &HashMap<u64, String>| {
            strings.get(&numbers[at]).unwrap_or_else(|| panic!("no string {event:?}")).clone()
        };
        // Which of the numbers are stacks.
        let stacks: &[usize] = match event.kind {
            14 => &[1, 2],
            19 | 20 | 41 => &[1],
            21 | 42 | 43 => &[2],
            40 | 44 | 48 => &[3],
            _ => &[],
        };
        for at in stacks {
            let stack = numbers[*at];
            assert!(stack == 0 || self.stacks.contains_key(&stack), "no stack {event:?}");
        }
        let name = |stack: u64| self.strings[&self.stacks[&stack][0]].clone();
        let needs_goroutine = !matches!(event.kind, 10 | 11 | 13 | 14 | 16 | 21 | 48);
        match event.kind {
            10 => {
                let Some((runs, sequence)) = self.processors.get_mut(&numbers[0]) else {
                    return false;
                };
                if *runs || numbers[1] != *sequence + 1 || machine.processor.is_some() {
                    return false;
                }
                assert_eq!(machine.goroutine, None);
                (*runs, *sequence, machine.processor) = (true, numbers[1], Some(numbers[0]));
                return true;
            }
            11 => {
                let processor = machine.processor.take().expect("a processor");
                assert_eq!(machine.goroutine, None, "a goroutine is left without a processor");
                self.processors.get_mut(&processor).expect("it exists").0 = false;
                return true;
            }
            13 => {
                assert_eq!(numbers[1], 2, "a processor that is not idle");
                assert!(self.processors.insert(numbers[0], (false, 0)).is_none());
                self.told.processors += 1;
                return true;
            }
            14 | 48 => {
                let (status, stack) = match event.kind {
                    14 => (Status::Runnable, numbers[1]),
                    _ => {
                        assert_eq!((numbers[1], numbers[2]), (NO_THREAD, 4));
                        (Status::Waiting, numbers[3])
                    }
                };
                assert!(machine.processor.is_some());
                assert!(stack != 0, "a goroutine without a name");
                let goroutine = Goroutine { status, sequence: 0, regions: Vec::new() };
                assert!(self.goroutines.insert(numbers[0], goroutine).is_none());
                self.told.goroutines.insert(numbers[0], name(stack));
                let (from, verb) =
                    (machine.goroutine, if event.kind == 14 { "creates" } else { "finds" });
                let from = from.map_or(String::from("nobody"), |from| format!("G{from}"));
                tell(&mut self.told, format!("{from} {verb} G{}", numbers[0]));
                return true;
            }
            16 => {
                let Some(goroutine) = self.goroutines.get_mut(&numbers[0]) else { return false };
                if goroutine.status != Status::Runnable || numbers[1] != goroutine.sequence + 1 {
                    return false;
                }
                assert!(machine.processor.is_some() && machine.goroutine.is_none(), "{event:?}");
                goroutine.status = Status::Running;
                goroutine.sequence += 1;
                machine.goroutine = Some(numbers[0]);
                tell(&mut self.told, format!("G{} starts", numbers[0]));
                return true;
            }
            21 => {
                let Some(goroutine) = self.goroutines.get_mut(&numbers[0]) else { return false };
                if goroutine.status != Status::Waiting || numbers[1] != goroutine.sequence + 1 {
                    return false;
                }
                goroutine.status = Status::Runnable;
                goroutine.sequence += 1;
                let by = machine.goroutine.map_or(String::from("nobody"), |by| format!("G{by}"));
                tell(&mut self.told, format!("{by} unblocks G{}", numbers[0]));
                return true;
            }
            _ => assert!(needs_goroutine),
        }
        assert!(machine.processor.is_some(), "no processor: {event:?}");
        let id = machine.goroutine.unwrap_or_else(|| panic!("no goroutine: {event:?}"));
        let goroutine = self.goroutines.get_mut(&id).expect("it exists");
        assert_eq!(goroutine.status, Status::Running);
        let text = match event.kind {
            17 => {
                machine.goroutine = None;
                self.goroutines.remove(&id);
                String::from("is destroyed")
            }
            19 => {
                (goroutine.status, machine.goroutine) = (Status::Runnable, None);
                format!("stops: {}", reason(0, &self.strings))
            }
            20 => {
                (goroutine.status, machine.goroutine) = (Status::Waiting, None);
                format!("blocks: {}", reason(0, &self.strings))
            }
            40 => {
                assert!(numbers[0] != u64::MAX && self.tasks.insert(numbers[0]), "{event:?}");
                let mut around = numbers[1];
                self.parents.insert(numbers[0], around);
                while around != 0 {
                    assert_ne!(around, numbers[0], "a task is a part of itself");
                    around = self.parents.get(&around).copied().unwrap_or(0);
                }
                let name = reason(2, &self.strings);
                format!("task {} of {} begins: {name:?}", numbers[0], numbers[1])
            }
            41 => {
                self.tasks.remove(&numbers[0]);
                format!("task {} ends", numbers[0])
            }
            42 => {
                let region = (numbers[0], reason(1, &self.strings));
                goroutine.regions.push(region.clone());
                format!("region {:?} of {} begins", region.1, region.0)
            }
            43 => {
                let region = (numbers[0], reason(1, &self.strings));
                if let Some(last) = goroutine.regions.pop() {
                    assert_eq!(last, region, "regions of goroutine {id} do not nest");
                }
                format!("region {:?} of {} ends", region.1, region.0)
            }
            44 => {
                let (category, message) = (reason(1, &self.strings), reason(2, &self.strings));
                format!("log of {}: {category:?} {message:?}", numbers[0])
            }
            kind => panic!("an event of kind {kind}"),
        };
        tell(&mut self.told, format!("G{id} {text}"));
        true
    }
}
