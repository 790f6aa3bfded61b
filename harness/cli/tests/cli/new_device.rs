//! `brownout init`: what it writes can be planned as it is.

use crate::program::{self, Project, Started};

const IMAGE: &str = "fixtures/firmware/images/thermostat-1.0.0-clean.elf";

#[test]
fn what_it_writes_can_be_planned() {
    let project = Project::new();
    let shown = project.run(&["init", "sensor-node", "--image", IMAGE]).expect(0);
    let shown = shown
        .says("wrote rigs/boards/sensor-node.yaml")
        .says("guessed the chip from the image: nRF52840_xxAA");
    assert!(shown.stdout.contains("brownout doctor sensor-node"), "{}", shown.stdout);
    project.run(&["plan", "scenarios/sensor-node", "--rig", "sensor-node"]).expect(0).says("2 runs");
    let board = project.read("rigs/boards/sensor-node.yaml");
    assert!(board.contains("chip: nRF52840_xxAA") && board.contains("defmt over RTT"), "{board}");
    // What it offers beside is valid too.
    let scenario = project.read("scenarios/sensor-node/comes-back.yaml");
    assert!(scenario.contains("  # - memory_flip: {at: "), "{scenario}");
    project.write("scenarios/sensor-node/more.yaml", scenario.replace("# - memory_flip", "- memory_flip"));
    project.run(&["plan", "scenarios/sensor-node/more.yaml", "--rig", "sensor-node"]).expect(0);
    for file in [&board, &scenario, &project.read("rigs/sensor-node.yaml")] {
        assert!(file.lines().all(|line| line.len() <= 120), "{file}");
    }
}

#[test]
fn it_overwrites_nothing() {
    let project = Project::new();
    project
        .run(&["init", "thermo", "--chip", "nRF52833_xxAA"])
        .expect(0)
        .says("or name it each time with --image");
    let before = project.read("rigs/boards/thermo.yaml");
    assert!(before.contains("chip: nRF52833_xxAA"), "{before}");
    project.write("rigs/thermo.yaml", "mine");
    project.run(&["init", "thermo"]).expect(2).says("is there already, and nothing is overwritten");
    assert_eq!(
        (project.read("rigs/boards/thermo.yaml"), project.read("rigs/thermo.yaml")),
        (before, "mine".to_owned())
    );
}

#[test]
fn names_and_images_that_cannot_be_used() {
    let project = Project::new();
    for name in ["../x", "A", "", "a b", "1"] {
        project.run(&["init", name]).expect(2).says("cannot be the name of a device");
    }
    project.run(&["init", "x", "--image", "nope.elf"]).expect(2).says("cannot read the image nope.elf");
    project.run(&["init", "x", "--image", "rigs/virtual.yaml"]).expect(2).says("this is no 32-bit ELF file");
    assert!(!project.path().join("rigs/x.yaml").exists());
}

#[test]
fn an_empty_folder_becomes_a_project() {
    let folder = tempfile::tempdir().unwrap();
    let image = program::project().join(IMAGE);
    let run = |arguments: &[&str]| Started::new(program::command(folder.path(), arguments)).end();
    run(&["init", "--image", image.to_str().unwrap()]).expect(0);
    run(&["plan", "--rig", "device"]).expect(0).says("device/comes-back");
}
