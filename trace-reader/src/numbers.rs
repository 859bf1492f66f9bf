//! Maps whose keys are tasks, or other numbers that a trace tells.
//!
//! Every begin and end of a task asks for its task, several times, and the standard library's hash is made
//! for keys of any length. A file may be made to slow down whoever reads it, so that where a number falls
//! has to differ from map to map and from run to run.

use std::collections::HashMap;

/// A map from numbers.
pub(crate) type NumberMap<K, V> = HashMap<K, V, foldhash::quality::RandomState>;
