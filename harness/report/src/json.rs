//! JSON for programs: `verdicts.json` of a run, `summary.json` of a suite.

use crate::proof::{Outcome, PROVING_VERSION, Proof, Proving};
use crate::{Spread, Suite, seconds};
use brownout_core::time::Duration;
use brownout_core::verdict::{Judgement, Verdict};
use serde::{Deserialize, Serialize};

/// Version of `verdicts.json`. Readers refuse a newer one.
pub const VERDICTS_VERSION: u32 = 1;
/// Version of `summary.json`. Readers refuse a newer one.
pub const SUMMARY_VERSION: u32 = 2;

#[derive(Serialize)]
struct VerdictsOut<'a> {
    version: u32,
    #[serde(flatten)]
    judgement: &'a Judgement,
}

#[derive(Deserialize)]
struct VersionOnly {
    version: u32,
}

#[derive(Serialize)]
struct SummaryOut<'a> {
    version: u32,
    verdict: Verdict,
    counts: Counts,
    #[serde(rename = "device_time_s", with = "seconds")]
    device_time: Duration,
    figures: Vec<Spread>,
    #[serde(flatten)]
    suite: &'a Suite,
}

#[derive(Serialize)]
struct Counts {
    pass: usize,
    fail: usize,
    inconclusive: usize,
}

#[derive(Serialize)]
struct ProvingOut<'a> {
    version: u32,
    verdict: Verdict,
    anchor: &'a str,
    rig: &'a str,
    seed: u64,
    proved: usize,
    misses: usize,
    false_alarms: usize,
    undecided: usize,
    unnamed: &'a [String],
    proofs: Vec<ProofOut<'a>>,
}

#[derive(Serialize)]
struct ProofOut<'a> {
    outcome: Outcome,
    caught_by: Option<&'a str>,
    #[serde(flatten)]
    proof: &'a Proof,
}

/// Why a stored file could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// It was written by a newer brownout.
    Newer {
        /// The version it has.
        found: u32,
        /// The newest version that can be read here.
        known: u32,
    },
    /// It is not what it should be; in words, with line and column.
    Malformed(String),
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Newer { found, known } => {
                write!(f, "it has version {found}, written by a newer brownout; this one reads up to {known}")
            }
            Self::Malformed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for ReadError {}

/// `verdicts.json`: the judgement with a version before it.
///
/// # Errors
///
/// In words, if it cannot be written as JSON.
pub fn verdicts(judgement: &Judgement) -> Result<String, String> {
    pretty(&VerdictsOut { version: VERDICTS_VERSION, judgement })
}

/// `prove.json`: the table of proofs with its totals.
///
/// # Errors
///
/// In words, if it cannot be written as JSON.
pub fn proving(proving: &Proving) -> Result<String, String> {
    let row = |proof| ProofOut { outcome: Proof::outcome(proof), caught_by: proof.caught_by(), proof };
    pretty(&ProvingOut {
        version: PROVING_VERSION,
        verdict: proving.verdict(),
        anchor: &proving.anchor,
        rig: &proving.rig,
        seed: proving.seed,
        proved: proving.proved(),
        misses: proving.count(Outcome::Miss),
        false_alarms: proving.count(Outcome::FalseAlarm),
        undecided: proving.count(Outcome::Undecided),
        unnamed: &proving.unnamed,
        proofs: proving.proofs.iter().map(row).collect(),
    })
}

/// `summary.json`: the suite with its counts.
///
/// # Errors
///
/// In words, if it cannot be written as JSON.
pub fn summary(suite: &Suite) -> Result<String, String> {
    pretty(&SummaryOut {
        version: SUMMARY_VERSION,
        verdict: suite.verdict(),
        counts: Counts {
            pass: suite.count(Verdict::Pass),
            fail: suite.count(Verdict::Fail),
            inconclusive: suite.count(Verdict::Inconclusive),
        },
        device_time: suite.device_time(),
        figures: suite.spreads(),
        suite,
    })
}

/// Reads `verdicts.json`.
///
/// # Errors
///
/// [`ReadError`] if it is of a newer version or not a judgement.
pub fn read_verdicts(text: &str) -> Result<Judgement, ReadError> {
    read(text, VERDICTS_VERSION)
}

/// Reads `summary.json`.
///
/// # Errors
///
/// [`ReadError`] if it is of a newer version or not a summary.
pub fn read_summary(text: &str) -> Result<Suite, ReadError> {
    read(text, SUMMARY_VERSION)
}

fn read<T: serde::de::DeserializeOwned>(text: &str, known: u32) -> Result<T, ReadError> {
    // The version first: what a newer version added must not be reported as nonsense.
    let malformed = |e: serde_json::Error| ReadError::Malformed(e.to_string());
    let VersionOnly { version } = serde_json::from_str(text).map_err(malformed)?;
    if version > known {
        return Err(ReadError::Newer { found: version, known });
    }
    serde_json::from_str(text).map_err(malformed)
}

fn pretty(value: &impl Serialize) -> Result<String, String> {
    let mut text = serde_json::to_string_pretty(value).map_err(|e| e.to_string())?;
    text.push('\n');
    Ok(text)
}
