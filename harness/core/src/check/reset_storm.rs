//! `reset_storm: {at_most: 3, in: 60s}`: the device does not boot over and over by itself.

use super::own_doing::Downtime;
use super::{CheckKind, SignalMark, Timeline, elapsed, times};
use crate::event::Phase;
use crate::names::Signal;
use crate::time::Duration;
use crate::trigger::BOOT;
use crate::verdict::{Figure, Finding, Heard};

crate::record! {
    /// No stretch of this length has more boots than this, from the steady state to the end of the method. Gives
    /// `boots_of_its_own`, the number of boots that count in all.
    ///
    /// The boot that follows our taking the power, resetting the device or varying its supply does not count: only what
    /// the device does by itself, its watchdog's resets among them.
    ///
    /// `reset_storm: {at_most: 3, in: 60s}`
    pub struct ResetStorm {
        /// How often it may boot by itself.
        at_most: u64 = "at_most",
        /// In how long.
        over: Duration = "in" (Positive) or Duration::from_secs(60),
    }
}

impl CheckKind for ResetStorm {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let Some(steady) = timeline.phase(Phase::Steady) else {
            return Finding::inconclusive("the device was never brought to a known state to be watched in");
        };
        let watched = timeline.observed_from(steady);
        let ours = Downtime::of(timeline).boots;
        let boot = Signal::from(BOOT);
        let boots: Vec<_> =
            timeline.signals(&boot, watched.places()).filter(|b| !ours.contains(&b.place)).collect();
        let figure = Figure::new("boots_of_its_own", boots.len() as u64);
        let worst = self.worst(&boots);
        let allowed = format!("expected at most {} in {}", times(self.at_most), self.over);
        let finding = match (worst.first(), worst.last()) {
            (Some(first), Some(last)) if worst.len() as u64 > self.at_most => Finding::fail(format!(
                "the device booted by itself {} in {}, from {} on; {allowed}",
                times(worst.len() as u64),
                elapsed(last.event.at - first.event.at),
                first.event.at,
            ))
            .showing(worst.iter().map(|b| b.event.n)),
            (Some(_), Some(_)) => Finding::pass(format!(
                "the device booted by itself {} in {} at the most, {} in all; {allowed}",
                times(worst.len() as u64),
                self.over,
                times(boots.len() as u64),
            ))
            .showing(boots.iter().map(|b| b.event.n)),
            _ => Finding::pass(format!(
                "the device never booted by itself in {}; {allowed}",
                elapsed(watched.length())
            )),
        };
        let heard = Heard::Signal(boot);
        finding.measuring([figure]).resting_on(heard, watched.from, watched.to)
    }

    fn in_control(&self, timeline: &Timeline<'_>) -> Option<Finding> {
        Some(self.judge(timeline))
    }
}

impl ResetStorm {
    /// The most boots that any stretch of that length holds.
    fn worst<'b, 'a>(&self, boots: &'b [SignalMark<'a>]) -> &'b [SignalMark<'a>] {
        let (mut begin, mut worst) = (0, &boots[..0]);
        for end in 1..=boots.len() {
            while boots[end - 1].event.at - boots[begin].event.at > self.over {
                begin += 1;
            }
            if end - begin > worst.len() {
                worst = &boots[begin..end];
            }
        }
        worst
    }
}
