//! Tables: cells in columns that line up, in lines that fit a width.

mod fit;

use std::borrow::Cow;
use std::io::{self, Write};

use anstyle::Style;

use self::fit::{Natural, Room};
use crate::escape::{shorten_end, shorten_middle, width};
use crate::paint::{FAINT, HEADING, TEXT, paint};

/// What stands between two columns.
const GAP: usize = 2;

/// Text and how it looks. The text is [plain](crate::escape::plain).
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    /// What stands before the text, and is shortened only once nothing of the text is left.
    before: String,
    before_style: Style,
    text: String,
    style: Style,
}

impl Cell {
    pub(crate) fn styled(style: Style, text: impl Into<String>) -> Self {
        Self { text: text.into(), style, ..Self::default() }
    }

    /// The same, after something that is shortened only once nothing of the text is left.
    pub(crate) fn after(self, before_style: Style, before: String) -> Self {
        Self { before, before_style, ..self }
    }

    fn width(&self) -> usize {
        width(&self.before) + width(&self.text)
    }

    /// The cell in at most `limit` columns, and how many it takes.
    fn fitted(&self, limit: usize, shorten: fn(&str, usize) -> Cow<'_, str>) -> (String, usize) {
        let least = usize::from(!self.text.is_empty());
        let before = shorten_end(&self.before, limit.saturating_sub(least));
        let indent = width(&before);
        let text = shorten(&self.text, limit.saturating_sub(indent));
        let used = indent + width(&text);
        (paint(self.before_style, before) + &paint(self.style, text), used)
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(TEXT, text)
    }
}

/// On which side the cells of a column line up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// A column: title, side and importance.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    title: Cell,
    side: Side,
    room: Room,
    /// What to say is missing when the column is left out; nothing when empty.
    called: String,
}

impl Column {
    /// Names: left-aligned, shortened when there is no room. The title is the table's heading.
    pub(crate) fn names(heading: &str) -> Self {
        let title = Cell::styled(HEADING, heading);
        Self { title, side: Side::Left, room: Room::Shortened, called: String::new() }
    }

    /// Numbers: right-aligned.
    pub(crate) fn numbers(title: &str) -> Self {
        let called = title.to_owned();
        Self { title: Cell::styled(FAINT, title), side: Side::Right, room: Room::Needed, called }
    }

    /// Words: left-aligned.
    pub(crate) fn words(title: &str) -> Self {
        Self { side: Side::Left, ..Self::numbers(title) }
    }

    /// Cells are shortened when there is no room.
    pub(crate) fn shortened(self) -> Self {
        Self { room: Room::Shortened, ..self }
    }

    /// What to say is missing when the column is left out, if not its title.
    pub(crate) fn called(self, called: &str) -> Self {
        Self { called: called.to_owned(), ..self }
    }

    /// Is left out when there is no room, before those with a lower `order`.
    pub(crate) fn dropped(self, order: u8) -> Self {
        Self { room: Room::Dropped(order), ..self }
    }
}

