//! `degrades_to: {from: sensor_nack, to: mode, where: {mode: degraded}, within: 10s}`: under the fault the device does
//! less, but knows it.

use super::condition::Where;
use super::response::{Response, Since};
use super::{Asked, CheckKind, Timeline};
use crate::names::Signal;
use crate::time::Duration;
use crate::verdict::Finding;

crate::record! {
    /// While each fault of a kind lasts, a signal shows these values in time from the injection: the device falls back to
    /// what it can still do. Gives `time_to_degrade` for each.
    ///
    /// If it showed them from the steady state on before any fault struck, the check fails: a false alarm. A fault that
    /// was undone, or after which another one struck, before the time was over does not count, unless it was seen by
    /// then.
    ///
    /// `degrades_to: {from: sensor_nack, to: control, where: {mode: degraded}, within: 10s}`
    pub struct DegradesTo {
        /// The kind of fault.
        from: String = "from" (FaultKind),
        /// The signal that shows it.
        to: Signal = "to",
        /// What its named groups must have caught.
        fields: Where = "where" or Where::default(),
        /// How long it may take from the injection.
        within: Duration = "within" (Positive),
    }
}

impl DegradesTo {
    fn response(&self) -> Response<'_> {
        Response {
            fault: &self.from,
            signal: &self.to,
            fields: &self.fields,
            within: self.within,
            since: Since::Struck,
            noun: "degradation under",
            verb: "degraded",
            figure: "time_to_degrade",
        }
    }
}

impl CheckKind for DegradesTo {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let response = self.response();
        response.false_alarm(timeline).unwrap_or_else(|| response.judge(timeline))
    }

    fn in_control(&self, timeline: &Timeline<'_>) -> Option<Finding> {
        Some(self.response().quiet(timeline))
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        vec![Asked { signal: &self.to, at: &["where"] }]
    }
}
