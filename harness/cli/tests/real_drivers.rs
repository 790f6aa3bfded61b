//! The drivers of real benches alone: probe-rs, a serial port and programs that switch the mains, against a board in
//! another process. Nothing here knows that the board is virtual, so nothing in the harness can rely on it.
//!
//! A test of its own kind (`harness = false`), because this executable is also the program that switches the mains.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected has failed")]

#[path = "program/mod.rs"]
#[allow(dead_code, reason = "shared with another test")]
mod program;

use brownout_core::event::What;
use brownout_engine::Record;
use libtest_mimic::{Arguments, Failed, Trial};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigHandler, Signal, signal};
use program::{Project, Started, command};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// The first argument of the program that switches the mains.
const MAINS: &str = "--mains";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, first, socket, order] = arguments.as_slice()
        && first == MAINS
    {
        return switch(socket, order);
    }
    let trials = vec![
        Trial::test("the watchdog scenario passes", watchdog),
        Trial::test("a power cut passes, and nothing is owed behind it", power_cut),
        Trial::test("a defect is caught", defect),
        Trial::test("after sudden death heal switches the mains on again", death_and_heal),
        Trial::test("after sudden death the next run switches the mains on again", death_and_run),
        Trial::test("a second run is refused while the first is at work", second_run),
        Trial::test("a full disk leaves the mains on", full_disk),
        Trial::test("mains that cannot be switched on again poison the rig", not_restored),
        Trial::test("doctor finds everything", doctor),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// `real_drivers --mains <socket> on|off`. The switch is stuck as long as there is a file `<socket>.stuck`.
fn switch(socket: &str, order: &str) -> ExitCode {
    if Path::new(&stuck(socket)).exists() {
        eprintln!("the switch is stuck");
        return ExitCode::FAILURE;
    }
    match ask(socket, order).as_deref() {
        Ok("ok") => ExitCode::SUCCESS,
        answer => {
            eprintln!("the mains say {answer:?}");
            ExitCode::FAILURE
        }
    }
}

fn stuck(socket: &str) -> String {
    format!("{socket}.stuck")
}

/// One line to the mains, one line in answer.
fn ask(socket: &str, line: &str) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    writeln!(stream, "{line}")?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    Ok(answer.trim_end().to_owned())
}

/// A board in a process of its own, and a project with a rig that reaches it as it would reach any.
struct Bench {
    project: Project,
    mains: String,
    // Ends with the bench.
    _board: Started,
}

impl Bench {
    fn new() -> Self {
        let project = Project::new();
        // Ends by itself if these tests die.
        let mut board = Started::new(command(project.path(), &["board", "--seconds", "120"]));
        board.until("the board was there", |board| board.stdout().contains("Ctrl-C stops it"));
        let stdout = board.stdout();
        let door = |name: &str| {
            let line = stdout.lines().find(|line| line.starts_with(name)).unwrap();
            line[name.len()..].split_whitespace().next().unwrap().to_owned()
        };
        let (probe, port, mains) = (door("debug probe"), door("console"), door("mains"));
        let this = std::env::current_exe().unwrap();
        let this = this.display();
        project.write(
            "rigs/bench.yaml",
            format!(
                "rig: bench\nclock: wall\nduts:\n  thermostat:\n    board: nrf52840-thermostat\n    \
                 debug: {{probe_rs: {{selector: '{probe}'}}}}\n    \
                 console: {{serial: {{port: '{port}'}}}}\n    \
                 power:\n      command:\n        \
                 'on': ['{this}', '{MAINS}', '{mains}', 'on']\n        \
                 'off': ['{this}', '{MAINS}', '{mains}', 'off']\n"
            ),
        );
        Self { project, mains, _board: board }
    }

    fn power(&self) -> String {
        ask(&self.mains, "status").unwrap()
    }

    /// What is written down as still to be undone.
    fn owed(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.project.path().join("reports/.rigs/bench")).into_iter().flatten();
        entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == "ledger"))
            .collect()
    }

    /// A run in the middle of an outage.
    fn in_an_outage(&self) -> Started {
        let mut run = Started::new(command(self.project.path(), &outage("off=30s", "outage")));
        run.until("the power was off", |_| {
            let runs = self.project.runs("outage");
            runs.iter().any(|run| {
                fs::read_to_string(run.join("events.jsonl")).is_ok_and(|text| text.contains("\"injected\""))
            })
        });
        assert_eq!(self.power(), "off");
        run
    }
}

fn outage<'a>(off: &'a str, reports: &'a str) -> Vec<&'a str> {
    let scenario = "scenarios/power/ready-soon-after-power.yaml";
    vec!["run", scenario, "--case", off, "--rig", "bench", "--report-dir", reports]
}

fn watchdog() -> Result<(), Failed> {
    let bench = Bench::new();
    let scenario = "scenarios/power/hang-caught-by-watchdog.yaml";
    bench
        .project
        .run(&["run", scenario, "--rig", "bench"])
        .expect(0)
        .says("+ pass power/hang-caught-by-watchdog");
    Ok(())
}

