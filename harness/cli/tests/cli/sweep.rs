//! `brownout sweep`: what it makes of the cuts that are asked for, and what it says of those that fail.

use crate::program::Project;

const SETTINGS: &str = "scenarios/power/cut-while-writing-settings.yaml";

#[test]
fn as_many_cuts_as_are_asked_for_each_another() {
    let project = Project::new();
    let moments = ["--moment", "before", "--moment", "during", "--tear", "half", "--tear", "random"];
    for (folder, cuts) in [("few", 7), ("many", 150)] {
        let count = cuts.to_string();
        let sweep = ["sweep", SETTINGS, "--cuts", &count, "--report-dir", folder];
        let shown = project.run(&[&sweep[..], &moments].concat()).expect(0).stdout;
        assert!(shown.contains(&format!("{cuts} cuts, {cuts} pass, 0 do not; ")), "{shown}");
        let runs = project.runs(folder);
        let plans: std::collections::BTreeSet<_> =
            runs.iter().map(|run| std::fs::read_to_string(run.join("plan.json")).unwrap()).collect();
        // The counting run is one more.
        assert_eq!((runs.len(), plans.len()), (cuts + 1, cuts + 1));
    }
    // What has no more to vary says so.
    let all = project.run(&["sweep", SETTINGS, "--moment", "after", "--cuts", "1000"]).expect(0).stdout;
    assert!(all.contains("there are no more that differ"), "{all}");
}

#[test]
fn a_cut_that_fails_is_confirmed_from_its_start_and_says_how_to_make_it_again() {
    let project = Project::new();
    let defect = ["--defect", "acks_before_saving"];
    let sweep = [&["sweep", SETTINGS, "--cuts", "6"][..], &defect].concat();
    let shown = project.run(&sweep).expect(1).stdout;
    // A run that went otherwise from its start would be inconclusive.
    assert!(shown.contains(", 0 inconclusive"), "{shown}");
    let again = shown.lines().find_map(|line| line.trim().strip_prefix("again ")).unwrap().trim();
    assert!(again.contains(" --only nth="), "{again}");
    let pages = project.runs("reports").into_iter().filter(|run| run.join("report.html").is_file()).count();
    let failures = shown.lines().filter(|line| line.starts_with("  x ")).count();
    assert!(failures > 0 && pages == failures + 1, "{pages} pages, the counting run's among them: {shown}");
    let folder = |line: &str| line.trim().strip_prefix("report ").map(|path| path.trim().to_owned());
    let report = shown.lines().find_map(folder).unwrap();
    let first = project.read(&report.replace("report.html", "events.jsonl"));
    let words: Vec<_> = again.strip_prefix("brownout ").unwrap().split(' ').collect();
    project.run(&[&words[..], &["--report-dir", "alone"]].concat()).expect(1);
    let alone = project.only_run("alone").join("events.jsonl");
    assert_eq!(first, std::fs::read_to_string(alone).unwrap());
}

#[test]
fn a_rig_that_cannot_be_put_back_says_how_long_it_takes() {
    let project = Project::new();
    let sweep = ["sweep", SETTINGS, "--cuts", "2", "--from-start"];
    let shown = project.run(&sweep).expect(0).stdout;
    assert!(shown.contains("each cut is run from its start; that takes about "), "{shown}");
}

#[test]
fn what_is_no_cut_is_refused() {
    let project = Project::new();
    for wrong in ["nth=0", "moment=during", "nth=3,tear=sideways", "third"] {
        project.run(&["sweep", SETTINGS, "--only", wrong]).expect(2);
    }
    project.run(&["sweep", SETTINGS, "--cuts", "0"]).expect(2);
}
