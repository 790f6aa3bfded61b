//! Wrong input: exit code 2, and a message that says what to do.

use crate::program::{self, Project, arm_elf, command};
use insta::assert_snapshot;
use std::fmt::Write as _;

/// What was typed, how it ended and what was said, with nothing in it that differs between computers.
fn transcript(project: &Project, lines: &[&str]) -> String {
    let mut text = String::new();
    for line in lines {
        let arguments: Vec<_> = line.split(' ').collect();
        let ended = project.run(&arguments);
        let _ =
            writeln!(text, "$ brownout {line}\n{}{}[exit {:?}]\n", ended.stdout, ended.stderr, ended.code);
    }
    redacted(project, &text)
}

fn redacted(project: &Project, text: &str) -> String {
    text.replace(&project.path().display().to_string(), "[project]").replace(program::PROGRAM, "[program]")
}

#[test]
fn names_of_things_that_are_not_there() {
    let project = Project::new();
    assert_snapshot!(transcript(
        &project,
        &[
            "run scenarios/nope.yaml",
            "run --rig nope",
            "run --defect nope",
            "run scenarios/power/cut-while-writing-settings.yaml --case nth=99",
            "run scenarios/power/hang-caught-by-watchdog.yaml --case nth=99",
            "run --tag nope",
            "run --image nope.elf",
            "kinds nope",
            "heal nope",
            "judge nope",
            "frobnicate",
        ]
    ));
    assert!(!project.path().join("reports").exists(), "wrong input leaves no report");
}

#[test]
fn problems_of_several_files_together() {
    let project = Project::new();
    project.write(
        "scenarios/bad/a.yaml",
        "scenario: a\nmethod:\n  - power_cut: {for: 5}\n  - wiat: {for: ready, within: 1s}\nexpect:\n  - never: panic\n",
    );
    project.write(
        "scenarios/bad/b.yaml",
        "scenario: b\nscenario: c\nmethod: [pause: 1s]\nexpect: [never: panic]\n",
    );
    assert_snapshot!(transcript(&project, &["run scenarios/bad", "list scenarios/bad"]));
}

#[test]
fn things_that_do_not_fit_together() {
    let project = Project::new();
    project.write(
        "scenarios/bad/signal.yaml",
        "scenario: a signal the board does not have\nmethod:\n  - pause: 1s\nexpect:\n  - never: meltdown\n",
    );
    let board = project.read("rigs/boards/nrf52840-thermostat.yaml");
    project.write("rigs/boards/broken.yaml", board.replace("'^app: ready'", "'^app: (ready'"));
    let rig = project.read("rigs/virtual.yaml");
    project.write("rigs/broken.yaml", rig.replace("nrf52840-thermostat", "broken"));
    project.write("rigs/lost.yaml", rig.replace("nrf52840-thermostat", "lost"));
    assert_snapshot!(transcript(
        &project,
        &[
            "run scenarios/power/cut-while-writing-settings.yaml --rig nrf52840-dk",
            "run scenarios/bad/signal.yaml",
            "run --rig broken",
            "run --rig lost",
            "sweep scenarios/power/hang-caught-by-watchdog.yaml",
        ]
    ));
}

#[test]
fn images_for_something_else() {
    let project = Project::new();
    project.write("text.elf", "this is no ELF file");
    project.write("outside.elf", arm_elf(0x0030_0000, &[0xFE, 0xE7]));
    let mut other = arm_elf(0, &[0xFE, 0xE7]);
    other[18] = 243; // RISC-V
    project.write("riscv.elf", other);
    std::os::unix::fs::symlink(program::PROGRAM, project.path().join("desktop.elf")).unwrap();
    const RUN: &str = "run scenarios/power/hang-caught-by-watchdog.yaml --image";
    let lines = ["text.elf", "outside.elf", "riscv.elf", "desktop.elf"].map(|image| format!("{RUN} {image}"));
    assert_snapshot!(transcript(&project, &lines.each_ref().map(String::as_str)));
    assert!(!project.path().join("reports").exists(), "wrong input leaves no report");
}

#[test]
fn a_region_outside_the_flash() {
    let project = Project::new();
    let board = project.read("rigs/boards/nrf52840-thermostat.yaml");
    assert!(board.contains("settings: 0xfc000..0xfe000"), "{board}");
    let board = board.replace("settings: 0xfc000..0xfe000", "settings: 0xfc000..0xfffffff0");
    project.write("rigs/boards/nrf52840-thermostat.yaml", board);
    for command in ["run", "plan", "sweep"] {
        project.run(&[command, "scenarios/power/cut-while-writing-settings.yaml"]).expect(2).says(
            "rigs/boards/nrf52840-thermostat.yaml: the region `settings` cannot be cleared: 0xfc000..0xfffffff0 is not \
             in the flash of a nRF52840_xxAA help: its flash is 0x0..0x100000",
        );
    }
    assert!(!project.path().join("reports").exists(), "wrong input leaves no report");
}