fn power_cut() -> Result<(), Failed> {
    let bench = Bench::new();
    bench.project.run(&outage("off=1s", "cut")).expect(0);
    let record = Record::read(&bench.project.only_run("cut")).unwrap();
    let has = |wanted: fn(&What) -> bool| record.events.iter().any(|event| wanted(&event.what));
    assert!(
        has(|what| matches!(what, What::Confirmed { .. }))
            && has(|what| matches!(what, What::Reverted { .. }))
    );
    assert_eq!((bench.power().as_str(), bench.owed()), ("on", vec![]));
    Ok(())
}

fn defect() -> Result<(), Failed> {
    let bench = Bench::new();
    let scenario = "scenarios/power/reset-keeps-settings.yaml";
    bench
        .project
        .run(&["run", scenario, "--case", "how=soft", "--rig", "bench", "--defect", "forgets_cause"])
        .expect(1)
        .says("x fail reset_cause: {after: reset, is: soft}");
    Ok(())
}

fn death_and_heal() -> Result<(), Failed> {
    let bench = Bench::new();
    let run = bench.in_an_outage();
    run.signal(Signal::SIGKILL);
    assert_eq!(run.end().signal, Some(9));
    assert_eq!((bench.power().as_str(), bench.owed().len()), ("off", 1));
    bench
        .project
        .run(&["heal", "bench"])
        .expect(0)
        .says("healed the rig `bench`: undid 1 that a run that died had left");
    assert_eq!((bench.power().as_str(), bench.owed()), ("on", vec![]));
    bench.project.run(&["heal", "bench"]).expect(0).says("nothing more is to be undone on the rig `bench`");
    Ok(())
}

fn death_and_run() -> Result<(), Failed> {
    let bench = Bench::new();
    let run = bench.in_an_outage();
    run.signal(Signal::SIGKILL);
    run.end();
    bench.project.run(&outage("off=50ms", "next")).expect(0).says("healed the rig `bench`");
    assert_eq!((bench.power().as_str(), bench.owed()), ("on", vec![]));
    Ok(())
}

fn second_run() -> Result<(), Failed> {
    let bench = Bench::new();
    let first = bench.in_an_outage();
    let message = format!("error: rig `bench` is in use by process {}; wait for it or stop it", first.id());
    bench.project.run(&outage("off=50ms", "second")).expect(3).says(&message);
    bench.project.run(&["heal", "bench"]).expect(3).says(&message);
    assert_eq!(bench.power(), "off", "the first was not disturbed");
    first.signal(Signal::SIGTERM);
    first.end().expect(130);
    assert_eq!((bench.power().as_str(), bench.owed()), ("on", vec![]));
    Ok(())
}

fn full_disk() -> Result<(), Failed> {
    let bench = Bench::new();
    bench.project.run(&outage("off=50ms", "whole")).expect(0);
    let events = fs::read_to_string(bench.project.only_run("whole").join("events.jsonl")).unwrap();
    let room = events.find("\"injected\"").unwrap() as u64 + 50;
    let mut command = command(bench.project.path(), &outage("off=50ms", "full"));
    // SAFETY: both are async-signal-safe system calls, and touch nothing of this process.
    unsafe {
        command.pre_exec(move || {
            // Without its signal, a file that grows too large is an error of `write`, as a full disk is.
            signal(Signal::SIGXFSZ, SigHandler::SigIgn)?;
            setrlimit(Resource::RLIMIT_FSIZE, room, room)?;
            Ok(())
        });
    }
    Started::new(command).end().expect(3).says("the run was stopped and everything was reverted");
    assert_eq!((bench.power().as_str(), bench.owed()), ("on", vec![]));
    Ok(())
}

fn not_restored() -> Result<(), Failed> {
    let bench = Bench::new();
    let run = bench.in_an_outage();
    fs::write(stuck(&bench.mains), "")?;
    run.signal(Signal::SIGINT);
    run.end()
        .expect(4)
        .says("error: the rig could not be restored: power of `thermostat`")
        .says("help: put it right and run `brownout heal bench`");
    assert_eq!((bench.power().as_str(), bench.owed().len()), ("off", 1));

    let why = "failed (exit status: 1): the switch is stuck";
    bench
        .project
        .run(&["heal", "bench"])
        .expect(4)
        .says("a run that died left the rig `bench` changed, and it cannot be restored:")
        .says(why);
    bench.project.run(&outage("off=50ms", "poisoned")).expect(4).says(why);
    assert_eq!((bench.power().as_str(), bench.owed().len()), ("off", 1));

    // A person puts it right.
    fs::remove_file(stuck(&bench.mains))?;
    bench.project.run(&["heal", "bench"]).expect(0);
    assert_eq!((bench.power().as_str(), bench.owed()), ("on", vec![]));
    Ok(())
}

fn doctor() -> Result<(), Failed> {
    let bench = Bench::new();
    bench
        .project
        .run(&["doctor", "bench"])
        .expect(0)
        .says("ok debug (probe_rs)")
        .says("ok console (serial)")
        .says("ok power (command)");
    Ok(())
}
