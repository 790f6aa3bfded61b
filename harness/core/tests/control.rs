//! The control of a run: what is left when its faults are taken out.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

use brownout_core::board_file::BoardFile;
use brownout_core::plan::Plan;
use brownout_core::resolve::{ImageFacts, Options, resolve};
use brownout_core::rig_file::RigFile;
use brownout_core::scenario::ScenarioFile;
use brownout_core::step::Step;
use std::rc::Rc;

const BOARD: &str = "chip: x
images: {current: a.elf}
signals: {boot: {console: '^boot'}, ready: {console: '^ready'}}
commands:
  set: {send: 'set {key} {value}', ack: 'ok {key}'}
  get: {send: 'get {key}', ack: '{key} (?<value>.+)'}
inputs: {temperature: temperature, button: button}
";
const RIG: &str = "rig: r
duts:
  d: {board: x, debug: v, console: v, power: v, flash_trace: v, supply: v, stimulus: v}
";

fn plan(method: &str) -> Plan {
    let text = format!("scenario: t\nmethod:\n{method}\nexpect: [seen: ready]\n");
    let scenario = ScenarioFile::read("scenarios/t.yaml", &text).unwrap();
    let board = BoardFile::read("rigs/boards/x.yaml", BOARD).unwrap();
    let rig = RigFile::read("rigs/r.yaml", RIG).unwrap();
    let facts = |_: &str| Ok(Rc::new(ImageFacts::default()));
    resolve(&scenario, &board, &rig, &Options::default(), &facts).unwrap().remove(0)
}

/// The steps of the control, inner ones further in.
fn control(method: &str) -> Vec<String> {
    fn lines<'a>(steps: impl IntoIterator<Item = &'a Step>, indent: usize, out: &mut Vec<String>) {
        for step in steps {
            let text = match step {
                Step::Repeat(repeat) => format!("repeat: {}", repeat.times),
                step => step.text(),
            };
            out.push(format!("{:indent$}{text}", ""));
            lines(step.inner(), indent + 2, out);
        }
    }
    let run = plan(method);
    let control = run.control().unwrap();
    assert!(control.control && control.control().is_none(), "a control has no control");
    assert_ne!(control.digest(), run.digest(), "another plan, another digest");
    assert_eq!((control.seed, &control.steady, &control.expect), (run.seed, &run.steady, &run.expect));
    let mut out = Vec::new();
    lines(&control.method, 0, &mut out);
    out
}

#[test]
fn a_run_without_a_fault_has_no_control() {
    assert_eq!(plan("  - set: {setting: a, to: 1}\n  - wait: ready").control(), None);
    assert_eq!(plan("  - repeat: {times: 2, steps: [get: a]}").control(), None);
}

#[test]
fn a_fault_becomes_the_time_that_it_would_have_taken() {
    assert_eq!(
        control(
            "  - power_cut: {for: 500ms}
  - power_flap: {times: 3, off: 100ms, on: 200ms}
  - slow_ramp: {down: 2s, up: 3s}
  - reset: soft
  - sensor_stuck: {input: temperature, at: 20C, for: 60s}"
        ),
        ["pause 500ms", "pause 700ms", "pause 5.5s", "pause 1min"]
    );
}

#[test]
fn the_steps_during_which_it_would_strike_are_all_performed() {
    assert_eq!(
        control(
            "  - wait: ready
  - power_cut:
      when: {flash_op: {nth: 3}}
      for: 1s
      while:
        - set: {setting: a, to: 1}
        - wait: boot
        - set: {setting: a, to: 2}
  - wait: ready
  - get: a"
        ),
        [
            "wait for `ready` within 30s",
            "set `a` to `1`",
            "wait for `boot` within 30s",
            "set `a` to `2`",
            "pause 1s",
            "get `a`"
        ]
    );
}

#[test]
fn the_steps_under_a_fault_are_performed_without_it_for_as_long() {
    assert_eq!(
        control(
            "  - sensor_stuck:
      input: temperature
      for: 60s
      meanwhile:
        - pause: 10s
        - wait: boot
        - set: {setting: a, to: 1}
        - power_cut: {for: 2s}
        - repeat: {times: 3, steps: [pause: 1s]}
        - wait: ready
  - wait: ready"
        ),
        ["pause 10s", "set `a` to `1`", "pause 2s", "repeat: 3", "  pause 1s", "pause 45s"]
    );
}

#[test]
fn what_only_a_fault_brings_about_is_not_awaited() {
    assert_eq!(
        control(
            "  - wait: ready
  - reset: pin
  - pause: 1s
  - wait: boot
  - wait: ready
  - press: {input: button}
  - wait: ready"
        ),
        [
            "wait for `ready` within 30s",
            "pause 1s",
            "press `button` for 200ms",
            "wait for `ready` within 30s"
        ]
    );
}

#[test]
fn a_round_begins_where_the_last_one_ended() {
    assert_eq!(
        control(
            "  - wait: ready
  - repeat:
      times: 3
      steps:
        - wait: ready
        - set: {setting: a, to: 1}
        - power_cut: {for: 100ms}
  - wait: ready
  - repeat: {times: 2, steps: [reset: soft]}"
        ),
        ["wait for `ready` within 30s", "repeat: 3", "  set `a` to `1`", "  pause 100ms"]
    );
}
