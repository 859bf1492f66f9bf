//! The stacks that there are, and the time in each: a tree whose nodes are stacks.
//!
//! There is a limit to how many there are, to how deep and how long they are, and to how long all of them are
//! together: each line has all of its stack, so that a few events could be a line of megabytes. A frame beyond it
//! counts as `(other stacks);NAME`, so that what is spent under a name stays right.
//!
//! Nothing here calls itself: the depth of the tree is what a program, or a file, makes it.

use std::hash::BuildHasher;
use std::io;

use hashbrown::HashTable;

use super::frames::{Frames, OTHER_STACKS};
use crate::remark::Remarks;

/// The stack without frames.
pub(super) const ROOT: u32 = 0;

/// The stack of what is beyond the limits.
const OTHERS: u32 = 1;

/// So many stacks there are at most, besides one per name beneath [`OTHERS`].
const MOST_STACKS: usize = 1 << 20;

/// So many frames a stack has at most.
const MOST_FRAMES: u16 = 1000;

/// So many bytes all stacks have at most, but for those beneath [`OTHERS`]. Each has as many as `u16` holds.
const MOST_BYTES: usize = 1 << 30;

#[derive(Debug)]
struct Stack {
    around: u32,
    frame: u32,
    /// The one inside of it that was asked for last.
    latest: u32,
    /// How many frames; [`MOST_FRAMES`] as well for those beneath [`OTHERS`], which are not to have more.
    frames: u16,
    /// How many bytes its line has, without the time.
    len: u16,
    self_ns: u64,
}

/// All stacks. Those inside of another one come later in the list.
#[derive(Debug)]
pub(super) struct Stacks {
    stacks: Vec<Stack>,
    /// How long their lines are together.
    bytes: usize,
    /// Of what is around and the frame, the number of the stack.
    known: HashTable<u32>,
    hasher: foldhash::fast::RandomState,
}

impl Default for Stacks {
    fn default() -> Self {
        let stack = |frame, frames| {
            let (around, latest, len, self_ns) = (ROOT, ROOT, 0, 0);
            Stack { around, frame, latest, frames, len, self_ns }
        };
        let stacks = vec![stack(0, 0), stack(OTHER_STACKS, MOST_FRAMES)];
        Self { stacks, bytes: 0, known: HashTable::new(), hasher: Default::default() }
    }
}

impl Stacks {
    /// The stack that has one frame more than the one around it.
    #[inline]
    pub(super) fn inside(
        &mut self,
        around: u32,
        frame: u32,
        frames: &Frames<'_>,
        remarks: &mut Remarks,
    ) -> u32 {
        let Stack { latest, .. } = self.stacks[around as usize];
        let of_latest = &self.stacks[latest as usize];
        if latest > OTHERS && of_latest.frame == frame {
            return latest;
        }
        if (around, frame) == (ROOT, OTHER_STACKS) {
            return OTHERS;
        }
        self.find(around, frame, frames.len_of(frame), remarks)
    }

    fn find(
        &mut self,
        mut around: u32,
        frame: u32,
        frame_len: usize,
        remarks: &mut Remarks,
    ) -> u32 {
        let hash = |around, frame| self.hasher.hash_one(u64::from(around) << 32 | u64::from(frame));
        let is = |stacks: &[Stack], known: u32, around| {
            let stack = &stacks[known as usize];
            stack.around == around && stack.frame == frame
        };
        let asked = around;
        let mut hashed = hash(around, frame);
        let mut known = self.known.find(hashed, |known| is(&self.stacks, *known, around));
        let outer = &self.stacks[around as usize];
        let (mut frames, outer_len) = (outer.frames.saturating_add(1), usize::from(outer.len));
        let mut len = outer_len + usize::from(outer_len > 0) + frame_len;
        let is_too_much = frames > MOST_FRAMES
            || len > usize::from(u16::MAX)
            || self.stacks.len() >= MOST_STACKS
            || self.bytes + len > MOST_BYTES;
        if known.is_none() && is_too_much {
            remarks.met(
                "stacks of more than 1,000 frames or 64 KiB, or beyond 1,048,576 stacks or 1 GiB, became \
                 `(other stacks)`",
            );
            (around, frames, len) = (OTHERS, MOST_FRAMES, 0);
            hashed = hash(around, frame);
            known = self.known.find(hashed, |known| is(&self.stacks, *known, around));
        }
        let found = match known {
            Some(&known) => known,
            None => {
                let stack = self.stacks.len() as u32;
                let len = len as u16;
                self.bytes += usize::from(len);
                self.stacks.push(Stack { around, frame, latest: ROOT, frames, len, self_ns: 0 });
                let Self { stacks, known, hasher, .. } = self;
                known.insert_unique(hashed, stack, |known| {
                    let Stack { around, frame, .. } = stacks[*known as usize];
                    hasher.hash_one(u64::from(around) << 32 | u64::from(frame))
                });
                stack
            }
        };
        // What became another stack has to be remarked upon each time.
        if asked == around {
            self.stacks[asked as usize].latest = found;
        }
        found
    }

    /// Time was spent in the innermost frame of a stack.
    #[inline]
    pub(super) fn spend(&mut self, stack: u32, ns: u64) {
        let self_ns = &mut self.stacks[stack as usize].self_ns;
        *self_ns = self_ns.saturating_add(ns);
    }

    /// Makes the lines, ordered by the names of the frames.
    pub(super) fn for_each_line(
        self,
        names: &[Box<str>],
        mut write: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let Self { stacks, known, .. } = self;
        drop(known);
        let name = |stack: u32| &*names[stacks[stack as usize].frame as usize];
        // Those inside of the same one stand together, the last by name first.
        let mut inner: Vec<u32> = (OTHERS..stacks.len() as u32).collect();
        inner.sort_unstable_by(|&a, &b| {
            let around = |stack: u32| stacks[stack as usize].around;
            around(a).cmp(&around(b)).then_with(|| name(b).cmp(name(a)))
        });
        let mut line: Vec<u8> = Vec::new();
        // What is still to be written, and how long the line is in front of it.
        let mut to_come = vec![(ROOT, 0)];
        while let Some((stack, len)) = to_come.pop() {
            line.truncate(len);
            if stack != ROOT {
                if len > 0 {
                    line.push(b';');
                }
                line.extend_from_slice(name(stack).as_bytes());
                let self_ns = stacks[stack as usize].self_ns;
                if self_ns > 0 {
                    let len = line.len();
                    line.extend_from_slice(format!(" {self_ns}\n").as_bytes());
                    write(&line)?;
                    line.truncate(len);
                }
            }
            let around = |stack: &u32| stacks[*stack as usize].around;
            let first = inner.partition_point(|inner| around(inner) < stack);
            let inside = inner[first..].iter().take_while(|inner| around(inner) == stack);
            to_come.extend(inside.map(|inner| (*inner, line.len())));
        }
        Ok(())
    }
}
