//! The project on disk: where its files are, and how they are read.

use crate::args::Selection;
use crate::failure::Failure;
use crate::view;
use brownout_core::board_file::BoardFile;
use brownout_core::language::render::Problems;
use brownout_core::names::Defect;
use brownout_core::plan::Plan;
use brownout_core::resolve::{ImageFacts, Options, Unresolved, resolve};
use brownout_core::rig_file::RigFile;
use brownout_core::scenario::ScenarioFile;
use brownout_drivers::{BoardFacts, Rig};
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;
use std::{fs, io};

/// A file that people write is not larger than this, in bytes.
const LARGEST: u64 = 1 << 20;

/// A folder with `scenarios/` and `rigs/`.
#[derive(Clone, Debug)]
pub struct Project {
    root: PathBuf,
}

/// A rig file with its drivers understood and its board files read.
#[derive(Clone, Debug)]
pub struct Bench {
    /// The rig file.
    pub file: RigFile,
    /// Its drivers.
    pub rig: Rig,
    /// Its board files by name.
    pub boards: BTreeMap<String, BoardFile>,
}

impl Bench {
    /// What the drivers must know of the boards.
    pub fn facts(&self) -> BTreeMap<String, BoardFacts> {
        let facts =
            |file: &BoardFile| BoardFacts { chip: file.board.chip.clone(), baud: file.board.console.baud };
        self.boards.iter().map(|(name, file)| (name.clone(), facts(file))).collect()
    }
}

impl Project {
    /// The project that the current folder belongs to.
    ///
    /// # Errors
    /// There is none.
    pub fn find() -> Result<Self, Failure> {
        let here = std::env::current_dir()
            .map_err(|error| Failure::input(format!("the current folder cannot be read: {error}"), ""))?;
        Self::above(&here).ok_or_else(|| {
            Failure::input(
                "this folder belongs to no brownout project",
                "change to a folder that has `scenarios` and `rigs`, or to one below it",
            )
        })
    }

    fn above(folder: &Path) -> Option<Self> {
        folder
            .ancestors()
            .find(|folder| folder.join("scenarios").is_dir() && folder.join("rigs").is_dir())
            .map(Self::at)
    }

    /// The project in a folder that is known to hold one.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path as people know it: relative to the project where it is inside.
    pub fn shown(&self, path: &Path) -> String {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        absolute.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }

    /// Reads a rig by name or path, understands its drivers and reads its board files.
    ///
    /// # Errors
    /// A file is missing or wrong.
    pub fn bench(&self, rig: &str) -> Result<Bench, Failure> {
        let named = self.root.join("rigs").join(format!("{rig}.yaml"));
        let path = if !rig.ends_with(".yaml") && !rig.ends_with(".yml") && named.is_file() {
            named
        } else {
            PathBuf::from(rig)
        };
        let text = read(&path).map_err(|error| {
            if path.is_file() {
                return unreadable(&self.shown(&path), &error, "a rig file");
            }
            let names = self.names_under("rigs");
            Failure::input(
                format!("there is no rig `{rig}`: {error}"),
                format!("name a file, or one of: {}", names.join(", ")),
            )
        })?;
        let file = RigFile::read(&self.shown(&path), &text).map_err(|problems| problem(&problems))?;
        let rig = Rig::of(&file).map_err(|problems| problem(&problems))?;
        let mut boards = BTreeMap::new();
        for (_, dut) in &file.duts {
            let path = self.root.join("rigs/boards").join(format!("{}.yaml", dut.board));
            // A board is named, not pathed: rig files do not reach outside the project.
            let inside = Path::new(&dut.board).components().all(|c| matches!(c, Component::Normal(_)));
            let text = if inside { read(&path) } else { Err("a board is a name, not a path".to_owned()) };
            let text = text.map_err(|error| {
                if inside && path.is_file() {
                    return unreadable(&self.shown(&path), &error, "a board file");
                }
                Failure::input(
                    format!("{}: there is no board file for `{}`: {error}", file.path, dut.board),
                    format!("the boards are: {}", self.names_under("rigs/boards").join(", ")),
                )
            })?;
            let board = BoardFile::read(&self.shown(&path), &text).map_err(|problems| problem(&problems))?;
            boards.insert(dut.board.clone(), board);
        }
        Ok(Bench { file, rig, boards })
    }

