//! How long a name may be, and how a text says that the program cut it.
//!
//! Names stand in many events, and in some formats in each of them: what a file takes must not depend on one name
//! that is as long as the trace.

use std::borrow::Cow;

use trace_reader::Text;

use crate::remark::Remarks;

/// A name, or the key of an argument, has so many bytes at most.
pub(crate) const MOST_NAME_LEN: usize = 16 << 10;

const CUT: &str = "names are cut at 16,384 bytes";

/// A name that is short enough.
pub(crate) fn name<'n>(name: &'n str, remarks: &mut Remarks) -> Cow<'n, str> {
    if name.len() <= MOST_NAME_LEN {
        return Cow::Borrowed(name);
    }
    remarks.met(CUT);
    let mut end = MOST_NAME_LEN - '…'.len_utf8();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    Cow::Owned(format!("{}…", &name[..end]))
}

/// A text that ends with a mark when the program had to cut it.
pub(crate) fn marked<'t>(text: &'t Text<'_>) -> Cow<'t, str> {
    match (text.to_str(), text.original_len) {
        (whole, None) => whole,
        (cut, Some(_)) => Cow::Owned(format!("{cut}…")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[trace::test]
    fn long_names_end_between_characters() {
        let mut remarks = Remarks::default();
        assert_eq!(name("short", &mut remarks), "short");
        let long = "é".repeat(MOST_NAME_LEN);
        let cut = name(&long, &mut remarks);
        assert!(cut.len() <= MOST_NAME_LEN && cut.len() > MOST_NAME_LEN - 4 && cut.ends_with("é…"));
        assert_eq!(remarks.finish(0).remarks[0].count, 1);
    }
}
