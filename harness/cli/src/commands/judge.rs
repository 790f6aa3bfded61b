//! `brownout judge`: a recorded run, judged again.

use crate::args::Judge;
use crate::failure::{Exit, Failure};
use crate::view;
use brownout_core::judge::judge;
use brownout_core::verdict::Verdict;
use brownout_engine::{Manifest, Record};
use brownout_report::{RunView, shell, terminal};
use std::path::Path;

/// Judges and shows; nothing is written.
///
/// # Errors
/// A folder is not a recorded run.
pub fn run(args: &Judge) -> Result<Exit, Failure> {
    let style = view::style(args.show);
    let mut worst = Verdict::Pass;
    for folder in &args.runs {
        let record = Record::read(folder).map_err(|error| {
            Failure::input(
                error.to_string(),
                "name the folder of one run: reports/<time>/<scenario>/<case>-<seed>",
            )
        })?;
        let judgement = judge(&record.plan, &record.plan.digest(), &record.events);
        if let Some(broken_off) = &record.broken_off {
            view::print(&format!(
                "note: {broken_off}; what is there is judged as a timeline that is not whole\n"
            ));
        }
        let shown = folder.display().to_string();
        let manifest = manifest(folder);
        let run = RunView {
            plan: &record.plan,
            events: &record.events,
            judgement: &judgement,
            anchor: manifest.as_ref().map_or("unknown", |manifest| &manifest.started),
            folder: &shown,
            again: &manifest.as_ref().map(|manifest| shell::brownout(&manifest.again)).unwrap_or_default(),
            wall_time: None,
        };
        view::print(&terminal::run(&run, &style));
        worst = worst.max(judgement.verdict);
    }
    Ok(worst.into())
}

/// Its manifest, if it is there; nothing that is judged depends on it.
fn manifest(folder: &Path) -> Option<Manifest> {
    let text = std::fs::read_to_string(folder.join("manifest.json")).ok()?;
    serde_json::from_str(&text).ok()
}
