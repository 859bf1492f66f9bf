//! What both comparisons write, and where.
//!
//! | file | owns |
//! |---|---|
//! | `machine.rs` | where and when numbers were measured |
//! | `document.rs` | the part of a document between two markers |
//! | `table.rs` | tables in Markdown |
//! | `statistics.rs` | the least and the middle of some values |
//! | `versions.rs` | versions in the lock file |
#![forbid(unsafe_code)]

mod document;
mod machine;
mod statistics;
mod table;
mod versions;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;

pub use document::replace_between;
pub use machine::Machine;
pub use statistics::{least, middle};
pub use table::Table;
pub use versions::Versions;

/// The directory of this workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace above").to_owned()
}

/// The document that the tables stand in.
pub fn document() -> PathBuf {
    workspace().join("../docs/performance.md")
}

/// Writes `results` to a file in the directory of raw results.
///
/// # Errors
/// When the file cannot be written.
pub fn write_raw(name: &str, results: &impl Serialize) -> Result<()> {
    let directory = workspace().join("../docs/performance");
    std::fs::create_dir_all(&directory)?;
    let path = directory.join(name);
    let mut json = serde_json::to_string_pretty(results)?;
    json.push('\n');
    std::fs::write(&path, json).with_context(|| format!("cannot write {}", path.display()))
}

/// Reads raw results that were written before.
pub fn read_raw(name: &str) -> Result<serde_json::Value> {
    let path = workspace().join("../docs/performance").join(name);
    let json = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(serde_json::from_str(&json)?)
}
