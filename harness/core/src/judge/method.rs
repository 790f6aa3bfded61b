//! Whether the device was steady before the method, and how far the method came.

use crate::check::{Mark, Timeline, message};
use crate::event::{Ended, Phase, StepNo, StepOutcome, What};
use crate::plan::Plan;
use crate::step::{Numbered, Step, numbered};
use crate::verdict::Finding;
use std::collections::{BTreeMap, BTreeSet};

/// The steady state was reached.
pub(super) fn steady(timeline: &Timeline<'_>) -> Finding {
    let phases = timeline.phase(Phase::Steady).into_iter().chain(timeline.phase(Phase::Method));
    let shown: Vec<_> = phases.map(|m| m.event.n).collect();
    let last = timeline.events().last();
    match (timeline.ended(), timeline.phase(Phase::Method)) {
        (Some(Ended::NotSteady { missing }), _) => {
            Finding::inconclusive(format!("the device never reached its steady state: {}", message(missing)))
                .showing(shown)
                .showing(last.map(|e| e.n))
        }
        (_, Some(method)) => {
            Finding::pass(format!("the device was steady at {}", method.event.at)).showing(shown)
        }
        (_, None) => Finding::inconclusive("the run ended before the device was seen steady").showing(shown),
    }
}

/// How far a completed run came in its method.
pub(super) struct Walk<'a> {
    steps: Vec<Numbered<'a>>,
    /// How often each step was begun.
    begun: BTreeMap<StepNo, u64>,
    /// The last step that ended otherwise than done.
    stopped: Option<(Mark<'a>, StepNo, &'a StepOutcome)>,
    /// What that step saw and was not to count.
    uncounted: String,
    completed: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn of(plan: &'a Plan, timeline: &Timeline<'a>) -> Self {
        let mut begun = BTreeMap::new();
        let mut stopped = None;
        for mark in timeline.marks() {
            match &mark.event.what {
                What::Step { step, .. } => *begun.entry(*step).or_default() += 1,
                What::StepEnded { step, outcome } if *outcome != StepOutcome::Done => {
                    stopped = Some((mark, *step, outcome));
                }
                _ => {}
            }
        }
        let completed = timeline.ended() == Some(&Ended::Completed);
        let steps = numbered(&plan.method);
        let uncounted =
            stopped.map(|(mark, no, _)| uncounted(&steps, no, timeline, mark)).unwrap_or_default();
        Self { steps, begun, stopped, uncounted, completed }
    }

    /// The steps of the plan.
    pub(super) fn steps(&self) -> &[Numbered<'a>] {
        &self.steps
    }

    /// How often a step was begun.
    pub(super) fn begun(&self, step: StepNo) -> u64 {
        self.begun.get(&step).copied().unwrap_or(0)
    }

    /// The first step that a method walked to its end would have begun (once more).
    fn unreached(&self) -> Option<&Numbered<'a>> {
        self.steps.iter().find(|s| s.times.is_some_and(|times| self.begun(s.no) < times))
    }

    /// Whether the run completed.
    pub(super) const fn completed(&self) -> bool {
        self.completed
    }

    /// Whether the run completed with its method walked to the end.
    pub(super) fn to_the_end(&self) -> bool {
        self.completed && self.unreached().is_none()
    }

    /// `None` if the run did not complete: then the line of the rig, or of the steady state, says why.
    pub(super) fn finding(&self) -> Option<Finding> {
        if !self.completed {
            return None;
        }
        let Some(unreached) = self.unreached() else {
            let count = self.steps.len();
            return Some(Finding::pass(format!("the method was walked to its end: {count} steps")));
        };
        let after = format!("step {} (`{}`) was not reached", unreached.no, unreached.step.kind());
        let faults: Vec<_> = self
            .steps
            .iter()
            .filter(|s| s.step.fault().is_some() && s.times != Some(0) && self.begun(s.no) == 0)
            .map(|s| format!("fault `{}` of step {}", s.step.kind(), s.no))
            .collect();
        let faults =
            if faults.is_empty() { String::new() } else { format!("; not reached: {}", faults.join(", ")) };
        Some(match self.stopped {
            Some((mark, no, outcome)) => Finding::inconclusive(format!(
                "the method ended at step {no}: {} {}{}; {after}{faults}",
                name(&self.steps, no),
                in_words(outcome),
                self.uncounted
            ))
            .showing([mark.event.n]),
            None => {
                Finding::inconclusive(format!("the method ended early and nothing says why: {after}{faults}"))
            }
        })
    }
}

/// The steps that timed out, to be added to the reason of a check that missed something.
pub(super) fn stalls(plan: &Plan, timeline: &Timeline<'_>) -> String {
    let steps = numbered(&plan.method);
    let mut out = String::new();
    for mark in timeline.marks() {
        if let What::StepEnded { step, outcome: outcome @ StepOutcome::TimedOut { .. } } = &mark.event.what {
            let uncounted = uncounted(&steps, *step, timeline, mark);
            // One is a hint, a list of them is not.
            out = format!(" (step {step}, {}, {}{uncounted})", name(&steps, *step), in_words(outcome));
        }
    }
    out
}

/// Why a wait that ended did not count what it waited for: it came, but before a fault was seen to bite.
fn uncounted(steps: &[Numbered<'_>], no: StepNo, timeline: &Timeline<'_>, ended: Mark<'_>) -> String {
    let Some(Step::Wait(wait)) = steps.iter().find(|s| s.no == no).map(|s| s.step) else {
        return String::new();
    };
    let (mut shown, mut kinds, mut unseen) = (false, BTreeMap::new(), BTreeSet::new());
    for mark in timeline.marks().take_while(|mark| mark.place < ended.place) {
        match &mark.event.what {
            What::Step { step, .. } if *step == no => shown = false,
            What::Signal { name, .. } if *name == wait.signal => shown = true,
            What::Armed { fault, kind, .. } => drop(kinds.insert(*fault, kind)),
            What::Injected { fault } => drop(unseen.insert(*fault)),
            What::Confirmed { fault, .. } => drop(unseen.remove(fault)),
            _ => {}
        }
    }
    match unseen.iter().find_map(|fault| kinds.get(fault)).filter(|_| shown) {
        Some(kind) => format!(
            ", for what came did not count: `{kind}` had not been seen to bite before `{}` was shown",
            wait.signal
        ),
        None => String::new(),
    }
}

/// A step as a reason calls it: `` `wait ready` ``.
fn name(steps: &[Numbered<'_>], no: StepNo) -> String {
    let Some(step) = steps.iter().find(|s| s.no == no).map(|s| s.step) else {
        return "which the plan does not have,".to_owned();
    };
    let kind = step.kind();
    match step {
        Step::Wait(wait) => format!("`{kind} {}`", wait.signal),
        Step::Set(set) => format!("`{kind} {}`", set.setting),
        Step::Get(get) => format!("`{kind} {}`", get.setting),
        Step::Send(send) => format!("`{kind} {}`", send.command),
        Step::Pause(_)
        | Step::Repeat(_)
        | Step::Press(_)
        | Step::Sense(_)
        | Step::Publish(_)
        | Step::Fault(_) => format!("`{kind}`"),
    }
}

fn in_words(outcome: &StepOutcome) -> String {
    match outcome {
        StepOutcome::Done => "was done".to_owned(),
        StepOutcome::TimedOut { waited } => format!("timed out after {waited}"),
        StepOutcome::Refused => "was refused by the device".to_owned(),
        StepOutcome::CutShort => "was cut short".to_owned(),
        StepOutcome::Abandoned => "was abandoned".to_owned(),
    }
}
