//! How wide the columns of a table are.
//!
//! What a table does when it is too wide, in this order:
//! 1. the columns that may be shortened lose columns, the widest first, down to a width at which
//!    names can still be told apart;
//! 2. columns are left out, the least important first, and 1. is tried again;
//! 3. shortened columns shrink further, down to a single `…`.

/// The width below which other columns are rather left out than names shortened.
const READABLE: usize = 16;

/// What can be done with a column when the table is too wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// It stays as it is.
    Needed,
    /// Its cells are shortened.
    Shortened,
    /// It is left out; those with the highest number first.
    Dropped(u8),
    /// It is left out in any case.
    Unused,
}

/// Gives each column, of which `columns` tells the natural width, the one it has when the table
/// is `limit` wide; `None` when it is left out. Between two columns are `gap` spaces.
pub(super) fn fit(columns: &[(usize, Room)], gap: usize, limit: usize) -> Vec<Option<usize>> {
    let natural = |&(width, room): &(usize, Room)| (room != Room::Unused).then_some(width);
    let mut widths: Vec<Option<usize>> = columns.iter().map(natural).collect();
    loop {
        let excess = total(&widths, gap).saturating_sub(limit);
        let readable = shrunk(columns, &widths, excess, READABLE);
        if readable.1 == 0 {
            return readable.0;
        }
        let order = |i: &usize| match columns[*i].1 {
            Room::Dropped(order) => widths[*i].map(|_| order),
            _ => None,
        };
        match (0..widths.len()).filter(|i| order(i).is_some()).max_by_key(order) {
            Some(least) => widths[least] = None,
            None => return shrunk(columns, &widths, excess, 1).0,
        }
    }
}

/// The widths after `excess` was taken from the widest of the columns that may be shortened, as
/// long as they stay as wide as `least`, and how much of it could not be taken.
fn shrunk(
    columns: &[(usize, Room)],
    widths: &[Option<usize>],
    mut excess: usize,
    least: usize,
) -> (Vec<Option<usize>>, usize) {
    let mut widths = widths.to_vec();
    while excess > 0 {
        let can_shrink =
            |i: &usize| columns[*i].1 == Room::Shortened && widths[*i].is_some_and(|w| w > least);
        let Some(widest) = (0..widths.len()).filter(can_shrink).max_by_key(|i| widths[*i]) else {
            break;
        };
        // One at a time, so that columns of the same width shrink together.
        widths[widest] = widths[widest].map(|width| width - 1);
        excess -= 1;
    }
    (widths, excess)
}

/// The width of the columns that are not left out, and of the gaps between them.
fn total(widths: &[Option<usize>], gap: usize) -> usize {
    let (sum, count) = widths.iter().flatten().fold((0, 0_usize), |(sum, n), w| (sum + w, n + 1));
    sum + gap * count.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_shrink_then_columns_go_then_names_shrink_further() {
        let columns = [
            (30, Room::Shortened),
            (5, Room::Needed),
            (7, Room::Dropped(1)),
            (7, Room::Dropped(2)),
        ];
        for (limit, expected) in [
            (80, [Some(30), Some(5), Some(7), Some(7)]),
            (50, [Some(25), Some(5), Some(7), Some(7)]),
            (41, [Some(16), Some(5), Some(7), Some(7)]),
            (40, [Some(24), Some(5), Some(7), None]),
            (24, [Some(17), Some(5), None, None]),
            (20, [Some(13), Some(5), None, None]),
            (0, [Some(1), Some(5), None, None]),
        ] {
            assert_eq!(fit(&columns, 2, limit), expected, "{limit}");
        }
    }
}
