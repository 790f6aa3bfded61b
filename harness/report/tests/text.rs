//! What people and CI read of a run, held as snapshots.

mod sample;

use brownout_core::event::{Event, EventNo, StepOutcome, What};
use brownout_core::time::{Duration, Instant};
use brownout_report::terminal::{self, Live, Style};
use brownout_report::{RunLine, Suite, json, junit};
use proptest::prelude::*;
use sample::{Kept, Sample};
use unicode_width::UnicodeWidthStr;

fn live(sample: &Sample, style: Style) -> String {
    let mut live = Live::new(style);
    let lines: Vec<String> = sample.events.iter().flat_map(|e| live.event(e)).collect();
    lines.join("\n")
}

fn suite() -> Suite {
    let samples =
        [sample::power_cut(Kept::Yes), sample::power_cut(Kept::No), sample::never_bit(), sample::hostile()];
    let mut runs: Vec<RunLine> = samples.iter().map(|s| RunLine::of(&s.view())).collect();
    // The second run of the same case has a seed of its own, as nightly suites have.
    runs[1].seed = 8;
    Suite {
        anchor: "2026-03-11T10:15:00Z".to_owned(),
        folder: "reports/20260311T101500Z".to_owned(),
        wall_time: Duration::from_millis(512),
        runs,
    }
}

/// Every line fits 80 columns and is plain ASCII; only paths and command lines, which are there to be copied, may be
/// longer.
fn assert_plain(text: &str) {
    for line in text.lines() {
        let copied = line.contains("reports/") || line.trim_start().starts_with("again");
        assert!(copied || line.width() <= 80, "too wide: {line}");
        assert!(line.bytes().all(|b| (0x20..0x7f).contains(&b)), "not plain: {line:?}");
    }
}

#[test]
fn live_lines() {
    for (name, sample) in [
        ("live_fail", sample::power_cut(Kept::No)),
        ("live_inconclusive", sample::never_bit()),
        ("live_hostile", sample::hostile()),
    ] {
        let text = live(&sample, Style::PLAIN);
        assert_plain(&text);
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn verbose_live_lines_show_the_console() {
    let text = live(&sample::hostile(), Style { verbose: true, ..Style::PLAIN });
    assert_plain(&text);
    insta::assert_snapshot!(text);
}

#[test]
fn status_says_what_is_under_way_on_one_line() {
    let sample = sample::power_cut(Kept::No);
    let mut live = Live::new(Style::PLAIN);
    let armed = |e: &&Event| !matches!(e.what, What::Fired { .. });
    let mut seen = vec![live.status(Instant::ZERO)];
    for event in sample.events.iter().take_while(armed) {
        live.event(event);
        let status = live.status(event.at + Duration::from_millis(250));
        assert!(status.width() < 80);
        if seen.last().is_some_and(|last| last[12..] != status[12..]) {
            seen.push(status);
        }
    }
    insta::assert_snapshot!(seen.join("\n"));
}

#[test]
fn summary_of_a_run() {
    for (name, sample) in [
        ("run_pass", sample::power_cut(Kept::Yes)),
        ("run_fail", sample::power_cut(Kept::No)),
        ("run_inconclusive", sample::never_bit()),
        ("run_hostile", sample::hostile()),
    ] {
        let text = terminal::run(&sample.view(), &Style::PLAIN);
        assert_plain(&text);
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn colours_only_when_asked_and_only_ours() {
    let style = Style { colour: true, unicode: true, ..Style::PLAIN };
    let text = terminal::run(&sample::hostile().view(), &style);
    // Take our own sequences away; not one escape may be left.
    let mut rest = text.clone();
    for ours in ["\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[33m", "\x1b[1;31m"] {
        rest = rest.replace(ours, "");
    }
    assert!(rest.chars().all(|c| c == '\n' || !c.is_control()), "{rest:?}");
    insta::assert_snapshot!(text.replace('\x1b', "<ESC>"));
}

#[test]
fn summary_of_a_suite() {
    let text = terminal::suite(&suite(), &Style::PLAIN);
    assert_plain(&text);
    insta::assert_snapshot!(text);
}

#[test]
fn a_run_of_a_suite_takes_one_line() {
    let mut suite = suite();
    suite.runs[0].scenario = format!("power/{}", "cut-while-writing-".repeat(5));
    let lines: Vec<String> = suite.runs.iter().map(|r| terminal::run_line(r, &Style::PLAIN)).collect();
    assert!(lines.iter().all(|l| l.width() == 80));
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn junit_never_shows_inconclusive_as_pass() {
    let xml = junit::xml(&suite()).unwrap();
    assert!(!xml.contains("<skipped"));
    assert!(xml.chars().all(|c| c == '\n' || !c.is_control()));
    insta::assert_snapshot!(xml);
}

#[test]
fn json_reads_back() {
    let sample = sample::power_cut(Kept::No);
    let verdicts = json::verdicts(&sample.judgement).unwrap();
    assert_eq!(json::read_verdicts(&verdicts).unwrap(), sample.judgement);
    insta::assert_snapshot!("verdicts", verdicts);
    let suite = suite();
    let summary = json::summary(&suite).unwrap();
    assert_eq!(json::read_summary(&summary).unwrap(), suite);
    insta::assert_snapshot!("summary", summary);
}

#[test]
fn json_of_a_newer_version_is_refused() {
    let newer = r#"{"version": 9, "verdict": "perhaps"}"#;
    assert_eq!(json::read_verdicts(newer), Err(json::ReadError::Newer { found: 9, known: 1 }));
    assert!(matches!(json::read_verdicts("{"), Err(json::ReadError::Malformed(_))));
}

proptest! {
    #[test]
    fn no_text_breaks_the_terminal(text in any::<String>(), width in 0_usize..120, unicode in any::<bool>()) {
        let style = Style { width, unicode, verbose: true, ..Style::PLAIN };
        let mut live = Live::new(style);
        let events = [
            What::Step { step: 1, text: text.clone() },
            What::Console { dut: text.as_str().into(), text: text.clone(), offset: 0 },
            What::Armed { fault: 1, kind: text.clone(), step: 1, trigger: text.clone() },
            What::StepEnded { step: 1, outcome: StepOutcome::Refused },
        ];
        for (n, what) in (1..).zip(events) {
            let event = Event { n: EventNo(n), at: Instant(n), what };
            let mut lines = live.event(&event);
            lines.push(live.status(Instant(n)));
            for line in lines {
                prop_assert!(line.width() <= width.max(40), "{line:?}");
                prop_assert!(!line.chars().any(char::is_control), "{line:?}");
                prop_assert!(unicode || line.is_ascii(), "{line:?}");
            }
        }
    }
}
