//! `any: {of: [signal: ready, after: {event: armed, by: 5s}]}`: the first of several triggers.

use super::{Memory, Pull, Trigger, TriggerKind};
use crate::event::Event;
use crate::names::Dut;

crate::record! {
    /// The first of several triggers.
    ///
    /// `any: {of: [signal: {name: ready}, after: {event: armed, by: 5s}]}`
    pub struct AnyOf {
        /// The triggers.
        of: Vec<Trigger> = "of" (NotEmpty),
    }
}

impl TriggerKind for AnyOf {
    fn pull(&self, dut: &Dut, event: &Event, memory: &mut Memory) -> Pull {
        let pulls = self.of.iter().zip(&mut memory.parts).map(|(part, memory)| part.pull(dut, event, memory));
        let soonest = pulls.filter_map(|pull| match pull {
            Pull::In(by) => Some(event.at + by),
            Pull::No => None,
        });
        // One that was pulled earlier to strike later still may be overtaken.
        let due = soonest.min();
        match (due, memory.due) {
            (Some(due), None) => {
                memory.due = Some(due);
                Pull::In(due.since(event.at))
            }
            (Some(due), Some(before)) if due < before => {
                memory.due = Some(due);
                Pull::In(due.since(event.at))
            }
            _ => Pull::No,
        }
    }

    fn text(&self) -> String {
        super::joined(&self.of, " or ")
    }

    fn parts(&self) -> &[Trigger] {
        &self.of
    }
}
