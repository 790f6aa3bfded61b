//! Each trigger against a few events.

use super::{Memory, Pull, Trigger};
use crate::event::{Event, EventNo, What};
use crate::language::{Decode, Diagnostics, parse};
use crate::names::Dut;
use crate::plan::{BoardPlan, Image, Symbol};
use crate::time::Instant;
use std::collections::BTreeMap;

fn board() -> BoardPlan {
    let symbol = |address, size| Symbol { address, size };
    BoardPlan {
        name: "board".to_owned(),
        chip: "chip".to_owned(),
        baud: 115_200,
        image: Image { path: "image".to_owned(), sha256: String::new() },
        fresh: Vec::new(),
        provision: None,
        defect: None,
        signals: BTreeMap::new(),
        commands: BTreeMap::new(),
        inputs: BTreeMap::new(),
        regions: Default::default(),
        symbols: BTreeMap::from([
            ("save".to_owned(), symbol(0x1235, 40)),
            ("TARGET".to_owned(), symbol(0x2000_0010, 2)),
        ]),
    }
}

fn trigger(text: &str) -> Trigger {
    let mut out = Diagnostics::new();
    let node = parse(text).unwrap();
    let trigger = Trigger::decode(&node, &mut out);
    trigger.unwrap_or_else(|| panic!("{text}: {:?}", out.into_sorted()))
}

/// When a trigger strikes, in milliseconds, given what happens at which millisecond.
fn strikes(text: &str, seed: u64, story: &[(u64, What)]) -> Option<u64> {
    let (trigger, dut) = (trigger(text), Dut::from("dut"));
    let mut memory = Memory::at_arming(&trigger, seed, &board());
    let mut due: Option<u64> = None;
    for (ms, what) in story {
        let at = Instant(ms * 1_000_000);
        if due.is_some_and(|due| due <= at.0) {
            break;
        }
        let event = Event { n: EventNo(1), at, what: what.clone() };
        if let Pull::In(by) = trigger.pull(&dut, &event, &mut memory) {
            let next = (at + by).0;
            due = Some(due.map_or(next, |due| due.min(next)));
        }
    }
    due.map(|due| due / 1_000_000)
}

fn armed() -> What {
    What::Armed { fault: 1, kind: "reset".to_owned(), step: 1, trigger: String::new() }
}

fn says(name: &str) -> What {
    What::Signal { dut: "dut".into(), name: name.into(), nth: 1, fields: BTreeMap::new(), source: EventNo(1) }
}

fn logs(text: &str) -> What {
    What::Log { dut: "dut".into(), level: None, text: text.to_owned() }
}

fn halted(address: u32) -> What {
    What::Halted { dut: "dut".into(), address, pc: address }
}

#[test]
fn the_nth_log_message_that_matches() {
    let story = [(1, logs("saved 1")), (2, logs("nothing")), (3, logs("saved 2")), (4, logs("saved 3"))];
    assert_eq!(strikes("log: {matches: 'saved \\d', nth: 2, by: 5ms}", 0, &story), Some(8));
    assert_eq!(strikes("log: {matches: 'saved', nth: 4}", 0, &story), None);
}

#[test]
fn a_place_is_reached_when_the_core_was_stopped_for_it() {
    let story = [(1, halted(0x4000)), (2, halted(0x1234))];
    assert_eq!(strikes("reached: {at: save}", 0, &story), Some(2));
    assert_eq!(strikes("reached: {at: '0x4000', by: 3ms}", 0, &story), Some(4));
    assert_eq!(strikes("watchpoint: {at: TARGET}", 0, &story), None);
    assert_eq!(strikes("watchpoint: {at: TARGET}", 0, &[(3, halted(0x2000_0010))]), Some(3));
}

#[test]
fn instruments_are_told_where_to_stop_the_core() {
    let arms = |text: &str| format!("{:?}", trigger(text).arms(&board()));
    insta::assert_snapshot!(arms("reached: {at: save, nth: 3}"), @"[BreakAt { address: 4660, nth: 3 }]");
    insta::assert_snapshot!(
        arms("any: {of: [watchpoint: {at: TARGET, access: read}, flash_op: {nth: 1}]}"),
        @r#"[WatchAt { word: MemoryWord { name: "TARGET", address: 536870928, length: 2 }, access: Read, nth: 1 }, TraceFlash { on: true }]"#
    );
}

#[test]
fn a_window_is_filled_by_its_seeds() {
    let moments: Vec<u64> = (0..200)
        .map(|seed| strikes("window: {from: 1s, to: 2s}", seed, &[(10, armed()), (11, armed())]).unwrap())
        .collect();
    assert!(moments.iter().all(|at| (1010..=2010).contains(at)), "{moments:?}");
    let tenths: std::collections::BTreeSet<u64> = moments.iter().map(|at| (at - 1010) / 100).collect();
    assert!(tenths.len() >= 10, "{tenths:?}");
    assert_eq!(
        strikes("window: {to: 1s}", 7, &[(0, armed())]),
        strikes("window: {to: 1s}", 7, &[(0, armed())])
    );
}

#[test]
fn any_takes_the_first_even_if_it_was_pulled_later() {
    let any = "any: {of: [signal: {name: ready, by: 100ms}, log: {matches: saved}]}";
    assert_eq!(strikes(any, 0, &[(1, says("ready")), (2, logs("saved"))]), Some(2));
    assert_eq!(strikes(any, 0, &[(1, says("ready"))]), Some(101));
}

#[test]
fn all_takes_the_last_in_whatever_order() {
    let all = "all: {of: [signal: {name: ready, by: 100ms}, log: {matches: saved}]}";
    assert_eq!(strikes(all, 0, &[(1, says("ready")), (2, logs("saved"))]), Some(101));
    assert_eq!(strikes(all, 0, &[(1, logs("saved")), (7, says("ready")), (9, says("ready"))]), Some(107));
    assert_eq!(strikes(all, 0, &[(1, says("ready")), (2, says("ready"))]), None);
}

#[test]
fn a_composite_is_counted_afresh_each_time() {
    let count = "count: {n: 2, of: {all: {of: [signal: {name: a}, signal: {name: b}]}}}";
    let story = [(1, says("a")), (2, says("a")), (3, says("b")), (4, says("b")), (5, says("a"))];
    assert_eq!(strikes(count, 0, &story), Some(5));
}

#[test]
fn a_trigger_says_what_it_waits_for() {
    let text = |t: &str| trigger(t).text();
    assert_eq!(text("reached: {at: save, nth: 2}"), "`save` is reached (number 2)");
    assert_eq!(text("watchpoint: {at: TARGET, by: 5ms}"), "5ms after write of `TARGET`");
    assert_eq!(text("window: {to: 5s}"), "at a moment between 0s and 5s");
    assert_eq!(text("any: {of: [boot: {}, log: {matches: saved}]}"), "boot number 1 or log message `saved`");
}