/// Columns and rows.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table without rows. With no titles at all, it has no line for them.
    pub(crate) fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new() }
    }

    /// Appends a row. When it has fewer cells than there are columns, the last one extends to the
    /// end of the line and does not widen its column.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Whether there is no row.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes the table in at most `limit` columns, and returns what the columns are called for
    /// which there was no room.
    pub(crate) fn write(&self, out: &mut dyn Write, limit: usize) -> io::Result<Vec<&str>> {
        let widths = self.widths(limit);
        let titles = || self.columns.iter().map(|column| column.title.clone());
        if titles().any(|title| !title.text.is_empty()) {
            self.line(out, &titles().collect::<Vec<_>>(), &widths, limit)?;
        }
        for row in &self.rows {
            self.line(out, row, &widths, limit)?;
        }
        let left_out = (0..widths.len()).filter(|&i| widths[i].is_none() && !self.is_blank(i));
        let called = left_out.map(|i| self.columns[i].called.as_str());
        Ok(called.filter(|called| !called.is_empty()).collect())
    }

    /// How wide each column is; `None` when it is left out.
    fn widths(&self, limit: usize) -> Vec<Option<usize>> {
        let extends = |row: &[Cell], i| i + 1 == row.len() && row.len() < self.columns.len();
        let natural = |i: usize| {
            let column = &self.columns[i];
            let rows = self.rows.iter().filter(|row| i < row.len() && !extends(row, i));
            let cells = || rows.clone().map(|row| &row[i]);
            let widest = cells().map(Cell::width).max().unwrap_or(0);
            Natural {
                width: widest.max(column.title.width()),
                before: cells().map(|cell| width(&cell.before)).max().unwrap_or(0),
                room: if self.is_blank(i) { Room::Unused } else { column.room },
            }
        };
        fit::fit(&(0..self.columns.len()).map(natural).collect::<Vec<_>>(), GAP, limit)
    }

    /// Whether no row has anything in this column; it is not shown then.
    fn is_blank(&self, column: usize) -> bool {
        let has_text = |row: &Vec<Cell>| row.get(column).is_some_and(|cell| cell.width() > 0);
        !self.rows.is_empty() && !self.rows.iter().any(has_text)
    }

    fn line(
        &self,
        out: &mut dyn Write,
        cells: &[Cell],
        widths: &[Option<usize>],
        limit: usize,
    ) -> io::Result<()> {
        let mut line = String::new();
        let (mut at, mut pending) = (0, 0);
        for (i, cell) in cells.iter().enumerate() {
            let Some(column_width) = widths[i] else { continue };
            let extends = i + 1 == cells.len() && cells.len() < self.columns.len();
            let (text, used) = if extends {
                cell.fitted(limit.saturating_sub(at), shorten_end)
            } else {
                cell.fitted(column_width, shorten_middle)
            };
            let free = column_width.saturating_sub(used);
            let (before, after) = match self.columns[i].side {
                Side::Left => (0, free),
                Side::Right => (free, 0),
            };
            if used > 0 {
                line.push_str(&" ".repeat(pending + before));
                line.push_str(&text);
                pending = after + GAP;
            } else {
                pending += column_width + GAP;
            }
            at += column_width + GAP;
        }
        writeln!(out, "{line}")
    }
}

/// What is said about columns for which there was no room, if there are any.
pub(crate) fn left_out(called: impl IntoIterator<Item = impl Into<String>>) -> Option<String> {
    let called: Vec<String> = called.into_iter().map(Into::into).collect();
    (!called.is_empty()).then(|| format!("a wider terminal shows {}", called.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(table: &Table, limit: usize) -> (String, Vec<&str>) {
        let mut bytes = Vec::new();
        let left_out = table.write(&mut bytes, limit).unwrap();
        (anstream::adapter::strip_str(std::str::from_utf8(&bytes).unwrap()).to_string(), left_out)
    }

    fn sample() -> Table {
        let columns = [
            Column::names("Regions"),
            Column::numbers("count"),
            Column::numbers("p99").dropped(2),
            Column::numbers("max").dropped(1),
        ];
        let mut table = Table::new(columns);
        table.row(["steamMilkForCappuccino", "12", "1.00 ms", "3.00 ms"].map(Cell::from));
        table.row(["牛奶", "1,234", "", "3.00 s"].map(Cell::from));
        table.row(["note", "from here to the end"].map(Cell::from));
        table
    }

    #[trace::test]
    fn numbers_line_up_on_the_right() {
        let expected = "\
Regions                 count      p99      max
steamMilkForCappuccino     12  1.00 ms  3.00 ms
牛奶                    1,234            3.00 s
note                    from here to the end
";
        assert_eq!(written(&sample(), 80), (expected.to_owned(), vec![]));
    }

    #[trace::test]
    fn names_shrink_then_columns_go_then_names_shrink_further() {
        let expected = "\
Regions                count      max
steamMilkF…Cappuccino     12  3.00 ms
牛奶                   1,234   3.00 s
note                   from here to …
";
        assert_eq!(written(&sample(), 37), (expected.to_owned(), vec!["p99"]));
        for limit in 4..60 {
            let (text, _) = written(&sample(), limit);
            assert!(text.lines().all(|line| width(line) <= limit), "{limit}:\n{text}");
        }
    }

    #[trace::test]
    fn what_stands_before_a_name_is_shortened_last() {
        let mut table = Table::new([Column::names(""), Column::numbers("")]);
        table.row([Cell::from("steamMilk").after(FAINT, "│  │  └─ ".to_owned()), "1 s".into()]);
        for (limit, expected) in [
            (23, "│  │  └─ steamMilk  1 s"),
            (18, "│  │  └─ st…k  1 s"),
            (15, "│  │  └─ …  1 s"),
            (12, "│  │ ……  1 s"),
        ] {
            assert_eq!(written(&table, limit).0.trim_end(), expected);
        }
    }
}
