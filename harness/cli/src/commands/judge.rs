//! `brownout judge`: a recorded run, judged again.

use crate::args::Judge;
use crate::failure::{Exit, Failure};
use crate::view;
use brownout_core::judge::judge;
use brownout_core::plan::Plan;
use brownout_core::verdict::{Judgement, Verdict};
use brownout_engine::{Manifest, Record};
use brownout_report::{RunView, shell, terminal};
use std::path::{Component, Path, PathBuf};

/// Judges and shows; nothing is written.
///
/// # Errors
/// A folder is not a recorded run.
pub fn run(args: &Judge) -> Result<Exit, Failure> {
    let style = view::style(args.show);
    let mut worst = Verdict::Pass;
    for folder in &args.runs {
        let record = Record::read(folder).map_err(|error| {
            let runs = runs_below(folder, DEEPEST);
            if !runs.is_empty() {
                return many(folder, &runs);
            }
            Failure::input(
                error.to_string(),
                "name the folder of one run: reports/<time>/<scenario>/<case>-<seed>",
            )
        })?;
        let mut judgement = judge(&record.plan, &record.plan.digest(), &record.events);
        if let Some(broken_off) = &record.broken_off {
            view::print(&format!(
                "note: {broken_off}; what is there is judged as a timeline that is not whole\n"
            ));
        }
        let shown = folder.display().to_string();
        let manifest = manifest(folder);
        if let Some(control) = manifest.as_ref().and_then(|manifest| manifest.control.as_deref()) {
            let (control, shown) = control_beside(folder, &record.plan, control)?;
            judgement.set_beside(&control, &shown);
        }
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

/// The judgement of a run's control, and where its record is.
fn control_beside(folder: &Path, run: &Plan, name: &str) -> Result<(Judgement, String), Failure> {
    let parent = folder.parent().filter(|parent| *parent != Path::new(""));
    let beside = parent.map_or_else(|| folder.join(".."), Path::to_owned).join(name);
    // It stands beside the run, wherever somebody else's manifest points to.
    let inside = matches!(Path::new(name).components().collect::<Vec<_>>()[..], [Component::Normal(_)]);
    let record = match Record::read(&beside) {
        _ if !inside => Err(format!("`{name}` is no name of a folder")),
        Ok(record) => {
            let its = |plan: &Plan| (plan.scenario.clone(), plan.case.clone(), plan.seed);
            let is_control = record.plan.control && its(&record.plan) == its(run);
            if is_control { Ok(record) } else { Err("that is another run".to_owned()) }
        }
        Err(error) => Err(error.to_string()),
    };
    let record = record.map_err(|error| {
        Failure::input(
            format!("the control of {} cannot be judged: {error}", folder.display()),
            "its folder stands beside that of the run; take `control` out of manifest.json to judge the run alone",
        )
    })?;
    let judgement = judge(&record.plan, &record.plan.digest(), &record.events);
    Ok((judgement, beside.display().to_string()))
}

/// How deep below the folder of a suite its runs are looked for: theme, folders below that, scenario, case.
const DEEPEST: usize = 8;

/// Runs that are named when somebody names their suite.
const MOST_NAMED: usize = 20;

/// The folders of recorded runs below one, by name.
fn runs_below(folder: &Path, depth: usize) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders: Vec<_> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    let below = |path: PathBuf| match depth {
        _ if path.join("plan.json").is_file() => vec![path],
        0 => Vec::new(),
        _ => runs_below(&path, depth - 1),
    };
    folders.into_iter().flat_map(below).collect()
}

fn many(folder: &Path, runs: &[PathBuf]) -> Failure {
    let mut named: Vec<_> =
        runs.iter().take(MOST_NAMED).map(|run| shell::judge(&run.display().to_string())).collect();
    if runs.len() > named.len() {
        named.push(format!("and {} more", runs.len() - named.len()));
    }
    Failure::input(
        format!("{} is not a run; it holds {} of them", folder.display(), runs.len()),
        format!("name one or several: {}", named.join("; ")),
    )
}

/// Its manifest, if it is there; nothing that is judged depends on it.
fn manifest(folder: &Path) -> Option<Manifest> {
    let text = std::fs::read_to_string(folder.join("manifest.json")).ok()?;
    serde_json::from_str(&text).ok()
}
