//! `brownout sweep`: the power is cut at every flash operation of a scenario.
//!
//! A first run without the cut counts the operations between the arming of the fault and the end of the steps during
//! which it may strike. That count is the exact denominator: then each of them is cut, once for each moment and each
//! tear asked for. Where the rig can be put back, all cuts go on from where that first run armed its own.

use crate::args::{Moment as MomentArg, Sweep, Tear as TearArg};
use crate::failure::{Exit, Failure};
use crate::project::{Project, case_of};
use crate::stage::Job;
use crate::suite::{Runner, again, job};
use crate::wall::Stopwatch;
use crate::{signals, view};
use brownout_core::action::{Moment, Tear};
use brownout_core::event::{Ended, Event, What};
use brownout_core::fault::{Fault, PowerCut};
use brownout_core::plan::Plan;
use brownout_core::step::Step;
use brownout_core::time::Duration;
use brownout_core::trigger::{OnFlashOp, Trigger};
use brownout_engine::Fork;
use std::collections::BTreeSet;

/// An operation that no run reaches: the fault is armed and never strikes.
const NEVER: u64 = u64::MAX;

/// One cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cut {
    nth: u64,
    moment: Moment,
    tear: Tear,
    /// Which of the random tears.
    seed: Option<u64>,
}

/// Sweeps each scenario of the selection, and judges every run.
///
/// # Errors
/// A scenario has no cut at a flash operation; the counting run did not come to its end; runs could not be recorded.
pub fn run(args: &Sweep) -> Result<Exit, Failure> {
    let project = Project::find()?;
    let bench = project.bench(&args.selection.rig)?;
    let only = args.only.as_deref().map(Cut::read).transpose()?;
    let plans = distinct(project.plans(&args.selection, &bench)?)?;
    let mut paper = view::Paper::stdout(args.show);
    let live = args.show.verbose || (only.is_some() && plans.len() == 1);
    let interrupt = signals::listen();
    let mut runner = Runner::new(&project, &bench, args.report_dir.as_deref(), interrupt, &mut paper, live)?;
    let ran = match only {
        Some(cut) => {
            let jobs: Vec<_> = plans.iter().map(|plan| cut.job(&project, plan, args)).collect();
            runner.run_all(&jobs)
        }
        None => sweep(&project, &mut runner, &plans, args),
    };
    runner.conclude(ran)
}

fn sweep(
    project: &Project,
    runner: &mut Runner<'_>,
    plans: &[(Plan, String)],
    args: &Sweep,
) -> Result<(), Failure> {
    for plan in plans {
        if runner.interrupted() {
            break;
        }
        let begun = Stopwatch::start();
        let (operations, fork) = count(project, runner, &plan.0, args)?;
        let cuts = Cut::all(operations, &plan.0, args);
        let scenario = &plan.0.scenario;
        runner.say(&format!("{scenario}: {operations} flash operations, {} cuts\n", cuts.len()));
        if args.cuts.is_some_and(|wanted| cuts.len() < wanted as usize) {
            runner.say("there are no more that differ: only random tears `during` an operation do\n");
        }
        let jobs: Vec<Job> = cuts.iter().map(|cut| cut.job(project, plan, args)).collect();
        let before = runner.tally();
        let swept = match fork.filter(|_| !args.from_start) {
            Some(fork) => runner.cut_all(&fork, &jobs, args.pages),
            None => {
                let all = begun.elapsed().0.saturating_mul(jobs.len() as u64);
                let long = Duration(all / 1_000_000_000 * 1_000_000_000 + 1_000_000_000);
                runner.say(&format!("each cut is run from its start; that takes about {long}\n"));
                runner.run_all(&jobs)
            }
        };
        let after = runner.tally();
        runner.say(&summary(after.0 - before.0, after.1 - before.1, begun.elapsed()));
        swept?;
    }
    Ok(())
}

/// What a sweep came to, on one line.
fn summary(cuts: usize, passed: usize, took: Duration) -> String {
    let seconds = took.0 as f64 / 1e9;
    let rate = cuts as f64 / seconds.max(1e-9);
    format!("{cuts} cuts, {passed} pass, {} do not; {seconds:.2} s, {rate:.0} cuts/s\n", cuts - passed)
}

impl Cut {
    /// Every cut that is asked for.
    fn all(operations: u64, plan: &Plan, args: &Sweep) -> Vec<Self> {
        let Some(written) = trigger_of(&plan.method) else { return Vec::new() };
        let or_written = |asked: Vec<_>, written| if asked.is_empty() { vec![written] } else { asked };
        let moments = or_written(args.moments.iter().copied().map(moment_of).collect(), written.moment);
        let tears = match args.tears.as_slice() {
            [] => vec![written.tear],
            asked => asked.iter().copied().map(tear_of).collect(),
        };
        let mut cuts = Vec::new();
        for nth in 1..=operations {
            for &moment in &moments {
                // Only an operation that was begun and not ended can be torn.
                let torn = if moment == Moment::During { &tears[..] } else { &[written.tear] };
                cuts.extend(torn.iter().map(|&tear| Self { nth, moment, tear, seed: None }));
            }
        }
        let Some(wanted) = args.cuts.map(|wanted| wanted as usize) else { return cuts };
        if wanted <= cuts.len() {
            let all = cuts.len();
            return (0..wanted).filter_map(|at| cuts.get(at * all / wanted).copied()).collect();
        }
        if moments.contains(&Moment::During) && tears.contains(&Tear::Random) && operations > 0 {
            let (moment, tear) = (Moment::During, Tear::Random);
            let more = (1..).flat_map(|seed| (1..=operations).map(move |nth| (nth, Some(seed))));
            let more = more.map(|(nth, seed)| Self { nth, moment, tear, seed });
            let missing = wanted - cuts.len();
            cuts.extend(more.take(missing));
        }
        cuts
    }

