//! The session's epoch: the one word that annotated code looks at.
//!
//! Zero is off. Otherwise it tells one session from another, and two facts that hold during all
//! of the session and that the recording path would else have to load from elsewhere.

pub(crate) use word::*;

/// Where the word is.
#[cfg(not(loom))]
mod word {
    use std::ops::Deref;
    use std::sync::atomic::AtomicUsize;

    /// A page of memory, as long as pages are that long.
    pub(crate) const PAGE_LEN: usize = 4096;

    /// The page of the program's epoch, which has it to itself, so that a child process can find zero in
    /// it: see [`fork`](crate::fork).
    #[derive(Debug)]
    #[repr(C, align(4096))]
    pub(crate) struct Page {
        word: AtomicUsize,
    }

    const _: () = assert!(size_of::<Page>() == PAGE_LEN);

    pub(crate) static PAGE: Page = Page { word: AtomicUsize::new(0) };

    /// The epoch of the program's [recorder](crate::thread::RECORDER). Takes no room there.
    #[derive(Debug)]
    pub(crate) struct EpochWord(());

    impl EpochWord {
        /// The only one that there may be.
        pub(crate) const fn of_program() -> Self {
            Self(())
        }
    }

    impl Deref for EpochWord {
        type Target = AtomicUsize;

        #[inline(always)]
        fn deref(&self) -> &AtomicUsize {
            &PAGE.word
        }
    }
}

/// In a model each recorder has its own.
#[cfg(loom)]
mod word {
    use std::ops::Deref;

    use crate::sync::AtomicUsize;

    #[derive(Debug)]
    pub(crate) struct EpochWord(AtomicUsize);

    impl EpochWord {
        pub(crate) fn of_program() -> Self {
            Self(AtomicUsize::new(0))
        }
    }

    impl Deref for EpochWord {
        type Target = AtomicUsize;

        fn deref(&self) -> &AtomicUsize {
            &self.0
        }
    }
}

/// A value of the epoch that is not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Epoch(usize);

/// Recording runs a fence, since the stopping side cannot reach other processors.
const FENCED: usize = 1;
/// Time is read from the operating system.
const NO_COUNTER: usize = 2;
const FLAG_BITS: u32 = 2;

impl Epoch {
    pub(crate) fn new(generation: usize, fenced: bool, has_counter: bool) -> Self {
        // A generation of zero would mean off on a machine without flags; it takes 2^62 sessions,
        // or 2^30 where words are short, to come back here.
        let generation = (generation << FLAG_BITS >> FLAG_BITS).max(1);
        let flags = if fenced { FENCED } else { 0 } | if has_counter { 0 } else { NO_COUNTER };
        Self(generation << FLAG_BITS | flags)
    }

    /// Takes the word apart: `None` is off.
    #[inline(always)]
    pub(crate) fn from_word(word: usize) -> Option<Self> {
        if word == 0 { None } else { Some(Self(word)) }
    }

    #[inline(always)]
    pub(crate) fn word(self) -> usize {
        self.0
    }

    #[inline(always)]
    pub(crate) fn is_fenced(self) -> bool {
        self.0 & FENCED != 0
    }

    #[inline(always)]
    pub(crate) fn has_counter(self) -> bool {
        self.0 & NO_COUNTER == 0
    }

    /// Whether events can take [the short way](crate::slot::Slot::short_way): no fence is
    /// needed, and the processor has what that takes for granted.
    pub(crate) fn has_short_way(self) -> bool {
        !self.is_fenced() && self.has_counter() && crate::short::is_possible()
    }
}
