//! `count: {n: 3, of: {boot: {}}}`: a trigger for the n-th time.

use super::{Memory, Pull, Trigger, TriggerKind};
use crate::event::Event;
use crate::names::Dut;

crate::record! {
    /// Another trigger for the n-th time: it is armed anew each time that it comes. `by` of that trigger counts each time.
    ///
    /// `count: {n: 3, of: {all: {of: [signal: {name: ready}, log: {matches: saved}]}}}`
    pub struct Count {
        /// The how-manieth time since arming.
        n: u64 = "n" (Positive),
        /// Of what.
        of: Box<Trigger> = "of",
    }
}

impl TriggerKind for Count {
    fn pull(&self, dut: &Dut, event: &Event, memory: &mut Memory) -> Pull {
        let Some(inner) = memory.parts.first_mut() else { return Pull::No };
        let Pull::In(by) = self.of.pull(dut, event, inner) else { return Pull::No };
        memory.count += 1;
        if memory.count == self.n {
            return Pull::In(by);
        }
        let seed = inner.seed.wrapping_add(memory.count);
        *inner = inner.anew(seed);
        Pull::No
    }

    fn text(&self) -> String {
        format!("{}{}", self.of.text(), super::nth_text(self.n))
    }

    fn parts(&self) -> &[Trigger] {
        std::slice::from_ref(&self.of)
    }
}
