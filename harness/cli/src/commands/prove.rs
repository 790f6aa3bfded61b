//! `brownout prove`: can each scenario fail, and does it fail only where it should?
//!
//! A scenario is run in all its cases on the clean build, where every case must pass, and on a build with the defect
//! that it names, where at least one case must fail by a check of the scenario itself.

use crate::args::{Prove, Selection};
use crate::failure::{Exit, Failure};
use crate::project::{Bench, Project, case_of};
use crate::stage::{Job, Judged};
use crate::suite::{Runner, abreast, job};
use crate::{signals, view, wall};
use brownout_core::names::Defect;
use brownout_core::resolve::Options;
use brownout_core::scenario::ScenarioFile;
use brownout_report::proof::{Expected, Outcome, Proof, Proving, Trial};
use brownout_report::terminal::{Style, build_column, proofs, proofs_head, proofs_outcome};
use brownout_report::{json, shell};
use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

/// A row of the table, before it is run.
struct Row {
    scenario: String,
    defect: Option<Defect>,
    expected: Expected,
    jobs: Vec<Job>,
}

/// Runs every row, and shows the table while it grows.
///
/// # Errors
/// The input is wrong, the runs could not be recorded, or the rig could not be restored.
pub fn run(args: &Prove) -> Result<Exit, Failure> {
    let project = Project::find()?;
    let bench = project.bench(&args.rig)?;
    let threads = abreast(&bench, args.jobs)?;
    let scenarios = project.scenarios(&args.scenarios, &args.tags)?;
    let rows = rows(&project, &bench, &scenarios, args)?;
    let everything = args.scenarios.is_empty() && args.tags.is_empty();
    let unnamed = if everything || args.all_defects { unnamed(&bench, &scenarios) } else { Vec::new() };
    if let Some(file) = &args.json {
        // Better found out now than after an hour.
        fs::write(file, "").map_err(|error| cannot_write(file, &error.to_string()))?;
    }
    let anchor = wall::now();
    let mut paper = view::Paper::stdout(args.show);
    let style = *paper.style();
    let mut runner =
        Runner::new(&project, &bench, args.report_dir.as_deref(), signals::listen(), &mut paper, false)?;
    runner.set_abreast(threads);
    let builds = build_column(rows.iter().filter_map(|row| row.defect.as_ref()).map(Defect::as_str));
    let mut proving =
        Proving { anchor, rig: bench.file.name.clone(), seed: args.seed, proofs: Vec::new(), unnamed };
    runner.say(&proofs_head(builds, &style));
    let tried = try_rows(&mut runner, rows, &mut proving, builds, &style);
    runner.say(&format!("\n{}", proofs_outcome(&proving, args.all_defects, &style)));
    conclude(runner, &proving, tried, args)
}

/// Writes what is asked for, and gives the exit code.
fn conclude(
    runner: Runner<'_>,
    proving: &Proving,
    tried: Result<(), Failure>,
    args: &Prove,
) -> Result<Exit, Failure> {
    let text = json::proving(proving).map_err(|error| Failure::inconclusive(error, None))?;
    if let Some(file) = &args.json {
        fs::write(file, &text).map_err(|error| cannot_write(file, &error.to_string()))?;
    }
    let strict_fail = args.all_defects && !proving.unnamed.is_empty();
    let as_expected = tried.is_ok()
        && proving.proofs.iter().all(|proof| {
            !matches!(proof.outcome(), Outcome::Miss | Outcome::FalseAlarm | Outcome::Undecided)
        });
    // Hundreds of records of what went as it should are not worth their disk, unless somebody wants them.
    let keep = args.report_dir.is_some() || !as_expected;
    let exit = match proving.verdict() {
        _ if strict_fail => Exit::Fail,
        verdict => verdict.into(),
    };
    let interrupted = runner.interrupted();
    let put_away = runner.put_away(keep, ("prove.json", &text));
    match (tried, put_away) {
        (_, Err(worse)) => Err(worse),
        (Err(stopped), Ok(())) => Err(stopped),
        (Ok(()), Ok(())) if interrupted => Ok(Exit::Interrupted),
        (Ok(()), Ok(())) => Ok(exit),
    }
}