    /// Reads scenarios: files, all files below folders, or all there are. All problems of all files are shown.
    ///
    /// # Errors
    /// A path that is not there, files that are wrong, or nothing left after the tags.
    pub fn scenarios(&self, paths: &[PathBuf], tags: &[String]) -> Result<Vec<ScenarioFile>, Failure> {
        let all = [self.root.join("scenarios")];
        let paths = if paths.is_empty() { &all[..] } else { paths };
        let mut files = Vec::new();
        for path in paths {
            // `scenarios/power` is understood from any folder of the project.
            let here = if path.exists() { path.clone() } else { self.root.join(path) };
            gather(&here, &mut files).map_err(|error| {
                Failure::input(
                    format!("there is no scenario {}: {error}", path.display()),
                    "`brownout list` shows those that are there",
                )
            })?;
        }
        // The name of a scenario comes from its path, and names a folder: no way out of it.
        for path in files.iter_mut().filter(|path| path.components().any(|c| c == Component::ParentDir)) {
            *path = fs::canonicalize(&*path).unwrap_or_else(|_| path.clone());
        }
        // A file is run once, however often and by whichever path it is named.
        let mut known = BTreeSet::new();
        files.retain(|path| known.insert(fs::canonicalize(path).unwrap_or_else(|_| path.clone())));
        let (mut scenarios, mut wrong) = (Vec::new(), String::new());
        for path in &files {
            let text =
                read(path).map_err(|error| unreadable(&self.shown(path), &error, "a scenario file"))?;
            match ScenarioFile::read(&self.shown(path), &text) {
                Ok(file) => scenarios.push(file),
                Err(problems) => wrong.push_str(&problems.render(view::diagnostics())),
            }
        }
        if !wrong.is_empty() {
            return Err(Failure::rendered(wrong));
        }
        if !tags.is_empty() {
            scenarios.retain(|file| file.first().tags.iter().any(|tag| tags.contains(tag)));
        }
        if scenarios.is_empty() {
            let what = if tags.is_empty() {
                "no scenario was found".to_owned()
            } else {
                format!("no scenario has the tag {}", tags.join(" or "))
            };
            return Err(Failure::input(what, "`brownout list` shows scenarios and their tags"));
        }
        Ok(scenarios)
    }

    /// Makes the plans of a selection, in the order of files and cases.
    ///
    /// # Errors
    /// All problems of all scenarios.
    pub fn plans(&self, selection: &Selection, bench: &Bench) -> Result<Vec<Plan>, Failure> {
        let options = Options {
            seed: selection.seed,
            defect: selection.defect.as_deref().map(Defect::from),
            image: selection.image.clone(),
        };
        let scenarios = self.scenarios(&selection.scenarios, &selection.tags)?;
        let mut plans = self.plans_of(&scenarios, &options, bench)?;
        if let Some(case) = &selection.case {
            let cases: Vec<String> = plans.iter().map(case_of).filter(|case| !case.is_empty()).collect();
            plans.retain(|plan| is_case(plan, case));
            if plans.is_empty() {
                let help = if cases.is_empty() {
                    "these scenarios have one case each".to_owned()
                } else {
                    format!("the cases are: {}", cases.join("  "))
                };
                return Err(Failure::input(format!("there is no case `{case}`"), help));
            }
        }
        Ok(plans)
    }

    /// Makes the plans of scenarios, in their order and that of their cases.
    ///
    /// # Errors
    /// All problems of all scenarios.
    pub fn plans_of(
        &self,
        scenarios: &[ScenarioFile],
        options: &Options,
        bench: &Bench,
    ) -> Result<Vec<Plan>, Failure> {
        let images = RefCell::new(BTreeMap::new());
        let facts = |path: &str| self.facts(path, &images);
        let mut plans: Vec<Plan> = Vec::new();
        let mut paths = BTreeMap::new();
        let mut wrong = String::new();
        for scenario in scenarios {
            let dut = bench.file.dut(scenario.first().dut.as_ref()).or(bench.file.duts.first());
            let Some(board) = dut.and_then(|(_, dut)| bench.boards.get(&dut.board)) else { continue };
            match resolve(scenario, board, &bench.file, options, &facts) {
                Ok(resolved) => {
                    for plan in resolved {
                        let run = (plan.scenario.clone(), case_of(&plan), plan.seed);
                        if let Some(other) = paths.insert(run, scenario.path.clone()) {
                            return Err(same_run(&plan, &other, &scenario.path));
                        }
                        plans.push(plan);
                    }
                }
                Err(Unresolved::Scenario(problems)) => wrong.push_str(&problems.render(view::diagnostics())),
                Err(Unresolved::Given { message, help }) => return Err(Failure::input(message, help)),
            }
        }
        if !wrong.is_empty() {
            return Err(Failure::rendered(wrong));
        }
        bench.rig.fits(&bench.facts())?;
        regions_fit(&plans, bench)?;
        self.images_fit(&plans)?;
        Ok(plans)
    }

    /// The path of a plan's scenario, as somebody may type it: that under `scenarios/`, or the one it was given by.
    pub fn path_of(&self, plan: &Plan, given: &[PathBuf]) -> String {
        let usual = format!("scenarios/{}.yaml", plan.scenario);
        if self.root.join(&usual).is_file() {
            return usual;
        }
        let name = plan.scenario.rsplit('/').next().unwrap_or(&plan.scenario);
        given
            .iter()
            .find(|path| path.file_stem().is_some_and(|stem| stem == name))
            .map_or(usual, |path| path.display().to_string())
    }

