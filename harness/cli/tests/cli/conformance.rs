//! `brownout board conformance`.

use crate::program::Project;

fn conformance(project: &Project, more: &[&str]) -> crate::program::Ended {
    let mut arguments = vec!["board", "conformance", "--report-dir", "out"];
    arguments.extend(more);
    project.run(&arguments)
}

#[test]
fn the_virtual_board_answers_as_expected() {
    let project = Project::new();
    let ended = conformance(&project, &[]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("part 0x52840 variant AAD0"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("\noutside ") && !ended.stdout.contains("\nmissing "), "{}", ended.stdout);
    let record: serde_json::Value = serde_json::from_str(&project.read("out/conformance.json")).unwrap();
    assert_eq!(record["verdict"], "pass");
    assert_eq!(record["chip"]["part"], "0x52840");
    let rows = record["rows"].as_array().unwrap();
    let value = |name: &str| rows.iter().find(|row| row["name"] == name).map(|row| row["value"].clone());
    assert_eq!(value("nvmc.page_erase"), Some(85_000.into()));
    assert_eq!(value("swd.unmapped_refused"), Some(1.into()));
    assert!(record["console"].as_str().unwrap().contains("conformance: end lines="));
}

#[test]
fn a_quantity_outside_its_range_fails() {
    let project = Project::new();
    let file = project.read("fixtures/firmware/images/conformance.yaml");
    let wrong = file
        .replace("expect: 1..43, source: \"PS 4.3.9, t_WRITE", "expect: 1..12, source: \"PS 4.3.9, t_WRITE");
    assert_ne!(wrong, file);
    project.write("wrong.yaml", wrong);
    let ended = conformance(&project, &["--expected", "wrong.yaml"]);
    assert_eq!(ended.code, Some(1), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("outside  nvmc.word_write"), "{}", ended.stdout);
}

#[test]
fn a_firmware_that_prints_no_table_proves_nothing() {
    let project = Project::new();
    let image = "fixtures/firmware/images/thermostat-1.0.0-clean.elf";
    let ended = conformance(&project, &["--image", image]);
    assert_eq!(ended.code, Some(3), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("the conformance firmware said nothing"), "{}", ended.stdout);
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_done() {
    let project = Project::new();
    project
        .write("broken.yaml", "part: '0x52840'\nquantities:\n  a.b: {unit: us, expect: 5..1, source: x}\n");
    for (more, why) in [
        (&["--rig", "nowhere"][..], "there is no rig `nowhere`"),
        (&["--dut", "nobody"], "has no device `nobody`"),
        (&["--expected", "nowhere.yaml"], "cannot read"),
        (&["--expected", "broken.yaml"], "`5..1` is empty"),
        (&["--image", "rigs/virtual.yaml"], "rigs/virtual.yaml"),
    ] {
        let ended = conformance(&project, more);
        assert_eq!(ended.code, Some(2), "{more:?}: {}{}", ended.stdout, ended.stderr);
        assert!(ended.stderr.contains(why), "{more:?}: {}", ended.stderr);
    }
}
