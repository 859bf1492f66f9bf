//! Which tests panicked. Their tasks say so at the end, with the argument `outcome = "panicked"`, and nothing else
//! of a trace does: of a test that returned an error, its task has nothing to tell.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use trace_reader::{Step, Trace, Value};

use crate::error::Error;

/// How many panicked, by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Panicked {
    counts: BTreeMap<String, u64>,
}

/// Of one name.
#[derive(Clone, Debug, Serialize)]
pub(super) struct PanickedRow {
    name: String,
    count: u64,
}

impl Panicked {
    /// Reads a whole trace once, and adds those in it.
    ///
    /// # Errors
    /// When the trace cannot be read.
    pub(super) fn add(&mut self, trace: &Trace) -> Result<(), Error> {
        let name = |callsite| trace.callsites().name(callsite);
        let mut panicked = BTreeSet::new();
        let mut steps = trace.merged();
        while let Some(item) = steps.next()? {
            match item.step {
                Step::TaskArg { task, key, value: Value::Str(text) }
                    if name(key) == "outcome" && text.to_str() == "panicked" =>
                {
                    panicked.insert(task);
                }
                Step::TaskEnded { task, callsite, .. } if panicked.remove(&task) => {
                    *self.counts.entry(name(callsite).into_owned()).or_default() += 1;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// How many of this name.
    pub(super) fn count(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or(0)
    }

    /// By name.
    pub(super) fn rows(&self) -> Vec<PanickedRow> {
        let row =
            |(name, count): (&String, &u64)| PanickedRow { name: name.clone(), count: *count };
        self.counts.iter().map(row).collect()
    }
}
