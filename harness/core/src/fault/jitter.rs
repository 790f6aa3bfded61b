//! `jitter`: frames come late, each by another time.

use super::{FaultKind, Lowered, Lowering, Objection, impair};
use crate::network::{Conditions, Direction, Distribution, Impair};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// Each frame comes later, by a time that varies. Frames overtake each other, as with netem, unless a `rate` is in force
    /// for the same direction too.
    ///
    /// `jitter: {by: 30ms, round: 80ms, distribution: pareto, for: 60s}`
    pub struct Jitter {
        /// By how much the delay varies either way: its most if `uniform`, its standard deviation if not.
        by: Duration = "by" (Positive) or Duration::from_millis(50),
        /// The delay that varies; as long as the jitter if left out.
        round: Option<Duration> = "round" optional,
        /// How it varies. Those of `normal` and `pareto` that would come before they were sent come at once.
        distribution: Distribution = "distribution" or Distribution::Uniform,
        /// Which way.
        direction: Direction = "direction" or Direction::Both,
    } lasting Duration::from_secs(60)
}

impl FaultKind for Jitter {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        impair("jitter", self.how(), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Link]
    }

    fn impairs(&self) -> Option<Impair> {
        Some(self.how())
    }

    fn objection(&self) -> Option<Objection> {
        let round = self.round.filter(|round| *round < self.by)?;
        Some(Objection::to(
            "round",
            format!("frames cannot come before they were sent: {} round {round}", self.by),
            format!("write `round: {}` or more, or leave it out", self.by),
        ))
    }
}

impl Jitter {
    fn how(&self) -> Impair {
        let conditions = Conditions {
            delay: Some(self.round.unwrap_or(self.by)),
            jitter: Some(self.by),
            distribution: Some(self.distribution),
            ..Conditions::default()
        };
        Impair::Conditions { direction: self.direction, conditions }
    }
}
