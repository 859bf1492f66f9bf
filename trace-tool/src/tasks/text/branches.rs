//! The lines of a tree: what stands before its entries.
//!
//! They must not eat the names behind them: the narrower the output, the fewer levels are
//! indented. A deeper one is told as a number, behind as many indents as there are.

use super::Entry;

/// The deepest level that is indented, however wide the output is.
const MAX_INDENT: usize = 16;

/// How many columns stay free of indents, for times and names.
const FREE: usize = 30;

/// How many of the others it takes to indent one more level: names get a share of them too.
const PER_LEVEL: usize = 4;

/// The lines of the tree at one entry.
pub(super) struct Branch {
    /// Before the entry itself.
    pub(super) here: String,
    /// Before what is said about it in the line below.
    pub(super) below: String,
}

/// The lines of the tree, where it has `width` columns: from the end to the beginning, since only
/// what follows tells whether a line goes on.
pub(super) fn of(entries: &[Entry], width: usize) -> Vec<Branch> {
    let max_indent = (width.saturating_sub(FREE) / PER_LEVEL).min(MAX_INDENT);
    // Whether at this depth another entry follows.
    let mut follows: Vec<bool> = Vec::new();
    let mut branches: Vec<Branch> = Vec::with_capacity(entries.len());
    for (i, entry) in entries.iter().enumerate().rev() {
        let depth = entry.depth as usize;
        let has_children = entries.get(i + 1).is_some_and(|next| next.depth > entry.depth);
        follows.resize(depth + 1, false);
        let mut stem = String::new();
        for &goes_on in follows.iter().take(depth.min(max_indent)) {
            stem.push_str(if goes_on { "│  " } else { "   " });
        }
        if depth > max_indent {
            stem.push_str(&format!("[{depth}] "));
        }
        let last = !follows[depth];
        let here = format!("{stem}{}", if last { "└─ " } else { "├─ " });
        let goes_on = if last { "   " } else { "│  " };
        let inside = if has_children { "│  " } else { "   " };
        branches.push(Branch { here, below: format!("{stem}{goes_on}{inside}") });
        follows[depth] = true;
    }
    branches.reverse();
    branches
}
