//! What can be wrong with bytes.

use std::fmt;

/// Why bytes are not what they should be. Offsets count from the start of the payload or record
/// that was decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// The bytes end inside a field.
    Ends {
        /// Where they end.
        offset: usize,
        /// The field that was being read.
        expected: &'static str,
    },
    /// An integer that is too large for 64 bits, or longer than it needs to be.
    Varint {
        /// Where it starts.
        offset: usize,
        /// The field that was being read.
        expected: &'static str,
    },
    /// A length or count of more than what follows.
    Length {
        /// Where it stands.
        offset: usize,
        /// The field that was being read.
        expected: &'static str,
        /// The length that was found.
        found: u64,
        /// How many bytes follow.
        left: u64,
    },
    /// A value that the field cannot have.
    Range {
        /// Where it stands.
        offset: usize,
        /// The field that was being read.
        expected: &'static str,
        /// The value that was found.
        found: u64,
    },
    /// A byte that starts no event of this version of the format.
    UnknownEvent {
        /// Where it stands.
        offset: usize,
        /// The kind that was found.
        found: u8,
    },
    /// Bytes behind the end of a record.
    Trailing {
        /// Where they start.
        offset: usize,
        /// The record that ended there.
        after: &'static str,
    },
}

impl Malformed {
    /// Where the fault is, from the start of what was decoded.
    pub fn offset(&self) -> usize {
        match *self {
            Self::Ends { offset, .. }
            | Self::Varint { offset, .. }
            | Self::Length { offset, .. }
            | Self::Range { offset, .. }
            | Self::UnknownEvent { offset, .. }
            | Self::Trailing { offset, .. } => offset,
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ends { offset, expected } => {
                write!(f, "expected {expected}, found the end of the bytes at {offset}")
            }
            Self::Varint { offset, expected } => {
                write!(
                    f,
                    "expected {expected} as the shortest varint of at most 64 bits at {offset}"
                )
            }
            Self::Length { offset, expected, found, left } => {
                write!(f, "{expected} at {offset} claims {found} entries, but {left} bytes follow")
            }
            Self::Range { offset, expected, found } => {
                write!(f, "{expected} at {offset} cannot be {found}")
            }
            Self::UnknownEvent { offset, found } => {
                write!(f, "expected an event at {offset}, found the unknown kind {found}")
            }
            Self::Trailing { offset, after } => {
                write!(f, "expected the end of {after} at {offset}, found more bytes")
            }
        }
    }
}

impl std::error::Error for Malformed {}