/// Runs all cases of all rows, as far as they come, and shows each scenario when its last one is through.
fn try_rows(
    runner: &mut Runner<'_>,
    rows: Vec<Row>,
    proving: &mut Proving,
    builds: usize,
    style: &Style,
) -> Result<(), Failure> {
    let mut jobs = Vec::new();
    let mut open = VecDeque::new();
    for row in rows {
        let defect = row.defect.as_ref().map(Defect::to_string);
        let proof = Proof { scenario: row.scenario, defect, expected: row.expected, runs: Vec::new() };
        open.push_back((proof, row.jobs.len()));
        jobs.extend(row.jobs);
    }
    let mut begin = 0;
    let mut again = jobs.iter().map(|job| shell::brownout(&job.again)).collect::<Vec<_>>().into_iter();
    let tried = runner.trials(&jobs, |runner, judged| {
        let again = again.next().unwrap_or_default();
        let Some((proof, cases)) = open.front_mut() else { return ControlFlow::Break(()) };
        let Judged { judgement, line, rig_failed, .. } = judged;
        proof.runs.push(Trial::of(line.case, &judgement, rig_failed, &line.folder, &again));
        if proof.runs.len() < *cases {
            return ControlFlow::Continue(());
        }
        proving.proofs.extend(open.pop_front().map(|(proof, _)| proof));
        let scenario = proving.proofs.last().map_or("", |proof| &proof.scenario);
        if open.front().is_none_or(|(next, _)| next.scenario != scenario) {
            let shown = proving.proofs.get(begin..).unwrap_or_default();
            runner.say(&proofs(scenario, shown, builds, style));
            begin = proving.proofs.len();
        }
        ControlFlow::Continue(())
    });
    // The row that was broken off tells as far as it came.
    if let Some((proof, _)) = open.pop_front().filter(|_| tried.is_err() || runner.stopped()) {
        let scenario = proof.scenario.clone();
        proving.proofs.push(proof);
        runner.say(&proofs(&scenario, proving.proofs.get(begin..).unwrap_or_default(), builds, style));
    }
    tried
}

/// All rows, planned before anything is run.
fn rows(
    project: &Project,
    bench: &Bench,
    scenarios: &[ScenarioFile],
    args: &Prove,
) -> Result<Vec<Row>, Failure> {
    // All problems of all scenarios, before those of one build.
    project.plans_of(scenarios, &Options { seed: args.seed, ..Options::default() }, bench)?;
    let mut rows = Vec::new();
    for scenario in scenarios {
        let dut = bench.file.dut(scenario.first().dut.as_ref());
        let board = dut.and_then(|(_, dut)| bench.boards.get(&dut.board));
        let known = board.and_then(|board| board.board.defects.as_ref()).map(|defects| &defects.known);
        let named = scenario.first().catches.as_ref();
        let is_known = |defect: &&Defect| known.is_some_and(|known| known.contains_key(defect.as_str()));
        let mut builds = vec![(None, Expected::Pass)];
        builds.extend(named.filter(is_known).map(|defect| (Some(defect.clone()), Expected::Fail)));
        if args.matrix {
            let others = known.into_iter().flatten().map(|(name, _)| Defect::from(name.as_str()));
            let others = others.filter(|defect| Some(defect) != named);
            builds.extend(others.map(|defect| (Some(defect), Expected::Nothing)));
        }
        for (defect, expected) in builds {
            let selection = Selection {
                scenarios: args.scenarios.clone(),
                rig: args.rig.clone(),
                tags: Vec::new(),
                case: None,
                seed: args.seed,
                defect: defect.as_ref().map(Defect::to_string),
                image: None,
            };
            let options = Options { seed: args.seed, defect: defect.clone(), image: None };
            let plans = project.plans_of(std::slice::from_ref(scenario), &options, bench)?;
            let build = defect.as_ref().map_or("clean", Defect::as_str);
            let jobs = plans.into_iter().map(|plan| {
                let case = case_of(&plan);
                let name = if case.is_empty() { build.to_owned() } else { format!("{build},{case}") };
                Job { name, ..job(project, plan, &selection) }
            });
            let jobs = jobs.collect();
            rows.push(Row { scenario: scenario.name.clone(), defect, expected, jobs });
        }
    }
    Ok(rows)
}

/// The defects of the rig's boards that no scenario was made to catch.
fn unnamed(bench: &Bench, scenarios: &[ScenarioFile]) -> Vec<String> {
    let named: BTreeSet<&str> =
        scenarios.iter().filter_map(|file| file.first().catches.as_ref()).map(Defect::as_str).collect();
    let known = bench.boards.values().filter_map(|board| board.board.defects.as_ref());
    let known: BTreeSet<&str> = known.flat_map(|defects| defects.known.keys().map(String::as_str)).collect();
    known.difference(&named).map(|name| (*name).to_owned()).collect()
}

fn cannot_write(file: &Path, why: &str) -> Failure {
    Failure::input(format!("cannot write {}: {why}", file.display()), "name another file with --json")
}
