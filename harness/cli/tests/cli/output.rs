//! What is printed when all is well: plain where it goes to a file, and never wider than a page.

use crate::program::{Project, Started, command};
use insta::assert_snapshot;

const WATCHDOG: &str = "scenarios/power/hang-caught-by-watchdog.yaml";

#[test]
fn scenarios_and_plans() {
    let project = Project::new();
    assert_snapshot!("list", project.run(&["list", "--tag", "settings"]).expect(0).stdout);
    let plan = project
        .run(&["plan", "scenarios/power/cut-while-writing-settings.yaml", "--case", "nth=3"])
        .expect(0)
        .stdout;
    // The digest of the plan holds that of the image, which is built anew now and then.
    let plan = regexless(&plan, ", plan ", 12);
    assert_snapshot!("plan", plan);
}

/// Hides so many characters behind each occurrence of some words.
fn regexless(text: &str, words: &str, characters: usize) -> String {
    let mut parts = text.split(words);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shown.push_str(words);
        shown.push_str("[…]");
        shown.extend(part.chars().skip(characters));
    }
    shown
}

#[test]
fn plans_as_json_are_plans_again() {
    let project = Project::new();
    let plans = project.run(&["plan", "--json"]).expect(0).stdout;
    let listed = project.run(&["list"]).expect(0).stdout;
    assert!(listed.ends_with(&format!(" {} runs\n", plans.lines().count())), "{listed}");
    for line in plans.lines() {
        let plan: brownout_core::plan::Plan = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json::to_string(&plan).unwrap(), line);
    }
}

#[test]
fn kinds_and_schemas() {
    let project = Project::new();
    let brief = project.run(&["kinds"]).expect(0).stdout;
    for word in ["power_cut", "flash_op", "recovers", "wait", "probe_rs", "serial", "command", "virtual"] {
        assert!(brief.contains(word), "{word} is not in\n{brief}");
    }
    assert_snapshot!("kinds_power_cut", project.run(&["kinds", "power_cut"]).expect(0).stdout);
    for file in ["scenario", "board", "rig"] {
        let text = project.run(&["kinds", "--schema", file]).expect(0).stdout;
        let schema: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(schema.get("$schema").is_some() && schema.get("properties").is_some(), "{file}: {text}");
    }
}

#[test]
fn rigs_that_are_whole() {
    let project = Project::new();
    for rig in ["virtual", "virtual-wall"] {
        let ended = project.run(&["doctor", rig]).expect(0);
        for port in ["debug", "console", "power", "flash_trace"] {
            let line = format!("    ok       {port} (virtual)\n");
            assert!(ended.stdout.contains(&line), "{}", ended.stdout);
        }
        assert!(ended.stdout.ends_with("everything is there\n"), "{}", ended.stdout);
    }
}

/// The ends of runs of all three verdicts.
fn shown() -> Vec<String> {
    let project = Project::new();
    let pass = project.run(&["run", WATCHDOG]).expect(0);
    let fail = project.run(&["run", WATCHDOG, "--defect", "no_watchdog"]).expect(1);
    let many = project.run(&["run", "--tag", "reset", "--defect", "forgets_cause", "--verbose"]).expect(1);
    let summary = project.run(&["run", "--tag", "boot"]).expect(0);
    vec![pass.stdout, fail.stdout, many.stdout, summary.stdout]
}

#[test]
fn into_a_pipe_goes_plain_text_no_wider_than_80_columns() {
    for text in shown() {
        assert!(text.is_ascii(), "{text}");
        assert!(!text.contains(['\x1b', '\r']), "{text}");
        for line in text.lines().filter(|line| line.len() > 80) {
            // What is to be copied is never broken.
            assert!(line.contains("brownout ") || line.contains('/'), "{line}");
        }
    }
}

#[test]
fn what_is_printed_for_copying_is_safe_to_paste() {
    let project = Project::new();
    let scenario = "scenarios/it's $(touch pwned)/a;touch pwned.yaml";
    project.write(
        scenario,
        "scenario: a hostile $word\nmethod: [wait: ready]\nexpect: [never: ready]\n\
         vary: {word: ['$(touch pwned)`touch pwned`;touch pwned #\"']}\n",
    );
    let failed = project.run(&["run", scenario]).expect(1);
    let offered = |what: &str| {
        let line = failed.stdout.lines().find_map(|line| line.trim().strip_prefix(what)).unwrap();
        line.trim().to_owned()
    };
    // Judged again, it offers the same; where nobody knows how it was run, nothing that is not so.
    let run = project.only_run("reports");
    let judged = project.run(&["judge", run.to_str().unwrap()]).expect(1).stdout;
    assert!(judged.contains(&format!("  again   {}\n", offered("again"))), "{judged}");
    std::fs::remove_file(run.join("manifest.json")).unwrap();
    let judged = project.run(&["judge", run.to_str().unwrap()]).expect(1).stdout;
    assert!(judged.contains("  judge   brownout judge ") && !judged.contains("  again "), "{judged}");
    // A shell that finds `brownout` where the reader has it.
    let tools = project.path().join("tools");
    std::fs::create_dir(&tools).unwrap();
    std::os::unix::fs::symlink(crate::program::PROGRAM, tools.join("brownout")).unwrap();
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
    for line in [offered("judge"), offered("again")] {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &line]).current_dir(project.path()).env("PATH", &path);
        Started::new(shell).end().expect(1).says("x fail never: ready");
    }
    assert!(!project.path().join("pwned").exists());
}

