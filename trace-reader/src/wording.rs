//! How problems are told to a person: one line, lowercase, with what was expected, what was found
//! and where.

use std::borrow::Cow;
use std::fmt;

use trace_format::{BlockType, CallsiteId};

use crate::problem::{LostChunks, PoolFile};
use crate::trace::by_id;
use crate::{Callsites, Problem, Thread, ThreadId, Time};

/// A problem, and the names of the callsites in it when they are known.
pub(crate) struct Wording<'a> {
    pub(crate) problem: &'a Problem,
    pub(crate) callsites: Option<&'a Callsites>,
    pub(crate) threads: &'a [Thread],
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Wording { problem: self, callsites: None, threads: &[] }.fmt(f)
    }
}

impl fmt::Display for LostChunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { thread, chunks, from, to } = self;
        let (from, to) = (readable(*from), readable(*to));
        write!(f, "{chunks} chunks of thread {thread} are missing between {from} and {to}")
    }
}

/// A name in quotes, its end left out when it is long: there may be ten thousand problems with it.
fn quoted(name: &str) -> String {
    const SHOWN_CHARS: usize = 200;
    let shown = name.char_indices().nth(SHOWN_CHARS).map_or(name, |(end, _)| &name[..end]);
    let mut quoted = String::new();
    trace_format::text::quote(shown.as_bytes(), &mut quoted);
    if shown.len() < name.len() {
        quoted.push('…');
    }
    quoted
}

/// A time with the unit that it is best read in; no digit is left out.
fn readable(time: Time) -> String {
    let ns = time.ns();
    match ns.unsigned_abs() {
        0..1_000 => format!("{ns} ns"),
        1_000..1_000_000 => format!("{} µs", ns as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{} ms", ns as f64 / 1e6),
        _ => format!("{} s", ns as f64 / 1e9),
    }
}

impl Wording<'_> {
    fn thread(&self, id: ThreadId) -> String {
        match by_id(self.threads, id).map(Thread::name) {
            None | Some("") => format!("thread {id}"),
            Some(name) => format!("thread {id} {}", quoted(name)),
        }
    }

    fn name(&self, id: CallsiteId) -> Cow<'_, str> {
        match self.callsites.and_then(|callsites| callsites.get(id)) {
            // The name comes from the traced program: quote it, escaping what is not plain.
            Some(callsite) => Cow::Owned(quoted(&callsite.name)),
            None => Cow::Owned(format!("callsite {}", id.0)),
        }
    }
}

fn block(block_type: Option<BlockType>) -> String {
    match block_type {
        Some(block_type) => format!("a {} block", block_type.word()),
        None => "a block".into(),
    }
}

