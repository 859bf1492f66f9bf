//! Whatever can be said comes back as it was, from bytes and from text.

mod arbitrary;

use proptest::prelude::*;
use trace_format::text::{Scan, Spelled};
use trace_format::wire::{Cursor, Field};
use trace_format::{Timed, file_to_text, text_to_file};

fn text_of(file: &[u8]) -> String {
    let mut text = String::new();
    file_to_text(file, |piece| {
        text.push_str(piece);
        Ok::<_, std::convert::Infallible>(())
    })
    .unwrap();
    text
}

macro_rules! both_ways {
    ($($name:ident: $Type:ty;)+) => { proptest! { $(
        #[trace::test]
        fn $name(value in arbitrary::$name()) {
            let mut bytes = Vec::new();
            value.encode(&mut bytes);
            let mut input = Cursor::new(&bytes);
            prop_assert_eq!(&<$Type>::decode(&mut input, "it").unwrap(), &value);
            prop_assert!(input.is_empty());

            let mut text = String::new();
            value.print(&mut text);
            let mut scan = Scan::new(&text, 1);
            prop_assert_eq!(&<$Type>::parse(&mut scan).unwrap(), &value, "{}", text);
            prop_assert!(scan.at_end());
        }
    )+ } };
}

both_ways! {
    value: trace_format::Value<'_>;
    header: trace_format::Header<'_>;
    callsite: trace_format::Callsite<'_>;
    chunk_head: trace_format::ChunkHead<'_>;
    anchor: trace_format::Anchor;
    loss_record: trace_format::LossRecord;
    summary: trace_format::Summary;
}

proptest! {
    #[trace::test]
    fn events(timed in arbitrary::timed()) {
        let mut bytes = Vec::new();
        timed.encode(&mut bytes);
        let mut input = Cursor::new(&bytes);
        prop_assert_eq!(&Timed::decode(&mut input).unwrap(), &timed);
        prop_assert!(input.is_empty());

        let mut text = String::new();
        timed.print(&mut text);
        let mut scan = Scan::new(&text, 1);
        prop_assert_eq!(&Timed::parse(&mut scan).unwrap(), &timed, "{}", text);
        prop_assert!(scan.at_end());
    }

    /// Whatever an event's decoder takes, its encoder gives back: there is no second encoding.
    #[trace::test]
    fn bytes_that_are_an_event_are_the_bytes_of_that_event(
        bytes in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut input = Cursor::new(&bytes);
        let mut start = 0;
        while let Ok(timed) = Timed::decode(&mut input) {
            let mut again = Vec::new();
            timed.encode(&mut again);
            prop_assert_eq!(&bytes[start..input.position()], &again);
            start = input.position();
        }
    }

    #[trace::test]
    fn files(file in arbitrary::file()) {
        let text = text_of(&file);
        prop_assert_eq!(text_to_file(&text).unwrap(), file, "{}", text);
    }

    #[trace::test]
    fn any_bytes_at_all(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(text_to_file(&text_of(&bytes)).unwrap(), bytes);
    }

    #[trace::test]
    fn files_cut_and_damaged(
        file in arbitrary::file(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut file = file;
        file.truncate(cut.index(file.len() + 1));
        for (at, byte) in changes {
            if !file.is_empty() {
                let at = at.index(file.len());
                file[at] = byte;
            }
        }
        prop_assert_eq!(text_to_file(&text_of(&file)).unwrap(), file);
    }
}
