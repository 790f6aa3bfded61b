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

impl Verdict {
    /// What two answers come to together: the graver one.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        self.max(other)
    }

    /// What many answers come to together. Nothing to answer is a pass.
    pub fn merged(answers: impl IntoIterator<Item = Self>) -> Self {
        answers.into_iter().fold(Self::Pass, Self::merge)
    }
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

/// How many events a finding points at; who wants more has the timeline.
pub const EVIDENCE_MAX: usize = 32;

impl Finding {
    fn new(verdict: Verdict, reason: impl Into<String>) -> Self {
        Self { verdict, reason: reason.into(), evidence: Vec::new(), figures: Vec::new(), by_absence: false }
    }

    /// The device did it.
    pub fn pass(reason: impl Into<String>) -> Self {
        Self::new(Verdict::Pass, reason)
    }

    /// Nobody can tell.
    pub fn inconclusive(reason: impl Into<String>) -> Self {
        Self::new(Verdict::Inconclusive, reason)
    }

    /// Something was seen that must not be.
    pub fn fail(reason: impl Into<String>) -> Self {
        Self::new(Verdict::Fail, reason)
    }

    /// Something was not seen that must be.
    pub fn fail_by_absence(reason: impl Into<String>) -> Self {
        Self { by_absence: true, ..Self::new(Verdict::Fail, reason) }
    }

    /// Points at the events that show it: the first [`EVIDENCE_MAX`] of them, in order, each once.
    #[must_use]
    pub fn showing(mut self, events: impl IntoIterator<Item = EventNo>) -> Self {
        self.evidence.extend(events);
        self.evidence.sort_unstable();
        self.evidence.dedup();
        self.evidence.truncate(EVIDENCE_MAX);
        self
    }

    /// Adds figures.
    #[must_use]
    pub fn measuring(mut self, figures: impl IntoIterator<Item = Figure>) -> Self {
        self.figures.extend(figures);
        self
    }
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
    /// The kind of check (`recovers`), or `rig`, `steady`, `method`, `fault` for what the harness itself demands.
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
    /// What the harness demands of every run: whole timeline, steady state, the method walked to its end, each fault
    /// bit.
    pub groundwork: Vec<Judged>,
    /// What the scenario expects, in its order.
    pub checks: Vec<Judged>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_verdict() -> impl Strategy<Value = Verdict> {
        prop_oneof![Just(Verdict::Pass), Just(Verdict::Inconclusive), Just(Verdict::Fail)]
    }

    #[test]
    fn a_fail_outweighs_an_inconclusive_and_that_a_pass() {
        use Verdict::{Fail, Inconclusive, Pass};
        assert_eq!(Pass.merge(Inconclusive), Inconclusive);
        assert_eq!(Inconclusive.merge(Fail), Fail);
        assert_eq!(Pass.merge(Fail), Fail);
        assert_eq!(Verdict::merged([]), Pass);
        assert_eq!(Verdict::merged([Pass, Fail, Inconclusive]), Fail);
    }

    #[test]
    fn evidence_is_in_order_without_repeats_and_bounded() {
        let few = Finding::pass("x").showing([EventNo(3), EventNo(1)]).showing([EventNo(3)]);
        assert_eq!(few.evidence, [EventNo(1), EventNo(3)]);
        assert_eq!(Finding::pass("x").showing((1..1000).map(EventNo)).evidence.len(), EVIDENCE_MAX);
    }

    proptest! {
        #[test]
        fn merging_is_associative_and_commutative(a in any_verdict(), b in any_verdict(), c in any_verdict()) {
            prop_assert_eq!(a.merge(b).merge(c), a.merge(b.merge(c)));
            prop_assert_eq!(a.merge(b), b.merge(a));
            prop_assert_eq!(a.merge(a), a);
            prop_assert_eq!(Verdict::merged([a, b, c]), a.merge(b).merge(c));
        }
    }
}
