//! `window: {from: 1s, to: 5s}`: a moment in a window, another for each seed.

use super::{Memory, Pull, TriggerKind};
use crate::chance::Chance;
use crate::event::{Event, What};
use crate::names::Dut;
use crate::time::Duration;

crate::record! {
    /// A moment in a window of time after arming, evenly distributed and decided by the run's seed: the same seed strikes
    /// at the same moment again.
    ///
    /// `window: {from: 1s, to: 5s}`
    pub struct Window {
        /// When it opens.
        from: Duration = "from" or Duration::ZERO,
        /// When it closes.
        to: Duration = "to" (Positive),
    }
}

impl TriggerKind for Window {
    fn pull(&self, _: &Dut, event: &Event, memory: &mut Memory) -> Pull {
        // The first event after arming is the arming itself.
        if memory.count > 0 || !matches!(event.what, What::Armed { .. }) {
            return Pull::No;
        }
        memory.count = 1;
        let width = self.to.0.saturating_sub(self.from.0).saturating_add(1);
        Pull::In(Duration(self.from.0.saturating_add(Chance::new(memory.seed).below(width))))
    }

    fn text(&self) -> String {
        format!("at a moment between {} and {}", self.from, self.to)
    }
}
