//! `signal: {name: ready, nth: 2, plus: 5ms}`: the device shows a behaviour.

use super::{Memory, Pull, TriggerKind, delay_text, nth_signal};
use crate::event::Event;
use crate::names::{Dut, Signal};
use crate::time::Duration;

crate::record! {
    /// The device shows a signal of its board file.
    ///
    /// `signal: {name: ready, nth: 2, by: 5ms}`
    pub struct OnSignal {
        /// Which signal.
        name: Signal = "name",
        /// The how-manieth since arming.
        nth: u64 = "nth" (Positive) or 1,
        /// How long after it.
        by: Duration = "by" or Duration::ZERO,
    }
}

impl TriggerKind for OnSignal {
    fn pull(&self, dut: &Dut, event: &Event, memory: &mut Memory) -> Pull {
        nth_signal(dut, event, self.name.as_str(), memory, self.nth, self.by)
    }

    fn text(&self) -> String {
        let nth = if self.nth == 1 { String::new() } else { format!(" (number {})", self.nth) };
        format!("{}signal `{}`{nth}", delay_text(self.by), self.name)
    }
}
