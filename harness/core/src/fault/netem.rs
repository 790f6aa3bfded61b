//! `netem`: several conditions of the link at once.

use super::burst_loss::{in_bursts, too_much};
use super::{FaultKind, Lowered, Lowering, Objection, impair};
use crate::network::{Conditions, Direction, Distribution, Impair, Loss, Reorder};
use crate::port::Port;
use crate::quantity::{BitRate, Share};
use crate::time::Duration;

fault! {
    /// Several conditions of the link at once, in the terms of tc-netem(8): a bad mobile connection, a congested line.
    ///
    /// `netem: {delay: 80ms, jitter: 30ms, loss: 3%, burst: 6, rate: 1Mbit/s, for: 120s}`
    pub struct Netem {
        /// Each frame is held for so long.
        delay: Option<Duration> = "delay" (Positive) optional,
        /// The delay varies by so much either way. Frames overtake each other, unless there is a rate.
        jitter: Option<Duration> = "jitter" (Positive) optional,
        /// How it varies; evenly if left out.
        distribution: Option<Distribution> = "distribution" optional,
        /// So many frames are lost.
        loss: Option<Share> = "loss" (Positive) optional,
        /// So many in a row, on average; each for itself if left out.
        burst: Option<u32> = "burst" (Positive) optional,
        /// So many frames come twice.
        duplicate: Option<Share> = "duplicate" (Positive) optional,
        /// In so many frames one bit is inverted.
        corrupt: Option<Share> = "corrupt" (Positive) optional,
        /// So many frames overtake those that are delayed.
        reorder: Option<Share> = "reorder" (Positive) optional,
        /// Only every n-th frame may overtake; any if left out.
        gap: Option<u32> = "gap" (Positive) optional,
        /// Frames leave no faster than this.
        rate: Option<BitRate> = "rate" (Positive) optional,
        /// So many frames wait at most; others are dropped. 1000 if left out.
        limit: Option<u32> = "limit" (Positive) optional,
        /// Which way.
        direction: Direction = "direction" or Direction::Both,
    } lasting Duration::from_secs(60)
}

impl FaultKind for Netem {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        impair("netem", self.how(), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Link]
    }

    fn impairs(&self) -> Option<Impair> {
        Some(self.how())
    }

    fn objection(&self) -> Option<Objection> {
        let asked_in_vain = [
            (
                "jitter",
                self.jitter.is_some() && self.delay.is_none(),
                "jitter varies a delay",
                "delay: 100ms",
            ),
            (
                "distribution",
                self.distribution.is_some() && self.jitter.is_none(),
                "it is jitter that has a distribution",
                "jitter: 20ms",
            ),
            (
                "reorder",
                self.reorder.is_some() && self.delay.is_none(),
                "without a delay there is nobody to overtake",
                "delay: 50ms",
            ),
            (
                "gap",
                self.gap.is_some() && self.reorder.is_none(),
                "a gap is between frames that overtake",
                "reorder: 25%",
            ),
            (
                "burst",
                self.burst.is_some() && self.loss.is_none(),
                "a burst is of frames that are lost",
                "loss: 5%",
            ),
        ];
        if let Some((field, _, why, add)) = asked_in_vain.into_iter().find(|(_, in_vain, ..)| *in_vain) {
            let without = add.split(':').next().unwrap_or_default();
            let message = format!("`{field}` without `{without}`: {why}");
            return Some(Objection::to(field, message, format!("write `{add}` too, or leave `{field}` out")));
        }
        if let (Some(jitter), Some(delay)) = (self.jitter, self.delay)
            && jitter > delay
        {
            let message = format!("frames cannot come before they were sent: {jitter} round {delay}");
            return Some(Objection::to("jitter", message, "make the jitter shorter, or the delay longer"));
        }
        if let (Some(loss), Some(burst)) = (self.loss, self.burst)
            && let Some(why) = too_much(loss, burst)
        {
            return Some(Objection::to(
                "loss",
                why,
                "make the bursts longer; to lose every frame, use `blackout`",
            ));
        }
        let Impair::Conditions { conditions, .. } = self.how() else { return None };
        (conditions == Conditions::default()).then(|| {
            let help = "say what frames meet, like `delay: 80ms` or `loss: 3%`";
            Objection::to_the_whole("`netem` does nothing as it stands here", help)
        })
    }
}

impl Netem {
    fn how(&self) -> Impair {
        let loss = self.loss.map(|share| match self.burst {
            Some(burst) => in_bursts(share, burst),
            None => Loss::Random(share),
        });
        let conditions = Conditions {
            delay: self.delay,
            jitter: self.jitter,
            distribution: self.distribution,
            loss,
            duplicate: self.duplicate,
            corrupt: self.corrupt,
            reorder: self.reorder.map(|share| Reorder { share, gap: self.gap.unwrap_or(1) }),
            rate: self.rate,
            limit: self.limit,
        };
        Impair::Conditions { direction: self.direction, conditions }
    }
}
