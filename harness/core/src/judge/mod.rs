//! The judge: from a plan and its timeline to verdicts.
//!
//! First the groundwork, what the harness demands of every run: the timeline is whole and the rig did its part, the
//! steady state was reached, the method was walked to its end, each fault bit. Then the scenario's own checks. What a
//! check concludes from *not* seeing something holds only as far as the groundwork does:
//!
//! - a timeline that is damaged, or of another plan, is not judged at all;
//! - where the run ended early or an instrument failed, a fail by absence is inconclusive, and so is a pass that more
//!   of the timeline could have overturned;
//! - where a fault never bit, a fail by absence is inconclusive: what is missing may be what the fault should have
//!   brought about;
//! - where we ourselves pulled the cable by which the device would have shown it, neither a pass nor a fail rests on
//!   not having seen it;
//! - a fail on positive evidence stays a fail.

mod deaf;
mod excuses;
mod faults;
mod method;
mod rig;
#[cfg(test)]
mod tests;

use crate::check::{Check, Timeline};
use crate::event::Event;
use crate::plan::Plan;
use crate::verdict::{Finding, Judged, Judgement, Verdict};
use rig::Standing;

/// Judges a run. `plan_digest` is the digest of `plan` that the run's first event must name.
pub fn judge(plan: &Plan, plan_digest: &str, events: &[Event]) -> Judgement {
    let timeline = Timeline::of(events, &plan.board);
    let (standing, rig) = rig::judge(plan_digest, &timeline);
    let mut groundwork = vec![line("rig", "rig", rig)];
    let mut ground = Ground { standing, faults: Verdict::Pass };
    if ground.standing != Standing::Unreadable {
        groundwork.push(line("steady", "steady", method::steady(&timeline)));
        let walk = method::Walk::of(plan, &timeline);
        if let Some(finding) = walk.finding() {
            groundwork.push(line("method", "method", finding));
        }
        let faults = faults::judge(plan, &timeline, &walk);
        ground.faults = Verdict::merged(faults.iter().map(|f| f.finding.verdict));
        groundwork.extend(faults);
    }
    let stalls = method::stalls(plan, &timeline);
    let checks: Vec<_> = plan
        .expect
        .iter()
        .filter_map(|check| {
            // What follows a fault is not asked for where there is none.
            let found = if plan.control { check.in_control(&timeline)? } else { check.judge(&timeline) };
            Some(line(check.kind(), check.text(), ground.weigh(check, found, &timeline, &stalls)))
        })
        .collect();
    let verdict = Verdict::merged(groundwork.iter().chain(&checks).map(|j| j.finding.verdict));
    Judgement { verdict, groundwork, checks }
}

fn line(kind: &str, check: impl Into<String>, finding: Finding) -> Judged {
    Judged { check: check.into(), kind: kind.to_owned(), finding }
}

/// What the groundwork allows checks to conclude.
struct Ground {
    standing: Standing,
    faults: Verdict,
}

impl Ground {
    fn weigh(&self, check: &Check, found: Finding, timeline: &Timeline<'_>, stalls: &str) -> Finding {
        if self.standing == Standing::Unreadable {
            return Finding::inconclusive("not judged: the timeline is not a whole account of this plan");
        }
        let mut finding = found;
        let deaf = deaf::deaf(&std::mem::take(&mut finding.absences), timeline);
        let by_absence = finding.verdict == Verdict::Fail && finding.by_absence;
        if by_absence {
            finding.reason.push_str(stalls);
        }
        let unsettled = match (finding.verdict, self.standing) {
            (Verdict::Fail, Standing::Early) if by_absence => "the rig did not watch to the end",
            (Verdict::Pass, Standing::Early) if check.pass_needs_all() => "the rig did not watch to the end",
            (Verdict::Fail, _) if by_absence && deaf.is_some() => deaf.as_deref().unwrap_or_default(),
            (Verdict::Pass, _) if check.pass_needs_all() && deaf.is_some() => {
                deaf.as_deref().unwrap_or_default()
            }
            (Verdict::Fail, _) if by_absence && self.faults != Verdict::Pass => "a fault never bit",
            _ => return finding,
        };
        Finding {
            verdict: Verdict::Inconclusive,
            reason: format!("{}, but {unsettled}", finding.reason),
            by_absence: false,
            ..finding
        }
    }
}
