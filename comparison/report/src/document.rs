//! The part of a document between two markers.

use anyhow::{Result, ensure};

/// Replaces what is between `<!-- NAME:begin -->` and `<!-- NAME:end -->` in `document`.
///
/// # Errors
/// When there are no such markers, in this order.
pub fn replace_between(document: &str, name: &str, text: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- {name}:begin -->"), format!("<!-- {name}:end -->"));
    let parts = document
        .split_once(&begin)
        .and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    ensure!(parts.is_some(), "expected the markers {begin} and {end} in the document");
    let (before, after) = parts.unwrap_or_default();
    Ok(format!("{before}{begin}\n\n{}\n\n{end}{after}", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::replace_between;

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let old = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n";
        let new = replace_between(old, "x", "new\n").unwrap();
        assert_eq!(new, "a\n<!-- x:begin -->\n\nnew\n\n<!-- x:end -->\nb\n");
        assert_eq!(replace_between(&new, "x", "new").unwrap(), new);
        assert!(replace_between(old, "y", "new").is_err());
    }
}
