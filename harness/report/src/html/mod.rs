//! HTML: one file a run that needs nothing else, and an index of a suite.
//!
//! The templates escape whatever is put into them; text from outside has gone through [`escape::visible`] before, so
//! that what HTML would swallow (control characters, bidi controls) is seen too.

mod axis;
mod events;
mod story;
mod timeline;

use crate::escape::{sentence, visible, visible_capped};
use crate::suite::{evidence_lines, told_evidence};
use crate::{EvidenceLine, RunLine, RunView, Suite, shell, short, shown};
use brownout_core::plan::{Clock, Plan};
use brownout_core::verdict::{Judged, Verdict};
use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;
use std::collections::BTreeMap;

/// Evidence shown for one check.
const MOST_EVIDENCE: usize = 20;

/// The report of one run.
///
/// # Errors
///
/// In words, if a template cannot be rendered.
pub fn run(run: &RunView<'_>) -> Result<String, String> {
    render("run.html", &RunPage::of(run))
}

/// The index of a suite. It links to `report.html` in each run's folder.
///
/// # Errors
///
/// In words, if a template cannot be rendered.
pub fn index(suite: &Suite) -> Result<String, String> {
    render("index.html", &IndexPage::of(suite))
}

fn render(name: &str, page: &impl Serialize) -> Result<String, String> {
    let mut environment = Environment::new();
    for (name, source) in [
        ("run.html", include_str!("../../templates/run.html")),
        ("timeline.html", include_str!("../../templates/timeline.html")),
        ("index.html", include_str!("../../templates/index.html")),
        ("style.css", include_str!("../../templates/style.css")),
    ] {
        environment.add_template(name, source).map_err(|e| format!("{e:#}"))?;
    }
    let template = environment.get_template(name).map_err(|e| format!("{e:#}"))?;
    template.render(Serde(page)).map_err(|e| format!("{e:#}"))
}

#[derive(Serialize)]
struct RunPage {
    verdict: Verdict,
    title: String,
    scenario: String,
    case: String,
    seed: u64,
    tags: Vec<String>,
    headline: String,
    times: String,
    began: String,
    judge: String,
    again: String,
    checks: Vec<Line>,
    groundwork: Vec<Line>,
    timelines: Vec<timeline::Timeline>,
    sections: Vec<events::Section>,
    total_events: usize,
    facts: Vec<(String, String)>,
}

#[derive(Serialize)]
struct Line {
    verdict: Verdict,
    check: String,
    reason: String,
    figures: Vec<(String, String)>,
    evidence: Vec<Evidence>,
    more: usize,
}

#[derive(Serialize)]
struct Evidence {
    n: u64,
    at: Option<String>,
    text: String,
}

impl RunPage {
    fn of(run: &RunView<'_>) -> Self {
        let wanted =
            run.judged().flat_map(|j| j.finding.evidence.iter().take(MOST_EVIDENCE).copied()).collect();
        let told = told_evidence(run, &wanted);
        let line = |j: &Judged| Line {
            verdict: j.finding.verdict,
            check: sentence(&j.check),
            reason: sentence(&j.finding.reason),
            figures: j
                .finding
                .figures
                .iter()
                .map(|f| (visible(&f.name.replace('_', " ")), shown(f.value)))
                .collect(),
            evidence: evidence_lines(&j.finding.evidence, MOST_EVIDENCE, &told)
                .into_iter()
                .map(|EvidenceLine { n, at, text }| Evidence {
                    n: n.0,
                    at: at.map(|at| at.to_string()),
                    text,
                })
                .collect(),
            more: j.finding.evidence.len().saturating_sub(MOST_EVIDENCE),
        };
        let marks = evidence_marks(run);
        let times = match run.wall_time {
            Some(wall) => format!("{} of device time in {}", short(run.device_time()), short(wall)),
            None => format!("{} of device time", short(run.device_time())),
        };
        Self {
            verdict: run.judgement.verdict,
            title: visible(&run.plan.title),
            scenario: visible(&run.plan.scenario),
            case: visible(&run.case()),
            seed: run.plan.seed,
            tags: run.plan.tags.iter().map(|t| visible(t)).collect(),
            headline: headline(run),
            times,
            began: visible(run.anchor),
            judge: visible(&shell::judge(run.folder)),
            again: visible(run.again),
            checks: run.judgement.checks.iter().map(line).collect(),
            groundwork: run.judgement.groundwork.iter().map(line).collect(),
            timelines: timeline::timelines(run, &marks),
            sections: events::sections(run.events, &marks),
            total_events: run.events.len(),
            facts: facts(run),
        }
    }
}