    /// Reads what [`Self::text`] wrote.
    fn read(text: &str) -> Result<Self, Failure> {
        let mut cut = Self { nth: 0, moment: Moment::During, tear: Tear::Random, seed: None };
        for word in text.split(',') {
            let known = match word.split_once('=') {
                Some(("nth", nth)) => nth.parse().ok().filter(|nth| *nth > 0).map(|nth| cut.nth = nth),
                Some(("seed", seed)) => seed.parse().ok().map(|seed| cut.seed = Some(seed)),
                Some(("moment", word)) => [Moment::Before, Moment::During, Moment::After]
                    .into_iter()
                    .find(|moment| moment.word() == word)
                    .map(|moment| cut.moment = moment),
                Some(("tear", word)) => [Tear::Nothing, Tear::Random, Tear::Half, Tear::Full]
                    .into_iter()
                    .find(|tear| tear.word() == word)
                    .map(|tear| cut.tear = tear),
                _ => None,
            };
            known.ok_or_else(|| not_a_cut(text))?;
        }
        if cut.nth == 0 { Err(not_a_cut(text)) } else { Ok(cut) }
    }

    /// In words, for `--only`.
    fn text(self) -> String {
        let seed = self.seed.map(|seed| format!(",seed={seed}")).unwrap_or_default();
        format!("nth={},moment={},tear={}{seed}", self.nth, self.moment.word(), self.tear.word())
    }

    /// The run of it. No case of the scenario is this cut: what makes it again is the sweep.
    fn job(self, project: &Project, plan: &(Plan, String), args: &Sweep) -> Job {
        let (plan, case) = plan;
        let mut again = again("sweep", project, plan, &args.selection);
        if !case.is_empty() {
            again.extend(["--case".to_owned(), case.clone()]);
        }
        again.extend(["--only".to_owned(), self.text()]);
        let mut cut = plan.clone();
        aim(&mut cut.method, &|trigger| {
            (trigger.nth, trigger.moment, trigger.tear, trigger.seed) =
                (self.nth, self.moment, self.tear, self.seed);
        });
        for word in self.text().split(',') {
            if let Some((name, value)) = word.split_once('=') {
                cut.case.insert(name.to_owned(), value.to_owned());
            }
        }
        let name = case_of(&cut);
        Job { plan: cut, control: None, again, name }
    }
}

fn not_a_cut(text: &str) -> Failure {
    Failure::input(
        format!("`{text}` is no cut"),
        "write it as a sweep shows it, as in `nth=3,moment=during,tear=random`",
    )
}

/// Plans that differ in nothing but which operation is cut are one plan for a sweep. With each its case.
fn distinct(plans: Vec<Plan>) -> Result<Vec<(Plan, String)>, Failure> {
    let mut seen = BTreeSet::new();
    let mut kept = Vec::new();
    for mut plan in plans {
        if aim(&mut plan.method, &|trigger| trigger.nth = NEVER) != 1 {
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
            let case = case_of(&plan);
            plan.case.clear();
            kept.push((plan, case));
        }
    }
    Ok(kept)
}

/// Aims every cut at a flash operation; how many there are.
fn aim(steps: &mut [Step], set: &dyn Fn(&mut OnFlashOp)) -> usize {
    let mut found = 0;
    for step in steps {
        match step {
            Step::Fault(fault) => {
                let is_cut = matches!(fault, Fault::PowerCut(_));
                let timing = fault.timing_mut();
                if let (true, Some(Trigger::FlashOp(trigger))) = (is_cut, timing.when) {
                    set(trigger);
                    found += 1;
                }
                found += aim(timing.during, set);
                found += timing.meanwhile.map_or(0, |steps| aim(steps, set));
            }
            Step::Repeat(repeat) => found += aim(&mut repeat.steps, set),
            _ => {}
        }
    }
    found
}

const fn moment_of(moment: MomentArg) -> Moment {
    match moment {
        MomentArg::Before => Moment::Before,
        MomentArg::During => Moment::During,
        MomentArg::After => Moment::After,
    }
}

const fn tear_of(tear: TearArg) -> Tear {
    match tear {
        TearArg::Nothing => Tear::Nothing,
        TearArg::Random => Tear::Random,
        TearArg::Half => Tear::Half,
        TearArg::Full => Tear::Full,
    }
}

fn trigger_of(steps: &[Step]) -> Option<&OnFlashOp> {
    steps.iter().find_map(|step| match step {
        Step::Fault(Fault::PowerCut(PowerCut { when: Some(Trigger::FlashOp(trigger)), .. })) => Some(trigger),
        _ => {
            let (first, second) = step.parts();
            trigger_of(first).or_else(|| trigger_of(second))
        }
    })
}

/// Counts the flash operations at which the cut could strike; with it where the cuts can go on from.
fn count(
    project: &Project,
    runner: &mut Runner<'_>,
    plan: &Plan,
    args: &Sweep,
) -> Result<(u64, Option<Fork>), Failure> {
    let mut counting = plan.clone();
    aim(&mut counting.method, &|trigger| trigger.nth = NEVER);
    let counting = Job { name: "counting".to_owned(), ..job(project, counting, &args.selection) };
    let (events, fork) = runner.count(&counting)?;
    match events.last().map(|event| &event.what) {
        Some(What::RunEnded(Ended::Completed)) => Ok((operations(&events), fork)),
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
