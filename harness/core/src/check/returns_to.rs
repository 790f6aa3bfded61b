//! `returns_to: {from: sensor_nack, to: mode, where: {mode: normal}, within: 10s}`: once the fault is over, all is well
//! again.

use super::condition::Where;
use super::response::{Response, Since};
use super::{Asked, CheckKind, Timeline};
use crate::names::Signal;
use crate::time::Duration;
use crate::verdict::Finding;

crate::record! {
    /// After each fault of a kind is reverted (or injected, if there is nothing to revert), a signal shows these values
    /// in time: the device gives up its degraded mode. Gives `time_to_return` for each.
    ///
    /// It differs from `recovers` in that sightings with other values do not count. A fault after which another one
    /// struck, or the method ended, before the time was over does not count, unless it was seen by then.
    ///
    /// `returns_to: {from: sensor_nack, to: control, where: {mode: normal}, within: 10s}`
    pub struct ReturnsTo {
        /// The kind of fault.
        from: String = "from" (FaultKind),
        /// The signal that shows it.
        to: Signal = "to",
        /// What its named groups must have caught.
        fields: Where = "where" (NotEmpty),
        /// How long it may take from the revert.
        within: Duration = "within" (Positive),
    }
}

impl CheckKind for ReturnsTo {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let response = Response {
            fault: &self.from,
            signal: &self.to,
            fields: &self.fields,
            within: self.within,
            since: Since::LetGo,
            noun: "return after",
            verb: "returned",
            figure: "time_to_return",
        };
        response.judge(timeline)
    }

    fn in_control(&self, _: &Timeline<'_>) -> Option<Finding> {
        None
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        vec![Asked { signal: &self.to, at: &["where"] }]
    }
}
