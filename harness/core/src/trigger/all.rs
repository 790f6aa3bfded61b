//! `all: {of: [signal: ready, log: {matches: saved}]}`: the last of several triggers.

use super::{Memory, Pull, Trigger, TriggerKind};
use crate::event::Event;
use crate::names::Dut;

crate::record! {
    /// The last of several triggers, in whatever order they come.
    ///
    /// `all: {of: [signal: {name: ready}, log: {matches: 'settings: saved'}]}`
    pub struct AllOf {
        /// The triggers.
        of: Vec<Trigger> = "of" (NotEmpty),
    }
}

impl TriggerKind for AllOf {
    fn pull(&self, dut: &Dut, event: &Event, memory: &mut Memory) -> Pull {
        for (part, memory) in self.of.iter().zip(&mut memory.parts) {
            if memory.due.is_none() || !part.as_kind().parts().is_empty() {
                // What was pulled stays pulled.
                match part.pull(dut, event, memory) {
                    Pull::In(by) => memory.due = Some(event.at + by),
                    Pull::No => {}
                }
            }
        }
        if memory.due.is_some() {
            return Pull::No;
        }
        let due = memory.parts.iter().map(|part| part.due).collect::<Option<Vec<_>>>();
        match due.and_then(|due| due.into_iter().max()) {
            Some(due) => {
                memory.due = Some(due);
                Pull::In(due.since(event.at))
            }
            None => Pull::No,
        }
    }

    fn text(&self) -> String {
        super::joined(&self.of, " and ")
    }

    fn parts(&self) -> &[Trigger] {
        &self.of
    }
}