#[test]
fn a_report_folder_that_is_not_empty() {
    let project = Project::new();
    project.write("kept/notes.txt", "mine");
    assert_snapshot!(transcript(
        &project,
        &["run scenarios/power/reset-keeps-settings.yaml --report-dir kept"]
    ));
    assert_eq!(project.read("kept/notes.txt"), "mine");
    assert_eq!(std::fs::read_dir(project.path().join("kept")).unwrap().count(), 1);
}

#[test]
fn a_report_folder_that_is_none() {
    let project = Project::new();
    project.write("notes.txt", "mine");
    for dir in ["notes.txt", "notes.txt/below", "/dev/full", "/proc/brownout"] {
        let ended = project.run(&["run", "scenarios/power/reset-keeps-settings.yaml", "--report-dir", dir]);
        ended
            .expect(2)
            .says(&format!("cannot write reports to {dir}: "))
            .says("name a new or an empty folder");
    }
}

#[test]
fn a_chip_that_the_virtual_board_is_not() {
    let project = Project::new();
    let board = project.read("rigs/boards/nrf52840-thermostat.yaml");
    project.write("rigs/boards/nrf52840-thermostat.yaml", board.replace("nRF52840_xxAA ", "nRF52833_xxAA "));
    for rig in ["virtual", "virtual-wall"] {
        for command in
            [&["run", "scenarios/power/reset-keeps-settings.yaml", "--rig", rig][..], &["doctor", rig]]
        {
            let message =
                "the virtual board is an nRF52840_xxAA, and the board file asks for a nRF52833_xxAA";
            project.run(command).expect(2).says(message).says("use a rig with a real board");
        }
    }
    assert!(!project.path().join("reports").exists(), "wrong input leaves no report");
}

#[test]
fn text_that_is_not_utf8_is_named_with_its_place() {
    let project = Project::new();
    project.write("scenarios/latin.yaml", b"scenario: caf\xc3\xa9\ntags: [gr\xfc\xdfe]\n");
    project
        .run(&["run", "scenarios/latin.yaml"])
        .expect(2)
        .says("cannot read scenarios/latin.yaml: line 2, column 10: the byte 0xfc is not UTF-8");
    project.write("rigs/latin.yaml", b"rig: \xe9\n");
    project.run(&["run", "--rig", "latin"]).expect(2).says("cannot read rigs/latin.yaml: line 1, column 6");
    project.write("rigs/boards/nrf52840-thermostat.yaml", b"# \xff\xfe\n");
    let board = "cannot read rigs/boards/nrf52840-thermostat.yaml: line 1, column 3";
    project.run(&["run"]).expect(2).says(board);
}

#[test]
fn the_values_of_a_case_may_be_named_in_any_order() {
    let project = Project::new();
    for case in ["nth=2,tear=random", "tear=random,nth=2", "tear=random, nth=2"] {
        let plan = ["plan", "scenarios/power/torn-write-does-not-brick.yaml", "--case", case];
        project.run(&plan).expect(0).says("[nth=2,tear=random]").says(" 1 run");
    }
}

#[test]
fn a_file_that_is_named_twice_is_run_once() {
    let project = Project::new();
    let scenario = "scenarios/power/reset-keeps-settings.yaml";
    std::os::unix::fs::symlink("power", project.path().join("scenarios/alias")).unwrap();
    let again = [
        "./scenarios/../scenarios/power/reset-keeps-settings.yaml",
        "scenarios/alias/reset-keeps-settings.yaml",
    ];
    project.run(&["plan", scenario, scenario, again[0], again[1]]).expect(0).says(" 2 runs");
    // The name of a scenario is that of its place, whatever way led there.
    project.run(&["plan", again[0]]).expect(0).says("power/reset-keeps-settings [how=pin]");
}

#[test]
fn two_runs_that_would_share_a_folder_are_refused() {
    let project = Project::new();
    let scenario = "scenario: $n $m\nmethod: [pause: 1s]\nexpect: [never: panic]\n";
    for folder in ["one", "two"] {
        project.write(&format!("{folder}/same.yaml"), format!("{scenario}vary: {{n: [1, 2], m: [x]}}\n"));
    }
    let ended = project.run(&["run", "one/same.yaml", "two/same.yaml"]).expect(2);
    ended.says("one/same.yaml and two/same.yaml are both named `same`");
    project.write("three/vague.yaml", format!("{scenario}vary: {{m: ['1,n=2', '1'], n: ['3', '2,n=3']}}\n"));
    project.run(&["run", "three"]).expect(2).says("two cases that are both named `m=1,n=2,n=3`");
    assert!(!project.path().join("reports").exists(), "wrong input leaves no report");
}

#[test]
fn a_folder_that_is_no_project() {
    let folder = tempfile::tempdir().unwrap();
    let ended = program::Started::new(command(folder.path(), &["list"])).end();
    ended.expect(2).says("this folder belongs to no brownout project");
}
