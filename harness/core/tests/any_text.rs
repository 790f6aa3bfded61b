//! Whatever is written, it is read or refused; nothing panics, and every problem stands in the text.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

use brownout_core::board_file::BoardFile;
use brownout_core::language::render::Problems;
use brownout_core::language::substitute::{Case, Substitution};
use brownout_core::language::{Diagnostics, Style, parse};
use brownout_core::resolve::{Options, Unresolved, resolve};
use brownout_core::rig_file::RigFile;
use brownout_core::scenario::ScenarioFile;
use proptest::prelude::*;
use std::sync::LazyLock;

const BOARD: &str = include_str!("../../../rigs/boards/nrf52840-thermostat.yaml");
const RIG: &str = include_str!("../../../rigs/nrf52840-dk.yaml");
const SCENARIO: &str = include_str!("../../../scenarios/power/torn-write-does-not-brick.yaml");

/// Words of the language and of YAML, to get past the parser.
const WORDS: &[&str] = &[
    "scenario: a",
    "vary:",
    "method:",
    "expect:",
    "steady:",
    "- never: panic",
    "- power_cut:",
    "reset: pin",
    "- wait",
    "when:",
    "flash_op: {nth: $nth}",
    "$n",
    "${",
    "$$",
    "[1, 2]",
    "{n: [1s, 2]}",
    "for: 1s",
    "within: 30",
    "{",
    "}",
    "[",
    "]",
    "- ",
    ": ",
    "\n",
    "\n  ",
    "\n    ",
    "\n\t",
    "&a",
    "*a",
    "!!str",
    "'",
    "\"",
    "# x",
    "|\n",
    "---\n",
    "~",
    "on",
    "é\u{202e}",
    "where: {cause: x}",
    "- seen: {signal: boot, where: {a: b}}",
    "repeat: {times: 2, steps: [",
    "chip: x",
    "signals:",
    "boot: {console: '(?<a>b'}",
    "commands:",
    "duts:",
    "rig: r",
    "board: b",
    "debug: {a: {}}",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(WORDS), 0..30).prop_map(|words| words.concat())
}

/// A real file with a piece taken out and another put in.
fn broken(text: &'static str) -> impl Strategy<Value = String> {
    (0..text.len(), 0..20usize, prop_oneof![soup(), ".{0,5}"]).prop_map(move |(at, length, insert)| {
        let mut chars: Vec<char> = text.chars().collect();
        let at = at.min(chars.len());
        let end = (at + length).min(chars.len());
        chars.splice(at..end, insert.chars());
        chars.into_iter().collect()
    })
}

static OTHER_BOARD: LazyLock<BoardFile> =
    LazyLock::new(|| BoardFile::read("rigs/boards/nrf52840-thermostat.yaml", BOARD).unwrap());
static OTHER_RIG: LazyLock<RigFile> = LazyLock::new(|| RigFile::read("rigs/nrf52840-dk.yaml", RIG).unwrap());

fn sound(problems: &Problems) {
    assert!(!problems.found.is_empty());
    for problem in &problems.found {
        assert!(problem.span.start <= problem.span.end, "{problem:?}");
        assert!(problems.text.get(problem.span.start..problem.span.end).is_some(), "{problem:?}");
    }
    let plain = problems.render(Style::Plain);
    assert!(!plain.contains(|c: char| c.is_control() && c != '\n'), "{plain:?}");
}

fn read(text: &str) {
    let board = BoardFile::read("rigs/boards/b.yaml", text).inspect_err(sound).ok();
    let rig = RigFile::read("rigs/r.yaml", text).inspect_err(sound).ok();
    let scenario = ScenarioFile::read("scenarios/s.yaml", text).inspect_err(sound).ok();
    let Some(scenario) = scenario else { return };
    let (board, rig) = (board.as_ref().unwrap_or(&OTHER_BOARD), rig.as_ref().unwrap_or(&OTHER_RIG));
    match resolve(&scenario, board, rig, &Options::default(), &|_| Ok(facts(""))) {
        Ok(plans) => assert_eq!(plans.len(), scenario.cases.len()),
        Err(Unresolved::Scenario(problems)) => sound(&problems),
        Err(Unresolved::Given { .. }) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_text_is_read_or_refused(text in "(?s).{0,200}") {
        read(&text);
    }

    #[test]
    fn any_soup_of_words_is_read_or_refused(text in soup()) {
        read(&text);
    }

    #[test]
    fn any_broken_file_is_read_or_refused(text in prop_oneof![broken(SCENARIO), broken(BOARD), broken(RIG)]) {
        read(&text);
    }

    #[test]
    fn what_has_no_names_is_not_changed(text in prop_oneof![soup(), broken(RIG)]) {
        if let Ok(node) = parse(&text.replace('$', "")) {
            let mut out = Diagnostics::new();
            let case = Case::from([("n".to_owned(), "1".to_owned())]);
            prop_assert_eq!(Substitution::of(&case).apply(&node, &mut out), node);
            prop_assert!(out.is_empty());
        }
    }
}

fn facts(sha256: &str) -> std::rc::Rc<brownout_core::resolve::ImageFacts> {
    std::rc::Rc::new(brownout_core::resolve::ImageFacts { sha256: sha256.to_owned(), ..Default::default() })
}
