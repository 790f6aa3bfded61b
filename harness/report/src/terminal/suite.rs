//! The summary of a suite.

use super::layout::{cut, pad, width};
use super::run::{block, next};
use super::{Style, verdict_tone};
use crate::escape::sentence;
use crate::{RunLine, Shortfall, Suite, Tone, short, shown};
use brownout_core::verdict::Verdict;
use std::fmt::Write as _;

const VERDICT: usize = "inconclusive".len();

/// The summary of a suite: a line a run, counts and times, then everything that is not a pass again with where its
/// report is and the commands that judge it and run it again. Ends with a line end.
pub fn suite(suite: &Suite, style: &Style) -> String {
    let mut out = String::new();
    runs(&mut out, suite, style);
    out.push('\n');
    out.push_str(&outcome(suite, style));
    out
}

/// The summary without the line a run, for when these have been shown one by one ([`run_line`]).
pub fn outcome(suite: &Suite, style: &Style) -> String {
    let mut out = String::new();
    totals(&mut out, suite, style);
    for verdict in [Verdict::Inconclusive, Verdict::Fail] {
        again(&mut out, suite, verdict, style);
    }
    out
}

/// One run on one line, for a suite in progress: verdict, what ran, and the device time at the right edge.
pub fn run_line(run: &RunLine, style: &Style) -> String {
    let time = short(run.device_time);
    let verdict = format!("{} {}", style.mark(run.verdict), pad(&run.verdict.to_string(), VERDICT));
    let room = style.columns().saturating_sub(width(&verdict) + 2 + 2 + width(&time));
    let case = if run.case.is_empty() { String::new() } else { format!(" {}", run.case) };
    let what = pad(&cut(&style.safe(&format!("{}{case}", run.scenario)), room), room);
    format!(
        "{}  {what}  {}",
        style.paint(verdict_tone(run.verdict), &verdict),
        style.paint(Tone::Faint, &time)
    )
}

fn name(run: &RunLine) -> String {
    let case = if run.case.is_empty() { String::new() } else { format!(" {}", run.case) };
    format!("{}{case} seed {}", run.scenario, run.seed)
}

struct Row<'a> {
    run: &'a RunLine,
    scenario: String,
    case: String,
    time: String,
}

fn runs(out: &mut String, suite: &Suite, style: &Style) {
    let rows: Vec<Row<'_>> = suite
        .runs
        .iter()
        .map(|run| Row {
            run,
            scenario: style.safe(&run.scenario),
            case: style.safe(&run.case),
            time: short(run.device_time),
        })
        .collect();
    let widest = |column: fn(&Row<'_>) -> usize| rows.iter().map(column).max().unwrap_or(0);
    // The time is never cut; of what is left the case may take what the scenario does not need, or half.
    let time = widest(|r| width(&r.time));
    let left = style.columns().saturating_sub(2 + VERDICT + 2 + 2 + 2 + time);
    let scenario = widest(|r| width(&r.scenario));
    let case = widest(|r| width(&r.case)).min((left / 2).max(left.saturating_sub(scenario)));
    let scenario = scenario.min(left.saturating_sub(case));
    for row in &rows {
        let run = row.run;
        let verdict = format!("{} {}", style.mark(run.verdict), pad(&run.verdict.to_string(), VERDICT));
        let _ = writeln!(
            out,
            "{}  {}  {}  {}",
            style.paint(verdict_tone(run.verdict), &verdict),
            pad(&cut(&row.scenario, scenario), scenario),
            style.paint(Tone::Faint, &pad(&cut(&row.case, case), case)),
            style.paint(Tone::Faint, &format!("{:>time$}", row.time)),
        );
    }
}

fn totals(out: &mut String, suite: &Suite, style: &Style) {
    let mut counts = Vec::new();
    for verdict in [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive] {
        let n = suite.count(verdict);
        let tone = if n == 0 { Tone::Faint } else { verdict_tone(verdict) };
        counts.push(style.paint(tone, &format!("{n} {verdict}")));
    }
    let runs = format!("{} {}", suite.runs.len(), if suite.runs.len() == 1 { "run" } else { "runs" });
    let _ = writeln!(out, "{}: {}", style.paint(Tone::Strong, &runs), counts.join(", "));
    let device = short(suite.device_time());
    block(out, "", 0, &format!("{device} of device time in {}", short(suite.wall_time)), Tone::Plain, style);
    if let Some(slowest) = suite.runs.iter().max_by_key(|r| r.device_time).filter(|_| suite.runs.len() > 1) {
        let text = format!("slowest: {} ({})", name(slowest), short(slowest.device_time));
        block(out, "", 0, &style.safe(&text), Tone::Plain, style);
    }
    for s in suite.spreads().iter().filter(|s| s.n > 1) {
        let text = format!(
            "{}: n={} min {} median {} max {}",
            s.name,
            s.n,
            shown(s.min),
            shown(s.median),
            shown(s.max)
        );
        block(out, "", 0, &style.safe(&text), Tone::Plain, style);
    }
}

fn again(out: &mut String, suite: &Suite, verdict: Verdict, style: &Style) {
    let runs: Vec<&RunLine> = suite.runs.iter().filter(|r| r.verdict == verdict).collect();
    if runs.is_empty() {
        return;
    }
    let heading = format!("{verdict} ({})", runs.len());
    let _ = writeln!(out, "\n{}", style.paint(verdict_tone(verdict), &heading));
    for run in runs {
        let lead = format!("  {} ", style.paint(verdict_tone(verdict), style.mark(verdict)));
        block(out, &lead, 4, &style.safe(&name(run)), Tone::Strong, style);
        let worst: Vec<&Shortfall> = run.shortfalls.iter().filter(|s| s.verdict == verdict).collect();
        for shortfall in worst {
            let text = format!("{}: {}", shortfall.kind, sentence(&shortfall.reason));
            block(out, "    ", 4, &style.safe(&text), Tone::Plain, style);
        }
        next(out, 4, &run.folder, &run.again, true, style);
    }
}
