//! `brownout list`: the scenarios.

use crate::args::List;
use crate::failure::{Exit, Failure};
use crate::project::Project;
use crate::view;

/// Lists name, number of runs, title and tags.
///
/// # Errors
/// A scenario is wrong, or there is none.
pub fn run(args: &List) -> Result<Exit, Failure> {
    let project = Project::find()?;
    let scenarios = project.scenarios(&args.scenarios, &args.tags)?;
    let width = scenarios.iter().map(|file| file.name.len()).max().unwrap_or(0);
    let mut runs = 0;
    for file in &scenarios {
        let scenario = file.first();
        let cases = file.cases.len();
        runs += cases;
        view::print(&format!("{:width$}  {cases:>3}  {}\n", file.name, file.title));
        let catches = scenario.catches.as_ref().map(|defect| format!("catches: {defect}"));
        let tags = (!scenario.tags.is_empty()).then(|| format!("tags: {}", scenario.tags.join(", ")));
        let notes: Vec<_> = tags.into_iter().chain(catches).collect();
        if !notes.is_empty() {
            view::print(&format!("{:width$}       {}\n", "", notes.join("; ")));
        }
    }
    view::print(&format!("{} scenarios, {runs} runs\n", scenarios.len()));
    Ok(Exit::Pass)
}