/// What the verdict rests on, in one sentence that counts.
fn headline(run: &RunView<'_>) -> String {
    let lines: Vec<&Judged> = run.judged().collect();
    let count = |verdict| lines.iter().filter(|j| j.finding.verdict == verdict).count();
    let of =
        |n: usize| format!("{n} of {} {}", lines.len(), if lines.len() == 1 { "demand" } else { "demands" });
    match run.judgement.verdict {
        Verdict::Pass => format!("all {} demands were met", lines.len()),
        Verdict::Fail => format!("{} not met", of(count(Verdict::Fail))),
        Verdict::Inconclusive => format!("nobody can tell for {}", of(count(Verdict::Inconclusive))),
    }
}

/// The worst verdict that points at each event.
fn evidence_marks(run: &RunView<'_>) -> BTreeMap<u64, Verdict> {
    let mut marks = BTreeMap::new();
    for judged in run.judged() {
        for n in judged.finding.evidence.iter().take(MOST_EVIDENCE) {
            let mark = marks.entry(n.0).or_insert(judged.finding.verdict);
            *mark = (*mark).max(judged.finding.verdict);
        }
    }
    marks
}

fn facts(run: &RunView<'_>) -> Vec<(String, String)> {
    let Plan { board, .. } = run.plan;
    let clock = match run.plan.clock {
        Clock::Wall => "wall",
        Clock::Virtual => "virtual",
    };
    let mut facts = vec![
        ("seed", run.plan.seed.to_string()),
        ("plan digest", run.plan_digest().to_owned()),
        ("rig", format!("{}, {clock} clock", run.plan.rig)),
        ("device", format!("{}: {} ({})", run.plan.dut, board.name, board.chip)),
        ("image", board.image.path.clone()),
        ("image SHA-256", board.image.sha256.clone()),
    ];
    if run.plan.control {
        facts.push(("control", "the same run without its faults".to_owned()));
    }
    if let Some(defect) = board.defect.as_ref().and_then(|d| d.name.as_ref()) {
        facts.push(("defect", defect.to_string()));
    }
    let drivers = run.plan.drivers.iter().map(|(port, driver)| (format!("{port} driver"), visible(driver)));
    facts.into_iter().map(|(name, value)| (name.to_owned(), visible(&value))).chain(drivers).collect()
}

#[derive(Serialize)]
struct IndexPage {
    verdict: Verdict,
    folder: String,
    began: String,
    counts: Vec<(Verdict, usize)>,
    total: usize,
    device_time: String,
    wall_time: String,
    spreads: Vec<[String; 5]>,
    runs: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    verdict: Verdict,
    scenario: String,
    case: String,
    seed: u64,
    href: String,
    reason: String,
    more: usize,
    time: String,
}

impl IndexPage {
    fn of(suite: &Suite) -> Self {
        let mut runs: Vec<&RunLine> = suite.runs.iter().collect();
        // Fails first; within a verdict as they ran.
        runs.sort_by_key(|r| std::cmp::Reverse(r.verdict));
        Self {
            verdict: suite.verdict(),
            folder: visible(&suite.folder),
            began: visible(&suite.anchor),
            counts: [Verdict::Fail, Verdict::Inconclusive, Verdict::Pass].map(|v| (v, suite.count(v))).into(),
            total: suite.runs.len(),
            device_time: short(suite.device_time()),
            wall_time: short(suite.wall_time),
            spreads: suite
                .spreads()
                .iter()
                .map(|s| {
                    [
                        visible(&s.name.replace('_', " ")),
                        s.n.to_string(),
                        shown(s.min),
                        shown(s.median),
                        shown(s.max),
                    ]
                })
                .collect(),
            runs: runs.into_iter().map(|r| Row::of(r, &suite.folder)).collect(),
        }
    }
}

impl Row {
    fn of(run: &RunLine, suite_folder: &str) -> Self {
        let worst: Vec<&str> =
            run.shortfalls.iter().filter(|s| s.verdict == run.verdict).map(|s| s.reason.as_str()).collect();
        let report = run.report();
        let path = report.strip_prefix(suite_folder).unwrap_or(&report).trim_start_matches('/');
        Self {
            verdict: run.verdict,
            scenario: visible(&run.scenario),
            case: visible(&run.case),
            seed: run.seed,
            href: format!("./{}", percent_encoded(path)),
            reason: worst.first().map(|r| visible_capped(r, 240)).unwrap_or_default(),
            more: worst.len().saturating_sub(1),
            time: short(run.device_time),
        }
    }
}

/// A path as a relative URL (RFC 3986): what is not an unreserved character or `/` is percent-encoded.
fn percent_encoded(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte))
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::percent_encoded;

    #[test]
    fn paths_become_urls() {
        assert_eq!(percent_encoded("power/cut/nth=3-7"), "power/cut/nth%3D3-7");
        assert_eq!(percent_encoded("1%\"<ü"), "1%25%22%3C%C3%BC");
    }
}
