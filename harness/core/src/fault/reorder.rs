//! `reorder`: frames overtake others.

use super::{FaultKind, Lowered, Lowering, impair};
use crate::network::{Conditions, Direction, Impair, Reorder};
use crate::port::Port;
use crate::quantity::Share;
use crate::time::Duration;

fault! {
    /// Frames are delayed, and some overtake them: they go at once.
    ///
    /// `reorder: {share: 25%, gap: 5, delay: 50ms, for: 60s}`
    pub struct Overtaking {
        /// How many of those that may.
        share: Share = "share" (Positive) or Share(250_000),
        /// Only every n-th frame may; 1: any.
        gap: u32 = "gap" (Positive) or 1,
        /// How long the others are delayed: without that there is nobody to overtake.
        delay: Duration = "delay" (Positive) or Duration::from_millis(50),
        /// Which way.
        direction: Direction = "direction" or Direction::Both,
    } lasting Duration::from_secs(60)
}

impl FaultKind for Overtaking {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        impair("reorder", self.how(), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Link]
    }

    fn impairs(&self) -> Option<Impair> {
        Some(self.how())
    }
}

impl Overtaking {
    fn how(&self) -> Impair {
        let conditions = Conditions {
            delay: Some(self.delay),
            reorder: Some(Reorder { share: self.share, gap: self.gap }),
            ..Conditions::default()
        };
        Impair::Conditions { direction: self.direction, conditions }
    }
}
