//! `rate`: the link is slow.

use super::{FaultKind, Lowered, Lowering, impair};
use crate::network::{Conditions, Direction, Impair};
use crate::port::Port;
use crate::quantity::BitRate;
use crate::time::Duration;

fault! {
    /// Frames leave no faster than this, one behind the other. What waits is held, and dropped when too much of it does.
    ///
    /// `rate: {to: 64kbit/s, limit: 50, for: 60s}`
    pub struct Rate {
        /// The rate, of whole Ethernet frames.
        to: BitRate = "to" (Positive) or BitRate(64_000),
        /// So many frames wait at most. Many make a queue that delays (bufferbloat), few one that drops.
        limit: u32 = "limit" (Positive) or 1000,
        /// Which way.
        direction: Direction = "direction" or Direction::Both,
    } lasting Duration::from_secs(60)
}

impl FaultKind for Rate {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        impair("rate", self.how(), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Link]
    }

    fn impairs(&self) -> Option<Impair> {
        Some(self.how())
    }
}

impl Rate {
    fn how(&self) -> Impair {
        let conditions = Conditions { rate: Some(self.to), limit: Some(self.limit), ..Conditions::default() };
        Impair::Conditions { direction: self.direction, conditions }
    }
}
