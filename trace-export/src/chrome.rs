//! Chrome's trace events: JSON for `chrome://tracing`, Perfetto and many others.
//!
//! The steps of all threads are gone through by time, and each becomes its events at once, but for begins whose
//! arguments follow: these are held back up to the next step of their thread.
//!
//! | ours | here |
//! |---|---|
//! | region, poll | `B` and `E` on its thread |
//! | task, future | `b` and `e`; regions and polls in it once more, nested, see `chrome/async_slices.rs` |
//! | log, argument that comes later to a task | `i` on its thread, `n` in its task |
//! | counter | `C` |
//! | wake, task that goes on elsewhere | `s`, `t`, `f` |
//! | loss | `B` and `E` on a line of its own |
//! | region of which only the end is told | `b` and `e` with an id of its own |
//!
//! Words of these files:
//!
//! | word | meaning |
//! |---|---|
//! | line | what has a number, `tid`, and is drawn below a name: a thread's, or an extra one for its losses |
//! | slice | a begin and its end: a region or a poll, or a part of one that did not nest |
//! | whole | a task or a future, which is a slice of its own, and has the regions in it as parts |
//! | row | what has an id, `id2`, within a whole: the first is the whole itself; what is on one nests |
//! | part | the slices of one thread that are open in one whole, all on one row |
//! | held | of a begin: not written yet, because its arguments may follow |
//! | alone | of a region: told of by its end, when nothing had told of its begin |
//! | apart | of a row: only for one thing, which is alone |
//! | mark | what has a time and no duration: a log, a counter; losses are with them |
//!
//! Invariants: on every line `B` and `E` nest, and the times of the events of a thread ascend; so it is with `b`
//! and `e` of one id. What is open at the end of the trace has no end here.

mod async_slices;
mod events;
mod lines;
mod names;
mod start;
mod threads;
mod timeline;

use std::io::{self, Write};

use trace_reader::{Time, Trace};

use crate::{Error, json, output::Output, remark::Remarks};
use timeline::Timeline;

/// So many bytes of events are put together before they are written: one piece for each event would cost 2 % of
/// the time.
const PIECE_LEN: usize = 4 << 10;

/// Writes all events.
pub(crate) fn write(
    trace: &Trace,
    out: &mut Output<'_>,
    remarks: &mut Remarks,
) -> Result<(), Error> {
    let start_ns = start::of(trace)?;
    out.write_all(&about(trace, start_ns))?;
    let mut timeline = Timeline::new(trace, start_ns, remarks);
    for thread in trace.threads() {
        timeline.name_thread(thread);
        put(&mut timeline, PIECE_LEN, out)?;
    }
    timeline.lost_somewhere(trace.losses());
    let mut merged = trace.merged();
    while let Some(item) = merged.next()? {
        timeline.step(&item);
        put(&mut timeline, PIECE_LEN, out)?;
    }
    timeline.finish();
    put(&mut timeline, 0, out)?;
    out.write_all(b"\n]}\n")?;
    Ok(())
}

/// Writes the events that were made, if they have so many bytes.
#[inline]
fn put(timeline: &mut Timeline<'_, '_>, least: usize, out: &mut Output<'_>) -> io::Result<()> {
    let written = timeline.written();
    if written.len() >= least {
        out.write_all(written)?;
        written.clear();
    }
    Ok(())
}

/// The beginning of the file, which says where the trace is from.
fn about(trace: &Trace, start_ns: i64) -> Vec<u8> {
    let mut text = b"{\"displayTimeUnit\":\"ns\",\"otherData\":{\"exporter\":".to_vec();
    json::string(&mut text, concat!("runtime-trace ", env!("CARGO_PKG_VERSION")));
    let mut tell = |key: &str, value: &str| {
        if !value.is_empty() {
            text.push(b',');
            json::string(&mut text, key);
            text.push(b':');
            json::string(&mut text, value);
        }
    };
    if let Some(header) = trace.header() {
        tell("program", &header.program);
        tell("command_line", &header.command_line);
        tell("host", &header.host);
        tell("build_id", &header.build_id);
        tell("pid", &header.pid.to_string());
    }
    // What the wall clock showed at 0.
    if let Some(wall_ns) = trace.clock().wall_ns(Time(start_ns.saturating_neg())) {
        tell("start_unix_ns", &wall_ns.to_string());
    }
    text.extend_from_slice(b"},\"traceEvents\":[");
    text
}
