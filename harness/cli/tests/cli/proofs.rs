//! `brownout prove`: scenario against defect.

use crate::program::Project;

const RESET: &str = "scenarios/power/reset-keeps-settings.yaml";

fn scenario(catches: &str, check: &str) -> String {
    format!(
        "scenario: power is cut\ncatches: {catches}\nsteady: [seen: ready]\nmethod:\n  - power_cut: {{for: 100ms}}\n  - wait: ready\n\
         expect:\n  - {check}\n"
    )
}

#[test]
fn a_defect_that_is_caught_is_a_proof() {
    let project = Project::new();
    let shown = project.run(&["prove", RESET, "--json", "table.json"]).expect(0);
    let shown = shown.says("clean pass pass 2/2").says("forgets_cause fail fail 2/2 reset_cause");
    assert!(shown.stdout.ends_with("1 proof, 0 misses, 0 false alarms\n"), "{}", shown.stdout);
    assert!(shown.stdout.lines().all(|line| line.len() <= 80), "{}", shown.stdout);
    assert!(!shown.stdout.contains("report"), "nothing is kept of what went well: {}", shown.stdout);
    assert!(project.runs("reports").is_empty());
    let table: serde_json::Value = serde_json::from_str(&project.read("table.json")).unwrap();
    assert_eq!(table["proved"], 1);
    assert_eq!(table["proofs"][1]["defect"], "forgets_cause");
    assert_eq!(table["proofs"][1]["outcome"], "as_expected");
    assert_eq!(table["proofs"][1]["runs"].as_array().unwrap().len(), 2);
}

#[test]
fn a_defect_that_passes_is_a_miss() {
    let project = Project::new();
    project.write("scenarios/x.yaml", scenario("no_watchdog", "never: panic"));
    let shown = project.run(&["prove", "scenarios/x.yaml"]).expect(1);
    let shown = shown.says("no_watchdog fail pass").says("0 proofs, 1 miss, 0 false alarms");
    let shown = shown.says("every check passes").says("brownout run scenarios/x.yaml --rig virtual --seed 1");
    assert!(shown.stdout.contains("--defect no_watchdog"), "{}", shown.stdout);
    assert_eq!(project.runs("reports").len(), 2, "there is something to look at");
}

#[test]
fn a_clean_build_that_fails_is_a_false_alarm() {
    let project = Project::new();
    project.write("scenarios/x.yaml", scenario("late_ready", "never: ready"));
    let run = ["prove", "scenarios/x.yaml", "--report-dir", "out"];
    project.run(&run).expect(1).says("1 proof, 0 misses, 1 false alarm").says("out/prove.json");
    let table: serde_json::Value = serde_json::from_str(&project.read("out/prove.json")).unwrap();
    assert_eq!(table["false_alarms"], 1);
    assert_eq!(table["proofs"][0]["outcome"], "false_alarm");
}

#[test]
fn what_cannot_be_judged_is_neither() {
    let project = Project::new();
    // The fault never strikes, so nobody can tell.
    let text = scenario("late_ready", "recovers: {from: power_cut, to: ready, within: 1s}");
    project.write("scenarios/x.yaml", text.replace("for: 100ms", "when: {signal: panic}, within: 1s"));
    let shown = project.run(&["prove", "scenarios/x.yaml"]).expect(1);
    shown.says("clean pass inconclusive").says("0 proofs, 1 miss, 0 false alarms, 1 undecided");
}

#[test]
fn all_defects_are_asked_for_by_name() {
    let project = Project::new();
    project.run(&["prove", RESET]).expect(0);
    project
        .run(&["prove", RESET, "--all-defects"])
        .expect(1)
        .says("not proved by any scenario: ")
        .says("no_watchdog");
}

#[test]
fn a_matrix_tells_what_else_is_caught() {
    let project = Project::new();
    project.write(
        "scenarios/x.yaml",
        scenario("late_ready", "recovers: {from: power_cut, to: ready, within: 2s}"),
    );
    // Of the board's many defects, those that matter here.
    let path = "rigs/boards/nrf52840-thermostat.yaml";
    let board = project.read(path);
    let (before, known) = board.split_once("\n  known:\n").unwrap();
    let others = known.lines().skip_while(|line| line.starts_with("    "));
    let others: String = others.flat_map(|line| [line, "\n"]).collect();
    project.write(path, format!("{before}\n  known:\n    no_watchdog: 2\n    late_ready: 4\n{others}"));
    let shown = project.run(&["prove", "scenarios/x.yaml", "--matrix"]).expect(0);
    shown.says("late_ready fail fail").says("no_watchdog - pass").says("1 proof, 0 misses, 0 false alarms");
}
