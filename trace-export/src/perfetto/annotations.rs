//! Arguments as debug annotations.

use trace_reader::{CallsiteId, Value, Values};

use super::events::Annotations;
use super::{Timeline, WIDE};

impl Timeline<'_, '_, '_> {
    /// The arguments of what began.
    pub(super) fn annotations(&mut self, callsite: CallsiteId, values: &Values<'_>) -> Annotations {
        let keys = &self.names.of(callsite).keys;
        let mut annotations = Annotations::default();
        let mut is_wide = false;
        for (at, value) in values.iter().enumerate() {
            is_wide |= match keys.get(at) {
                Some(key) => annotations.add(key, &value),
                None => annotations.add(&format!("argument {at}"), &value),
            };
        }
        if is_wide {
            self.remarks.met(WIDE);
        }
        annotations
    }

    /// An argument that was added later.
    pub(super) fn annotation(&mut self, key: CallsiteId, value: &Value<'_>) -> Annotations {
        let mut annotations = Annotations::default();
        if annotations.add(&self.names.of(key).name, value) {
            self.remarks.met(WIDE);
        }
        annotations
    }
}
