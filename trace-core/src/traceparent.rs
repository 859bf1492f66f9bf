//! W3C Trace Context: the header by which work that goes on in another process says what it is a part of.
//!
//! Formats and rules are those of <https://www.w3.org/TR/trace-context/>, section 3.2, and of its second level.
//! The other header of that standard, `tracestate`, is not carried.
//!
//! Tasks have numbers of their own, which mean nothing elsewhere. What other processes get to know a task by, its
//! span id, is made from that number when it is asked for, and then told in the trace.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use trace_format::TaskId;

use crate::program;
use crate::task::put_arg;
use crate::value::Value;

/// The bytes of a header of version 00: four fields, and dashes between them.
const LEN: usize = 55;

/// Where the fields are.
const VERSION: std::ops::Range<usize> = 0..2;
const TRACE_ID: std::ops::Range<usize> = 3..35;
const PARENT_ID: std::ops::Range<usize> = 36..52;
const FLAGS: std::ops::Range<usize> = 53..LEN;

/// Flags that have a meaning: that the caller may have recorded this, and that the trace id is random. All others
/// are to be zero in a header that is not passed on as it came.
const SAMPLED: u64 = 0b01;
const KNOWN_FLAGS: u64 = 0b11;

/// The value of a `traceparent` header. From [`Context::to_traceparent`](crate::Context::to_traceparent).
///
/// It is `00-`, the trace id as 32 hexadecimal digits, `-`, the span id of the caller as 16, `-`, and the flags as 2.
///
/// ```
/// # use trace_core as trace;
/// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let context = trace::Context::from_traceparent(header);
/// // Nothing is recorded: it goes on to the next service as it came.
/// assert_eq!(context.to_traceparent().unwrap().as_str(), header);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Traceparent([u8; LEN]);

impl Traceparent {
    /// As the header has it: 55 characters of ASCII.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("hexadecimal digits and dashes")
    }
}

impl AsRef<str> for Traceparent {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<[u8]> for Traceparent {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Traceparent({self})")
    }
}

/// What a header says: which trace something is a part of, and of which span in another process.
///
/// Four whole words, none of which is ever left out: it is copied with each context, and what was just written in
/// other pieces than it is then read in keeps a processor waiting for some nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct SpanContext {
    /// The upper and the lower half; both zero in [`NONE`](Self::NONE) alone.
    trace_id: [u64; 2],
    /// 0 where there is none: the trace begins in this process.
    parent: u64,
    /// The lowest eight bits.
    flags: u64,
}

impl SpanContext {
    /// Says nothing.
    pub(crate) const NONE: Self = Self { trace_id: [0; 2], parent: 0, flags: 0 };

    /// This, if it says something.
    #[inline(always)]
    pub(crate) fn some(self) -> Option<Self> {
        let [high, low] = self.trace_id;
        if high | low == 0 { None } else { Some(self) }
    }

    /// Of a trace that begins here.
    pub(crate) fn new_trace() -> Self {
        static BEGUN: AtomicU64 = AtomicU64::new(0);
        Self::of_trace(Ids::TRACE, BEGUN.fetch_add(1, Relaxed))
    }

    /// Of the trace that begins with a task, where it was asked for too late to be that of the tasks around it.
    pub(crate) fn beginning_with(task: TaskId) -> Self {
        Self::of_trace(Ids::TRACE_OF_TASK, task.0)
    }

    fn of_trace(kind: u64, number: u64) -> Self {
        let [high, low] = [0, 1].map(|half| Ids::get(kind + half, number));
        Self { trace_id: [high, low], parent: 0, flags: SAMPLED }
    }

