//! The JSON of speedscope: an evented profile per thread, whose frames are regions and polls of futures.
//!
//! Threads are read one after the other, and events written as they come; the frames that all profiles share
//! stand behind them. A thread without regions has no profile.
//!
//! Invariants, which speedscope's importer insists on: the frame that closes is the one that opened last, the
//! times of events ascend and lie between `startValue` and `endValue`, and nothing is open at the end.

mod frames;

use std::io::Write;

use trace_reader::{Step, Thread, Time, Trace};

use crate::nesting::{Edge, Ending, Nesting};
use crate::{Error, json, output::Output, remark::Remarks};
use frames::Frames;

/// So many bytes of events are put together before they are written: one piece for each event would cost 5 % of
/// the time.
const PIECE_LEN: usize = 4 << 10;

/// Writes a profile for each thread.
pub(crate) fn write(
    trace: &Trace,
    out: &mut Output<'_>,
    remarks: &mut Remarks,
) -> Result<(), Error> {
    let mut frames = Frames::new(trace.callsites());
    let mut text = Vec::new();
    text.extend_from_slice(b"{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\"");
    text.extend_from_slice(b",\"exporter\":");
    json::string(&mut text, concat!("runtime-trace ", env!("CARGO_PKG_VERSION")));
    text.extend_from_slice(b",\"name\":");
    json::string(&mut text, &program(trace));
    text.extend_from_slice(b",\"activeProfileIndex\":0,\"profiles\":[");
    let mut is_first = true;
    for thread in trace.threads() {
        if write_profile(trace, thread, is_first, &mut frames, &mut text, out, remarks)? {
            is_first = false;
        }
    }
    if is_first {
        // A file without profiles is one that speedscope shows nothing of, not even its name.
        text.extend_from_slice(
            b"\n{\"type\":\"evented\",\"name\":\"no regions\",\"unit\":\"nanoseconds\"",
        );
        text.extend_from_slice(b",\"startValue\":0,\"endValue\":0,\"events\":[]}");
    }
    text.extend_from_slice(b"\n],\"shared\":{\"frames\":[");
    out.write_all(&text)?;
    frames.write(out, remarks)?;
    out.write_all(b"\n]}}\n")?;
    Ok(())
}

/// The name of the program, without its path.
fn program(trace: &Trace) -> String {
    let path = trace.header().map(|header| header.program.as_str()).unwrap_or_default();
    match path.rsplit(['/', '\\']).next() {
        None | Some("") => "trace".to_owned(),
        Some(name) => name.to_owned(),
    }
}

/// Writes the profile of a thread, if it has any regions; whether it has.
fn write_profile(
    trace: &Trace,
    thread: &Thread,
    is_first: bool,
    frames: &mut Frames<'_>,
    text: &mut Vec<u8>,
    out: &mut Output<'_>,
    remarks: &mut Remarks,
) -> Result<bool, Error> {
    let mut steps = trace.steps(thread.id);
    let mut nesting = Nesting::default();
    // From the first event to the last.
    let mut bounds: Option<(Time, Time)> = None;
    while let Some(item) = steps.next()? {
        if let Step::Problem(problem) = &item.step {
            remarks.problem(problem);
        }
        nesting.step(&item, |mut time, edge| {
            let (kind, callsite, from) = match edge {
                Edge::Begin(slice, _) => (b'O', slice.callsite, time),
                Edge::End(slice, ending) => {
                    remark_on(ending, remarks);
                    (b'C', slice.callsite, time)
                }
                Edge::Alone(end) => {
                    // Inside of what is open, and next to everything else: there it has a place.
                    let begin = end.begin.filter(|begin| {
                        bounds.is_none_or(|(_, last)| last <= *begin) && *begin <= end.end
                    });
                    let Some(begin) = begin else {
                        return remarks
                            .met("regions that are told of by their end alone are left out");
                    };
                    time = end.end;
                    (b'X', end.callsite, begin)
                }
            };
            // Behind a region that was told of by its end alone, one may be found that began in it.
            time = bounds.map_or(time, |(_, last)| time.max(last));
            match &mut bounds {
                Some((_, last)) => {
                    text.push(b',');
                    *last = time;
                }
                None => {
                    text.extend_from_slice(if is_first { b"\n" } else { b",\n" });
                    text.extend_from_slice(b"{\"type\":\"evented\",\"name\":");
                    json::string(text, &thread.label());
                    text.extend_from_slice(b",\"unit\":\"nanoseconds\",\"events\":[");
                    bounds = Some((from, time));
                }
            }
            let frame = frames.of(callsite, remarks);
            if kind == b'X' {
                write_event(text, b'O', frame, from);
                text.push(b',');
                write_event(text, b'C', frame, time);
            } else {
                write_event(text, kind, frame, time);
            }
        });
        if text.len() > PIECE_LEN {
            out.write_all(text)?;
            text.clear();
        }
    }
    let Some((start, end)) = bounds else { return Ok(false) };
    text.extend_from_slice(b"],\"startValue\":");
    json::signed(text, start.ns());
    text.extend_from_slice(b",\"endValue\":");
    json::signed(text, end.ns());
    text.push(b'}');
    Ok(true)
}

fn write_event(text: &mut Vec<u8>, kind: u8, frame: u32, at: Time) {
    text.extend_from_slice(b"{\"type\":\"");
    text.push(kind);
    text.extend_from_slice(b"\",\"frame\":");
    json::number(text, u64::from(frame));
    text.extend_from_slice(b",\"at\":");
    json::signed(text, at.ns());
    text.push(b'}');
}

#[inline]
fn remark_on(ending: Ending, remarks: &mut Remarks) {
    match ending {
        Ending::Ended => {}
        Ending::Open => remarks.met("regions that are open at the end are closed there"),
        Ending::Lost => remarks.met("regions whose end was lost are closed before the loss"),
        Ending::Cut => remarks.met("regions that do not nest are closed, and opened again"),
        Ending::Late => remarks.met("regions that do not nest are closed too late"),
    }
}
