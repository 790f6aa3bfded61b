//! The project's own board, rig and scenario files make plans.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]
#![allow(clippy::disallowed_methods, reason = "this reads the project's own files")]

use brownout_core::board_file::BoardFile;
use brownout_core::language::Mention;
use brownout_core::plan::{Plan, Symbol};
use brownout_core::resolve::{ImageFacts, Options, Unresolved, resolve};
use brownout_core::rig_file::RigFile;
use brownout_core::scenario::ScenarioFile;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &str) -> String {
    std::fs::read_to_string(project().join(path)).unwrap()
}

fn scenarios() -> Vec<String> {
    let mut found = Vec::new();
    for theme in std::fs::read_dir(project().join("scenarios")).unwrap() {
        let theme = theme.unwrap();
        if !theme.file_type().unwrap().is_dir() {
            continue;
        }
        for file in std::fs::read_dir(theme.path()).unwrap() {
            let file = file.unwrap().file_name().into_string().unwrap();
            found.push(format!("scenarios/{}/{file}", theme.file_name().into_string().unwrap()));
        }
    }
    found.sort();
    found
}

fn plans(scenario: &str, rig: &str) -> Result<Vec<Plan>, Unresolved> {
    let scenario = ScenarioFile::read(scenario, &text(scenario)).unwrap_or_else(|e| panic!("{e}"));
    let rig = RigFile::read(rig, &text(rig)).unwrap_or_else(|e| panic!("{e}"));
    let (_, dut) = rig.dut(scenario.first().dut.as_ref()).unwrap();
    let board = format!("rigs/boards/{}.yaml", dut.board);
    let board = BoardFile::read(&board, &text(&board)).unwrap_or_else(|e| panic!("{e}"));
    // Whether the images have them is for those who read images.
    let names =
        scenario.cases.iter().flat_map(|case| &case.mentions).filter_map(|(mention, _)| match mention {
            Mention::Symbol(name) => Some(name.clone()),
            _ => None,
        });
    let symbols: BTreeMap<String, Symbol> =
        names.map(|name| (name, Symbol { address: 0x2000_0000, size: 4 })).collect();
    resolve(&scenario, &board, &rig, &Options::default(), &|path| {
        let sha256 = format!("digest of {path}");
        Ok(std::rc::Rc::new(ImageFacts { sha256, symbols: symbols.clone() }))
    })
}

#[test]
fn every_scenario_makes_plans_on_the_virtual_rigs() {
    let scenarios = scenarios();
    assert!(!scenarios.is_empty());
    for rig in ["rigs/virtual.yaml", "rigs/virtual-wall.yaml"] {
        for scenario in &scenarios {
            let plans = plans(scenario, rig).unwrap_or_else(|e| panic!("{scenario} on {rig}:\n{e}"));
            for plan in plans {
                let json = serde_json::to_string(&plan).unwrap();
                let back: Plan = serde_json::from_str(&json).unwrap();
                assert_eq!(back, plan);
                assert_eq!(back.digest(), plan.digest());
            }
        }
    }
}

#[test]
fn on_the_real_board_only_what_needs_another_instrument_is_refused() {
    let ports = ["flash_trace", "supply", "stimulus", "link", "services"];
    let mut fit = 0;
    for scenario in scenarios() {
        match plans(&scenario, "rigs/nrf52840-dk.yaml") {
            Ok(_) => fit += 1,
            Err(error) => {
                let error = error.to_string();
                let lacking = ports.iter().any(|port| error.contains(&format!("needs the port `{port}`")));
                assert!(lacking, "{scenario}:\n{error}");
                // A network is not part of that board.
                if error.contains("`link`") || error.contains("`services`") {
                    continue;
                }
                // README tells everybody with that board to begin with these.
                let smoke = ScenarioFile::read(&scenario, &text(&scenario)).unwrap().first().tags.clone();
                assert!(!smoke.contains(&"smoke".to_owned()), "{scenario} is tagged `smoke`:\n{error}");
            }
        }
    }
    assert!(fit >= 20, "only {fit} scenarios can run on the board as it comes");
}

#[test]
fn every_known_defect_has_a_scenario_made_to_catch_it() {
    let path = "rigs/boards/nrf52840-thermostat.yaml";
    let board = BoardFile::read(path, &text(path)).unwrap();
    let known: BTreeSet<String> = board.board.defects.unwrap().known.into_keys().collect();
    let caught: BTreeSet<String> = scenarios()
        .iter()
        .filter_map(|path| ScenarioFile::read(path, &text(path)).unwrap().first().catches.clone())
        .map(|defect| defect.0)
        .collect();
    assert_eq!(caught, known);
}
