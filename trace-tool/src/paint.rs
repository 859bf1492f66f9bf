//! What colours mean. Everything is styled always; the stream decides whether that shows.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

/// Ordinary text.
pub(crate) const TEXT: Style = Style::new();
/// What a section or a line is about.
pub(crate) const HEADING: Style = Style::new().bold();
/// What can be skipped: column titles, units of context, the lines of a tree.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// Bars of histograms and shares.
pub(crate) const BAR: Style = AnsiColor::Cyan.on_default();
/// Tasks, where they stand among regions.
pub(crate) const TASK: Style = AnsiColor::Green.on_default().bold();
/// Logs, where they stand among regions.
pub(crate) const LOG: Style = AnsiColor::Blue.on_default();
/// What is incomplete or should be looked at.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// What is wrong or lost.
pub(crate) const ALARM: Style = AnsiColor::Red.on_default().bold();

/// `text` in that style.
pub(crate) fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}
