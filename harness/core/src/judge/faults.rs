//! Whether each fault bit.

use super::line;
use super::method::Walk;
use crate::check::{FaultWindow, Timeline, elapsed};
use crate::event::What;
use crate::fault::{Fault, Lowering};
use crate::plan::Plan;
use crate::verdict::{Finding, Judged};

/// One line for each fault that was armed, and one for each that should have been.
pub(super) fn judge(plan: &Plan, timeline: &Timeline<'_>, walk: &Walk<'_>) -> Vec<Judged> {
    let armed = timeline.faults();
    let mut lines: Vec<_> = armed
        .iter()
        .map(|fault| {
            let title = format!("{} (fault {}, step {})", fault.kind, fault.fault, fault.step);
            line("fault", title, one(plan, fault, walk, timeline))
        })
        .collect();
    lines.extend(never_armed(&armed, walk));
    lines
}

fn one(plan: &Plan, fault: &FaultWindow<'_>, walk: &Walk<'_>, timeline: &Timeline<'_>) -> Finding {
    let planned = walk
        .steps()
        .iter()
        .find(|s| s.no == fault.step)
        .and_then(|s| s.step.fault())
        .filter(|f| f.kind() == fault.kind);
    let Some(planned) = planned else {
        return Finding::inconclusive(format!("step {} of the plan is no `{}`", fault.step, fault.kind))
            .showing([fault.armed.event.n]);
    };
    let armed = fault.armed.event.n;
    let never_fired = fault.never_fired.and_then(|m| match m.event.what {
        What::NeverFired { waited, .. } => Some((m, waited)),
        _ => None,
    });
    match (fault.injected, fault.confirmed, never_fired) {
        (None, _, Some((never, waited))) => {
            let events = timeline.marks().skip(fault.armed.place).take(never.place - fault.armed.place);
            let seen = planned
                .timing()
                .when
                .and_then(|trigger| trigger.seen(&plan.dut, &plan.board, events.map(|mark| mark.event)))
                .map_or_else(String::new, |seen| format!("; {seen} seen by then"));
            Finding::inconclusive(format!("its trigger ({}) did not come in {waited}{seen}", fault.trigger))
                .showing([armed, never.event.n])
        }
        (None, _, None) if fault.fired.is_none() => Finding::inconclusive(format!(
            "its trigger ({}) was still awaited when the run ended",
            fault.trigger
        ))
        .showing([armed]),
        (None, _, None) => Finding::inconclusive("its trigger came, but it was never injected")
            .showing([armed])
            .showing(fault.fired.map(|m| m.event.n)),
        (Some(injected), None, _) => Finding::inconclusive(format!(
            "injected at {}, but it never bit: {}",
            injected.event.at,
            unconfirmed(plan, planned)
        ))
        .showing([injected.event.n]),
        (Some(injected), Some(confirmed), _) => {
            let evidence = match &confirmed.event.what {
                What::Confirmed { evidence, .. } => evidence.clone(),
                _ => Vec::new(),
            };
            Finding::pass(format!(
                "injected at {}, seen to bite {} later",
                injected.event.at,
                elapsed(confirmed.event.at - injected.event.at)
            ))
            .showing([injected.event.n, confirmed.event.n])
            .showing(evidence)
        }
    }
}

/// Why it counts as not having bitten, in the fault's own words.
fn unconfirmed(plan: &Plan, fault: &Fault) -> &'static str {
    fault.lower(&Lowering { seed: plan.seed, board: &plan.board }).confirm.text
}

/// The faults of the plan that a whole run should have armed (more often). Of a method that ended early, those whose
/// step was reached: the others are the method line's business.
fn never_armed(armed: &[FaultWindow<'_>], walk: &Walk<'_>) -> Vec<Judged> {
    let mut lines = Vec::new();
    if !walk.completed() {
        return lines;
    }
    for numbered in walk.steps() {
        let Some(fault) = numbered.step.fault() else { continue };
        let times = armed.iter().filter(|f| f.step == numbered.no && f.kind == fault.kind()).count() as u64;
        let begun = walk.begun(numbered.no);
        // Inside another fault the plan cannot say how often; once at least, or it might as well not stand there.
        let least = if walk.to_the_end() { numbered.times.unwrap_or(1).max(begun) } else { begun };
        if times < least {
            let title = format!("{} (step {})", fault.kind(), numbered.no);
            let reason = format!("armed {times} of {least} times");
            lines.push(line("fault", title, Finding::inconclusive(reason)));
        }
    }
    lines
}