    /// What a header says.
    ///
    /// Of versions to come, what this one has is read, and whatever stands behind it is left alone.
    ///
    /// # Errors
    /// What is wrong with it. It is to be ignored then.
    pub(crate) fn parse(header: &[u8]) -> Result<Self, Malformed> {
        let (Some(fields), rest) = (header.get(..LEN), header.get(LEN..).unwrap_or_default())
        else {
            return Err(Malformed::Length);
        };
        if [2, 35, 52].iter().any(|&dash| fields[dash] != b'-') {
            return Err(Malformed::Dashes);
        }
        let field = |at| digits(&fields[at]).ok_or(Malformed::Digits);
        match field(VERSION)? {
            0xff => return Err(Malformed::Version),
            0 if !rest.is_empty() => return Err(Malformed::Length),
            _ if rest.first().is_some_and(|&next| next != b'-') => return Err(Malformed::Dashes),
            _ => {}
        }
        let (high, low) = (field(TRACE_ID.start..19)?, field(19..TRACE_ID.end)?);
        let (parent, flags) = (field(PARENT_ID)?, field(FLAGS)?);
        if high | low == 0 || parent == 0 {
            return Err(Malformed::Zeros);
        }
        Ok(Self { trace_id: [high, low], parent, flags })
    }

    /// The header that it came from, or that of the same fields. `None` if there is no span to be the parent of
    /// what the header is sent to.
    pub(crate) fn header(&self) -> Option<Traceparent> {
        (self.parent != 0).then(|| self.header_with(self.parent, self.flags))
    }

    /// The header for what a task calls in other processes. Tells in the trace by which ids they know it.
    #[cold]
    pub(crate) fn header_of(&self, task: TaskId) -> Traceparent {
        let span_id = Ids::get(Ids::SPAN, task.0);
        tell(task, "trace_id", &self.trace_id);
        tell(task, "span_id", &[span_id]);
        self.header_with(span_id, self.flags & KNOWN_FLAGS)
    }

    /// Tells in the trace that a task, the first one here, is a part of all this. Nothing of one that is not recorded.
    #[cold]
    pub(crate) fn tell_of(&self, task: TaskId) {
        if task == TaskId::BACKGROUND {
            return;
        }
        tell(task, "trace_id", &self.trace_id);
        if self.parent != 0 {
            tell(task, "parent_span_id", &[self.parent]);
        }
    }

    fn header_with(&self, span_id: u64, flags: u64) -> Traceparent {
        let mut header = [b'-'; LEN];
        header[VERSION].fill(b'0');
        put_digits(&self.trace_id, &mut header[TRACE_ID]);
        put_digits(&[span_id], &mut header[PARENT_ID]);
        let mut wide = [0; 16];
        put_digits(&[flags], &mut wide);
        header[FLAGS].copy_from_slice(&wide[14..]);
        Traceparent(header)
    }
}

/// Adds an id to a task, by the name that other tools have for it.
fn tell(task: TaskId, key: &'static str, id: &[u64]) {
    let mut digits = [0; 32];
    let digits = &mut digits[..16 * id.len()];
    put_digits(id, digits);
    put_arg(task, key, Value::Str(std::str::from_utf8(digits).unwrap_or_default()));
}

/// What is wrong with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    Length,
    Dashes,
    Digits,
    Version,
    Zeros,
}

impl Malformed {
    /// Nothing of the header is in it: that comes from anybody.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::Length => {
                "expected 55 characters, or more in a version after 00, found another number of them: ignored"
            }
            Self::Dashes => "expected dashes between four fields, found other characters: ignored",
            Self::Digits => {
                "expected fields of hexadecimal digits in lower case, found other characters: ignored"
            }
            Self::Version => "expected a version up to fe, found ff: ignored",
            Self::Zeros => "expected a trace id and a parent id, found nothing but zeros: ignored",
        }
    }
}

/// The number that lower case hexadecimal digits are, at most 16 of them.
fn digits(text: &[u8]) -> Option<u64> {
    text.iter().try_fold(0, |number, &digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u64::from(digit))
    })
}

/// Writes each number as 16 lower case hexadecimal digits.
fn put_digits(numbers: &[u64], to: &mut [u8]) {
    for (number, digits) in numbers.iter().zip(to.chunks_exact_mut(16)) {
        for (at, digit) in digits.iter_mut().rev().enumerate() {
            *digit = b"0123456789abcdef"[(number >> (4 * at)) as usize & 0xf];
        }
    }
}

/// Ids that nobody else has: numbers of this process, mixed with a number that is random and its own.
struct Ids;

impl Ids {
    /// What an id is of, so that no two are made from the same number. Ids of traces take two each.
    const SPAN: u64 = 0;
    const TRACE: u64 = 1;
    const TRACE_OF_TASK: u64 = 3;

