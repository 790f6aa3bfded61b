//! Verdicts: what the timeline says about the device.

use crate::event::EventNo;
use crate::names::Signal;
use crate::quantity::Share;
use crate::time::{Duration, Instant};
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
    /// What it rests on not having been seen, and when. The judge weighs it against what could be seen at all, so
    /// that a finding which is stored has none.
    #[serde(skip)]
    pub absences: Vec<Absence>,
}

/// Something that was not seen over a stretch of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absence {
    /// What.
    pub of: Heard,
    /// From when.
    pub from: Instant,
    /// Until when.
    pub to: Instant,
}

/// What a device can be heard by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A signal of the board file.
    Signal(Signal),
    /// The log of the firmware.
    Log,
    /// The console.
    Console,
}

/// How many events a finding points at; who wants more has the timeline.
pub const EVIDENCE_MAX: usize = 32;

impl Finding {
    fn new(verdict: Verdict, reason: impl Into<String>) -> Self {
        Self {
            verdict,
            reason: reason.into(),
            evidence: Vec::new(),
            figures: Vec::new(),
            by_absence: false,
            absences: Vec::new(),
        }
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

    /// Says that it rests on something not having been seen over a stretch of the run.
    #[must_use]
    pub fn resting_on(mut self, of: Heard, from: Instant, to: Instant) -> Self {
        self.absences.push(Absence { of, from, to });
        self
    }
}

/// Something measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// Its name: `time_to_recover`, `time_to_detect`, `availability`.
    pub name: String,
    /// The value.
    pub value: Measure,
}

impl Figure {
    /// A figure of a name.
    pub fn new(name: &str, value: impl Into<Measure>) -> Self {
        Self { name: name.to_owned(), value: value.into() }
    }
}

/// A measured value. In JSON a text with its unit (`"1.2s"`, `"99.5%"`), or a number for a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// A length of time.
    Time(Duration),
    /// A share of something.
    Share(Share),
    /// How many.
    Count(u64),
}

impl From<Duration> for Measure {
    fn from(time: Duration) -> Self {
        Self::Time(time)
    }
}

impl From<Share> for Measure {
    fn from(share: Share) -> Self {
        Self::Share(share)
    }
}

impl From<u64> for Measure {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

/// A share in percent, as reports show it: `99.5%`, `89.9999%`. Exact: a share is a number of millionths.
pub fn percent(Share(millionths): Share) -> String {
    let decimals = format!("{:04}", millionths % 10_000);
    let decimals = decimals.trim_end_matches('0');
    let point = if decimals.is_empty() { "" } else { "." };
    format!("{}{point}{decimals}%", millionths / 10_000)
}

impl Serialize for Measure {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Time(time) => time.serialize(s),
            Self::Share(share) => share.serialize(s),
            Self::Count(count) => count.serialize(s),
        }
    }
}

impl<'de> Deserialize<'de> for Measure {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Raw {
            Count(u64),
            Text(String),
        }
        match Raw::deserialize(d)? {
            Raw::Count(count) => Ok(Self::Count(count)),
            Raw::Text(text) => {
                let share = text.parse().map(Self::Share);
                share.or_else(|_| text.parse().map(Self::Time)).map_err(serde::de::Error::custom)
            }
        }
    }
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

    #[test]
    fn figures_read_back_and_those_of_old_runs_do() {
        let measures: [Measure; 3] =
            [Duration::from_millis(1200).into(), Share(995_000).into(), 7_u64.into()];
        let figures = measures.map(|value| Figure::new("x", value));
        let json = serde_json::to_string(&figures).unwrap();
        assert!(
            json.contains(r#""value":"1.2s""#) && json.contains(r#""99.5%""#) && json.contains(":7"),
            "{json}"
        );
        assert_eq!(serde_json::from_str::<Vec<Figure>>(&json).unwrap(), figures);
        assert_eq!(
            [1_000_000, 995_000, 899_999, 100, 0].map(|n| percent(Share(n))),
            ["100%", "99.5%", "89.9999%", "0.01%", "0%"]
        );
        for wrong in [r#""7""#, "-1", "1.5", r#""fast""#] {
            assert!(serde_json::from_str::<Measure>(wrong).is_err(), "{wrong}");
        }
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
