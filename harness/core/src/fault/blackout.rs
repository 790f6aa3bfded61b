//! `blackout`: every frame is lost, with the cable plugged.

use super::{FaultKind, Lowered, Lowering, impair};
use crate::network::{Conditions, Direction, Impair, Loss};
use crate::port::Port;
use crate::quantity::Share;
use crate::time::Duration;

fault! {
    /// Every frame is lost, though the cable is plugged and its light is on.
    ///
    /// `blackout: {for: 60s}`
    pub struct Blackout {
        /// Which way. One way only is what a broken switch or a bad firewall rule does.
        direction: Direction = "direction" or Direction::Both,
    } lasting Duration::from_secs(30)
}

impl FaultKind for Blackout {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        impair("blackout", self.how(), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Link]
    }

    fn impairs(&self) -> Option<Impair> {
        Some(self.how())
    }
}

impl Blackout {
    fn how(&self) -> Impair {
        let conditions = Conditions { loss: Some(Loss::Random(Share(1_000_000))), ..Conditions::default() };
        Impair::Conditions { direction: self.direction, conditions }
    }
}
