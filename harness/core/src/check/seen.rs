//! `seen: {signal: ready, at_least: 2}`: the device showed a behaviour.

use super::condition::{Where, shown};
use super::{Asked, CheckKind, Timeline, times};
use crate::event::Phase;
use crate::names::Signal;
use crate::verdict::{Finding, Heard};

crate::record! {
    /// A signal is seen during the method: what the device showed in its steady state, or shows while the rig is put
    /// back, does not count.
    ///
    /// `seen: {signal: boot, where: {cause: watchdog}, at_least: 1}`
    pub struct Seen {
        /// Which signal.
        signal: Signal = "signal",
        /// What its named groups must have caught.
        fields: Where = "where" or Where::default(),
        /// How often at least.
        at_least: u64 = "at_least" (Positive) or 1,
    }
}

impl CheckKind for Seen {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let Some(method) = timeline.phase(Phase::Method) else {
            return Finding::inconclusive("the method never began, so nothing could be seen in it");
        };
        let seen: Vec<_> = timeline
            .signals(&self.signal, method.place..timeline.observed_to())
            .filter(|s| self.fields.holds(s.fields))
            .collect();
        let what = shown(&self.signal, &self.fields);
        let count = seen.len() as u64;
        let reason = match (seen.first(), seen.last()) {
            (Some(first), Some(_)) if count == 1 => {
                format!("{what} was seen once in the method, at {}", first.event.at)
            }
            (Some(first), Some(last)) => format!(
                "{what} was seen {} in the method, from {} to {}",
                times(count),
                first.event.at,
                last.event.at
            ),
            _ => format!("{what} was never seen in the method"),
        };
        let reason = format!("{reason}; expected at least {}", times(self.at_least));
        let finding =
            if count >= self.at_least { Finding::pass(reason) } else { Finding::fail_by_absence(reason) };
        let watched = timeline.observed_from(method);
        let finding = finding.resting_on(Heard::Signal(self.signal.clone()), watched.from, watched.to);
        finding.showing(seen.iter().map(|s| s.event.n))
    }

    fn pass_needs_all(&self) -> bool {
        false
    }

    fn in_control(&self, _: &Timeline<'_>) -> Option<Finding> {
        None
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        vec![Asked { signal: &self.signal, at: &["where"] }]
    }
}
