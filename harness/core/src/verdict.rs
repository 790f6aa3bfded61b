//! Verdicts: what the timeline says about the device.

use crate::event::EventNo;
use crate::time::Duration;
use serde::{Deserialize, Serialize};

/// The three answers. The order is that of merging: a fail outweighs an inconclusive, that a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The device did what was expected.
    Pass,
    /// Nobody can tell: the rig broke, the fault never bit, the steady state was never reached, evidence is missing.
    Inconclusive,
    /// The device did not do what was expected.
    Fail,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
        })
    }
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The answer.
    pub verdict: Verdict,
    /// Why, in one sentence that names figures, not guesses.
    pub reason: String,
    /// The events that show it.
    pub evidence: Vec<EventNo>,
    /// Figures worth comparing over many runs, by name: `time_to_recover`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<Figure>,
    /// For a fail: whether it rests on something that was *not* seen. Such a fail needs a whole timeline; on one
    /// that ended early the judge makes it inconclusive.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_absence: bool,
}

/// A measured length of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// Its name: `time_to_recover`, `time_to_detect`.
    pub name: String,
    /// The value.
    pub value: Duration,
}

/// One line of the judgement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// What was expected, in the scenario's own words (`recovers: {from: power_cut, to: ready, within: 30s}`).
    pub check: String,
    /// The kind of check (`recovers`), or `rig`, `steady`, `fault` for what the harness itself demands.
    pub kind: String,
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
}

/// The judgement of one run: `verdicts.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// The merged verdict.
    pub verdict: Verdict,
    /// What the harness demands of every run: whole timeline, steady state, each fault bit.
    pub groundwork: Vec<Judged>,
    /// What the scenario expects, in its order.
    pub checks: Vec<Judged>,
}
