//! `boots_at_most: 3`: the device does not boot again and again.

use super::{CheckKind, Timeline, times};
use crate::event::Phase;
use crate::names::Signal;
use crate::trigger::BOOT;
use crate::verdict::{Finding, Heard};

crate::record! {
    /// The `boot` signal is seen at most so often in the method. Boots that the scenario itself causes count too.
    ///
    /// `boots_at_most: {times: 3}`
    pub struct BootsAtMost {
        /// How often.
        times: u64 = "times",
    }
}

impl CheckKind for BootsAtMost {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let Some(method) = timeline.phase(Phase::Method) else {
            return Finding::inconclusive("the method never began, so no boots could be counted in it");
        };
        let boots: Vec<_> =
            timeline.signals(&Signal::from(BOOT), method.place..timeline.observed_to()).collect();
        let count = boots.len() as u64;
        let reason = format!(
            "the device booted {} in the method; expected at most {}",
            times(count),
            times(self.times)
        );
        let finding = if count <= self.times { Finding::pass(reason) } else { Finding::fail(reason) };
        let watched = timeline.observed_from(method);
        finding.showing(boots.iter().map(|s| s.event.n)).resting_on(
            Heard::Signal(Signal::from(BOOT)),
            watched.from,
            watched.to,
        )
    }

    fn in_control(&self, timeline: &Timeline<'_>) -> Option<Finding> {
        Some(self.judge(timeline))
    }
}