impl fmt::Display for Wording<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use Problem as P;
        match self.problem {
            P::NoMagic => f.write_str("expected `runtime-trace` at offset 0, found something else"),
            P::NoHeader => f.write_str(
                "expected a header, found none; what program this is and how fast its clock runs \
                 has to be guessed",
            ),
            P::Damaged { offset, len, block_type, lost } => {
                let what = block(*block_type);
                write!(f, "{len} bytes at offset {offset} are damaged, {what} or more")?;
                lost.iter().try_for_each(|lost| write!(f, "; {lost}"))
            }
            P::EndsInsideBlock { offset, len, found, block_type } => {
                let what = block(*block_type);
                match len {
                    Some(len) => write!(
                        f,
                        "the file ends inside {what} at offset {offset}: expected {len} bytes, \
                         found {found}"
                    ),
                    None => write!(
                        f,
                        "the file ends inside the head of a block at offset {offset}, after \
                         {found} bytes"
                    ),
                }
            }
            P::NotStopped { pool } => {
                f.write_str("the program did not stop the trace: it died, or still runs")?;
                match pool {
                    PoolFile::None => Ok(()),
                    PoolFile::Missing => f.write_str(
                        "; its pool file is not there, so that what it recorded last is missing",
                    ),
                    PoolFile::Joined { path, chunks, unreadable } => {
                        let path = quoted(&path.to_string_lossy());
                        match chunks {
                            1 => write!(f, "; 1 chunk is taken from its pool file, {path}")?,
                            n => write!(f, "; {n} chunks are taken from its pool file, {path}")?,
                        }
                        if *unreadable > 0 {
                            write!(f, "; {unreadable} more cannot be read")?;
                        }
                        Ok(())
                    }
                }
            }
            P::BlockOutOfSequence { offset, expected, found } => {
                write!(f, "expected block {expected} at offset {offset}, found block {found}")
            }
            P::MalformedBlock { block_type, malformed, .. } => {
                write!(f, "a {} block cannot be read: {malformed}", block_type.word())
            }
            P::SurplusBlock { offset, block_type } => {
                write!(f, "a second {} block at offset {offset} is ignored", block_type.word())
            }
            P::MissingChunks(lost) => lost.fmt(f),
            P::DuplicateChunk { offset, thread, sequence } => {
                write!(
                    f,
                    "chunk {sequence} of {thread} is there again at offset {offset}",
                    thread = self.thread(*thread)
                )
            }
            P::ConflictingCallsite { offset, callsite } => write!(
                f,
                "{} is described again, differently, in the block at offset {offset}",
                self.name(*callsite)
            ),
            P::AnchorOutOfOrder { offset } => {
                write!(f, "a clock anchor in the block at offset {offset} precedes an earlier one")
            }
            P::MalformedEvent { thread, skipped, malformed, .. } => {
                write!(
                    f,
                    "{skipped} bytes of {thread} are skipped: {malformed}",
                    thread = self.thread(*thread)
                )
            }
            P::MissingCallsite { offset, thread, callsite } => write!(
                f,
                "{thread} uses callsite {} at offset {offset}, which is described nowhere",
                callsite.0,
                thread = self.thread(*thread)
            ),
            P::ClockSteppedBack { offset, thread, time, count } => write!(
                f,
                "the clock of {thread} stepped back at {time}, offset {offset}; {count} \
                 events are shown later than they say",
                thread = self.thread(*thread),
                time = readable(*time)
            ),
            P::Misnested { offset, thread, time, ended, open } => write!(
                f,
                "on {thread} at {time}, offset {offset}, region {} ended before {}, which \
                 had begun inside of it",
                self.name(*ended),
                self.name(*open),
                thread = self.thread(*thread),
                time = readable(*time)
            ),
            P::TooManyOpen { offset, thread, time, given_up } => write!(
                f,
                "on {thread} at {time}, offset {offset}, too many regions are open: the {given_up} \
                 outermost ones are not followed any more",
                thread = self.thread(*thread),
                time = readable(*time)
            ),
            P::TooManyThreads { offset, thread, time, limit } => write!(
                f,
                "{thread} begins at {time}, offset {offset}, while {limit} others are under way: it has to \
                 wait, and what it did comes later than it was",
                thread = self.thread(*thread),
                time = readable(*time)
            ),
            P::NothingOpen { offset, thread, time } => write!(
                f,
                "on {thread} at {time}, offset {offset}, a region ended while none was open",
                thread = self.thread(*thread),
                time = readable(*time)
            ),
            P::HeadDisagrees { offset, thread, time } => write!(
                f,
                "the chunk of {thread} at {time}, offset {offset}, begins in another state \
                 than the chunk before it ended in",
                thread = self.thread(*thread),
                time = readable(*time)
            ),
            P::EndDisagrees { offset, thread, time, callsite } => write!(
                f,
                "on {thread} at {time}, offset {offset}, the end of region {} contradicts \
                 its begin",
                self.name(*callsite),
                thread = self.thread(*thread),
                time = readable(*time)
            ),
            P::StrayArguments { offset, thread, time } => write!(
                f,
                "on {thread} at {time}, offset {offset}, arguments belong to nothing that \
                 is open",
                thread = self.thread(*thread),
                time = readable(*time)
            ),
            P::TaskBeganTwice { offset, thread, time, task, callsite } => write!(
                f,
                "on {thread} at {time}, offset {offset}, task {} {} began a second time",
                task.0,
                self.name(*callsite),
                thread = self.thread(*thread),
                time = readable(*time)
            ),
            P::TaskEndedTwice { offset, thread, time, task, callsite } => write!(
                f,
                "on {thread} at {time}, offset {offset}, task {} {} ended a second time",
                task.0,
                self.name(*callsite),
                thread = self.thread(*thread),
                time = readable(*time)
            ),
            P::TaskEndWithoutBegin { offset, thread, time, task, callsite } => write!(
                f,
                "on {thread} at {time}, offset {offset}, task {} {} ended, whose begin is \
                 missing",
                task.0,
                self.name(*callsite),
                thread = self.thread(*thread),
                time = readable(*time)
            ),
            P::TasksFarApart { offset, thread, time, count } => write!(
                f,
                "on {thread} at {time}, offset {offset}, begins the first of {count} begins and ends of \
                 tasks that were not compared: their ids are too far apart",
                thread = self.thread(*thread),
                time = readable(*time)
            ),
            P::HeaderNotFirst { offset } => {
                write!(f, "expected the header as the first block, found it at offset {offset}")
            }
            P::SummaryNotLast { offset } => {
                write!(f, "expected the summary at offset {offset} at the very end")
            }
            P::SummaryDisagrees { offset, what, expected, found } => write!(
                f,
                "the summary at offset {offset} counts {found} {what}, but there are {expected}"
            ),
            P::CallsiteAfterUse { offset, callsite } => write!(
                f,
                "{} is used at offset {offset}, before it is described",
                self.name(*callsite)
            ),
            P::WrongKind { offset, callsite, expected, found } => write!(
                f,
                "expected a callsite of the kind {} at offset {offset}, found {} of the kind {}",
                expected.word(),
                self.name(*callsite),
                found.word()
            ),
            P::WrongArgumentCount { offset, callsite, expected, found } => write!(
                f,
                "expected {expected} arguments of {} at offset {offset}, found {found}",
                self.name(*callsite)
            ),
            P::EndTellsTooLittle { offset, thread } => write!(
                f,
                "expected WholeRegionEnd of {thread} at offset {offset}, since the region \
                 began in an earlier chunk, found RegionEnd",
                thread = self.thread(*thread)
            ),
            P::BeyondOpenRegions { offset, thread, open, found } => write!(
                f,
                "expected at most {open} open regions of {thread} at offset {offset}, found \
                 the number {found}",
                thread = self.thread(*thread)
            ),
            P::ChunkOutOfOrder { offset, thread, sequence } => write!(
                f,
                "chunk {sequence} of {thread} at offset {offset} stands behind a later one",
                thread = self.thread(*thread)
            ),
            P::NeedlessClock { offset, thread } => write!(
                f,
                "expected a delta of {thread} at offset {offset}, found Clock, which is for \
                 what a delta cannot tell",
                thread = self.thread(*thread)
            ),
            P::ReservedNumber { offset, what } => {
                write!(f, "expected a number above 0 of the {what} at offset {offset}, found 0")
            }
        }
    }
}
