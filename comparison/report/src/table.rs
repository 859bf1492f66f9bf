//! Tables in Markdown.

use std::fmt;

/// A table whose first column is text, and whose others are numbers or text.
#[derive(Clone, Debug)]
pub struct Table {
    head: Vec<String>,
    numeric: bool,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table of numbers.
    pub fn of_numbers(head: &[&str]) -> Self {
        Self { numeric: true, ..Self::of_text(head) }
    }

    /// A table of text.
    pub fn of_text(head: &[&str]) -> Self {
        let head = head.iter().map(|&title| title.to_owned()).collect();
        Self { head, numeric: false, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| {} |", self.head.join(" | "))?;
        let rule = if self.numeric { "|---:" } else { "|---" };
        writeln!(f, "|---{}|", rule.repeat(self.head.len() - 1))?;
        for row in &self.rows {
            writeln!(f, "| {} |", row.join(" | "))?;
        }
        Ok(())
    }
}
