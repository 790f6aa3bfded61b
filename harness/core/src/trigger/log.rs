//! `log: {matches: 'settings: saved', nth: 2}`: the firmware logs a message.

use super::{Memory, Pull, TriggerKind, delay_text, nth_text};
use crate::event::{Event, What};
use crate::names::Dut;
use crate::pattern::Pattern;
use crate::port::Port;
use crate::time::Duration;

crate::record! {
    /// The firmware logs a message (defmt or text over RTT) for the n-th time since arming.
    ///
    /// `log: {matches: 'settings: saved', nth: 2}`
    pub struct OnLog {
        /// What it says: a regular expression.
        matches: Pattern = "matches",
        /// The how-manieth since arming.
        nth: u64 = "nth" (Positive) or 1,
        /// How long after it.
        by: Duration = "by" or Duration::ZERO,
    }
}

impl TriggerKind for OnLog {
    fn pull(&self, dut: &Dut, event: &Event, memory: &mut Memory) -> Pull {
        let came =
            matches!(&event.what, What::Log { dut: of, text, .. } if of == dut && self.matches.is_in(text));
        if !came {
            return Pull::No;
        }
        memory.count += 1;
        if memory.count == self.nth { Pull::In(self.by) } else { Pull::No }
    }

    fn text(&self) -> String {
        format!("{}log message `{}`{}", delay_text(self.by), self.matches, nth_text(self.nth))
    }

    fn needs(&self) -> Vec<Port> {
        vec![Port::Debug]
    }
}
