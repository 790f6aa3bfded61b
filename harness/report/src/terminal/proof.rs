//! The table of proofs.

use super::Style;
use super::layout::{cut, pad, width};
use super::run::{block, next};
use crate::proof::{Expected, Outcome, Proof, Proving, Trial};
use crate::{Tone, escape::sentence};
use brownout_core::verdict::Verdict;
use std::fmt::Write as _;

/// What stands for a build without a defect.
const CLEAN: &str = "clean";

const EXPECTED: usize = "expected".len();

/// Nothing was caught where more room is needed (`inconclusive 10/10`).
const SEEN: usize = "inconclusive".len();

/// The widest name of a defect that is not cut.
const WIDEST: usize = 32;

/// The most cases that are named in which a defect was not caught.
const MOST_CASES: usize = 3;

/// The columns that the names of builds want.
pub fn build_column<'a>(defects: impl Iterator<Item = &'a str>) -> usize {
    defects.map(width).chain(["firmware".len()]).max().unwrap_or(0).min(WIDEST)
}

/// The head of the table.
pub fn proofs_head(builds: usize, style: &Style) -> String {
    let head = format!(
        "    {}  {}  {}  caught by",
        pad("firmware", builds),
        pad("expected", EXPECTED),
        pad("seen", SEEN)
    );
    format!("{}\n", style.paint(Tone::Faint, &head))
}

