//! `--control`: the same run without its faults goes first.

use crate::program::Project;
use std::fs;

const RESET: &str = "scenarios/power/reset-keeps-settings.yaml";

/// A device that never says `ready` in the method, with a fault or without.
const FAILS_ANYWAY: &str = "scenario: something that the device always does is forbidden
method:
  - reset: soft
  - wait: ready
  - set: {setting: target, to: 22.5}
  - pause: 2s
expect:
  - recovers: {from: reset, to: ready, within: 10s}
  - never: control
";

#[test]
fn a_control_that_passes_lets_the_run_speak() {
    let project = Project::new();
    let run = ["run", RESET, "--case", "how=pin", "--control", "--report-dir", "out"];
    project.run(&run).expect(0).says("pass control: the same run without the fault");
    let runs = project.runs("out");
    assert_eq!(runs.len(), 2, "{runs:?}");
    let (run, control) = (runs[0].to_str().unwrap(), runs[1].to_str().unwrap());
    assert_eq!(format!("{run}-control"), control);
    project.run(&["judge", run]).expect(0).says("pass control");
    // Without its faults it says nothing of recovery, and it is no run that could have a control of its own.
    let judged = project.run(&["judge", control]).expect(0).says("control");
    assert!(!judged.stdout.contains("recovers"), "{}", judged.stdout);
    let summary = project.read("out/summary.json");
    assert!(summary.contains(r#""pass": 1"#), "a control is not counted as a run: {summary}");
    fs::remove_dir_all(control).unwrap();
    project.run(&["judge", run]).expect(2).says("the control of");
}

#[test]
fn where_the_device_fails_without_the_fault_the_run_is_inconclusive() {
    let project = Project::new();
    project.write("scenarios/x.yaml", FAILS_ANYWAY);
    project.run(&["run", "scenarios/x.yaml", "--report-dir", "alone"]).expect(1);
    let says = "the device fails without the fault too: `never: control`: `control` was seen";
    project.run(&["run", "scenarios/x.yaml", "--control", "--report-dir", "out"]).expect(3).says(says);
    let runs = project.runs("out");
    project.run(&["judge", runs[0].to_str().unwrap()]).expect(3).says(says);
    project.run(&["judge", runs[1].to_str().unwrap()]).expect(1);
    for report in ["out/junit.xml", "out/summary.json", "out/index.html"] {
        assert!(project.read(report).contains("the device fails without the fault too"), "{report}");
    }
    let page = fs::read_to_string(runs[0].join("report.html")).unwrap();
    assert!(page.contains("the device fails without the fault too"));
}

#[test]
fn a_scenario_without_faults_has_no_control() {
    let project = Project::new();
    for command in ["run", "plan"] {
        project
            .run(&[command, "scenarios/power/hang-caught-by-watchdog.yaml", RESET, "--control"])
            .expect(2)
            .says("`power/hang-caught-by-watchdog` has no fault")
            .says("run it without --control");
    }
    assert!(project.runs("reports").is_empty());
}

#[test]
fn a_plan_shows_its_control() {
    let shown = Project::new().run(&["plan", RESET, "--case", "how=soft", "--control"]).expect(0);
    let shown = shown.says("control of power/reset-keeps-settings [how=soft]").says("2 runs").stdout;
    let (control, run) = shown.split_once("\n\n").unwrap();
    assert!(!control.contains("reset soft") && !control.contains("wait"), "{control}");
    assert!(run.contains("wait") && control.contains("get `target`"), "{shown}");
}
