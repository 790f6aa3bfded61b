//! `brownout prove`: can each scenario fail, and does it fail only where it should?
//!
//! A scenario is run in all its cases on the clean build, where every case must pass, and on a build with the defect
//! that it names, where at least one case must fail by a check of the scenario itself.

use crate::args::{Prove, Selection};
use crate::failure::{Exit, Failure};
use crate::project::{Bench, Project, case_of};
use crate::suite::{Job, Runner, job};
use crate::{signals, view, wall};
use brownout_core::names::Defect;
use brownout_core::resolve::Options;
use brownout_core::scenario::ScenarioFile;
use brownout_report::proof::{Expected, Outcome, Proof, Proving, Trial};
use brownout_report::terminal::{build_column, proofs, proofs_head, proofs_outcome};
use brownout_report::{json, shell};
use std::collections::BTreeSet;
use std::fs;
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
    let builds = build_column(rows.iter().filter_map(|row| row.defect.as_ref()).map(Defect::as_str));
    let mut proving =
        Proving { anchor, rig: bench.file.name.clone(), seed: args.seed, proofs: Vec::new(), unnamed };
    runner.say(&proofs_head(builds, &style));
    let mut tried = Ok(());
    for rows in rows.chunk_by(|one, other| one.scenario == other.scenario) {
        let begin = proving.proofs.len();
        for row in rows {
            let (proof, error) = try_row(&mut runner, row);
            proving.proofs.push(proof);
            if error.is_some() || runner.stopped() {
                tried = error.map_or(Ok(()), Err);
                break;
            }
        }
        let scenario = rows.first().map_or("", |row| row.scenario.as_str());
        runner.say(&proofs(scenario, proving.proofs.get(begin..).unwrap_or_default(), builds, &style));
        if tried.is_err() || runner.stopped() {
            break;
        }
    }
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

/// Runs all cases of a row, as far as they come.
fn try_row(runner: &mut Runner<'_>, row: &Row) -> (Proof, Option<Failure>) {
    let mut proof = Proof {
        scenario: row.scenario.clone(),
        defect: row.defect.as_ref().map(Defect::to_string),
        expected: row.expected,
        runs: Vec::new(),
    };
    for job in &row.jobs {
        if runner.stopped() {
            break;
        }
        match runner.trial(job) {
            Ok((judged, line)) => {
                let case = line.case.clone();
                let again = shell::brownout(&job.again);
                let rig_failed = judged.rig_failed();
                proof.runs.push(Trial::of(case, &judged.judgement, rig_failed, &line.folder, &again));
            }
            Err(failure) => return (proof, Some(failure)),
        }
    }
    (proof, None)
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
