//! How wide the columns of a table are.
//!
//! What a table does when it is too wide, in this order:
//! 1. the columns that may be shortened lose columns, the widest first, down to a width at which
//!    names can still be told apart;
//! 2. columns are left out, the least important first, and 1. is tried again;
//! 3. shortened columns shrink further, down to a single `…`;
//! 4. all that are left shrink, the widest first. Only absurd numbers bring it to this.

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

/// A column as wide as it would be if there were room.
#[derive(Clone, Copy, Debug)]
pub(super) struct Natural {
    /// How wide that is.
    pub(super) width: usize,
    /// How much of it is taken by what stands before names and is not shortened with them.
    pub(super) before: usize,
    pub(super) room: Room,
}

/// Gives each column the width that it has when the table is `limit` wide; `None` when it is left
/// out. Between two columns are `gap` spaces.
pub(super) fn fit(columns: &[Natural], gap: usize, limit: usize) -> Vec<Option<usize>> {
    let natural = |column: &Natural| (column.room != Room::Unused).then_some(column.width);
    let mut widths: Vec<Option<usize>> = columns.iter().map(natural).collect();
    let names = |least: usize| {
        move |column: &Natural| (column.room == Room::Shortened).then_some(column.before + least)
    };
    loop {
        if let Ok(readable) = shrunk(columns, &widths, gap, limit, names(READABLE)) {
            return readable;
        }
        let order = |i: &usize| match columns[*i].room {
            Room::Dropped(order) => widths[*i].map(|_| order),
            _ => None,
        };
        match (0..widths.len()).filter(|i| order(i).is_some()).max_by_key(order) {
            Some(least) => widths[least] = None,
            None => break,
        }
    }
    let (Ok(widths) | Err(widths)) = shrunk(columns, &widths, gap, limit, names(1))
        .or_else(|widths| shrunk(columns, &widths, gap, limit, |_| Some(1)));
    widths
}

/// The widths after the widest columns shrank, none below what `least` says; `None` is not at
/// all. An error when the table is still wider than `limit`.
fn shrunk(
    columns: &[Natural],
    widths: &[Option<usize>],
    gap: usize,
    limit: usize,
    least: impl Fn(&Natural) -> Option<usize>,
) -> Result<Vec<Option<usize>>, Vec<Option<usize>>> {
    let mut widths = widths.to_vec();
    for _ in limit..total(&widths, gap) {
        let can_shrink = |i: &usize| {
            let least = least(&columns[*i]);
            least.is_some_and(|least| widths[*i].is_some_and(|width| width > least))
        };
        let Some(widest) = (0..widths.len()).filter(can_shrink).max_by_key(|i| widths[*i]) else {
            return Err(widths);
        };
        // One at a time, so that columns of the same width shrink together.
        widths[widest] = widths[widest].map(|width| width - 1);
    }
    Ok(widths)
}

/// The width of the columns that are not left out, and of the gaps between them.
fn total(widths: &[Option<usize>], gap: usize) -> usize {
    let (sum, count) = widths.iter().flatten().fold((0, 0_usize), |(sum, n), w| (sum + w, n + 1));
    sum + gap * count.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(columns: &[(usize, usize, Room)], cases: &[(usize, &[Option<usize>])]) {
        let natural = |&(width, before, room)| Natural { width, before, room };
        let columns: Vec<_> = columns.iter().map(natural).collect();
        for (limit, expected) in cases {
            assert_eq!(fit(&columns, 2, *limit), *expected, "{limit}");
        }
    }

    #[trace::test]
    fn names_shrink_then_columns_go_then_names_shrink_further_then_all_do() {
        let columns = [
            (30, 0, Room::Shortened),
            (5, 0, Room::Needed),
            (7, 0, Room::Dropped(1)),
            (7, 0, Room::Dropped(2)),
        ];
        check(
            &columns,
            &[
                (80, &[Some(30), Some(5), Some(7), Some(7)]),
                (50, &[Some(25), Some(5), Some(7), Some(7)]),
                (41, &[Some(16), Some(5), Some(7), Some(7)]),
                (40, &[Some(24), Some(5), Some(7), None]),
                (24, &[Some(17), Some(5), None, None]),
                (20, &[Some(13), Some(5), None, None]),
                (8, &[Some(1), Some(5), None, None]),
                (7, &[Some(1), Some(4), None, None]),
                (0, &[Some(1), Some(1), None, None]),
            ],
        );
    }

    #[trace::test]
    fn what_stands_before_names_does_not_count_as_readable() {
        let columns = [(40, 10, Room::Shortened), (5, 0, Room::Dropped(1)), (5, 0, Room::Needed)];
        check(
            &columns,
            &[
                (40, &[Some(26), Some(5), Some(5)]),
                (39, &[Some(32), None, Some(5)]),
                (18, &[Some(11), None, Some(5)]),
                (16, &[Some(9), None, Some(5)]),
            ],
        );
    }
}
