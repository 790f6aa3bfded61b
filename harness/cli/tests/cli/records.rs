//! Recorded runs: judged again, damaged, cut short, and the same byte for byte when run again.

use crate::program::{Project, Started, command, project};
use brownout_core::event::{Event, What};
use brownout_core::judge::judge;
use brownout_core::verdict::{Judgement, Verdict};
use brownout_engine::Record;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigHandler, Signal, signal};
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;

const SETTINGS: &str = "scenarios/power/reset-keeps-settings.yaml";

fn judged(folder: &Path) -> (Record, Judgement) {
    let record = Record::read(folder).unwrap();
    let judgement = judge(&record.plan, &record.plan.digest(), &record.events);
    (record, judgement)
}

/// What stands in `verdicts.json` is what the judge finds now, to the byte.
fn agrees_with_its_verdicts(folder: &Path) -> Verdict {
    let (record, judgement) = judged(folder);
    assert_eq!(record.broken_off, None);
    let stored = fs::read_to_string(folder.join("verdicts.json")).unwrap();
    assert_eq!(brownout_report::json::verdicts(&judgement).unwrap(), stored, "{}", folder.display());
    judgement.verdict
}

#[test]
fn recorded_runs_are_judged_as_they_were() {
    let runs = project().join("fixtures/runs");
    let expected =
        [("pass", Verdict::Pass, 0), ("fail", Verdict::Fail, 1), ("inconclusive", Verdict::Inconclusive, 3)];
    let project = Project::new();
    for (name, verdict, code) in expected {
        let folder = runs.join(name);
        assert_eq!(agrees_with_its_verdicts(&folder), verdict, "{name}");
        project.run(&["judge", folder.to_str().unwrap()]).expect(code).says(&format!("{verdict} power/"));
    }
    // Several at once: the gravest verdict is the answer.
    let all = expected.map(|(name, ..)| runs.join(name).display().to_string());
    let [pass, fail, inconclusive] = all.each_ref().map(String::as_str);
    project.run(&["judge", pass, inconclusive]).expect(3);
    project.run(&["judge", inconclusive, fail, pass]).expect(1);
}

#[test]
fn a_run_is_judged_again_with_the_same_answer() {
    let project = Project::new();
    project.run(&["run", SETTINGS, "--case", "how=pin", "--report-dir", "good"]).expect(0);
    project
        .run(&["run", SETTINGS, "--case", "how=pin", "--defect", "forgets_cause", "--report-dir", "bad"])
        .expect(1);
    for (folder, code) in [("good", 0), ("bad", 1)] {
        let run = project.only_run(folder);
        agrees_with_its_verdicts(&run);
        project.run(&["judge", run.to_str().unwrap()]).expect(code);
    }
}

#[test]
fn a_timeline_that_breaks_off_proves_nothing() {
    let project = Project::new();
    let run = recorded(&project);
    let events = fs::read(run.join("events.jsonl")).unwrap();
    fs::write(run.join("events.jsonl"), &events[..events.len() * 2 / 3]).unwrap();
    project
        .run(&["judge", run.to_str().unwrap()])
        .expect(3)
        .says("note:")
        .says("breaks off after event #")
        .says("judged as a timeline that is not whole");
    fs::write(run.join("events.jsonl"), "").unwrap();
    project.run(&["judge", run.to_str().unwrap()]).expect(3).says("holds no whole event");
}

#[test]
fn a_timeline_damaged_in_the_middle_is_refused() {
    let project = Project::new();
    let run = recorded(&project);
    let text = fs::read_to_string(run.join("events.jsonl")).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[6] = "{\"n\":7,\"at\":";
    fs::write(run.join("events.jsonl"), lines.join("\n") + "\n").unwrap();
    project.run(&["judge", run.to_str().unwrap()]).expect(2).says("events.jsonl:7: this is not an event");
}

#[test]
fn a_torn_line_behind_the_end_is_refused() {
    let project = Project::new();
    let run = recorded(&project);
    let text = fs::read_to_string(run.join("events.jsonl")).unwrap();
    let behind = text.lines().count() + 1;
    fs::write(run.join("events.jsonl"), text + "{\"n\":").unwrap();
    project
        .run(&["judge", run.to_str().unwrap()])
        .expect(2)
        .says(&format!("events.jsonl:{behind}: there is something behind the end of the run"));
}

