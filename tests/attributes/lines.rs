//! What a call of annotated code recorded, a line per begin and end, straight from the events.

use std::collections::HashMap;

use trace_format::wire::{Cursor, Field};
use trace_format::{BlockType, Callsite, CallsiteId, ChunkHead, Event, Stretch, Stretches, Timed};

use crate::recorded::turn;

/// What a call recorded: its result, a line per begin and end, and the callsites.
pub(crate) struct Recorded<R> {
    pub(crate) result: R,
    pub(crate) lines: Vec<String>,
    pub(crate) callsites: HashMap<CallsiteId, Callsite<'static>>,
}

pub(crate) fn record<R>(work: impl FnOnce() -> R) -> Recorded<R> {
    let turn = turn();
    let (result, bytes) = trace::capture(work);
    drop(turn);
    let bytes: &'static [u8] = bytes.leak();
    let blocks = || {
        Stretches::new(bytes, trace_format::MAGIC.len()).map(|stretch| match stretch {
            Stretch::Block { head, payload, .. } => (head.block_type, Cursor::new(payload)),
            Stretch::Junk { offset, .. } => panic!("junk at {offset}"),
        })
    };
    let mut callsites = HashMap::new();
    for (_, mut input) in blocks().filter(|(block_type, _)| *block_type == BlockType::Callsites) {
        while !input.is_empty() {
            let callsite = Callsite::decode(&mut input, Callsite::SHAPE).unwrap();
            callsites.insert(callsite.id, callsite);
        }
    }
    let mut lines = Vec::new();
    for (_, mut input) in blocks().filter(|(block_type, _)| *block_type == BlockType::Chunk) {
        ChunkHead::decode(&mut input, ChunkHead::SHAPE).unwrap();
        print_events(input, &callsites, &mut lines);
    }
    Recorded { result, lines, callsites }
}

fn print_events(
    mut input: Cursor<'static>,
    callsites: &HashMap<CallsiteId, Callsite<'static>>,
    lines: &mut Vec<String>,
) {
    let mut open = Vec::new();
    let mut begun = None;
    while !input.is_empty() {
        match Timed::decode(&mut input).unwrap().event {
            Event::RegionBegin { callsite } => {
                open.push(callsite);
                begun = Some(callsite);
                lines.push(format!("region {}", callsites[&callsite].name.to_str()));
            }
            Event::TaskBegin { callsite, .. } => {
                begun = Some(callsite);
                lines.push(format!("task {}", callsites[&callsite].name.to_str()));
            }
            Event::RegionArgs { values } | Event::TaskArgs { values } => {
                let line = lines.last_mut().unwrap();
                let keys = &callsites[&begun.unwrap()].keys;
                assert_eq!(keys.len(), values.iter().count());
                for (key, value) in keys.iter().zip(values.iter()) {
                    let value = match value {
                        trace_format::Value::I64(v) => v.to_string(),
                        trace_format::Value::U64(v) => v.to_string(),
                        trace_format::Value::Str(v) => v.to_str().into_owned(),
                        trace_format::Value::Debug(v) => format!("?{}", v.to_str()),
                        trace_format::Value::Display(v) => format!("%{}", v.to_str()),
                        other => format!("{other:?}"),
                    };
                    *line += &format!(" {}={value}", key.to_str());
                }
            }
            Event::RegionEnd {} => {
                let name = callsites[&open.pop().unwrap()].name.to_str();
                lines.push(format!("end region {name}"));
            }
            Event::TaskEnd { callsite, .. } => {
                lines.push(format!("end task {}", callsites[&callsite].name.to_str()));
            }
            Event::TaskEnter { .. } | Event::Clock { .. } => {}
            other => panic!("unexpected {other:?}"),
        }
    }
}

/// Calls and returns the result, checking that just this region was recorded.
#[track_caller]
pub(crate) fn region<R>(name: &str, work: impl FnOnce() -> R) -> R {
    let recorded = record(work);
    assert_eq!(recorded.lines, [format!("region {name}"), format!("end region {name}")]);
    recorded.result
}
