//! Open regions about which nothing is known but how many there are, around those on the stack.
//!
//! Their time is counted from when they were hidden on; what was inside of them before that was
//! told of, or lost. Regions that were hidden at the same time are a layer.

use crate::Time;

/// The hidden regions of a thread.
#[derive(Debug, Default)]
pub(crate) struct Hidden {
    /// From the outside in. None is empty.
    layers: Vec<Layer>,
    len: u64,
}

#[derive(Debug)]
struct Layer {
    len: u64,
    /// These regions cannot be charged for what precedes this.
    from: Time,
    /// What has been charged to the innermost of them.
    children_ns: u64,
}

impl Hidden {
    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Charges time of something inside to the innermost hidden region, if there is one.
    pub(crate) fn charge(&mut self, ns: u64) {
        if let Some(layer) = self.layers.last_mut() {
            layer.children_ns = layer.children_ns.saturating_add(ns);
        }
    }

    /// Hides more, inside of those that are hidden.
    pub(crate) fn add(&mut self, len: u64, now: Time) {
        if len > 0 {
            self.layers.push(Layer { len, from: now, children_ns: 0 });
            self.len = self.len.saturating_add(len);
        }
    }

    /// Says how many there are. If that is more than was known, nothing is known about any of them
    /// before `from`.
    pub(crate) fn set(&mut self, len: u64, from: Time) {
        if len > self.len {
            let children_ns = self.layers.last().map_or(0, |layer| layer.children_ns);
            self.layers.clear();
            self.layers.push(Layer { len, from, children_ns });
        }
        let mut surplus = self.len.saturating_sub(len);
        while let Some(layer) = self.layers.last_mut().filter(|_| surplus > 0) {
            if layer.len > surplus {
                layer.len -= surplus;
                break;
            }
            surplus -= layer.len;
            self.layers.pop();
        }
        self.len = len;
    }

    /// Ends the innermost one, and returns its covered and self time. Of its begin is known only
    /// what its end tells.
    pub(crate) fn pop(&mut self, begin: Time, now: Time) -> (u64, u64) {
        let Some(layer) = self.layers.last_mut() else { return (0, 0) };
        let covered_ns = now.since(begin.max(layer.from));
        let self_ns = covered_ns.saturating_sub(layer.children_ns);
        self.len -= 1;
        layer.len -= 1;
        if layer.len > 0 {
            layer.children_ns = covered_ns;
        } else {
            self.layers.pop();
            self.charge(covered_ns);
        }
        (covered_ns, self_ns)
    }
}
