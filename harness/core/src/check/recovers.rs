//! `recovers: {from: power_cut, to: ready, within: 5s}`: after each fault the device came back by itself.

use super::condition::ANYTHING;
use super::response::{Response, Since};
use super::stages::Stages;
use super::{CheckKind, Timeline, elapsed};
use crate::names::Signal;
use crate::port::Port;
use crate::time::Duration;
use crate::verdict::{Figure, Finding, Verdict};

crate::record! {
    /// After each fault of a kind is reverted (or injected, if there is nothing to revert), the device shows a signal
    /// in time. Gives `time_to_recover` for each.
    ///
    /// A fault after which another one struck, or the method ended, before the time was over does not count, unless
    /// the signal was seen by then. Nor does a fault that was never seen to bite.
    ///
    /// With `stages`, which may be empty, it also tells how long each stage of the way back to the cloud took, and bounds
    /// those that are named: `time_to_link`, `time_to_dhcp`, `time_to_dns`, `time_to_time`, `time_to_tls`,
    /// `time_to_connack`.
    ///
    /// `recovers: {from: blackout, to: telemetry, within: 60s, stages: {dhcp: 10s, connack: 40s}}`
    pub struct Recovers {
        /// The kind of fault.
        from: String = "from" (FaultKind),
        /// The signal that shows recovery.
        to: Signal = "to",
        /// How long it may take from the revert.
        within: Duration = "within" (Positive),
        /// The stages of its way back to the cloud, and how long each may take.
        #[serde(skip_serializing_if = "Option::is_none")]
        stages: Option<Stages> = "stages" optional,
    }
}

impl CheckKind for Recovers {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let finding = self.response().judge(timeline);
        match &self.stages {
            Some(stages) => self.by_stages(stages, timeline, finding),
            None => finding,
        }
    }

    fn in_control(&self, _: &Timeline<'_>) -> Option<Finding> {
        None
    }

    fn needs(&self) -> &'static [Port] {
        if self.stages.is_some() { &[Port::Link, Port::Services] } else { &[] }
    }
}

impl Recovers {
    fn response(&self) -> Response<'_> {
        Response {
            fault: &self.from,
            signal: &self.to,
            fields: &ANYTHING,
            within: self.within,
            since: Since::LetGo,
            noun: "recovery from",
            verb: "recovered",
            figure: "time_to_recover",
        }
    }

    /// Says of each recovery what it consisted of.
    fn by_stages(&self, stages: &Stages, timeline: &Timeline<'_>, whole: Finding) -> Finding {
        let mut finding = whole;
        let mut told: Option<String> = None;
        for back in self.response().recoveries(timeline) {
            let passed = stages.passed(timeline, back.answers..back.seen, back.from);
            let late = passed.iter().find(|stage| stage.within.is_some_and(|within| stage.took > within));
            if let Some(late) = late.filter(|_| finding.verdict == Verdict::Pass) {
                let within = late.within.unwrap_or_default();
                let (figures, reason) = (finding.figures, finding.reason);
                finding = Finding::fail(format!(
                    "{} took {}; expected within {within} ({reason})",
                    late.name,
                    elapsed(late.took)
                ))
                .showing([late.event])
                .measuring(figures);
            }
            finding = finding.measuring(passed.iter().map(|stage| Figure::new(stage.figure, stage.took)));
            // One is an example; the figures have them all.
            let text: Vec<_> =
                passed.iter().map(|s| format!("{} after {}", s.name, elapsed(s.took))).collect();
            told.get_or_insert(if text.is_empty() {
                "no stage had to be gone through anew".to_owned()
            } else {
                text.join(", ")
            });
        }
        if let Some(told) = told {
            finding.reason = format!("{}: {told}", finding.reason);
        }
        finding
    }
}
