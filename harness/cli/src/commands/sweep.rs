//! `brownout sweep`: the power is cut at every flash operation of a scenario.
//!
//! A first run without the cut counts the operations between the arming of the fault and the end of the steps during
//! which it may strike. That count is the exact denominator: then each of them is cut, once for each moment asked for.

use crate::args::{Moment as MomentArg, Sweep};
use crate::failure::{Exit, Failure};
use crate::project::{Project, case_of};
use crate::suite::{Job, Runner, again, job};
use crate::{signals, view};
use brownout_core::action::Moment;
use brownout_core::event::{Ended, Event, What};
use brownout_core::fault::Fault;
use brownout_core::plan::Plan;
use brownout_core::step::Step;
use brownout_core::trigger::{OnFlashOp, Trigger};
use std::collections::BTreeSet;

/// An operation that no run reaches: the fault is armed and never strikes.
const NEVER: u64 = u64::MAX;

/// Sweeps each scenario of the selection, and judges every run.
///
/// # Errors
/// A scenario has no cut at a flash operation; the counting run did not come to its end; runs could not be recorded.
pub fn run(args: &Sweep) -> Result<Exit, Failure> {
    let project = Project::find()?;
    let bench = project.bench(&args.selection.rig)?;
    let plans = distinct(project.plans(&args.selection, &bench)?)?;
    let mut paper = view::Paper::stdout(args.show);
    let mut runner = Runner::new(
        &project,
        &bench,
        args.report_dir.as_deref(),
        signals::listen(),
        &mut paper,
        args.show.verbose,
    )?;
    let ran = sweep(&project, &mut runner, plans, args);
    runner.conclude(ran)
}

fn sweep(project: &Project, runner: &mut Runner<'_>, plans: Vec<Plan>, args: &Sweep) -> Result<(), Failure> {
    for plan in plans {
        if runner.interrupted() {
            break;
        }
        let operations = count(project, runner, &plan, args)?;
        let moments = moments(&plan, args);
        let points = operations * moments.len() as u64;
        runner.say(&format!("{}: {operations} flash operations, {points} cuts\n", plan.scenario));
        // No case of the scenario is one of these cuts: what makes them again is the sweep.
        let mut again = again("sweep", project, &plan, &args.selection);
        for moment in &args.moments {
            again.extend(["--moment".to_owned(), moment_of(*moment).word().to_owned()]);
        }
        let mut jobs = Vec::new();
        for nth in 1..=operations {
            for moment in &moments {
                let mut cut = plan.clone();
                aim(&mut cut.method, nth, Some(*moment));
                cut.case.insert("nth".to_owned(), nth.to_string());
                cut.case.insert("moment".to_owned(), moment.word().to_owned());
                let name = case_of(&cut);
                jobs.push(Job { plan: cut, control: None, again: again.clone(), name });
            }
        }
        runner.run_all(&jobs)?;
    }
    Ok(())
}

/// Plans that differ in nothing but which operation is cut are one plan for a sweep.
fn distinct(plans: Vec<Plan>) -> Result<Vec<Plan>, Failure> {
    let mut seen = BTreeSet::new();
    let mut kept = Vec::new();
    for mut plan in plans {
        if aim(&mut plan.method, NEVER, None) != 1 {
            return Err(Failure::input(
                format!(
                    "{} cannot be swept: it needs exactly one `power_cut` with a `flash_op` trigger",
                    plan.scenario
                ),
                "write `power_cut: {when: {flash_op: 1}, while: […]}` round the steps that write flash",
            ));
        }
        let method = serde_json::to_string(&plan.method).unwrap_or_default();
        if seen.insert((plan.scenario.clone(), method)) {
            plan.case.clear();
            kept.push(plan);
        }
    }
    Ok(kept)
}

/// Aims every cut at a flash operation; how many there are.
fn aim(steps: &mut [Step], nth: u64, moment: Option<Moment>) -> usize {
    let mut found = 0;
    for step in steps {
        match step {
            Step::Fault(fault) => {
                let is_cut = matches!(fault, Fault::PowerCut(_));
                let timing = fault.timing_mut();
                if let (true, Some(Trigger::FlashOp(trigger))) = (is_cut, timing.when) {
                    trigger.nth = nth;
                    trigger.moment = moment.unwrap_or(trigger.moment);
                    found += 1;
                }
                found += aim(timing.during, nth, moment);
            }
            Step::Repeat(repeat) => found += aim(&mut repeat.steps, nth, moment),
            _ => {}
        }
    }
    found
}

fn moments(plan: &Plan, args: &Sweep) -> Vec<Moment> {
    if args.moments.is_empty() {
        return trigger_of(&plan.method).map(|trigger| trigger.moment).into_iter().collect();
    }
    args.moments.iter().copied().map(moment_of).collect()
}

const fn moment_of(moment: MomentArg) -> Moment {
    match moment {
        MomentArg::Before => Moment::Before,
        MomentArg::During => Moment::During,
        MomentArg::After => Moment::After,
    }
}

fn trigger_of(steps: &[Step]) -> Option<&OnFlashOp> {
    steps.iter().find_map(|step| match step {
        Step::Fault(Fault::PowerCut(cut)) => match &cut.when {
            Some(Trigger::FlashOp(trigger)) => Some(trigger),
            _ => trigger_of(&cut.during),
        },
        _ => trigger_of(step.inner()),
    })
}

/// Counts the flash operations at which the cut could strike.
fn count(project: &Project, runner: &mut Runner<'_>, plan: &Plan, args: &Sweep) -> Result<u64, Failure> {
    let mut counting = plan.clone();
    aim(&mut counting.method, NEVER, None);
    let counting = Job { name: "counting".to_owned(), ..job(project, counting, &args.selection) };
    let events = runner.count(&counting)?;
    match events.last().map(|event| &event.what) {
        Some(What::RunEnded(Ended::Completed)) => Ok(operations(&events)),
        Some(What::RunEnded(Ended::NotSteady { missing })) => Err(Failure::inconclusive(
            format!("{}: the flash operations could not be counted: {missing}", case_of(plan)),
            None,
        )),
        Some(What::RunEnded(Ended::RigFailed { why })) => Err(Failure::inconclusive(
            format!("{}: the flash operations could not be counted: {why}", plan.scenario),
            None,
        )),
        _ => Err(Failure::inconclusive(format!("{}: the counting run was stopped", plan.scenario), None)),
    }
}

/// Flash operations between arming and giving up.
fn operations(events: &[Event]) -> u64 {
    let mut armed = false;
    let mut count = 0;
    for event in events {
        match &event.what {
            What::Armed { .. } => armed = true,
            What::NeverFired { .. } => armed = false,
            What::FlashOp { .. } if armed => count += 1,
            _ => {}
        }
    }
    count
}
