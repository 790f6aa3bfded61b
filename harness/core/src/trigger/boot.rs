//! `boot: {nth: 3, by: 10ms}`: the device boots.

use super::{Memory, Pull, TriggerKind, delay_text, nth_signal};
use crate::event::Event;
use crate::names::Dut;
use crate::time::Duration;

/// The signal by which a board file says that its device boots.
pub(crate) const BOOT: &str = "boot";

crate::record! {
    /// The device boots, by the `boot` signal of its board file.
    ///
    /// `boot: {nth: 3, by: 10ms}`
    pub struct OnBoot {
        /// The how-manieth boot since arming.
        nth: u64 = "nth" (Positive) or 1,
        /// How long after it.
        by: Duration = "by" or Duration::ZERO,
    }
}

impl TriggerKind for OnBoot {
    fn pull(&self, dut: &Dut, event: &Event, memory: &mut Memory) -> Pull {
        nth_signal(dut, event, BOOT, memory, self.nth, self.by)
    }

    fn text(&self) -> String {
        format!("{}boot number {}", delay_text(self.by), self.nth)
    }
}