#[test]
fn an_event_that_was_taken_out_is_missed() {
    let project = Project::new();
    let run = recorded(&project);
    let text = fs::read_to_string(run.join("events.jsonl")).unwrap();
    let kept: Vec<&str> =
        text.lines().enumerate().filter(|(at, _)| *at != 20).map(|(_, line)| line).collect();
    fs::write(run.join("events.jsonl"), kept.join("\n") + "\n").unwrap();
    project.run(&["judge", run.to_str().unwrap()]).expect(3).says("? inconclusive rig");
}

#[test]
fn a_record_of_a_newer_brownout_is_refused() {
    for (file, found, newer) in [
        ("events.jsonl", "\"version\":1", "\"version\":2"),
        ("plan.json", "\"version\": 1", "\"version\": 2"),
    ] {
        let project = Project::new();
        let run = recorded(&project);
        let text = fs::read_to_string(run.join(file)).unwrap();
        assert!(text.contains(found), "{text}");
        fs::write(run.join(file), text.replacen(found, newer, 1)).unwrap();
        project
            .run(&["judge", run.to_str().unwrap()])
            .expect(2)
            .says(&format!("{file} has format version 2; this brownout reads up to 1; use a newer one"));
    }
}

#[test]
fn a_disk_that_fills_up_ends_the_run_at_once() {
    let project = Project::new();
    // One whose timeline is longer than its plan by the time the power goes.
    let arguments = ["run", "scenarios/power/repeated-cuts.yaml", "--case", "off=2s", "--report-dir"];
    project.run(&[&arguments[..], &["whole"]].concat()).expect(0);
    let whole = fs::read_to_string(project.only_run("whole").join("events.jsonl")).unwrap();
    // Room for the injection of the power cut, and not for the line behind it.
    let injected = whole.find("\"injected\"").unwrap();
    let room = injected + whole[injected..].find('\n').unwrap() + 10;
    let mut command = command(project.path(), &[&arguments[..], &["full"]].concat());
    // SAFETY: both are async-signal-safe system calls, and touch nothing of this process.
    unsafe {
        command.pre_exec(move || {
            // As a shell would start it: whoever started these tests may have ignored the signal.
            signal(Signal::SIGXFSZ, SigHandler::SigDfl)?;
            setrlimit(Resource::RLIMIT_FSIZE, room as u64, room as u64)?;
            Ok(())
        });
    }
    let ended = Started::new(command).end().expect(3);
    let message = "events.jsonl: File too large (os error 27); allow more";
    assert_eq!(ended.stderr.matches("error:").count(), 1, "{}", ended.stderr);
    let ended = ended.says(message).says("the run was stopped and everything was reverted");
    // The device was without power just then, and has it back.
    assert!(ended.stdout.rfind("power rail on") > ended.stdout.rfind("power rail off"), "{}", ended.stdout);

    let run = project.only_run("full");
    let (record, judgement) = judged(&run);
    assert!(record.broken_off.is_some() && judgement.verdict == Verdict::Inconclusive);
    assert!(matches!(record.events.last(), Some(Event { what: What::Injected { .. }, .. })), "{record:?}");
    project.run(&["judge", run.to_str().unwrap()]).expect(3).says("breaks off after event #");
}

/// The folder of the second run would lie below a file of the first.
#[test]
fn runs_that_ended_are_reported_when_the_next_cannot_be_recorded() {
    let project = Project::new();
    let scenario = "scenario: a pause\nmethod: [pause: 1s]\nexpect: [never: panic]\n";
    project.write("scenarios/x.yaml", scenario);
    let plan = project.run(&["plan", "scenarios/x.yaml", "--json"]).expect(0).stdout;
    let plan: brownout_core::plan::Plan = serde_json::from_str(&plan).unwrap();
    let below = format!("scenarios/x/{}/plan.json.yaml", plan.seed);
    project.write(&below, scenario);
    let suite = ["run", "scenarios/x.yaml", &below, "scenarios/power/reset-keeps-settings.yaml"];
    // One after the other: side by side, others would have begun.
    let ended = project.run(&[&suite[..], &["--jobs", "1", "--report-dir", "r"]].concat()).expect(3);
    let ended = ended.says("cannot write").says("2 runs: 1 pass, 0 fail, 1 inconclusive");
    assert_eq!(ended.stderr.matches("error:").count(), 1, "{}", ended.stderr);
    let suite = brownout_report::json::read_summary(&project.read("r/summary.json")).unwrap();
    let verdicts: Vec<_> = suite.runs.iter().map(|run| run.verdict).collect();
    assert_eq!(verdicts, [Verdict::Pass, Verdict::Inconclusive]);
    assert!(suite.runs[1].shortfalls[0].reason.contains("cannot write"), "{:?}", suite.runs[1]);
    assert!(project.read("r/junit.xml").contains("type=\"inconclusive\""));
    assert!(project.read("r/index.html").contains("cannot write"));
}

