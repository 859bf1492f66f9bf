//! Tracks that are found by name: of counters, and of types of tasks and futures.

use std::io;

use hashbrown::HashMap;
use hashbrown::hash_map::EntryRef;

use super::packets::Packets;
use super::proto::{ChildTracksOrdering, TrackDescriptor};
use super::tracks::{PROCESS, TYPE, below, number};

/// Tracks that are found by name. There is an end to what names are kept: what has others shares a track.
pub(super) struct Named {
    tracks: HashMap<String, u64, foldhash::fast::RandomState>,
    bytes: usize,
    others: &'static str,
}

impl Named {
    const MOST_BYTES: usize = 8 << 20;

    pub(super) fn new(others: &'static str) -> Self {
        Self { tracks: HashMap::default(), bytes: 0, others }
    }

    /// The place of a name among them; what the track is called, if it is new.
    pub(super) fn place<'n>(&mut self, name: &'n str) -> (u64, Option<&'n str>) {
        if let Some(&place) = self.tracks.get(name) {
            return (place, None);
        }
        let is_full = self.bytes > Self::MOST_BYTES;
        let name = if is_full { self.others } else { name };
        let place = self.tracks.len() as u64;
        match self.tracks.entry_ref(name) {
            EntryRef::Occupied(entry) => (*entry.get(), None),
            EntryRef::Vacant(entry) => {
                entry.insert(place);
                self.bytes += name.len() + size_of::<(String, u64)>();
                (place, Some(name))
            }
        }
    }
}

/// The tracks of types.
pub(super) struct Types {
    group: u64,
    title: &'static str,
    /// Tells the numbers of one group from those of the other.
    bit: u64,
    named: Named,
}

impl Types {
    pub(super) fn new(group: u64, title: &'static str, bit: u64) -> Self {
        Self { group, title, bit, named: Named::new("(other types)") }
    }

    /// The track for what has this name.
    pub(super) fn track(&mut self, name: &str, packets: &mut Packets<'_, '_>) -> io::Result<u64> {
        if self.named.tracks.is_empty() {
            packets.describe(TrackDescriptor {
                child_ordering: Some(ChildTracksOrdering::Lexicographic.into()),
                ..below(PROCESS, self.group, self.title.to_owned())
            })?;
        }
        let (place, new) = self.named.place(name);
        let track = number(place << 1 | self.bit, TYPE);
        if let Some(name) = new {
            packets.describe(TrackDescriptor {
                child_ordering: Some(ChildTracksOrdering::Chronological.into()),
                ..below(self.group, track, name.to_owned())
            })?;
        }
        Ok(track)
    }
}
