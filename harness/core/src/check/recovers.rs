//! `recovers: {from: power_cut, to: ready, within: 5s}`: after each fault the device came back by itself.

use super::condition::Where;
use super::response::{Response, Since};
use super::{CheckKind, Timeline};
use crate::names::Signal;
use crate::time::Duration;
use crate::verdict::Finding;

crate::record! {
    /// After each fault of a kind is reverted (or injected, if there is nothing to revert), the device shows a signal
    /// in time. Gives `time_to_recover` for each.
    ///
    /// A fault after which another one struck, or the method ended, before the time was over does not count, unless
    /// the signal was seen by then. Nor does a fault that was never seen to bite.
    ///
    /// `recovers: {from: power_cut, to: ready, within: 5s}`
    pub struct Recovers {
        /// The kind of fault.
        from: String = "from" (FaultKind),
        /// The signal that shows recovery.
        to: Signal = "to",
        /// How long it may take from the revert.
        within: Duration = "within" (Positive),
    }
}

impl CheckKind for Recovers {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let response = Response {
            fault: &self.from,
            signal: &self.to,
            fields: &Where::default(),
            within: self.within,
            since: Since::LetGo,
            noun: "recovery from",
            verb: "recovered",
            figure: "time_to_recover",
        };
        response.judge(timeline)
    }

    fn in_control(&self, _: &Timeline<'_>) -> Option<Finding> {
        None
    }
}
