//! The control of a run: the same run without its faults.
//!
//! What a run shows of a fault means something only if the device does well where nothing is done to it. The control
//! keeps what is arranged, the steady state and every ordinary step, with the same seed on the same rig:
//!
//! - a fault becomes a pause for as long as it would have taken: its injection, then the time for which it is held;
//! - its trigger is not awaited. The steps under its `while` are performed to their end, in its place, and then those under
//!   its `meanwhile`;
//! - a `wait` behind a fault is left out, up to the next step that asks the device or its world for something: what it
//!   waits for is what the fault brings about (`wait: ready` after a power cut), and would never come. In a `repeat`
//!   the end of one round comes before the beginning of the next.

use crate::fault::{Fault, Lowering, Move};
use crate::plan::Plan;
use crate::step::{Pause, Repeat, Step};
use crate::time::Duration;
use crate::verdict::{Finding, Judged, Judgement, Verdict};

impl Plan {
    /// The same run without its faults; `None` if it has none.
    pub fn control(&self) -> Option<Self> {
        if self.control || !has_fault(&self.method) {
            return None;
        }
        let mut undisturbed = Undisturbed { plan: self, answered: true };
        let method = undisturbed.steps(&self.method);
        Some(Self { control: true, method, ..self.clone() })
    }
}

fn has_fault(steps: &[Step]) -> bool {
    let inside = |step: &Step| {
        let (first, second) = step.parts();
        has_fault(first) || has_fault(second)
    };
    steps.iter().any(|step| step.fault().is_some() || inside(step))
}

/// How long steps pause, all together.
fn pauses(steps: &[Step]) -> u64 {
    let of = |step: &Step| match step {
        Step::Pause(pause) => pause.time.0,
        Step::Repeat(repeat) => pauses(&repeat.steps).saturating_mul(u64::from(repeat.times)),
        _ => 0,
    };
    steps.iter().map(of).fold(0, u64::saturating_add)
}

/// Takes the faults out of steps, in the order in which they are performed.
struct Undisturbed<'a> {
    plan: &'a Plan,
    /// Whether a signal may still come without the fault: none was left out since the device or its world was last
    /// asked for something.
    answered: bool,
}

impl Undisturbed<'_> {
    fn steps(&mut self, steps: &[Step]) -> Vec<Step> {
        let mut kept = Vec::new();
        for step in steps {
            match step {
                Step::Fault(fault) => {
                    let timing = fault.timing();
                    kept.extend(self.steps(timing.during));
                    self.answered = false;
                    let meanwhile = self.steps(timing.meanwhile);
                    // What they wait for comes sooner or later; only what they pause is known.
                    let time = Duration(self.length(fault).0.saturating_sub(pauses(&meanwhile)));
                    kept.extend(meanwhile);
                    if time > Duration::ZERO {
                        kept.push(Step::Pause(Pause { time }));
                    }
                    self.answered = false;
                }
                Step::Wait(_) if !self.answered => {}
                Step::Wait(_) | Step::Pause(_) => kept.push(step.clone()),
                Step::Set(_)
                | Step::Get(_)
                | Step::Send(_)
                | Step::Press(_)
                | Step::Sense(_)
                | Step::Publish(_) => {
                    kept.push(step.clone());
                    self.answered = true;
                }
                Step::Repeat(repeat) => kept.extend(self.repeat(repeat)),
            }
        }
        kept
    }

    /// One text for every round: a wait that any round would leave out is left out of all.
    fn repeat(&mut self, repeat: &Repeat) -> Option<Step> {
        let before = self.answered;
        let mut steps = self.steps(&repeat.steps);
        if before && !self.answered && repeat.times > 1 {
            steps = self.steps(&repeat.steps);
        }
        (!steps.is_empty()).then(|| Step::Repeat(Repeat { times: repeat.times, steps }))
    }

    /// How long a fault takes, from its strike to its revert.
    fn length(&self, fault: &Fault) -> Duration {
        let Plan { seed, dut, board, .. } = self.plan;
        let lowered = fault.lower(&Lowering { seed: *seed, dut, board });
        let injection = lowered.inject.iter().map(|step| match step {
            Move::Pause(time) => time.0,
            Move::Do(_) => 0,
        });
        // One that is not undone is not held either.
        let held = if lowered.revert.is_empty() { None } else { fault.timing().hold };
        Duration(injection.fold(held.unwrap_or_default().0, u64::saturating_add))
    }
}

impl Judgement {
    /// Puts what came of the control in front of what came of the run. Where the control did not pass, nobody can tell
    /// what the fault did: the run is inconclusive, whatever it showed itself. `record` is where the control's record
    /// is, as the reader may type it.
    pub fn set_beside(&mut self, control: &Self, record: &str) {
        let finding = match control.verdict {
            Verdict::Pass => Finding::pass(format!("the same run without the fault passes ({record})")),
            verdict => {
                let what = match verdict {
                    Verdict::Fail => "the device fails without the fault too",
                    _ => "nobody can tell how the device does without the fault",
                };
                let lines = control.groundwork.iter().chain(&control.checks);
                let why = lines
                    .into_iter()
                    .find(|line| line.finding.verdict == verdict)
                    .map_or_else(String::new, |line| format!(": `{}`: {}", line.check, line.finding.reason));
                Finding::inconclusive(format!("{what}{why} ({record})"))
            }
        };
        if finding.verdict != Verdict::Pass {
            self.verdict = Verdict::Inconclusive;
        }
        let (check, kind) = ("control: the same run without the fault".to_owned(), "control".to_owned());
        self.groundwork.insert(0, Judged { check, kind, finding });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judgement(checks: Vec<Finding>) -> Judgement {
        let line = |finding| Judged { check: "never: panic".to_owned(), kind: "never".to_owned(), finding };
        let checks: Vec<_> = checks.into_iter().map(line).collect();
        let verdict = Verdict::merged(checks.iter().map(|line| line.finding.verdict));
        Judgement { verdict, groundwork: Vec::new(), checks }
    }

    #[test]
    fn only_beside_a_control_that_passes_does_a_run_say_anything() {
        let pass = || judgement(vec![Finding::pass("fine")]);
        let fail = || judgement(vec![Finding::pass("fine"), Finding::fail("`panic` was seen once")]);
        let open = || judgement(vec![Finding::inconclusive("it broke")]);
        for (mut run, control, expected) in [
            (pass(), pass(), Verdict::Pass),
            (fail(), pass(), Verdict::Fail),
            (open(), pass(), Verdict::Inconclusive),
            (pass(), fail(), Verdict::Inconclusive),
            (fail(), fail(), Verdict::Inconclusive),
            (fail(), open(), Verdict::Inconclusive),
        ] {
            let checks = run.checks.clone();
            run.set_beside(&control, "reports/x");
            assert_eq!(run.verdict, expected, "{run:?}");
            assert_eq!(run.checks, checks, "what was seen stays as it was");
        }
        let mut run = pass();
        run.set_beside(&fail(), "reports/x");
        assert_eq!(
            run.groundwork[0].finding.reason,
            "the device fails without the fault too: `never: panic`: `panic` was seen once (reports/x)"
        );
    }
}