    /// Never 0, which the standard forbids.
    fn get(kind: u64, number: u64) -> u64 {
        static SEED: OnceLock<u64> = OnceLock::new();
        let seed = *SEED.get_or_init(program::random);
        // A forked child has the seed of its parent, and goes on with its numbers.
        let process = mix(seed ^ u64::from(std::process::id()));
        mix(mix(process.wrapping_add(kind)) ^ number).max(1)
    }
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014, in the
/// variant 13 of Stafford): other numbers become other numbers, that look random.
fn mix(number: u64) -> u64 {
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn parse(header: &str) -> Result<String, Malformed> {
        let parsed = SpanContext::parse(header.as_bytes())?;
        Ok(parsed.header().expect("a parent").as_str().to_owned())
    }

    #[test]
    fn what_came_in_goes_out() {
        let others = [
            "00-00000000000000010000000000000000-0000000000000001-00",
            "00-00000000000000000000000000000001-ffffffffffffffff-ff",
            "00-ffffffffffffffffffffffffffffffff-00f067aa0ba902b7-02",
        ];
        for header in others.into_iter().chain([HEADER]) {
            assert_eq!(parse(header).as_deref(), Ok(header));
        }
    }

    #[test]
    fn versions_to_come_may_say_more() {
        for version in ["01", "cc", "fe"] {
            let later = format!("{version}{}", &HEADER[2..]);
            for rest in ["", "-", "-what-the-future-will-be-like"] {
                assert_eq!(parse(&format!("{later}{rest}")).as_deref(), Ok(HEADER));
            }
            assert_eq!(parse(&format!("{later}.what")), Err(Malformed::Dashes));
        }
    }

    #[test]
    fn anything_else_is_malformed() {
        use Malformed::{Dashes, Digits, Length, Version, Zeros};
        let with = |at: usize, text: &str| {
            let mut header = HEADER.to_owned();
            header.replace_range(at..at + text.len(), text);
            header
        };
        let malformed = [
            (String::new(), Length),
            (HEADER[..54].to_owned(), Length),
            (format!("{HEADER}-"), Length),
            (format!("{HEADER}0"), Length),
            (format!(" {HEADER}"), Dashes),
            (with(0, "ff"), Version),
            (with(0, "0x"), Digits),
            (with(0, "-0"), Digits),
            (with(2, "_"), Dashes),
            (with(35, "0"), Dashes),
            (with(52, " "), Dashes),
            (with(3, "4BF9"), Digits),
            (with(20, "g"), Digits),
            (with(40, "+"), Digits),
            (with(53, "1."), Digits),
            (with(3, &"0".repeat(32)), Zeros),
            (with(36, &"0".repeat(16)), Zeros),
        ];
        for (header, why) in malformed {
            assert_eq!(parse(&header), Err(why), "{header:?}");
            assert!(why.message().ends_with(": ignored"));
        }
        assert_eq!(SpanContext::parse(&[0xff; LEN]), Err(Dashes));
    }

    #[test]
    fn any_bytes_change_nothing_else() {
        let header = HEADER.as_bytes();
        for at in 0..LEN {
            for byte in 0..=u8::MAX {
                let mut changed = header.to_vec();
                changed[at] = byte;
                let parsed = SpanContext::parse(&changed);
                let may_be = byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
                match header[at] {
                    b'-' => assert_eq!(parsed.is_ok(), byte == b'-'),
                    // A version to come has the same fields.
                    _ => assert_eq!(parsed.is_ok(), may_be, "{byte} at {at}"),
                }
            }
        }
    }

    #[test]
    fn no_two_things_have_the_same_id() {
        let ids = (0..1000).flat_map(|number| {
            let traces = [SpanContext::new_trace(), SpanContext::beginning_with(TaskId(number))];
            traces.into_iter().flat_map(|trace| trace.trace_id).chain([Ids::get(Ids::SPAN, number)])
        });
        let ids: std::collections::HashSet<u64> = ids.collect();
        assert_eq!(ids.len(), 5000);
        assert!(!ids.contains(&0));
    }

    #[test]
    fn a_trace_that_begins_here_has_no_parent_to_tell_of() {
        assert_eq!(SpanContext::new_trace().header(), None);
    }
}
