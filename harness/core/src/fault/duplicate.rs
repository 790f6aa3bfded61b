//! `duplicate`: frames come twice.

use super::{FaultKind, Lowered, Lowering, impair};
use crate::network::{Conditions, Direction, Impair};
use crate::port::Port;
use crate::quantity::Share;
use crate::time::Duration;

fault! {
    /// Frames come twice, the copy behind its frame or, with jitter, anywhere.
    ///
    /// `duplicate: {share: 20%, for: 60s}`
    pub struct Duplicate {
        /// How many.
        share: Share = "share" (Positive) or Share(100_000),
        /// Which way.
        direction: Direction = "direction" or Direction::Both,
    } lasting Duration::from_secs(60)
}

impl FaultKind for Duplicate {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        impair("duplicate", self.how(), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Link]
    }

    fn impairs(&self) -> Option<Impair> {
        Some(self.how())
    }
}

impl Duplicate {
    fn how(&self) -> Impair {
        let conditions = Conditions { duplicate: Some(self.share), ..Conditions::default() };
        Impair::Conditions { direction: self.direction, conditions }
    }
}
