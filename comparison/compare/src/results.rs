//! What was measured.

use std::collections::BTreeMap;

use harness::{Facts, Mode, Row, Unit};
use report::Machine;
use serde::Serialize;

/// All of it; the raw results are this in JSON.
#[derive(Serialize)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    /// How often each program was run.
    pub(crate) repeats: usize,
    pub(crate) peers: Vec<Measured>,
}

/// What was measured of a peer.
#[derive(Default, Serialize)]
pub(crate) struct Measured {
    pub(crate) name: String,
    /// What was measured, with its version.
    pub(crate) version: String,
    /// Why there are no numbers, or not all.
    pub(crate) failure: Option<String>,
    pub(crate) facts: Option<Facts>,
    #[serde(serialize_with = "as_list")]
    pub(crate) rows: BTreeMap<(Mode, Row), Values>,
}

/// The values of a row, of all rounds of all processes.
#[derive(Serialize)]
pub(crate) struct Values {
    pub(crate) unit: Unit,
    pub(crate) values: Vec<f64>,
}

impl Measured {
    /// The values of a row; none if it was not measured.
    pub(crate) fn values(&self, mode: Mode, row: Row) -> &[f64] {
        self.rows.get(&(mode, row)).map_or(&[], |values| &values.values)
    }

    /// The floor in the same processes.
    pub(crate) fn floor(&self) -> Option<f64> {
        report::least(self.values(Mode::On, Row::Floor))
    }
}

fn as_list<S: serde::Serializer>(
    rows: &BTreeMap<(Mode, Row), Values>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Entry<'a> {
        mode: Mode,
        row: Row,
        least: Option<f64>,
        middle: Option<f64>,
        #[serde(flatten)]
        values: &'a Values,
    }
    serializer.collect_seq(rows.iter().map(|(&(mode, row), values)| Entry {
        mode,
        row,
        least: report::least(&values.values),
        middle: report::middle(&values.values),
        values,
    }))
}
