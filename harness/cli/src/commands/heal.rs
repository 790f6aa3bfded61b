//! `brownout heal`: undo what a run that died left behind.

use crate::args::Heal;
use crate::failure::{Exit, Failure};
use crate::project::Project;
use crate::stage::runtime;
use crate::suite::open_ledger;
use crate::view;

/// Heals one rig.
///
/// # Errors
/// The rig is in use, or cannot be restored.
pub fn run(args: &Heal) -> Result<Exit, Failure> {
    let project = Project::find()?;
    let bench = project.bench(&args.rig)?;
    let runtime = runtime()?;
    let _ledger = open_ledger(&project, &bench, &runtime)?;
    view::print(&format!("nothing more is to be undone on the rig `{}`\n", bench.file.name));
    Ok(Exit::Pass)
}
