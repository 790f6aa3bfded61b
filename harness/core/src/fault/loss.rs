//! `loss`: frames are lost at random.

use super::{FaultKind, Lowered, Lowering, impair};
use crate::network::{Conditions, Direction, Impair, Loss};
use crate::port::Port;
use crate::quantity::Share;
use crate::time::Duration;

fault! {
    /// Frames are lost, each for itself. For losses in a row, as radio has them, see `burst_loss`; for all of them, `blackout`.
    ///
    /// `loss: {share: 10%, for: 60s}`
    pub struct RandomLoss {
        /// How many.
        share: Share = "share" (Positive) or Share(100_000),
        /// Which way.
        direction: Direction = "direction" or Direction::Both,
    } lasting Duration::from_secs(60)
}

impl FaultKind for RandomLoss {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        impair("loss", self.how(), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Link]
    }

    fn impairs(&self) -> Option<Impair> {
        Some(self.how())
    }
}

impl RandomLoss {
    fn how(&self) -> Impair {
        let conditions = Conditions { loss: Some(Loss::Random(self.share)), ..Conditions::default() };
        Impair::Conditions { direction: self.direction, conditions }
    }
}
