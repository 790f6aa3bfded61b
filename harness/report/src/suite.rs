//! Many runs: what is kept of each once its timeline is put away, and what they say together.

use crate::{Narrator, RunView, Spread, figures, seconds};
use brownout_core::event::EventNo;
use brownout_core::time::{Duration, Instant};
use brownout_core::verdict::{Figure, Judged, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Evidence kept for one line of a judgement; a check may point at thousands of events.
const MOST_EVIDENCE: usize = 20;

/// A suite: the runs of one `reports/<UTC>` folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suite {
    /// When it began, in wall-clock time (RFC 3339).
    pub anchor: String,
    /// Its folder, as the reader may type it.
    pub folder: String,
    /// How long all of it took on the wall.
    #[serde(rename = "wall_time_s", with = "seconds")]
    pub wall_time: Duration,
    /// The runs, in the order in which they ended.
    pub runs: Vec<RunLine>,
}

/// One run, without its timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLine {
    /// The scenario's name: `power/cut-while-writing`.
    pub scenario: String,
    /// Its title.
    pub title: String,
    /// The values of `vary` in words; empty if there is only one case.
    pub case: String,
    /// Seed of everything random.
    pub seed: u64,
    /// The rig.
    pub rig: String,
    /// Digest of the plan.
    pub plan: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Time on the run's own axis.
    #[serde(rename = "device_time_s", with = "seconds")]
    pub device_time: Duration,
    /// Time on the wall, where it is known.
    #[serde(rename = "wall_time_s", with = "seconds::optional")]
    pub wall_time: Option<Duration>,
    /// The run's folder.
    pub folder: String,
    /// Whether `report.html` is in it.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub page: bool,
    /// The command line that runs the same plan again; empty where nobody knows.
    pub again: String,
    /// Every line of the judgement that is not a pass.
    pub shortfalls: Vec<Shortfall>,
    /// Figures of all checks.
    #[serde(with = "figures")]
    pub figures: Vec<Figure>,
}

/// A line of a judgement that is not a pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortfall {
    /// Fail or inconclusive.
    pub verdict: Verdict,
    /// What was expected.
    pub check: String,
    /// The kind of check.
    pub kind: String,
    /// What was found.
    pub reason: String,
    /// The events that show it, in words.
    pub evidence: Vec<EvidenceLine>,
    /// How many more there are.
    pub more_evidence: usize,
}

/// One event that shows something, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceLine {
    /// Its number.
    pub n: EventNo,
    /// When it was; `None` if the timeline has no such event.
    #[serde(rename = "at_ns")]
    pub at: Option<Instant>,
    /// Its words, escaped.
    pub text: String,
}

const fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_true(value: &bool) -> bool {
    *value
}

impl RunLine {
    /// What a reader is shown of the run: its page, or its folder if it has none.
    pub fn report(&self) -> String {
        if self.page { format!("{}/report.html", self.folder) } else { format!("{}/", self.folder) }
    }

    /// What is worth keeping of a run.
    pub fn of(run: &RunView<'_>) -> Self {
        let short: Vec<&Judged> = run.judged().filter(|j| j.finding.verdict != Verdict::Pass).collect();
        let wanted =
            short.iter().flat_map(|j| j.finding.evidence.iter().take(MOST_EVIDENCE).copied()).collect();
        let told = told_evidence(run, &wanted);
        Self {
            scenario: run.plan.scenario.clone(),
            title: run.plan.title.clone(),
            case: run.case(),
            seed: run.plan.seed,
            rig: run.plan.rig.clone(),
            plan: run.plan_digest().to_owned(),
            verdict: run.judgement.verdict,
            device_time: run.device_time(),
            wall_time: run.wall_time,
            folder: run.folder.to_owned(),
            page: true,
            again: run.again.to_owned(),
            shortfalls: short
                .iter()
                .map(|j| Shortfall {
                    verdict: j.finding.verdict,
                    check: j.check.clone(),
                    kind: j.kind.clone(),
                    reason: j.finding.reason.clone(),
                    evidence: evidence_lines(&j.finding.evidence, MOST_EVIDENCE, &told),
                    more_evidence: j.finding.evidence.len().saturating_sub(MOST_EVIDENCE),
                })
                .collect(),
            figures: run.judged().flat_map(|j| j.finding.figures.iter().cloned()).collect(),
        }
    }

    /// The folder of the scenario: `power` of `power/cut-while-writing`; empty if it has none.
    pub fn theme(&self) -> &str {
        self.scenario.rsplit_once('/').map_or("", |(theme, _)| theme)
    }
}

impl Suite {
    /// How many runs have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.runs.iter().filter(|r| r.verdict == verdict).count()
    }

    /// The verdict of all together; inconclusive if there was no run at all.
    pub fn verdict(&self) -> Verdict {
        self.runs.iter().map(|r| r.verdict).max().unwrap_or(Verdict::Inconclusive)
    }

    /// Device time of all runs together.
    pub fn device_time(&self) -> Duration {
        Duration(self.runs.iter().fold(0_u64, |sum, r| sum.saturating_add(r.device_time.0)))
    }

    /// Each figure over all runs that have it, by name.
    pub fn spreads(&self) -> Vec<Spread> {
        Spread::of_all(self.runs.iter().flat_map(|r| &r.figures))
    }
}

/// The words of the events that verdicts point at.
pub(crate) fn told_evidence(
    run: &RunView<'_>,
    wanted: &BTreeSet<EventNo>,
) -> BTreeMap<EventNo, (Instant, String)> {
    if wanted.is_empty() {
        return BTreeMap::new();
    }
    Narrator::tell_these(run.events, wanted)
        .into_iter()
        .map(|(n, (at, told))| {
            // Of a console line only its kind says that the device said it.
            let text = match told.kind {
                "console" | "log" | "signal" => format!("{}: {}", told.kind, told.text),
                _ => told.text,
            };
            (n, (at, text))
        })
        .collect()
}

/// At most `most` events in words, in the order in which the verdict names them.
pub(crate) fn evidence_lines(
    evidence: &[EventNo],
    most: usize,
    told: &BTreeMap<EventNo, (Instant, String)>,
) -> Vec<EvidenceLine> {
    evidence
        .iter()
        .take(most)
        .map(|n| match told.get(n) {
            Some((at, text)) => EvidenceLine { n: *n, at: Some(*at), text: text.clone() },
            None => EvidenceLine { n: *n, at: None, text: "not in the timeline".to_owned() },
        })
        .collect()
}
