//! Proofs that scenarios can fail: each is run on the clean build, which must pass, and on builds with known defects,
//! of which the one that the scenario names must fail.

use brownout_core::verdict::{Judgement, Verdict};
use serde::Serialize;

/// Version of `prove.json`. Readers refuse a newer one.
pub const PROVING_VERSION: u32 = 1;

/// What came of `brownout prove`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proving {
    /// When it began, in wall-clock time (RFC 3339).
    pub anchor: String,
    /// The rig.
    pub rig: String,
    /// Base seed of everything random.
    pub seed: u64,
    /// The rows of the table, those of a scenario together.
    pub proofs: Vec<Proof>,
    /// Defects of the boards that no scenario names, where all scenarios were asked.
    pub unnamed: Vec<String>,
}

/// One scenario on one build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// The scenario's name.
    pub scenario: String,
    /// The defect of the build; `None` for the clean one.
    pub defect: Option<String>,
    /// What is demanded.
    pub expected: Expected,
    /// One for each case.
    pub runs: Vec<Trial>,
}

/// What is demanded of a scenario on a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// Every case passes.
    Pass,
    /// At least one case fails, by a check of the scenario.
    Fail,
    /// Nothing: it is tried to see what else the scenario notices.
    Nothing,
}

/// One run for a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trial {
    /// The values of `vary` in words; empty if there is only one case.
    pub case: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// The checks of the scenario that failed, in its own words.
    pub failed: Vec<String>,
    /// The first reason for a verdict that is no pass.
    pub reason: Option<String>,
    /// Whether the rig broke, rather than the device.
    pub rig_failed: bool,
    /// The run's folder.
    pub folder: String,
    /// The command line that runs the same plan again.
    pub again: String,
}

/// What a row of the table comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The clean build passes, or the defect is caught where it must be.
    AsExpected,
    /// The defect that the scenario names was not caught.
    Miss,
    /// The clean build failed.
    FalseAlarm,
    /// Nobody can tell: a clean build that is inconclusive, a rig that broke, or nothing was run.
    Undecided,
    /// A defect that the scenario does not name was caught.
    AlsoCaught,
    /// One that it does not name was not.
    NotCaught,
}

impl Trial {
    /// What is worth keeping of a judged run.
    pub fn of(case: String, judgement: &Judgement, rig_failed: bool, folder: &str, again: &str) -> Self {
        let failed = judgement.checks.iter().filter(|line| line.finding.verdict == Verdict::Fail);
        let mut lines: Vec<_> = judgement.checks.iter().chain(&judgement.groundwork).collect();
        if judgement.verdict == Verdict::Inconclusive {
            // What the harness misses is why its checks cannot tell.
            lines.rotate_left(judgement.checks.len());
        }
        let worst = lines.into_iter().find(|line| line.finding.verdict == judgement.verdict);
        Self {
            case,
            verdict: judgement.verdict,
            failed: failed.map(|line| line.check.clone()).collect(),
            reason: worst
                .filter(|_| judgement.verdict != Verdict::Pass)
                .map(|line| format!("{}: {}", line.check, line.finding.reason)),
            rig_failed,
            folder: folder.to_owned(),
            again: again.to_owned(),
        }
    }

    /// Whether a check of the scenario caught something; what the harness demands of every run does not count.
    pub fn caught(&self) -> bool {
        self.verdict == Verdict::Fail && !self.failed.is_empty()
    }
}

impl Proof {
    /// What it comes to.
    pub fn outcome(&self) -> Outcome {
        let caught = self.runs.iter().any(Trial::caught);
        let any = |verdict| self.runs.iter().any(|run| run.verdict == verdict);
        let rig_failed = self.runs.iter().any(|run| run.rig_failed);
        match self.expected {
            Expected::Pass if any(Verdict::Fail) => Outcome::FalseAlarm,
            Expected::Pass if any(Verdict::Inconclusive) || self.runs.is_empty() => Outcome::Undecided,
            Expected::Fail if caught => Outcome::AsExpected,
            Expected::Fail if rig_failed || self.runs.is_empty() => Outcome::Undecided,
            Expected::Fail => Outcome::Miss,
            Expected::Pass => Outcome::AsExpected,
            Expected::Nothing if caught => Outcome::AlsoCaught,
            Expected::Nothing => Outcome::NotCaught,
        }
    }

    /// The first check that caught it.
    pub fn caught_by(&self) -> Option<&str> {
        self.runs.iter().filter(|run| run.caught()).find_map(|run| run.failed.first()).map(String::as_str)
    }

    /// The runs in which the defect was not caught that others caught; none where nothing was proved.
    pub fn spared(&self) -> Vec<&Trial> {
        if self.expected != Expected::Fail || self.outcome() != Outcome::AsExpected {
            return Vec::new();
        }
        self.runs.iter().filter(|run| !run.caught()).collect()
    }

    /// How many runs have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.runs.iter().filter(|run| run.verdict == verdict).count()
    }
}

impl Proving {
    /// How many rows come to this.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.proofs.iter().filter(|proof| proof.outcome() == outcome).count()
    }

    /// How many defects were caught by the scenario that names them.
    pub fn proved(&self) -> usize {
        let proved =
            |proof: &&Proof| proof.expected == Expected::Fail && proof.outcome() == Outcome::AsExpected;
        self.proofs.iter().filter(proved).count()
    }

    /// `12 proofs, 0 misses, 1 false alarm`.
    pub fn totals(&self) -> String {
        let counted = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
        let mut text = [
            counted(self.proved(), "proof", "proofs"),
            counted(self.count(Outcome::Miss), "miss", "misses"),
            counted(self.count(Outcome::FalseAlarm), "false alarm", "false alarms"),
        ]
        .join(", ");
        let undecided = self.count(Outcome::Undecided);
        if undecided > 0 {
            text.push_str(&format!(", {undecided} undecided"));
        }
        text
    }

    /// The verdict of all together: a miss or a false alarm fails, what is undecided is inconclusive.
    pub fn verdict(&self) -> Verdict {
        if self.count(Outcome::Miss) + self.count(Outcome::FalseAlarm) > 0 {
            Verdict::Fail
        } else if self.count(Outcome::Undecided) > 0 || self.proofs.is_empty() {
            Verdict::Inconclusive
        } else {
            Verdict::Pass
        }
    }
}
