//! `never: panic`: the device did not show a behaviour.

use super::{CheckKind, Timeline, times};
use crate::event::Phase;
use crate::names::Signal;
use crate::verdict::Finding;

crate::record! {
    /// A signal is never seen from the steady phase to the end of the run. Before that the device may still run
    /// whatever was in it.
    ///
    /// `never: {signal: panic}`
    pub struct Never {
        /// Which signal.
        signal: Signal = "signal",
    }
}

impl CheckKind for Never {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let Some(steady) = timeline.phase(Phase::Steady) else {
            return Finding::inconclusive("the device was never brought to a known state to be watched in");
        };
        let seen: Vec<_> = timeline.signals(&self.signal, steady.place..timeline.events().len()).collect();
        match seen.first() {
            None => {
                Finding::pass(format!("`{}` was not seen from {} to the end", self.signal, steady.event.at))
            }
            Some(first) => Finding::fail(format!(
                "`{}` was seen {}, first at {}",
                self.signal,
                times(seen.len() as u64),
                first.event.at
            ))
            .showing(seen.iter().map(|s| s.event.n)),
        }
    }
}
