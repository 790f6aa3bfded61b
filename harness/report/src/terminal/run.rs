//! The summary of one judged run.

use super::layout::{pad, width, wrap};
use super::{Style, verdict_tone};
use crate::escape::sentence;
use crate::suite::{evidence_lines, told_evidence};
use crate::{EvidenceLine, RunView, Tone, shell, short, shown};
use brownout_core::verdict::{Judged, Verdict};
use std::fmt::Write as _;

/// Evidence shown for one check; the report has the rest.
const MOST_EVIDENCE: usize = 8;

/// The longest verdict word.
const VERDICT: usize = "inconclusive".len();

/// The summary of one judged run: the verdict, each demand and check with what was found, evidence in words for what
/// is not a pass, and what to do next. Ends with a line end.
pub fn run(run: &RunView<'_>, style: &Style) -> String {
    let mut out = String::new();
    headline(&mut out, run, style);
    let wanted = run
        .judged()
        .filter(|j| j.finding.verdict != Verdict::Pass)
        .flat_map(|j| j.finding.evidence.iter().take(MOST_EVIDENCE).copied())
        .collect();
    let told = told_evidence(run, &wanted);
    for judged in run.judged() {
        let evidence = match judged.finding.verdict {
            Verdict::Pass => Vec::new(),
            _ => evidence_lines(&judged.finding.evidence, MOST_EVIDENCE, &told),
        };
        line(&mut out, judged, &evidence, style);
    }
    out.push('\n');
    let more = run.judgement.verdict != Verdict::Pass;
    next(&mut out, 2, run.folder, run.again, more, style);
    out
}

fn headline(out: &mut String, run: &RunView<'_>, style: &Style) {
    let verdict = run.judgement.verdict;
    let case = run.case();
    let mut name = run.plan.scenario.clone();
    if !case.is_empty() {
        let _ = write!(name, "  {case}");
    }
    let _ = write!(name, "  seed {}", run.plan.seed);
    if run.plan.control {
        name.push_str("  control");
    }
    let mark = style.paint(verdict_tone(verdict), &format!("{} {verdict}", style.mark(verdict)));
    let lead = format!("x {verdict}  ").len();
    block(out, &format!("{mark}  "), lead, &style.safe(&name), Tone::Strong, style);
    let mut facts =
        format!("{}; rig {}; {} of device time", run.plan.title, run.plan.rig, short(run.device_time()));
    if let Some(wall) = run.wall_time {
        let _ = write!(facts, " in {}", short(wall));
    }
    block(out, "  ", 2, &style.safe(&facts), Tone::Faint, style);
    out.push('\n');
}

fn line(out: &mut String, judged: &Judged, evidence: &[EvidenceLine], style: &Style) {
    let verdict = judged.finding.verdict;
    let indent = 2 + 2 + VERDICT + 2;
    let word = format!("{} {}", style.mark(verdict), pad(&verdict.to_string(), VERDICT));
    let lead = format!("  {}  ", style.paint(verdict_tone(verdict), &word));
    block(out, &lead, indent, &style.safe(&sentence(&judged.check)), Tone::Plain, style);
    let tone = if verdict == Verdict::Pass { Tone::Faint } else { Tone::Plain };
    let mut reason = style.safe(&sentence(&judged.finding.reason));
    let figures: Vec<String> = judged
        .finding
        .figures
        .iter()
        .map(|f| format!("{} {}", style.safe(&f.name), shown(f.value)))
        .collect();
    if !figures.is_empty() {
        let _ = write!(reason, " [{}]", figures.join(", "));
    }
    block(out, &" ".repeat(indent), indent, &reason, tone, style);
    for EvidenceLine { n, at, text } in evidence {
        let at = at.map_or_else(|| "-".to_owned(), |at| at.to_string());
        let lead = format!("    {:>6} {at:>9}  ", n.to_string());
        let indent = width(&lead);
        block(out, &style.paint(Tone::Faint, &lead), indent, &style.safe(text), Tone::Plain, style);
    }
    let more = judged.finding.evidence.len().saturating_sub(evidence.len());
    if more > 0 && verdict != Verdict::Pass {
        block(out, "           ", 11, &format!("and {more} more events"), Tone::Faint, style);
    }
}

/// A lead and a text wrapped beside it; `indent` is the width of the lead as it is shown.
pub(super) fn block(out: &mut String, lead: &str, indent: usize, text: &str, tone: Tone, style: &Style) {
    for (i, part) in wrap(text, style.columns().saturating_sub(indent)).iter().enumerate() {
        if i == 0 {
            out.push_str(lead);
        } else {
            out.push_str(&" ".repeat(indent));
        }
        out.push_str(&style.paint(tone, part));
        out.push('\n');
    }
}

/// What to do next: read the report, and, if there is `more`, judge and run again. Never wrapped: it is there to be
/// copied.
pub(super) fn next(out: &mut String, indent: usize, folder: &str, again: &str, more: bool, style: &Style) {
    let mut line = |what: &str, command: &str| {
        let what = style.paint(Tone::Faint, &pad(what, 6));
        let _ = writeln!(out, "{:indent$}{what}  {}", "", style.safe(command));
    };
    line("report", &format!("{folder}/report.html"));
    if more {
        line("judge", &shell::judge(folder));
        if !again.is_empty() {
            line("again", again);
        }
    }
}
