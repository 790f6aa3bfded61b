//! `window: {from: 1s, to: 5s}`: a moment in a window, another for each seed.

use super::{Memory, Pull, TriggerKind};
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
        let width = u128::from(self.to.0.saturating_sub(self.from.0)) + 1;
        // The product is below `width` times 2^64, so its upper half is below `width`.
        let into = (u128::from(scattered(memory.seed)) * width) >> 64;
        Pull::In(Duration(self.from.0.saturating_add(u64::try_from(into).unwrap_or(0))))
    }

    fn text(&self) -> String {
        format!("at a moment between {} and {}", self.from, self.to)
    }
}

/// One step of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
fn scattered(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}