    /// An image for another chip is wrong input: it is refused before anything is done to a rig.
    fn images_fit(&self, plans: &[Plan]) -> Result<(), Failure> {
        let images: BTreeSet<(&str, &str)> =
            plans.iter().map(|plan| (plan.board.image.path.as_str(), plan.board.chip.as_str())).collect();
        for (path, chip) in images {
            brownout_drivers::image_fits(&self.image(path), chip)
                .map_err(|error| Failure::input(error.message, error.help.unwrap_or_default()))?;
        }
        Ok(())
    }

    /// Where an image of a plan is on this machine.
    pub fn image(&self, path: &str) -> PathBuf {
        let inside = self.root.join(path);
        if inside.is_file() { inside } else { PathBuf::from(path) }
    }

    /// What is known of an image; each file is read once.
    fn facts(
        &self,
        path: &str,
        known: &RefCell<BTreeMap<String, Rc<ImageFacts>>>,
    ) -> Result<Rc<ImageFacts>, String> {
        if let Some(facts) = known.borrow().get(path) {
            return Ok(Rc::clone(facts));
        }
        let bytes = fs::read(self.image(path)).map_err(|error| error.to_string())?;
        let facts = Rc::new(ImageFacts {
            sha256: Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect(),
            // What is no image is refused for that later, with a better message.
            symbols: brownout_drivers::symbols(&bytes).unwrap_or_default(),
        });
        known.borrow_mut().insert(path.to_owned(), Rc::clone(&facts));
        Ok(facts)
    }

    fn names_under(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.root.join(folder))
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".yaml").map(str::to_owned))
            .collect();
        names.sort();
        names
    }
}

/// A plan's case in words: `nth=3,tear=random`; empty for the only case.
pub fn case_of(plan: &Plan) -> String {
    plan.case.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")
}

/// A region that is not in the chip's flash is wrong input too: what is cleared is named before anything is done.
fn regions_fit(plans: &[Plan], bench: &Bench) -> Result<(), Failure> {
    let used: BTreeSet<&str> = plans.iter().map(|plan| plan.board.name.as_str()).collect();
    for file in bench.boards.values().filter(|file| used.contains(file.name.as_str())) {
        for (name, range) in
            file.board.fresh.iter().filter_map(|name| Some((name, file.board.flash.get(name.as_str())?)))
        {
            brownout_drivers::region_fits(range.start, range.end - range.start, &file.board.chip).map_err(
                |error| {
                    let message =
                        format!("{}: the region `{name}` cannot be cleared: {}", file.path, error.message);
                    Failure::input(message, error.help.unwrap_or_default())
                },
            )?;
        }
    }
    Ok(())
}

/// Two runs of one name would have one folder.
fn same_run(plan: &Plan, one: &str, other: &str) -> Failure {
    if one == other {
        return Failure::input(
            format!("{one} has two cases that are both named `{}`", case_of(plan)),
            "values under `vary` cannot have `,` and `=` in them like that",
        );
    }
    Failure::input(
        format!(
            "{one} and {other} are both named `{}`, so their reports would be in one folder",
            plan.scenario
        ),
        "run them one after the other, or rename one; below a folder `scenarios` the folder is part of the name",
    )
}

/// Whether a plan's case is meant; its values may be named in any order.
fn is_case(plan: &Plan, written: &str) -> bool {
    let values = |case: &str| {
        let mut values: Vec<_> = case.split(',').map(|value| value.trim().to_owned()).collect();
        values.sort();
        values
    };
    let case = case_of(plan);
    case == written || values(&case) == values(written)
}

/// What is wrong with a file.
pub fn problem(problems: &Problems) -> Failure {
    Failure::rendered(problems.render(view::diagnostics()))
}

/// Scenario files below a path, sorted by name.
fn gather(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !fs::metadata(path)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut entries = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    for entry in entries {
        let yaml = entry.extension().is_some_and(|e| e == "yaml" || e == "yml");
        if yaml || entry.is_dir() {
            gather(&entry, files)?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    let size = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > LARGEST {
        return Err(format!("it is larger than {} KiB", LARGEST / 1024));
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| not_utf8(error.as_bytes(), error.utf8_error().valid_up_to()))
}

/// Where the first byte stands that is not UTF-8.
fn not_utf8(bytes: &[u8], place: usize) -> String {
    let before = String::from_utf8_lossy(bytes.get(..place).unwrap_or_default());
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |text| text.chars().count()) + 1;
    let byte = bytes.get(place).copied().unwrap_or_default();
    format!("line {line}, column {column}: the byte 0x{byte:02x} is not UTF-8; save the file as UTF-8")
}

/// A file that is there, and no text that can be read.
fn unreadable(shown: &str, error: &str, what: &str) -> Failure {
    Failure::input(format!("cannot read {shown}: {error}"), format!("is it {what}?"))
}
