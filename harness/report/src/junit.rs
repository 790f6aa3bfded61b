//! JUnit XML, as CI servers read it.

use crate::escape::{sentence, visible};
use crate::figures::plain;
use crate::{EvidenceLine, RunLine, Shortfall, Suite, shell};
use brownout_core::verdict::Verdict;
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A suite as JUnit XML: a testsuite for each scenario folder, a testcase for each run.
///
/// A fail is a `failure`. An inconclusive is an `error` of type `inconclusive`: never a skip, which CI servers count as
/// good. Times are wall-clock seconds where they are known, else seconds of device time.
///
/// # Errors
///
/// In words, if the XML cannot be written.
pub fn xml(suite: &Suite) -> Result<String, String> {
    let mut report = Report::new("brownout");
    report.set_time(suite.wall_time.std());
    let mut themes: BTreeMap<&str, Vec<&RunLine>> = BTreeMap::new();
    for run in &suite.runs {
        themes.entry(run.theme()).or_default().push(run);
    }
    for (theme, runs) in themes {
        let mut out = TestSuite::new(if theme.is_empty() { "scenarios".to_owned() } else { visible(theme) });
        out.add_property(Property::new("started", visible(&suite.anchor)));
        let mut time = std::time::Duration::ZERO;
        for run in &runs {
            let alike = runs.iter().filter(|r| r.scenario == run.scenario && r.case == run.case).count();
            let case = test_case(run, alike > 1);
            time += case.time.unwrap_or_default();
            out.add_test_case(case);
        }
        out.set_time(time);
        report.add_test_suite(out);
    }
    report.to_string().map_err(|e| e.to_string())
}

/// `with_seed`: servers follow a test over nights by its name, so the seed stands there only to tell runs apart.
fn test_case(run: &RunLine, with_seed: bool) -> TestCase {
    let short = run.scenario.rsplit('/').next().unwrap_or(&run.scenario);
    let mut name = visible(short);
    if !run.case.is_empty() {
        let _ = write!(name, " {}", visible(&run.case));
    }
    if with_seed {
        let _ = write!(name, " seed={}", run.seed);
    }
    let mut case = TestCase::new(name, status(run));
    case.set_classname(visible(&run.scenario).replace('/', "."));
    case.set_time(run.wall_time.unwrap_or(run.device_time).std());
    let device_time = format!("{:.3}", run.device_time.as_secs_f64());
    for (name, value) in [
        ("seed", run.seed.to_string()),
        ("rig", visible(&run.rig)),
        ("plan", visible(&run.plan)),
        ("device_time_s", device_time),
        ("report", visible(&run.report())),
        ("again", visible(&run.again)),
    ] {
        case.add_property(Property::new(name, value));
    }
    for figure in &run.figures {
        let (unit, value) = plain(figure.value);
        let value = if unit.is_empty() { value.to_string() } else { format!("{value:.6}") };
        case.add_property(Property::new(format!("{}{unit}", visible(&figure.name)), value));
    }
    case
}

fn status(run: &RunLine) -> TestCaseStatus {
    let kind = match run.verdict {
        Verdict::Pass => return TestCaseStatus::success(),
        Verdict::Fail => NonSuccessKind::Failure,
        Verdict::Inconclusive => NonSuccessKind::Error,
    };
    let mut status = TestCaseStatus::non_success(kind);
    let decisive: Vec<&Shortfall> = run.shortfalls.iter().filter(|s| s.verdict == run.verdict).collect();
    let first = decisive.first().map_or("no reason was given", |s| s.reason.as_str());
    let more = match decisive.len() {
        0 | 1 => String::new(),
        n => format!(" (and {} more)", n - 1),
    };
    status.set_message(format!("{}{more}", sentence(first)));
    status.set_type(match (run.verdict, decisive.first()) {
        (Verdict::Fail, Some(s)) => visible(&s.kind),
        _ => run.verdict.to_string(),
    });
    status.set_description(description(run));
    status
}

fn description(run: &RunLine) -> String {
    let mut text = String::new();
    for shortfall in &run.shortfalls {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}: {}", shortfall.verdict, sentence(&shortfall.check));
        let _ = writeln!(text, "  {}", sentence(&shortfall.reason));
        for EvidenceLine { n, at, text: words } in &shortfall.evidence {
            let at = at.map_or_else(|| "-".to_owned(), |at| at.to_string());
            let _ = writeln!(text, "  {n} {at} {}", visible(words));
        }
        if shortfall.more_evidence > 0 {
            let _ = writeln!(text, "  and {} more events", shortfall.more_evidence);
        }
    }
    let _ = writeln!(text, "report: {}/report.html", visible(&run.folder));
    let _ = write!(text, "judge again: {}", visible(&shell::judge(&run.folder)));
    text
}