/// A scenario may have the name of a report, whose place its folder then takes.
#[test]
fn a_report_that_cannot_be_written_does_not_keep_the_others_back() {
    let project = Project::new();
    project.write("scenarios/junit.xml.yaml", "scenario: a\nmethod: [pause: 1s]\nexpect: [never: panic]\n");
    let suite = ["run", "scenarios/junit.xml.yaml", SETTINGS, "--report-dir", "r"];
    project.run(&suite).expect(3).says("cannot write").says("3 runs: 3 pass, 0 fail, 0 inconclusive");
    let suite = brownout_report::json::read_summary(&project.read("r/summary.json")).unwrap();
    assert!(suite.runs.len() == 3 && project.read("r/index.html").contains("junit.xml"));
}

#[test]
fn a_whole_suite_given_to_judge_is_answered_with_its_runs() {
    let project = Project::new();
    project.run(&["run", SETTINGS, "--report-dir", "suite"]).expect(0);
    let ended = project.run(&["judge", "suite"]).expect(2).says("suite is not a run; it holds 2 of them");
    for run in project.runs("suite") {
        let run = run.strip_prefix(project.path()).unwrap().display().to_string();
        assert!(ended.stderr.contains(&format!("brownout judge {run}")), "{}", ended.stderr);
        project.run(&["judge", &run]).expect(0);
    }
}

/// A good run of the fixtures, to be spoiled.
fn recorded(project: &Project) -> std::path::PathBuf {
    let run = project.path().join("run");
    fs::create_dir(&run).unwrap();
    for entry in fs::read_dir(self::project().join("fixtures/runs/pass")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), run.join(entry.file_name())).unwrap();
    }
    run
}

/// Runs the same plan in two processes, side by side, and compares what they recorded.
fn is_the_same_twice(arguments: &[&str]) {
    let project = Project::new();
    let names = ["one", "other"];
    let started = names.map(|name| {
        Started::new(command(project.path(), &[&["run", "--report-dir", name], arguments].concat()))
    });
    for ended in started {
        let code = ended.end().code;
        assert!(matches!(code, Some(0 | 1)), "{code:?}");
    }
    let [one, other] = names.map(|name| fs::read(project.only_run(name).join("events.jsonl")).unwrap());
    assert!(one == other, "{arguments:?} recorded differently");
    assert!(one.len() > 1000);
}

const PLANS: [&[&str]; 3] = [
    &["scenarios/power/torn-write-does-not-brick.yaml", "--case", "nth=2,tear=random", "--seed", "7"],
    &["scenarios/power/repeated-cuts.yaml", "--case", "off=100ms"],
    &["scenarios/power/cut-while-writing-settings.yaml", "--case", "nth=5", "--defect", "acks_before_saving"],
];

#[test]
fn two_processes_record_the_same_events() {
    PLANS.iter().for_each(|plan| is_the_same_twice(plan));
}

#[test]
fn another_seed_is_another_run() {
    let project = Project::new();
    let scenario = "scenarios/power/torn-write-does-not-brick.yaml";
    let events = ["1", "2"].map(|seed| {
        let folder = format!("seed-{seed}");
        project
            .run(&["run", scenario, "--case", "nth=1,tear=random", "--seed", seed, "--report-dir", &folder])
            .expect(0);
        fs::read(project.only_run(&folder).join("events.jsonl")).unwrap()
    });
    assert_ne!(events[0], events[1]);
}
