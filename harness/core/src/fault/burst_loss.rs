//! `burst_loss`: frames are lost in bursts.

use super::{FaultKind, Lowered, Lowering, Objection, impair};
use crate::network::{Conditions, Direction, Impair, Loss};
use crate::port::Port;
use crate::quantity::Share;
use crate::time::Duration;

fault! {
    /// Frames are lost in bursts, as radio loses them: a good and a bad state (Gilbert 1960, Elliott 1963). Said by what
    /// comes of it, `lost` and `burst`, or by the model's own parameters, `p`, `r`, `bad` and `good`.
    ///
    /// `burst_loss: {lost: 5%, burst: 8, for: 60s}`
    pub struct BurstLoss {
        /// How many frames are lost in the long run.
        lost: Option<Share> = "lost" optional,
        /// How many in a row, on average; 5 if left out.
        burst: Option<u32> = "burst" (Positive) optional,
        /// From the good state to the bad one, asked once a frame.
        p: Option<Share> = "p" optional,
        /// From the bad state to the good one, asked once a frame.
        r: Option<Share> = "r" optional,
        /// Lost of those that come in the bad state (netem's 1-h); all if left out.
        bad: Option<Share> = "bad" optional,
        /// Lost of those that come in the good state (netem's 1-k); none if left out.
        good: Option<Share> = "good" optional,
        /// Which way.
        direction: Direction = "direction" or Direction::Both,
    } lasting Duration::from_secs(60)
}

/// All, in millionths.
const ALL: i64 = 1_000_000;

/// Frames of a burst, where nothing is said.
const BURST: u32 = 5;

impl FaultKind for BurstLoss {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        impair("burst_loss", self.how(), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Link]
    }

    fn impairs(&self) -> Option<Impair> {
        Some(self.how())
    }

    fn objection(&self) -> Option<Objection> {
        let model = [("p", self.p), ("r", self.r), ("bad", self.bad), ("good", self.good)];
        let of_model = model.iter().find(|(_, share)| share.is_some()).map(|(name, _)| *name);
        let of_outcome = self.lost.map(|_| "lost").or(self.burst.map(|_| "burst"));
        match (of_outcome, of_model) {
            (Some(outcome), Some(parameter)) => Some(Objection::to(
                parameter,
                format!(
                    "`{outcome}` says what comes of it, `{parameter}` is of the model that makes that: one decides the other"
                ),
                "write `lost` and `burst`, or the parameters of the model alone",
            )),
            (_, None) => match self.lost {
                None => Some(Objection::to_the_whole(
                    "`burst_loss` does not say how much is lost",
                    "write `lost: 5%`, or the parameters of the model: `p: 1%, r: 20%`",
                )),
                Some(lost) => too_much(lost, self.burst.unwrap_or(BURST)).map(|why| {
                    Objection::to("lost", why, "make the bursts longer; to lose every frame, use `blackout`")
                }),
            },
            (None, Some(_)) if self.p.is_none() || self.r.is_none() => Some(Objection::to_the_whole(
                "the model wants both `p`, which leads into the bad state, and `r`, which leads out of it",
                "write both, like `p: 1%, r: 20%`; or `lost` and `burst` instead of all that",
            )),
            (None, Some(_)) => None,
        }
    }
}

impl BurstLoss {
    fn how(&self) -> Impair {
        let loss = match (self.lost, self.p) {
            (Some(lost), None) => in_bursts(lost, self.burst.unwrap_or(BURST)),
            (_, p) => Loss::GilbertElliott {
                p: p.unwrap_or(Share(0)),
                r: self.r.unwrap_or(Share(ALL)),
                bad: self.bad.unwrap_or(Share(ALL)),
                good: self.good.unwrap_or(Share(0)),
            },
        };
        let conditions = Conditions { loss: Some(loss), ..Conditions::default() };
        Impair::Conditions { direction: self.direction, conditions }
    }
}

/// Why so many cannot be lost in bursts of so many.
pub(super) fn too_much(lost: Share, burst: u32) -> Option<String> {
    // Between two bursts comes one frame at least: at most burst/(burst+1) is lost.
    let (share, longest) = (i128::from(lost.0), i128::from(burst));
    let too_much = share * (longest + 1) > longest * i128::from(ALL);
    too_much.then(|| {
        format!("bursts of {burst} cannot lose {lost} of all frames: one comes through between two of them")
    })
}

/// The model that loses a share in bursts of so many on average. All that come in the bad state are lost, so that a
/// burst is as long as a stay there: 1/r. In the long run p/(p+r) are lost.
pub(super) fn in_bursts(lost: Share, burst: u32) -> Loss {
    let leaves = ALL / i64::from(burst.max(1));
    let enters = i128::from(leaves) * i128::from(lost.0) / i128::from((ALL - lost.0).max(1));
    let enters = i64::try_from(enters).unwrap_or(ALL).min(ALL);
    Loss::GilbertElliott { p: Share(enters), r: Share(leaves), bad: Share(ALL), good: Share(0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_comes_of_it_gives_the_model() {
        assert_eq!(
            in_bursts(Share(50_000), 5),
            Loss::GilbertElliott { p: Share(10_526), r: Share(200_000), bad: Share(ALL), good: Share(0) }
        );
        assert!(too_much(Share(600_000), 1).is_some());
        assert!(too_much(Share(500_000), 1).is_none());
        assert!(too_much(Share(ALL), u32::MAX).is_some());
    }

    proptest! {
        #[test]
        fn the_model_loses_what_it_is_to_lose(lost in 1_000..900_000_i64, burst in 1..100_u32) {
            prop_assume!(too_much(Share(lost), burst).is_none());
            let Loss::GilbertElliott { p, r, .. } = in_bursts(Share(lost), burst) else { unreachable!() };
            let loses = p.0 as f64 / (p.0 + r.0) as f64;
            // Shares are whole millionths, and a small `p` has few digits.
            let rounding = 2.0 / p.0 as f64 * loses;
            prop_assert!((loses - lost as f64 / 1e6).abs() <= rounding + 1e-6, "{} {}", loses, lost);
        }
    }
}
