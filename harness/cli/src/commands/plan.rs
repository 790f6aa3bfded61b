//! `brownout plan`: what would happen, with no rig present.

use crate::args::Plan as PlanArgs;
use crate::failure::{Exit, Failure};
use crate::project::{Project, case_of};
use crate::suite::controls;
use crate::view;
use brownout_core::plan::Plan;
use brownout_core::step::Step;
use std::fmt::Write as _;

/// Prints the plans.
///
/// # Errors
/// The input is wrong.
pub fn run(args: &PlanArgs) -> Result<Exit, Failure> {
    let project = Project::find()?;
    let bench = project.bench(&args.selection.rig)?;
    let mut plans = project.plans(&args.selection, &bench)?;
    if args.control {
        let controls = controls(plans.iter())?;
        plans = controls.into_iter().zip(plans).flat_map(|(control, plan)| [control, plan]).collect();
    }
    for plan in &plans {
        if args.json {
            let line = serde_json::to_string(plan)
                .map_err(|error| Failure::inconclusive(error.to_string(), None))?;
            view::print(&format!("{line}\n"));
        } else {
            view::print(&text(plan));
        }
    }
    if !args.json {
        let count = plans.len();
        view::print(&format!("{count} {}\n", if count == 1 { "run" } else { "runs" }));
    }
    Ok(Exit::Pass)
}

/// A plan as people read it.
pub fn text(plan: &Plan) -> String {
    let mut out = String::new();
    let case = case_of(plan);
    let title = if case.is_empty() { plan.scenario.clone() } else { format!("{} [{case}]", plan.scenario) };
    let title = if plan.control { format!("control of {title}") } else { title };
    let digest = plan.digest();
    let short = digest.get(..12).unwrap_or(&digest);
    let _ = writeln!(out, "{title}: {}", plan.title);
    let _ = writeln!(out, "  rig {}, board {}, seed {}, plan {short}", plan.rig, plan.board.name, plan.seed);
    let defect = plan.board.defect.as_ref().and_then(|defect| defect.name.as_ref());
    let defect = defect.map_or_else(String::new, |name| format!(" with the defect `{name}`"));
    let _ = writeln!(out, "  image {}{defect}", plan.board.image.path);
    if !plan.steady.is_empty() {
        let _ = writeln!(out, "  steady");
        for condition in &plan.steady {
            let _ = writeln!(out, "    {}", condition.text());
        }
    }
    let _ = writeln!(out, "  method");
    steps(&mut out, &plan.method, 4, &mut 1);
    let _ = writeln!(out, "  expect");
    for check in &plan.expect {
        let _ = writeln!(out, "    {}", check.text());
    }
    out.push('\n');
    out
}

fn steps(out: &mut String, steps_of: &[Step], indent: usize, number: &mut u32) {
    for step in steps_of {
        let _ = writeln!(out, "{:indent$}{number}. {}", "", step.text());
        *number += 1;
        let (first, meanwhile) = step.parts();
        steps(out, first, indent + 3, number);
        if !meanwhile.is_empty() {
            let _ = writeln!(out, "{:indent$}   meanwhile", "");
            steps(out, meanwhile, indent + 6, number);
        }
    }
}
