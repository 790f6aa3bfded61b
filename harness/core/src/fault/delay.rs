//! `delay`: frames come late.

use super::{FaultKind, Lowered, Lowering, impair};
use crate::network::{Conditions, Direction, Impair};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// Each frame comes later, by the same time.
    ///
    /// `delay: {by: 200ms, for: 60s}`
    pub struct Delay {
        /// By how much; both ways, a round trip takes twice as much longer.
        by: Duration = "by" (Positive) or Duration::from_millis(200),
        /// Which way.
        direction: Direction = "direction" or Direction::Both,
    } lasting Duration::from_secs(60)
}

impl FaultKind for Delay {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        impair("delay", self.how(), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Link]
    }

    fn impairs(&self) -> Option<Impair> {
        Some(self.how())
    }
}

impl Delay {
    fn how(&self) -> Impair {
        let conditions = Conditions { delay: Some(self.by), ..Conditions::default() };
        Impair::Conditions { direction: self.direction, conditions }
    }
}
