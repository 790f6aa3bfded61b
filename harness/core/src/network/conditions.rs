//! The conditions of a link, in the terms of Linux netem (tc-netem(8)).

use crate::quantity::{BitRate, Share};
use crate::time::Duration;
use serde::{Deserialize, Serialize};

/// A way through the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the device to the services.
    Up,
    /// From the services to the device.
    Down,
    /// Both.
    Both,
}

crate::words!(Direction { Up = "up", Down = "down", Both = "both" });

impl Direction {
    /// The directions that it stands for.
    pub const fn each(self) -> &'static [Self] {
        match self {
            Self::Up => &[Self::Up],
            Self::Down => &[Self::Down],
            Self::Both => &[Self::Up, Self::Down],
        }
    }
}

/// What frames of one direction meet. What is left out does not happen. Several that are in force at once are merged
/// field by field; two that set the same field are refused at planning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conditions {
    /// Each frame is held for so long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<Duration>,
    /// The delay varies by so much either way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter: Option<Duration>,
    /// How it varies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution: Option<Distribution>,
    /// Frames are lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<Loss>,
    /// So many frames come twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate: Option<Share>,
    /// In so many frames one bit is inverted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrupt: Option<Share>,
    /// Some frames overtake those that are delayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reorder: Option<Reorder>,
    /// Frames leave no faster than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<BitRate>,
    /// So many frames are held at most; those that find no room are dropped. netem's own default is 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// How jitter is distributed round the delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// Evenly, over delay ± jitter.
    Uniform,
    /// Normally, with the jitter as standard deviation.
    Normal,
    /// With a long tail to late ones.
    Pareto,
    /// A quarter normal, three quarters Pareto.
    ParetoNormal,
}

crate::words!(Distribution {
    Uniform = "uniform",
    Normal = "normal",
    Pareto = "pareto",
    ParetoNormal = "pareto_normal",
});

/// How frames are lost. Correlated random loss is not among these: netem's correlation lowers the rate instead of making
/// bursts (tc-netem(8), "deprecated"); bursts are what the two models with states are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Each for itself.
    Random(Share),
    /// In bursts: a good and a bad state (Gilbert 1960, Elliott 1963).
    GilbertElliott {
        /// From good to bad, a frame.
        p: Share,
        /// From bad to good, a frame.
        r: Share,
        /// Lost while bad.
        bad: Share,
        /// Lost while good.
        good: Share,
    },
    /// netem's four-state Markov model: good with gaps, bad with bursts (Salsano et al. 2012).
    FourState {
        /// From a good period to one of bursts.
        p13: Share,
        /// From a burst back to a good period.
        p31: Share,
        /// From a frame received within a burst to one lost.
        p23: Share,
        /// From a frame lost within a burst to one received.
        p32: Share,
        /// To a frame lost on its own within a good period.
        p14: Share,
    },
}

/// Overtaking: needs a delay to overtake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reorder {
    /// So many frames go at once.
    pub share: Share,
    /// Only every n-th frame may; 0 or 1: any.
    pub gap: u32,
}

impl Conditions {
    /// The names of the fields that are set. Jitter and its distribution are of the delay: netem has them together.
    pub fn fields(&self) -> impl Iterator<Item = &'static str> {
        [
            ("delay", self.delay.is_some() || self.jitter.is_some() || self.distribution.is_some()),
            ("loss", self.loss.is_some()),
            ("duplicates", self.duplicate.is_some()),
            ("corruption", self.corrupt.is_some()),
            ("reordering", self.reorder.is_some()),
            ("rate", self.rate.is_some()),
            ("limit", self.limit.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, set)| set.then_some(name))
    }

    /// Both together, field by field; this one's fields win.
    pub fn merged(&self, other: &Self) -> Self {
        Self {
            delay: self.delay.or(other.delay),
            jitter: self.jitter.or(other.jitter),
            distribution: self.distribution.or(other.distribution),
            loss: self.loss.or(other.loss),
            duplicate: self.duplicate.or(other.duplicate),
            corrupt: self.corrupt.or(other.corrupt),
            reorder: self.reorder.or(other.reorder),
            rate: self.rate.or(other.rate),
            limit: self.limit.or(other.limit),
        }
    }
}
