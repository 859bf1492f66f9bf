//! The table: rows are printed as soon as they are known, so that what ends a process takes none away.

/// What a table begins with.
pub(crate) const HEAD: &str = "| what | target | measured | verdict |\n|---|---|---|---|";

/// How a missed row ends; how [`isolation`](crate::isolation) knows it.
pub(crate) const MISSED: &str = "| **missed** |";

/// Prints rows.
#[derive(Debug, Default)]
pub(crate) struct Rows(());

impl Rows {
    /// A row with a verdict.
    pub(crate) fn judge(&mut self, what: &str, target: &str, measured: &str, met: bool) {
        println!("| {what} | {target} | {measured} {}", if met { "| met |" } else { MISSED });
    }

    /// A row that is promised only where its number is.
    pub(crate) fn tell(&mut self, what: &str, measured: &str) {
        println!("| {what} | (not promised) | {measured} | – |");
    }

    /// A row of runs, of which none may fail. Says what was wrong with the first that did.
    pub(crate) fn runs(&mut self, what: &str, target: &str, done: &str, wrong: &[String]) {
        match wrong {
            [] => self.judge(what, target, done, true),
            [first, ..] => {
                let first = first.replace(['|', '\n'], " ");
                let measured = format!("{done}; wrong in {}, first: {first}", wrong.len());
                self.judge(what, target, &measured, false);
            }
        }
    }
}
