//! Every scenario of the catalogue is a test: each case passes on the clean firmware, and a scenario that says which
//! defect it catches does catch it.

use brownout_cli::args::Selection;
use brownout_cli::project::{Project, case_of};
use brownout_cli::stage::{Job, Judged};
use brownout_cli::suite::{Runner, job};
use brownout_cli::view::Paper;
use brownout_core::verdict::Verdict;
use brownout_engine::Interrupter;
use libtest_mimic::{Arguments, Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const RIG: &str = "virtual";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    match trials() {
        Ok(trials) => libtest_mimic::run(&arguments, trials).exit_code(),
        Err(failed) => {
            eprintln!("the scenarios cannot be listed: {}", failed.message().unwrap_or_default());
            ExitCode::FAILURE
        }
    }
}

fn project() -> Project {
    Project::at(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
}

fn selection(scenario: &Path, defect: Option<String>) -> Selection {
    Selection {
        scenarios: vec![scenario.to_owned()],
        rig: RIG.to_owned(),
        tags: Vec::new(),
        case: None,
        seed: 1,
        defect,
        image: None,
    }
}

fn jobs(selection: &Selection) -> Result<Vec<Job>, Failed> {
    let project = project();
    let bench = project.bench(&selection.rig).map_err(|failure| failure.text())?;
    let plans = project.plans(selection, &bench).map_err(|failure| failure.text())?;
    Ok(plans.into_iter().map(|plan| job(&project, plan, selection)).collect())
}

fn trials() -> Result<Vec<Trial>, Failed> {
    let mut trials = Vec::new();
    for file in project().scenarios(&[], &[]).map_err(|failure| failure.text())? {
        let path = PathBuf::from(&file.path);
        for job in jobs(&selection(&path, None))? {
            let name = format!("{} {}", file.name, case_of(&job.plan));
            trials.push(Trial::test(name.trim_end(), move || passes(&job)));
        }
        if let Some(defect) = &file.first().catches {
            let name = format!("{} catches {defect}", file.name);
            let selection = selection(&path, Some(defect.to_string()));
            trials.push(Trial::test(name, move || is_caught(&selection)));
        }
    }
    Ok(trials)
}

/// Runs a job on a bench of its own; gives what to think of it, and what a person would have read.
fn run(job: &Job) -> Result<(Judged, String), Failed> {
    let project = project();
    let bench = project.bench(RIG).map_err(|failure| failure.text())?;
    let reports = tempfile::tempdir()?;
    let mut paper = Paper::kept();
    let (_interrupter, interrupt) = Interrupter::new();
    let mut runner = Runner::new(&project, &bench, Some(reports.path()), interrupt, &mut paper, true)
        .map_err(|failure| failure.text())?;
    let judged = runner.run(job).map_err(|failure| failure.text())?;
    let exit = runner.finish().map_err(|failure| failure.text())?;
    let expected = brownout_cli::failure::Exit::from(judged.judgement.verdict);
    if exit != expected {
        return Err(format!("the exit code is {exit:?}, the verdict asks for {expected:?}").into());
    }
    Ok((judged, paper.text().to_owned()))
}

fn passes(job: &Job) -> Result<(), Failed> {
    let (judged, shown) = run(job)?;
    match judged.judgement.verdict {
        Verdict::Pass => Ok(()),
        verdict => Err(format!("judged {verdict}, expected pass\n\n{shown}").into()),
    }
}

/// At least one case fails, by a check of the scenario that points at events.
fn is_caught(selection: &Selection) -> Result<(), Failed> {
    let mut all_shown = String::new();
    for job in jobs(selection)? {
        let (judged, shown) = run(&job)?;
        let last = judged.last;
        let proven = judged.judgement.checks.iter().map(|check| &check.finding).any(|finding| {
            // Of much evidence the terminal shows the beginning; what was never seen has none to show.
            let shows = finding.evidence.first().is_some_and(|event| shown.contains(&event.to_string()));
            finding.verdict == Verdict::Fail
                && finding.evidence.iter().all(|event| Some(*event) <= last)
                && (shows || finding.by_absence)
        });
        if judged.judgement.verdict == Verdict::Fail && proven {
            return Ok(());
        }
        all_shown.push_str(&shown);
    }
    Err(format!("no case failed with evidence\n\n{all_shown}").into())
}