#[test]
fn the_summary_of_a_suite_offers_what_judges_and_runs_each_failure_again() {
    let project = Project::new();
    let sweep = ["sweep", "scenarios/power/cut-while-writing-settings.yaml", "--moment", "before"];
    for (command, code) in [
        (&["run", "--tag", "reset", "--defect", "forgets_cause"][..], 1),
        (&[&sweep[..], &["--defect", "acks_before_saving"]].concat(), 1),
    ] {
        let shown = project.run(command).expect(code).stdout;
        let failures = shown.lines().filter(|line| line.starts_with("  x ")).count();
        let offered = |what: &str| -> Vec<&str> {
            shown.lines().filter_map(|line| line.trim().strip_prefix(what)).map(str::trim).collect()
        };
        let (judge, again) = (offered("judge "), offered("again "));
        assert!(failures > 0 && judge.len() == failures && again.len() == failures, "{shown}");
        for line in [judge[0], again[0]] {
            let arguments: Vec<_> = line.strip_prefix("brownout ").unwrap().split(' ').collect();
            project.run(&arguments).expect(1);
        }
    }
}

#[test]
fn colours_only_when_asked() {
    let project = Project::new();
    let coloured = project.run(&["run", WATCHDOG, "--color", "always"]).expect(0).stdout;
    assert!(coloured.contains("\x1b["), "{coloured}");
    for arguments in [&["run", WATCHDOG][..], &["run", WATCHDOG, "--color", "never"]] {
        let mut command = command(project.path(), arguments);
        command.env("NO_COLOR", "1").env("TERM", "xterm-256color");
        let ended = Started::new(command).end().expect(0);
        assert!(!ended.stdout.contains('\x1b') && !ended.stderr.contains('\x1b'), "{}", ended.stdout);
    }
}

/// What the program writes to a terminal of that kind.
fn on_a_terminal(project: &Project, arguments: &[&str], term: &str) -> String {
    let pair = nix::pty::openpty(None, None).unwrap();
    let terminal = std::fs::File::from(pair.slave);
    let mut command = command(project.path(), arguments);
    command.env("TERM", term).stdout(terminal.try_clone().unwrap()).stderr(terminal);
    let mut child = command.spawn().unwrap();
    // It holds the other end too; without it the end of the program is the end of what can be read.
    drop(command);
    let mut master = std::fs::File::from(pair.master);
    let (mut written, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = std::io::Read::read(&mut master, &mut buffer) {
        written.extend_from_slice(&buffer[..count]);
    }
    child.wait().unwrap();
    String::from_utf8(written).unwrap()
}

#[test]
fn a_dumb_terminal_gets_no_escapes() {
    let project = Project::new();
    for arguments in [&["run", WATCHDOG][..], &["run", "--tag", "boot"], &["run", "scenarios/nope.yaml"]] {
        let dumb = on_a_terminal(&project, arguments, "dumb");
        assert!(!dumb.is_empty() && !dumb.contains('\x1b'), "{dumb:?}");
    }
    assert!(on_a_terminal(&project, &["run", WATCHDOG], "xterm").contains("\x1b["));
}

#[test]
fn a_full_device_is_told_and_does_not_pass() {
    let project = Project::new();
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for (arguments, code) in [
        (&["run", WATCHDOG, "--report-dir", "pass"][..], 3),
        (&["run", WATCHDOG, "--report-dir", "fail", "--defect", "no_watchdog"], 1),
        (&["kinds"], 3),
        (&["--help"], 3),
    ] {
        let output = command(project.path(), arguments).stdout(full()).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.contains("error: standard output takes no more: No space left"), "{stderr}");
    }
    // The reports are whole all the same.
    assert!(project.read("pass/summary.json").contains("\"verdict\": \"pass\""));
    let silent = command(project.path(), &["run", "scenarios/nope.yaml"]).stderr(full()).status().unwrap();
    assert_eq!(silent.code(), Some(2));
}

#[test]
fn a_reader_who_goes_away_is_no_trouble() {
    let project = Project::new();
    let mut child = command(project.path(), &["kinds"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
