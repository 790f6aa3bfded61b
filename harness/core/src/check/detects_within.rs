//! `detects_within: {fault: sensor_stuck, signal: alarm, within: 10s}`: the device notices the fault.

use super::condition::Where;
use super::response::{Response, Since};
use super::{Asked, CheckKind, Timeline};
use crate::names::Signal;
use crate::time::Duration;
use crate::verdict::Finding;

crate::record! {
    /// While each fault of a kind lasts, a signal says in time from the injection that the device noticed. Gives
    /// `time_to_detect` for each.
    ///
    /// If it was seen from the steady state on before any fault struck, the check fails: a false alarm. A fault that was
    /// undone, or after which another one struck, before the time was over does not count, unless it was noticed by
    /// then.
    ///
    /// `detects_within: {fault: sensor_stuck, signal: alarm, where: {of: sensor}, within: 10s}`
    pub struct DetectsWithin {
        /// The kind of fault.
        fault: String = "fault" (FaultKind),
        /// The signal by which the device says it.
        signal: Signal = "signal",
        /// What its named groups must have caught.
        fields: Where = "where" or Where::default(),
        /// How long it may take from the injection.
        within: Duration = "within" (Positive),
    }
}

impl DetectsWithin {
    fn response(&self) -> Response<'_> {
        Response {
            fault: &self.fault,
            signal: &self.signal,
            fields: &self.fields,
            within: self.within,
            since: Since::Struck,
            noun: "detection of",
            verb: "detected",
            figure: "time_to_detect",
        }
    }
}

impl CheckKind for DetectsWithin {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let response = self.response();
        response.false_alarm(timeline).unwrap_or_else(|| response.judge(timeline))
    }

    fn in_control(&self, timeline: &Timeline<'_>) -> Option<Finding> {
        Some(self.response().quiet(timeline))
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        vec![Asked { signal: &self.signal, at: &["where"] }]
    }
}
