//! What README shows is what the program does.

use crate::program::{Project, project};

fn readme() -> String {
    std::fs::read_to_string(project().join("README.md")).unwrap()
}

/// The blocks of README in a language, in their order; none for plain text.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fenced = text.split("\n```").skip(1).step_by(2);
    fenced.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n')).collect()
}

/// A text in which every number is the same: how long things take and which event shows them moves with the firmware.
fn without_numbers(line: &str) -> String {
    let parts: Vec<_> = line.split(|c: char| c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    parts.join("0").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_runs_that_it_shows_look_like_that() {
    let readme = readme();
    let blocks = blocks(&readme, "");
    let mut compared = 0;
    for pair in blocks.windows(2) {
        let Some(arguments) = pair[0].trim().strip_prefix("cargo run --release -- run scenarios/") else {
            continue;
        };
        let arguments = format!("run scenarios/{arguments}");
        let shown = Project::new().run(&arguments.split(' ').collect::<Vec<_>>()).stdout;
        let lines: Vec<_> = shown.lines().map(without_numbers).collect();
        for line in pair[1].lines() {
            let found = lines.contains(&without_numbers(line));
            assert!(found, "{arguments}\nshows no line like `{line}`\n{shown}");
            compared += 1;
        }
    }
    assert!(compared > 30, "{compared}");
}

/// Each scenario that README shows passes, and fails on the defect that it, or the text before it, names.
#[test]
fn its_scenarios_pass_and_catch_their_defects() {
    let (project, readme) = (Project::new(), readme());
    let yaml = blocks(&readme, "yaml");
    let scenarios = [(yaml[0], "acks_before_saving"), (yaml[1], "accepts_expired")];
    for (index, (scenario, defect)) in scenarios.into_iter().enumerate() {
        let path = format!("scenarios/shown-{index}.yaml");
        project.write(&path, scenario);
        project.run(&["run", &path]).expect(0);
        project.run(&["run", &path, "--defect", defect]).expect(1);
    }
}

#[test]
fn its_board_file_runs_its_scenario_and_misses_what_the_others_need() {
    let (project, readme) = (Project::new(), readme());
    let yaml = blocks(&readme, "yaml");
    project.write("scenarios/first.yaml", yaml[0]);
    project.write("rigs/boards/mine.yaml", yaml[2]);
    let rig = project.read("rigs/virtual.yaml");
    let rig = rig.replace("rig: virtual", "rig: mine").replace("board: nrf52840-thermostat", "board: mine");
    project.write("rigs/mine.yaml", rig);
    project.run(&["run", "--rig", "mine", "--tag", "mine"]).expect(0);
    project
        .run(&["run", "--rig", "mine"])
        .expect(2)
        .says("unknown signal `control`")
        .says("unknown command `hang`");
}
