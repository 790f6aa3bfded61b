//! Ctrl-C and sudden death, in real time, through the doors of the operating system.

use crate::program::{Ended, Project, Started, command};
use brownout_core::event::{Ended as RunEnded, What};
use brownout_core::verdict::Verdict;
use brownout_engine::Record;
use nix::sys::signal::Signal;
use std::fs;

/// A run in which the power is off for a while.
fn outage<'a>(off: &'a str, reports: &'a str) -> Vec<&'a str> {
    let scenario = "scenarios/power/ready-soon-after-power.yaml";
    vec!["run", scenario, "--case", off, "--rig", "virtual-wall", "--report-dir", reports]
}

/// Starts it and waits until the power is off.
fn until_power_is_off(project: &Project, reports: &str) -> Started {
    let mut command = command(project.path(), &outage("off=30s", reports));
    command.env("XDG_RUNTIME_DIR", project.path());
    let mut started = Started::new(command);
    started.until("the power was off", |_| {
        project.runs(reports).iter().any(|run| {
            fs::read_to_string(run.join("events.jsonl")).is_ok_and(|text| text.contains("\"injected\""))
        })
    });
    started
}

/// The folders in which virtual boards have their doors.
fn doors(project: &Project) -> usize {
    fs::read_dir(project.path())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("brownout-board-"))
        .count()
}

#[test]
fn a_wish_to_stop_reverts_and_reports() {
    for (signal, reports) in [(Signal::SIGINT, "interrupted"), (Signal::SIGTERM, "terminated")] {
        let project = Project::new();
        let started = until_power_is_off(&project, reports);
        started.signal(signal);
        started.end().expect(130).says("stopping: reverting faults and writing the report");

        let run = project.only_run(reports);
        let record = Record::read(&run).unwrap();
        let at = |wanted: fn(&What) -> bool| record.events.iter().rposition(|event| wanted(&event.what));
        let interrupted = at(|what| matches!(what, What::Interrupted));
        let reverted = at(|what| matches!(what, What::Reverted { .. }));
        let ended = at(|what| matches!(what, What::RunEnded(RunEnded::Interrupted)));
        assert!(interrupted.is_some() && interrupted < reverted && reverted < ended, "{:#?}", record.events);
        let judgement = brownout_core::judge::judge(&record.plan, &record.plan.digest(), &record.events);
        assert_eq!(judgement.verdict, Verdict::Inconclusive);
        for name in ["verdicts.json", "report.html"] {
            assert!(run.join(name).is_file(), "{name}");
        }
        let junit = project.read(&format!("{reports}/junit.xml"));
        assert!(junit.contains("type=\"inconclusive\""), "{junit}");
        assert_eq!(doors(&project), 0);
    }
}

/// The serial port library lets signals through while it waits: without a handler one of these two would end the
/// program by itself.
#[test]
fn a_second_wish_to_stop_is_obeyed_at_once() {
    let project = Project::new();
    let started = until_power_is_off(&project, "twice");
    // Both wait when it goes on, so that the second comes before the revert is through.
    started.signal(Signal::SIGSTOP);
    started.signal(Signal::SIGINT);
    started.signal(Signal::SIGTERM);
    started.signal(Signal::SIGCONT);
    started.end().expect(130).says("stopping: reverting faults");
}

#[test]
fn after_sudden_death_the_same_command_works() {
    let project = Project::new();
    let started = until_power_is_off(&project, "died");
    started.signal(Signal::SIGKILL);
    let Ended { code, signal, .. } = started.end();
    assert_eq!((code, signal), (None, Some(9)));
    assert_eq!(doors(&project), 1, "nobody was there to clear them away");
    project
        .run(&["judge", project.only_run("died").to_str().unwrap()])
        .expect(3)
        .says("the timeline breaks off at");

    let mut again = command(project.path(), &outage("off=50ms", "again"));
    again.env("XDG_RUNTIME_DIR", project.path());
    Started::new(again).end().expect(0);
    assert_eq!(doors(&project), 0, "neither its own nor those of the dead are left");
}
