//! What is in force for one way: each field of the conditions, and which impairment set it.

use super::Way;
use super::books::{How, InForce};
use brownout_core::network::{Conditions, Distribution, Impair, Loss, Reorder};
use brownout_core::quantity::{BitRate, Share};
use brownout_core::time::Duration;

/// Frames that a way holds at most, where nothing else is said; netem's own default.
const LIMIT: u32 = 1000;

/// A value, and the place of the impairment that set it among those in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Set<T> {
    pub(super) to: T,
    pub(super) by: usize,
}

/// The terms of one way. What would change nothing is left out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Terms {
    pub(super) delay: Option<Set<Duration>>,
    pub(super) jitter: Option<Set<Duration>>,
    pub(super) distribution: Option<Set<Distribution>>,
    pub(super) loss: Option<Set<Loss>>,
    pub(super) duplicate: Option<Set<Share>>,
    pub(super) corrupt: Option<Set<Share>>,
    pub(super) reorder: Option<Set<Reorder>>,
    pub(super) rate: Option<Set<BitRate>>,
    limit: Option<Set<u32>>,
}

impl Terms {
    /// Those that the impairments in force make together; of two that set the same, the later one.
    pub(super) fn of(in_force: &[InForce], way: Way) -> Self {
        let mut terms = Self::default();
        for (by, one) in in_force.iter().enumerate() {
            if let How::Plain(Impair::Conditions { direction, conditions }) = &one.how
                && way.is_of(*direction)
            {
                terms.take(conditions, by);
            }
        }
        terms.delay = terms.delay.filter(|delay| delay.to > Duration::ZERO);
        terms.jitter = terms.jitter.filter(|jitter| jitter.to > Duration::ZERO);
        terms.duplicate = terms.duplicate.filter(|share| share.to.0 > 0);
        terms.corrupt = terms.corrupt.filter(|share| share.to.0 > 0);
        // netem's rate of 0 is none.
        terms.rate = terms.rate.filter(|rate| rate.to.0 > 0);
        terms
    }

    fn take(&mut self, conditions: &Conditions, by: usize) {
        fn set<T>(field: &mut Option<Set<T>>, to: Option<T>, by: usize) {
            if let Some(to) = to {
                *field = Some(Set { to, by });
            }
        }
        set(&mut self.delay, conditions.delay, by);
        set(&mut self.jitter, conditions.jitter, by);
        set(&mut self.distribution, conditions.distribution, by);
        set(&mut self.loss, conditions.loss, by);
        set(&mut self.duplicate, conditions.duplicate, by);
        set(&mut self.corrupt, conditions.corrupt, by);
        set(&mut self.reorder, conditions.reorder, by);
        set(&mut self.rate, conditions.rate, by);
        set(&mut self.limit, conditions.limit, by);
    }

    /// How many frames may wait, and who says so.
    pub(super) fn limit(&self) -> (u32, Option<usize>) {
        self.limit.map_or((LIMIT, None), |limit| (limit.to, Some(limit.by)))
    }

    /// Who makes frames wait, each once.
    pub(super) fn who_delays(&self) -> impl Iterator<Item = usize> + use<> {
        let all = [
            self.delay.map(|delay| delay.by),
            self.jitter.map(|jitter| jitter.by),
            self.rate.map(|rate| rate.by),
        ];
        (0..all.len()).filter(move |at| !all[..*at].contains(&all[*at])).filter_map(move |at| all[at])
    }
}
