//! The bytes of a trace.
//!
//! This crate owns what a file of `runtime-trace` looks like: which events there are, how they
//! and everything around them are encoded, and a text form that says the same in letters. It is
//! shared by the recorder, which writes such bytes, and the reader, which gets them back, and
//! knows neither. It does no input or output, reads no clock and contains no unsafe code.
//!
//! Start with the [event table](Event): it is what the encoder, the decoder, the text form and
//! the tests read. An event lies in a [chunk](ChunkHead), a chunk in a [block](BlockHead), a
//! block in a file. `docs/format.md` tells the same in prose.
//!
//! What only readers need comes with the feature `read`: the text form, and the search for blocks
//! behind damage. Whoever records does not wait for it to be built.
//!
//! ```
//! use trace_format::{CallsiteId, Event, Timed};
//!
//! let mut payload = Vec::new();
//! Timed { delta: 25, event: Event::RegionBegin { callsite: CallsiteId(7) } }.encode(&mut payload);
//! assert_eq!(payload, [1 << 3 | 1, 25, 7, 0]); // kind and length, delta, callsite
//! ```
#![forbid(unsafe_code)]

mod args;
mod block;
#[cfg(feature = "read")]
mod checksum;
#[cfg(feature = "read")]
mod dump;
mod error;
mod events;
mod pool;
mod records;
mod shapes;
#[cfg(feature = "read")]
mod spelling;
#[cfg(feature = "read")]
mod stretches;
mod table;
#[cfg(feature = "read")]
pub mod text;
pub mod wire;

pub use args::{Value, Values};
pub use block::{
    BLOCK_HEAD_LEN, BlockHead, BlockType, MAGIC, MARKER, MAX_PAYLOAD_LEN, VERSION, put_block,
};
#[cfg(feature = "read")]
pub use dump::{file_to_text, text_to_file};
pub use error::Malformed;
pub use events::{DELTA_LIMIT, EVENTS, Event, Kind, Timed, delta_len, head_byte};
pub use pool::{POOL_CONTROL_LEN, POOL_HEAD_LEN, POOL_MAGIC, PoolControl, PoolHead};
pub use records::{
    Anchor, Beginning, Callsite, CallsiteKind, ChunkHead, ClockSource, FiberOutcome, Header,
    LossCause, LossRecord, OpenRegion, Overflow, RECORDS, Summary,
};
pub use shapes::{CallsiteId, FiberId, TaskId, Text, Ticks};
#[cfg(feature = "read")]
pub use stretches::{Stretch, Stretches};
pub use table::{FieldSpec, Spec};
#[cfg(feature = "read")]
pub use text::TextError;
