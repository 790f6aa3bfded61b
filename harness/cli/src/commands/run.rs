//! `brownout run`: scenarios on a rig, recorded and judged.

use crate::args::Run;
use crate::failure::{Exit, Failure};
use crate::project::Project;
use crate::stage::Job;
use crate::suite::{Runner, abreast, job, with_controls};
use crate::{signals, view};

/// Runs and judges; the exit code is that of the worst verdict.
///
/// # Errors
/// The input is wrong, or the runs could not be recorded.
pub fn run(args: &Run) -> Result<Exit, Failure> {
    let project = Project::find()?;
    let bench = project.bench(&args.selection.rig)?;
    let threads = abreast(&bench, args.jobs)?;
    let plans = project.plans(&args.selection, &bench)?;
    let jobs: Vec<Job> = plans.into_iter().map(|plan| job(&project, plan, &args.selection)).collect();
    let jobs = if args.control { with_controls(jobs)? } else { jobs };
    let mut paper = view::Paper::stdout(args.show);
    let live = jobs.len() == 1 || args.show.verbose;
    let mut runner =
        Runner::new(&project, &bench, args.report_dir.as_deref(), signals::listen(), &mut paper, live)?;
    runner.set_abreast(threads);
    let ran = runner.run_all(&jobs);
    runner.conclude(ran)
}