/// The rows of one scenario, its name above them.
pub fn proofs(scenario: &str, rows: &[Proof], builds: usize, style: &Style) -> String {
    let mut out = format!("{}\n", style.paint(Tone::Strong, &style.safe(scenario)));
    for row in rows {
        let outcome = row.outcome();
        let build = pad(&cut(&style.safe(row.defect.as_deref().unwrap_or(CLEAN)), builds), builds);
        let expected = match row.expected {
            Expected::Pass => "pass",
            Expected::Fail => "fail",
            Expected::Nothing => "-",
        };
        let tone = tone(outcome);
        let mark = style.paint(tone, mark(outcome, style));
        let seen = style.paint(tone, &pad(&seen(row), SEEN));
        let start = 2 + 2 + builds + 2 + EXPECTED + 2 + SEEN + 2;
        let room = style.columns().saturating_sub(start);
        let by = row.caught_by().map(|check| cut(&style.safe(&sentence(check)), room)).unwrap_or_default();
        let line = format!("  {mark} {build}  {}  {seen}  {by}", pad(expected, EXPECTED));
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

/// What was not as expected, with what to do about it; defects that nobody names; and the totals.
pub fn proofs_outcome(proving: &Proving, strict: bool, style: &Style) -> String {
    let mut out = String::new();
    for (outcome, heading) in [
        (Outcome::Undecided, "nobody can tell"),
        (Outcome::FalseAlarm, "false alarms: the clean build fails"),
        (Outcome::Miss, "misses: the scenario does not fail by the defect that it names"),
    ] {
        let rows: Vec<_> = proving.proofs.iter().filter(|row| row.outcome() == outcome).collect();
        if rows.is_empty() {
            continue;
        }
        let _ = writeln!(out, "{}", style.paint(tone(outcome), heading));
        for row in rows {
            short_of(&mut out, row, style);
        }
        out.push('\n');
    }
    partly(&mut out, &proving.proofs, style);
    if !proving.unnamed.is_empty() {
        let tone = if strict { Tone::Bad } else { Tone::Warn };
        let text = format!("not proved by any scenario: {}", proving.unnamed.join(", "));
        let lead = style.paint(tone, if strict { "fail" } else { "note" });
        block(&mut out, &format!("{lead}  "), 6, &style.safe(&text), Tone::Plain, style);
    }
    let strict_fail = strict && !proving.unnamed.is_empty();
    let verdict = if strict_fail { Verdict::Fail } else { proving.verdict() };
    let _ = writeln!(out, "{}", style.paint(super::verdict_tone(verdict), &proving.totals()));
    out
}

/// One case that catches a defect proves the scenario; those that do not are named, so that nobody counts on them.
fn partly(out: &mut String, proofs: &[Proof], style: &Style) {
    let mut lead = format!("{}  ", style.paint(Tone::Warn, "note"));
    for proof in proofs {
        let spared = proof.spared();
        if spared.is_empty() {
            continue;
        }
        let named: Vec<_> = spared.iter().take(MOST_CASES).map(|run| run.case.as_str()).collect();
        let more = match spared.len() - named.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let text = format!(
            "{}: {} is caught in {} of {} cases, not in {}{more}",
            proof.scenario,
            proof.defect.as_deref().unwrap_or(CLEAN),
            proof.runs.len() - spared.len(),
            proof.runs.len(),
            named.join("; ")
        );
        block(out, &lead, 6, &style.safe(&text), Tone::Plain, style);
        lead = " ".repeat(6);
    }
}

/// The first run that is not what it should be.
fn short_of(out: &mut String, row: &Proof, style: &Style) {
    let build = row.defect.as_deref().map_or(CLEAN.to_owned(), |defect| format!("with {defect}"));
    let wrong = |run: &&Trial| match row.expected {
        Expected::Pass => run.verdict == row.runs.iter().map(|run| run.verdict).max().unwrap_or(run.verdict),
        _ => true,
    };
    let Some(run) = row.runs.iter().find(wrong) else {
        block(out, "  ", 2, &style.safe(&format!("{} {build}: not run", row.scenario)), Tone::Plain, style);
        return;
    };
    let case = if run.case.is_empty() { String::new() } else { format!(" {}", run.case) };
    block(out, "  ", 2, &style.safe(&format!("{}{case} {build}", row.scenario)), Tone::Strong, style);
    let reason = match &run.reason {
        Some(reason) => sentence(reason),
        None => "every check passes".to_owned(),
    };
    block(out, "    ", 4, &style.safe(&reason), Tone::Plain, style);
    next(out, 4, &run.folder, &run.again, true, style);
}

/// `fail 3/8`: the worst verdict and how many of the runs have it; a row of one run needs no count.
fn seen(row: &Proof) -> String {
    match row.runs.iter().map(|run| run.verdict).max() {
        None => "not run".to_owned(),
        Some(worst) if row.runs.len() == 1 => worst.to_string(),
        Some(worst) => format!("{worst} {}/{}", row.count(worst), row.runs.len()),
    }
}

fn mark(outcome: Outcome, style: &Style) -> &'static str {
    match outcome {
        Outcome::AsExpected => style.mark(Verdict::Pass),
        Outcome::Miss | Outcome::FalseAlarm => style.mark(Verdict::Fail),
        Outcome::Undecided => style.mark(Verdict::Inconclusive),
        Outcome::AlsoCaught => style.mark(Verdict::Pass),
        Outcome::NotCaught => " ",
    }
}

const fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::AsExpected => Tone::Good,
        Outcome::Miss | Outcome::FalseAlarm => Tone::Bad,
        Outcome::Undecided => Tone::Warn,
        Outcome::AlsoCaught => Tone::Plain,
        Outcome::NotCaught => Tone::Faint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(case: &str, verdict: Verdict) -> Trial {
        let failed = if verdict == Verdict::Fail { vec!["never: panic".to_owned()] } else { Vec::new() };
        let (folder, again) = ("reports/x".to_owned(), "brownout run x".to_owned());
        Trial { case: case.to_owned(), verdict, failed, reason: None, rig_failed: false, folder, again }
    }

    fn row(scenario: &str, defect: Option<&str>, expected: Expected, caught: &[bool]) -> Proof {
        let verdict = |caught: bool| if caught { Verdict::Fail } else { Verdict::Pass };
        let runs =
            caught.iter().enumerate().map(|(n, caught)| trial(&format!("as=kind_{n}"), verdict(*caught)));
        Proof {
            scenario: scenario.to_owned(),
            defect: defect.map(str::to_owned),
            expected,
            runs: runs.collect(),
        }
    }

    #[test]
    fn a_defect_that_only_some_cases_catch_is_told_with_those_that_do_not() {
        let (clean, fail) = (Expected::Pass, Expected::Fail);
        let proofs = vec![
            row("security/whole", None, clean, &[false; 2]),
            row("security/whole", Some("falls_over"), fail, &[true; 2]),
            row("security/set-point-out-of-range", None, clean, &[false; 9]),
            row(
                "security/set-point-out-of-range",
                Some("trusts_out_of_range_setpoint"),
                fail,
                &[true, true, false, true, true, false, true, false, true],
            ),
            row("tls/dates", Some("accepts_expired"), fail, &[true, false]),
            row("tls/long", Some("sleeps"), fail, &[false, false, true, false, false, false]),
            row("tls/others", Some("sleeps"), Expected::Nothing, &[false, true]),
        ];
        let unnamed = vec!["never_named".to_owned()];
        let proving = Proving { anchor: String::new(), rig: "virtual".to_owned(), seed: 0, proofs, unnamed };
        let style = Style::PLAIN;
        let rows: String = proving.proofs.iter().map(|row| proofs_of(row, &style)).collect();
        let shown = format!("{rows}\n{}", proofs_outcome(&proving, false, &style));
        assert!(shown.lines().all(|line| width(line) <= 80), "{shown}");
        insta::assert_snapshot!(shown);
    }

    fn proofs_of(row: &Proof, style: &Style) -> String {
        proofs(&row.scenario, std::slice::from_ref(row), 28, style)
    }
}
