//! `corrupt`: frames are damaged.

use super::{FaultKind, Lowered, Lowering, impair};
use crate::network::{Conditions, Direction, Impair};
use crate::port::Port;
use crate::quantity::Share;
use crate::time::Duration;

fault! {
    /// In some frames one bit is inverted, anywhere. Checksums of IP, TCP and UDP find most of that, so that the device sees a loss;
    /// what is not covered by one comes through: Ethernet has none here, as the chip of a real one has checked it before.
    ///
    /// `corrupt: {share: 5%, for: 60s}`
    pub struct Corrupt {
        /// How many.
        share: Share = "share" (Positive) or Share(50_000),
        /// Which way.
        direction: Direction = "direction" or Direction::Both,
    } lasting Duration::from_secs(60)
}

impl FaultKind for Corrupt {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        impair("corrupt", self.how(), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Link]
    }

    fn impairs(&self) -> Option<Impair> {
        Some(self.how())
    }
}

impl Corrupt {
    fn how(&self) -> Impair {
        let conditions = Conditions { corrupt: Some(self.share), ..Conditions::default() };
        Impair::Conditions { direction: self.direction, conditions }
    }
}
