//! Reads Perfetto's format as `trace_processor` does: packets of all sequences are put in the order of their
//! times, and what begins on a track is ended there by the next end.

use std::collections::{BTreeMap, HashMap};
use std::io::Read as _;

use prost::Message;

#[derive(Clone, PartialEq, Message)]
struct Trace {
    #[prost(message, repeated, tag = "1")]
    packets: Vec<Packet>,
}

#[derive(Clone, PartialEq, Message)]
struct Packet {
    #[prost(message, optional, tag = "6")]
    clocks: Option<Clocks>,
    #[prost(uint64, tag = "8")]
    timestamp: u64,
    #[prost(uint32, tag = "10")]
    sequence: u32,
    #[prost(message, optional, tag = "11")]
    event: Option<Event>,
    #[prost(message, optional, tag = "12")]
    interned: Option<InternedData>,
    #[prost(uint32, tag = "13")]
    flags: u32,
    #[prost(bytes = "vec", tag = "50")]
    compressed: Vec<u8>,
    #[prost(uint32, tag = "58")]
    clock: u32,
    #[prost(message, optional, tag = "59")]
    defaults: Option<Defaults>,
    #[prost(message, optional, tag = "60")]
    track: Option<Track>,
}

#[derive(Clone, PartialEq, Message)]
struct Clocks {
    #[prost(message, repeated, tag = "1")]
    clocks: Vec<Clock>,
}

#[derive(Clone, PartialEq, Message)]
struct Clock {
    #[prost(uint32, tag = "1")]
    id: u32,
    #[prost(uint64, tag = "2")]
    ns: u64,
}

#[derive(Clone, PartialEq, Message)]
struct Defaults {
    #[prost(message, optional, tag = "11")]
    event: Option<Event>,
    #[prost(uint32, tag = "58")]
    clock: u32,
}

#[derive(Clone, PartialEq, Message)]
struct InternedData {
    #[prost(message, repeated, tag = "1")]
    categories: Vec<Interned>,
    #[prost(message, repeated, tag = "2")]
    names: Vec<Interned>,
}

#[derive(Clone, PartialEq, Message)]
struct Interned {
    #[prost(uint64, tag = "1")]
    iid: u64,
    #[prost(string, tag = "2")]
    name: String,
}

/// A track.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Track {
    #[prost(uint64, tag = "1")]
    pub(crate) uuid: u64,
    #[prost(string, tag = "2")]
    pub(crate) name: String,
    #[prost(message, optional, tag = "3")]
    pub(crate) process: Option<Process>,
    #[prost(message, optional, tag = "4")]
    pub(crate) thread: Option<Thread>,
    #[prost(uint64, tag = "5")]
    pub(crate) parent: u64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Process {
    #[prost(int32, tag = "1")]
    pub(crate) pid: i32,
    #[prost(string, tag = "6")]
    pub(crate) name: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Thread {
    #[prost(int64, tag = "2")]
    pub(crate) tid: i64,
    #[prost(string, tag = "5")]
    pub(crate) name: String,
}

#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(uint64, repeated, packed = "false", tag = "3")]
    categories: Vec<u64>,
    #[prost(message, repeated, tag = "4")]
    annotations: Vec<Annotation>,
    #[prost(int32, tag = "9")]
    kind: i32,
    #[prost(uint64, optional, tag = "10")]
    name_iid: Option<u64>,
    #[prost(uint64, tag = "11")]
    track: u64,
    #[prost(string, tag = "23")]
    name: String,
    #[prost(int64, optional, tag = "30")]
    counter: Option<i64>,
    #[prost(double, optional, tag = "44")]
    double_counter: Option<f64>,
    #[prost(fixed64, repeated, packed = "false", tag = "47")]
    flows: Vec<u64>,
    #[prost(fixed64, repeated, packed = "false", tag = "48")]
    last_flows: Vec<u64>,
}

#[derive(Clone, PartialEq, Message)]
struct Annotation {
    #[prost(string, tag = "10")]
    name: String,
    #[prost(bool, optional, tag = "2")]
    flag: Option<bool>,
    #[prost(uint64, optional, tag = "3")]
    unsigned: Option<u64>,
    #[prost(int64, optional, tag = "4")]
    signed: Option<i64>,
    #[prost(double, optional, tag = "5")]
    double: Option<f64>,
    #[prost(string, optional, tag = "6")]
    text: Option<String>,
}

/// A slice, or an instant.
#[derive(Clone, Debug)]
pub(crate) struct Slice {
    pub(crate) track: u64,
    pub(crate) name: String,
    pub(crate) category: String,
    pub(crate) begin: u64,
    /// `None` when it does not end.
    pub(crate) end: Option<u64>,
    pub(crate) is_instant: bool,
    /// Spelled as Rust does.
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) flows: Vec<u64>,
}

/// What a file tells.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) tracks: HashMap<u64, Track>,
    pub(crate) slices: Vec<Slice>,
    pub(crate) counters: Vec<(u64, f64)>,
    /// The tracks with an end while nothing is open.
    pub(crate) ends_of_nothing: Vec<u64>,
    /// Of the monotonic and the wall clock, read together.
    pub(crate) clocks: Vec<(u64, u64)>,
}

#[derive(Default)]
struct Sequence {
    names: HashMap<u64, String>,
    categories: HashMap<u64, String>,
    track: u64,
    now: u64,
}

