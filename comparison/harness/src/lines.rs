//! The format of the results: JSON, one line each.

use serde::{Deserialize, Serialize};

/// One line of a peer's output.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The first of the mode `off`.
    Facts(Facts),
    /// One row of measurements.
    Row {
        /// In which mode the program ran.
        mode: Mode,
        /// What was measured.
        row: Row,
        /// In what.
        unit: Unit,
        /// One value for each round.
        values: Vec<f64>,
    },
}

impl Line {
    /// Prints it to the standard output.
    pub fn print(&self) {
        println!("{}", serde_json::to_string(self).expect("a line has a JSON form"));
    }
}

/// What stands in the table besides numbers.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Facts {
    /// The packages whose versions matter, as the lock file has them.
    #[serde(default)]
    pub packages: Vec<String>,
    /// The version of what is in no lock file.
    #[serde(default)]
    pub version: Option<String>,
    /// What "off" is; `None` if there is no such thing.
    pub off: Option<String>,
    /// How it is configured.
    pub configuration: String,
    /// What it writes.
    pub output: String,
    /// What bounds its memory, and what happens then.
    pub bound: String,
    /// What it does not offer, or not in the way of the others.
    pub lacks: Vec<String>,
}

/// Why a peer's program was started.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// To time rows with recording off.
    Off,
    /// To time rows with recording on.
    On,
    /// To record this many regions.
    Whole(u64),
}

/// What was measured.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Row {
    /// Two readings of the clock.
    Floor,
    /// The function without an annotation.
    Plain,
    /// A fixed loop of arithmetic.
    Arithmetic,
    /// A fixed loop that reads memory.
    Memory,
    /// A region.
    Region,
    /// A region with an integer.
    RegionWithInteger,
    /// A log with a formatted integer.
    Log,
    /// A task.
    Task,
    /// CPU time of all that takes part, from the start to the end of a recording.
    Cpu,
    /// Size of the output.
    Output,
    /// By how much the peak of resident memory grew.
    PeakMemory,
    /// How many of the regions are in the output.
    Kept,
}

/// What a value counts.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Nanoseconds per operation.
    Nanoseconds,
    /// Bytes per operation.
    BytesPerRegion,
    /// Bytes.
    Bytes,
    /// Regions.
    Regions,
}
