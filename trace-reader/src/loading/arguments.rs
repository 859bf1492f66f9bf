//! The arguments of regions and tasks, under their names.

use std::collections::HashMap;
use std::sync::Arc;

use trace_format::{CallsiteId, Value, Values};

use crate::Trace;
use crate::recording::Argument;

/// Collects arguments. A name is kept once: it may be long, and its arguments many.
pub(super) struct Arguments<'t> {
    trace: &'t Trace,
    /// By callsite, and which of its keys; its own name is that of a late argument.
    names: HashMap<(CallsiteId, Option<usize>), Arc<str>>,
    /// How many are kept of a region or task.
    limit: usize,
    /// How many were not.
    pub(super) left_out: u64,
}

impl<'t> Arguments<'t> {
    pub(super) fn new(trace: &'t Trace, limit: usize) -> Self {
        Self { trace, names: HashMap::new(), limit, left_out: 0 }
    }

    /// Appends an argument that was added later.
    pub(super) fn late(&mut self, key: CallsiteId, value: Value<'_>, args: &mut Vec<Argument>) {
        let trace = self.trace;
        self.append((key, None), value, args, || Arc::from(&*trace.callsites().name(key)));
    }

    /// Appends the values of a begin, under the names that its callsite gives them.
    pub(super) fn of_begin(
        &mut self,
        callsite: CallsiteId,
        values: &Values<'_>,
        args: &mut Vec<Argument>,
    ) {
        let trace = self.trace;
        for (i, value) in values.iter().enumerate() {
            self.append((callsite, Some(i)), value, args, || {
                let known = trace.callsites().get(callsite);
                match known.as_ref().and_then(|callsite| callsite.keys.get(i)) {
                    Some(key) => Arc::from(&**key),
                    None => Arc::from(format!("argument {}", i + 1)),
                }
            });
        }
    }

    fn append(
        &mut self,
        which: (CallsiteId, Option<usize>),
        value: Value<'_>,
        args: &mut Vec<Argument>,
        name: impl FnOnce() -> Arc<str>,
    ) {
        if args.len() >= self.limit {
            self.left_out += 1;
            return;
        }
        let key = Arc::clone(self.names.entry(which).or_insert_with(name));
        args.push(Argument { key, value: value.into_owned() });
    }
}
