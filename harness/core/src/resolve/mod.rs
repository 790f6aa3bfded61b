//! Scenario × board × rig × seed → plans: every name is looked up, every port is there, nothing is left open.

mod fit;
mod strikes;

use crate::board_file::BoardFile;
use crate::language::render::Problems;
use crate::language::{Diagnostic, Diagnostics, Mention};
use crate::names::{Command, Defect, Dut, Input, Region, Signal};
use crate::plan::{BoardPlan, DefectPlan, Image, Plan, Symbol, VERSION};
use crate::rig_file::{RigDut, RigFile};
use crate::scenario::{ScenarioCase, ScenarioFile};
use crate::source::{NetworkSignal, Source};
use fit::{Fit, Groups, near};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Where the images of board files are, in the project.
pub const IMAGES: &str = "fixtures/firmware/images";

/// The image that runs when nobody says otherwise.
pub const CURRENT: &str = "current";

/// What the command line decides about a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The base seed, from which [`seed_of`] makes that of each plan.
    pub seed: u64,
    /// The defect that the firmware is to have.
    pub defect: Option<Defect>,
    /// An image to run instead: a name under the board's `images`, or a path.
    pub image: Option<String>,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// The scenario does not fit board and rig.
    #[error(transparent)]
    Scenario(#[from] Problems),
    /// Something given beside the scenario is wrong: an option, the choice of board, an image file.
    #[error("{message}")]
    Given {
        /// What, in one line.
        message: String,
        /// What to do.
        help: String,
    },
}

/// What is known of an image file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageFacts {
    /// Its SHA-256 in hex.
    pub sha256: String,
    /// Its symbols by name.
    pub symbols: BTreeMap<String, Symbol>,
}

/// Tells what is known of an image file, by its path in the project, or why it cannot.
pub type Images<'a> = &'a dyn Fn(&str) -> Result<Rc<ImageFacts>, String>;

/// Makes the plans of a scenario, one for each case, in its order.
///
/// # Errors
/// All problems of the scenario together, or what is wrong with what was given beside it.
pub fn resolve(
    scenario: &ScenarioFile,
    board: &BoardFile,
    rig: &RigFile,
    options: &Options,
    images: Images<'_>,
) -> Result<Vec<Plan>, Unresolved> {
    let reserved = NetworkSignal::ALL.iter().map(|s| (s.reserved_name(), Source::Network(*s)));
    let sources: Vec<_> = reserved.chain(board.board.signals.clone()).collect();
    let groups: Groups<'_> =
        sources.iter().filter_map(|(name, source)| Some((name.as_str(), source.groups()?))).collect();
    let board_plan = board_plan(board, options, images);
    let facts = board_plan.as_ref().ok().map(|(_, facts)| Rc::clone(facts));
    let symbols = facts.as_ref().map(|facts| &facts.symbols);
    let mut problems: Vec<Diagnostic> = Vec::new();
    let mut seen = BTreeSet::new();
    for case in &scenario.cases {
        let mut out = Diagnostics::new();
        Fit { case, board, rig, groups: &groups, symbols }.check(&mut out);
        for problem in out.into_sorted() {
            if seen.insert((problem.span.start, problem.span.end, problem.message.clone())) {
                problems.push(problem);
            }
        }
    }
    if !problems.is_empty() {
        problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
        let (path, text) = (scenario.path.clone(), scenario.text.clone());
        return Err(Problems { path, text, found: problems }.into());
    }
    let (board_plan, facts) = board_plan?;
    scenario
        .cases
        .iter()
        .map(|case| {
            let (dut, rig_dut) = rig.dut(case.scenario.dut.as_ref()).ok_or_else(|| Unresolved::Given {
                message: format!("the rig `{}` has no device", rig.name),
                help: format!("add one under `duts` in {}", rig.path),
            })?;
            if rig_dut.board != board.name {
                return Err(Unresolved::Given {
                    message: format!("`{dut}` is a `{}`, not a `{}`", rig_dut.board, board.name),
                    help: format!("its board stands in {}", rig.path),
                });
            }
            let mut board_plan = board_plan.clone();
            board_plan.symbols = mentioned(case, &facts.symbols);
            board_plan.regions = regions(case, board);
            for (name, source) in network_signals(case) {
                board_plan.signals.entry(name).or_insert(source);
            }
            Ok(plan(scenario, case, dut, rig_dut, rig, options.seed, board_plan))
        })
        .collect()
}

/// The seed of one plan: the first 53 bits of SHA-256 over the base seed, the scenario's name and the case. It stays
/// the same when scenarios or cases are added, and any reader of JSON can hold it exactly.
pub fn seed_of(base: u64, scenario: &str, case: &str) -> u64 {
    let mut hash = Sha256::new();
    hash.update(b"brownout seed 1\0");
    hash.update(base.to_be_bytes());
    hash.update((scenario.len() as u64).to_be_bytes());
    hash.update(scenario);
    hash.update(case);
    let digest = hash.finalize();
    digest.iter().take(8).fold(0u64, |seed, byte| seed << 8 | u64::from(*byte)) >> 11
}

/// The symbols that a case names.
fn mentioned(case: &ScenarioCase, symbols: &BTreeMap<String, Symbol>) -> BTreeMap<String, Symbol> {
    let names = case.mentions.iter().filter_map(|(mention, _)| match mention {
        Mention::Symbol(name) => Some(name),
        _ => None,
    });
    names.filter_map(|name| Some((name.clone(), *symbols.get(name)?))).collect()
}

/// The flash regions that a case names.
fn regions(case: &ScenarioCase, board: &BoardFile) -> BTreeMap<Region, (u32, u32)> {
    let names = case.mentions.iter().filter_map(|(mention, _)| match mention {
        Mention::Region(region) => Some(region),
        _ => None,
    });
    names
        .filter_map(|name| {
            let range = board.board.flash.get(name.as_str())?;
            Some((name.clone(), (range.start, range.end - range.start)))
        })
        .collect()
}