/// Reads a file. Panics at whatever is not as Perfetto demands.
pub(crate) fn read(file: &[u8]) -> Read {
    let mut packets = Vec::new();
    for packet in Trace::decode(file).unwrap().packets {
        assert!(!packet.compressed.is_empty(), "all packets are in compressed blocks");
        let mut bytes = Vec::new();
        flate2::read::ZlibDecoder::new(&*packet.compressed).read_to_end(&mut bytes).unwrap();
        packets.extend(Trace::decode(&*bytes).unwrap().packets);
    }
    let mut read = Read::default();
    let mut sequences: HashMap<u32, Sequence> = HashMap::new();
    let mut events = Vec::new();
    for packet in packets {
        if let Some(track) = packet.track {
            let told = read.tracks.insert(track.uuid, track);
            assert_eq!(told, None, "each track is told of once");
            continue;
        }
        if packet.flags & 1 == 1 {
            let (defaults, event) =
                packet.defaults.clone().and_then(|d| Some((d.clock, d.event?))).unwrap();
            assert_eq!(defaults, 64);
            let begun = Sequence { track: event.track, ..Sequence::default() };
            assert!(
                sequences.insert(packet.sequence, begun).is_none(),
                "each sequence begins once"
            );
        }
        if let Some(Clocks { clocks }) = packet.clocks {
            match &clocks[..] {
                [Clock { id: 3, ns }, Clock { id: 1, ns: wall }] => read.clocks.push((*ns, *wall)),
                [Clock { id: 3, ns }, Clock { id: 64, ns: start }] => {
                    assert_eq!(ns, start);
                    sequences.get_mut(&packet.sequence).unwrap().now = *start;
                }
                [Clock { id: 3, .. }] => {}
                clocks => panic!("{clocks:?}"),
            }
            continue;
        }
        let sequence = sequences.get_mut(&packet.sequence).unwrap();
        if let Some(interned) = packet.interned {
            sequence.names.extend(interned.names.into_iter().map(|i| (i.iid, i.name)));
            sequence.categories.extend(interned.categories.into_iter().map(|i| (i.iid, i.name)));
        }
        let Some(event) = packet.event else { continue };
        let time = match packet.clock {
            0 => {
                sequence.now += packet.timestamp;
                sequence.now
            }
            clock => {
                assert_eq!(clock, 3);
                packet.timestamp
            }
        };
        let name = match event.name_iid {
            Some(iid) => sequence.names[&iid].clone(),
            None => event.name.clone(),
        };
        let category = event.categories.first().map(|iid| sequence.categories[iid].clone());
        let track = if event.track == 0 { sequence.track } else { event.track };
        events.push((time, track, name, category.unwrap_or_default(), event));
    }
    for track in read.tracks.values() {
        assert!(track.parent == 0 || read.tracks.contains_key(&track.parent), "{track:?}");
    }
    for (_, track, ..) in &events {
        assert!(read.tracks.contains_key(track), "track {track} was not told of");
    }
    events.sort_by_key(|(time, ..)| *time);
    read.put_together(events);
    read
}

impl Read {
    fn put_together(&mut self, events: Vec<(u64, u64, String, String, Event)>) {
        let mut open: HashMap<u64, Vec<usize>> = HashMap::new();
        for (time, track, name, category, event) in events {
            let annotations = event.annotations.into_iter().map(spelled);
            match event.kind {
                kind @ (1 | 3) => {
                    let is_instant = kind == 3;
                    if !is_instant {
                        open.entry(track).or_default().push(self.slices.len());
                    }
                    self.slices.push(Slice {
                        track,
                        name,
                        category,
                        begin: time,
                        end: None,
                        is_instant,
                        annotations: annotations.collect(),
                        flows: [event.flows, event.last_flows].concat(),
                    });
                }
                2 => {
                    let Some(at) = open.get_mut(&track).and_then(Vec::pop) else {
                        self.ends_of_nothing.push(track);
                        continue;
                    };
                    self.slices[at].end = Some(time);
                    self.slices[at].annotations.extend(annotations);
                }
                4 => {
                    let value = event.double_counter.or(event.counter.map(|value| value as f64));
                    self.counters.push((track, value.unwrap()));
                }
                kind => panic!("{kind}"),
            }
        }
    }

    /// The names of a track and of those above it, from the top.
    pub(crate) fn path(&self, track: u64) -> Vec<String> {
        let mut path = Vec::new();
        let mut at = Some(&self.tracks[&track]);
        while let Some(track) = at {
            let process = track.process.as_ref().map(|process| &process.name);
            let thread = track.thread.as_ref().map(|thread| &thread.name);
            path.insert(0, process.or(thread).unwrap_or(&track.name).clone());
            assert!(path.len() < 10_000, "tracks are above each other in a circle");
            at = self.tracks.get(&track.parent);
        }
        path
    }

    /// The slices of a category that end, by name: how many, and how long they are together.
    pub(crate) fn sums(&self, category: &str) -> BTreeMap<String, (u64, u128)> {
        let mut sums = BTreeMap::new();
        for slice in self.slices.iter().filter(|slice| slice.category == category) {
            let Some(end) = slice.end else { continue };
            if slice.annotations.contains_key("lost") {
                continue;
            }
            let (count, total) = sums.entry(slice.name.clone()).or_insert((0, 0));
            *count += u64::from(!slice.annotations.contains_key("rest"));
            *total += u128::from(end - slice.begin);
        }
        sums
    }
}

fn spelled(annotation: Annotation) -> (String, String) {
    let Annotation { name, flag, unsigned, signed, double, text } = annotation;
    let value = flag.map(|v| v.to_string());
    let value = value.or(unsigned.map(|v| v.to_string())).or(signed.map(|v| v.to_string()));
    let value = value.or(double.map(|v| v.to_string())).or(text);
    (name, value.expect("an annotation has a value"))
}
