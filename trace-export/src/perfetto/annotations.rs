//! Arguments as debug annotations.

use trace_reader::{CallsiteId, Value, Values};

use super::proto::{AnnotationValue, DebugAnnotation};
use super::{Timeline, WIDE};

impl Timeline<'_, '_, '_> {
    /// The arguments of what began.
    pub(super) fn annotations(
        &mut self,
        callsite: CallsiteId,
        values: &Values<'_>,
    ) -> Vec<DebugAnnotation> {
        let mut annotations = Vec::with_capacity(4);
        for (at, value) in values.iter().enumerate() {
            let value = Some(self.value(&value));
            let key = self.names.of(callsite).keys.get(at).cloned();
            let name = Some(key.unwrap_or_else(|| format!("argument {at}")));
            annotations.push(DebugAnnotation { name, value });
        }
        annotations
    }

    /// An argument that was added later.
    pub(super) fn annotation(&mut self, key: CallsiteId, value: &Value<'_>) -> DebugAnnotation {
        let name = self.names.of(key).name.clone();
        DebugAnnotation { name: Some(name), value: Some(self.value(value)) }
    }

    fn value(&mut self, value: &Value<'_>) -> AnnotationValue {
        match value {
            Value::I64(value) => AnnotationValue::Int(*value),
            Value::U64(value) => AnnotationValue::Uint(*value),
            Value::F64(value) => AnnotationValue::Double(*value),
            Value::Bool(value) => AnnotationValue::Bool(*value),
            Value::I128(value) => self.wide(value),
            Value::U128(value) => self.wide(value),
            Value::Str(text) | Value::Debug(text) | Value::Display(text) => {
                AnnotationValue::String(text.to_str().into_owned())
            }
        }
    }

    fn wide(&mut self, value: &impl ToString) -> AnnotationValue {
        self.remarks.met(WIDE);
        AnnotationValue::String(value.to_string())
    }
}

/// An annotation that is there, or not.
pub(super) fn flag(name: &str) -> DebugAnnotation {
    annotation(name, AnnotationValue::Bool(true))
}

/// A number.
pub(super) fn number(name: &str, value: u64) -> DebugAnnotation {
    annotation(name, AnnotationValue::Uint(value))
}

/// A text.
pub(super) fn text(name: &str, value: &str) -> DebugAnnotation {
    annotation(name, AnnotationValue::String(value.to_owned()))
}

fn annotation(name: &str, value: AnnotationValue) -> DebugAnnotation {
    DebugAnnotation { name: Some(name.to_owned()), value: Some(value) }
}