/// The signals of the network that a case names; no board file has to say how they show.
fn network_signals(case: &ScenarioCase) -> impl Iterator<Item = (Signal, Source)> + '_ {
    case.mentions.iter().filter_map(|(mention, _)| match mention {
        Mention::Signal(name) => {
            let signal = NetworkSignal::reserved(name).flatten()?;
            Some((name.clone(), Source::Network(signal)))
        }
        _ => None,
    })
}

fn plan(
    file: &ScenarioFile,
    case: &ScenarioCase,
    dut: &Dut,
    rig_dut: &RigDut,
    rig: &RigFile,
    base: u64,
    board: BoardPlan,
) -> Plan {
    let scenario = &case.scenario;
    Plan {
        version: VERSION,
        scenario: file.name.clone(),
        title: scenario.title.clone(),
        tags: scenario.tags.clone(),
        case: case.case.clone(),
        control: false,
        seed: seed_of(base, &file.name, &case.name()),
        rig: rig.name.clone(),
        clock: rig.clock,
        dut: dut.clone(),
        board,
        drivers: rig_dut
            .ports
            .iter()
            .filter(|(port, _)| !port.is_asked_for() || scenario.needs.contains(port))
            .map(|(port, driver)| (*port, driver.kind.clone()))
            .collect(),
        steady: scenario.steady.clone(),
        method: scenario.method.clone(),
        expect: scenario.expect.clone(),
    }
}

fn board_plan(
    file: &BoardFile,
    options: &Options,
    images: Images<'_>,
) -> Result<(BoardPlan, Rc<ImageFacts>), Unresolved> {
    let board = &file.board;
    let value = match (&options.defect, &board.defects) {
        (None, _) => None,
        (Some(defect), Some(defects)) => match defects.known.get(defect.as_str()) {
            Some(word) => Some(word.0),
            None => {
                return Err(Unresolved::Given {
                    message: format!("unknown defect `{defect}`"),
                    help: near(
                        defect.as_str(),
                        defects.known.keys().map(String::as_str),
                        &file.path,
                        "defects",
                    ),
                });
            }
        },
        (Some(defect), None) => {
            return Err(Unresolved::Given {
                message: format!("unknown defect `{defect}`: no image of `{}` has any", file.name),
                help: format!("describe an image with defects under `defects` in {}", file.path),
            });
        }
    };
    let has_defects = |key: &str| board.defects.as_ref().is_some_and(|defects| defects.image == key);
    let default = match &board.defects {
        Some(defects) if value.is_some() => defects.image.as_str(),
        _ => CURRENT,
    };
    let key = options.image.as_deref().unwrap_or(default);
    let path = match (board.images.get(key), &options.image) {
        (Some(image), _) => format!("{IMAGES}/{image}"),
        (None, Some(path)) => path.clone(),
        (None, None) => {
            return Err(Unresolved::Given {
                message: format!("the board `{}` has no image `{key}`", file.name),
                help: format!("name a file under `images` in {}, or give one with `--image`", file.path),
            });
        }
    };
    // An image of one's own is taken to have the defects when one is asked for, and to have none otherwise.
    let selects = value.is_some() || has_defects(key);
    let defect = board.defects.as_ref().filter(|_| selects).map(|defects| DefectPlan {
        name: options.defect.clone(),
        address: defects.word.0,
        value: value.unwrap_or(defects.none.0),
    });
    let facts = images(&path).map_err(|why| Unresolved::Given {
        message: format!("cannot read the image {path}: {why}"),
        help: "build it, or give another with `--image`".to_owned(),
    })?;
    let fresh = board
        .fresh
        .iter()
        .filter_map(|region| board.flash.get(region.as_str()))
        .map(|range| (range.start, range.end - range.start))
        .collect();
    let plan = BoardPlan {
        name: file.name.clone(),
        chip: board.chip.clone(),
        baud: board.console.baud,
        image: Image { path, sha256: facts.sha256.clone() },
        fresh,
        provision: board.provision.as_ref().map(|page| page.page.0),
        defect,
        signals: board.signals.iter().map(|(name, s)| (Signal(name.clone()), s.clone())).collect(),
        commands: board.commands.iter().map(|(name, c)| (Command(name.clone()), c.clone())).collect(),
        inputs: board.inputs.iter().map(|(name, kind)| (Input(name.clone()), *kind)).collect(),
        regions: BTreeMap::new(),
        symbols: BTreeMap::new(),
    };
    Ok((plan, facts))
}

impl Plan {
    /// The case in words: `cut_at=25%`; empty for the only case.
    pub fn case_name(&self) -> String {
        crate::language::substitute::case_name(&self.case)
    }

    /// SHA-256, in hex, of the plan as JSON without spaces, fields in the order of their types, names sorted.
    pub fn digest(&self) -> String {
        // Writing to memory cannot fail, and a plan has no map whose keys are not texts.
        let json = serde_json::to_vec(self).unwrap_or_default();
        Sha256::digest(json).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::seed_of;

    #[test]
    fn a_seed_is_stable_and_fits_json() {
        // Written down: a plan made by another version of the program must have the same seed.
        assert_eq!(seed_of(0, "power/repeated-cuts", "off=2s"), 758_627_917_884_271);
        assert_ne!(seed_of(0, "a", "b"), seed_of(1, "a", "b"));
        assert_ne!(seed_of(0, "ab", "c"), seed_of(0, "a", "bc"));
        assert!((0..100).all(|n| seed_of(n, "a", "b") < 1 << 53));
    }
}
