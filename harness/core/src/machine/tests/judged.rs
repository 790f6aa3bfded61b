//! Whole ways: a plan is walked in the world and its timeline judged.

use super::world::{DIGEST, Flaws, Mishaps, World, plan};
use super::{at_once, cut, example_of, flash_op, get, pause, reset, set, wait};
use crate::check::{Check, Durable, Recovers, ResetCause};
use crate::fault::Fault;
use crate::judge::judge;
use crate::step::Step;
use crate::time::Duration;
use crate::verdict::Verdict::{self, Fail, Inconclusive, Pass};
use std::collections::BTreeSet;

fn recovers(from: &str) -> Check {
    recovers_to(from, "ready")
}

fn recovers_to(from: &str, to: &str) -> Check {
    let within = Duration::from_millis(300);
    Check::Recovers(Recovers { from: from.to_owned(), to: to.into(), within, stages: None })
}

fn cause(after: &str, is: &str) -> Check {
    Check::ResetCause(ResetCause { after: after.to_owned(), is: is.to_owned() })
}

fn durable() -> Check {
    Check::Durable(Durable { setting: "target".into() })
}

#[test]
fn each_fault_gives_each_verdict() {
    let good = Flaws::default();
    let forgets = Flaws { forgets: true, ..good };
    let hangs = Flaws { never_ready_again: true, ..good };
    let wrong = Flaws { wrong_cause: true, ..good };
    let deaf = Flaws { deaf: true, ..good };
    let sound = Mishaps::default();
    let welded = Mishaps { welded: true, ..sound.clone() };
    let blunt = Mishaps { blunt: true, ..sound.clone() };
    let failing = Mishaps { failing: vec![7], ..sound.clone() };

    let cut_method = || vec![set("22"), cut(None, vec![]), wait("ready", 500), get()];
    let cut_checks = || vec![recovers("power_cut"), durable(), cause("power_cut", "power_on")];
    let torn_method = || vec![set("22"), cut(Some(flash_op(1)), vec![set("23")]), wait("ready", 500), get()];
    let reset_method = || vec![reset(None, vec![]), wait("ready", 500)];
    let reset_checks = || vec![recovers("reset"), cause("reset", "pin")];

    type Case = (&'static str, Vec<Step>, Vec<Check>, Flaws, Mishaps, Verdict);
    let cases: Vec<Case> = vec![
        ("keeps and comes back", cut_method(), cut_checks(), good, sound.clone(), Pass),
        ("does not keep", cut_method(), cut_checks(), forgets, sound.clone(), Fail),
        ("does not come back", cut_method(), cut_checks(), hangs, sound.clone(), Fail),
        ("gives another cause", cut_method(), cut_checks(), wrong, sound.clone(), Fail),
        ("the relay is welded", cut_method(), vec![recovers("power_cut")], good, welded, Inconclusive),
        ("says nothing", cut_method(), cut_checks(), deaf, sound.clone(), Inconclusive),
        (
            "survives a torn write",
            torn_method(),
            vec![recovers("power_cut"), durable()],
            good,
            sound.clone(),
            Pass,
        ),
        ("the cut never strikes", torn_method(), vec![recovers("power_cut")], good, blunt, Inconclusive),
        ("comes back from a reset", reset_method(), reset_checks(), good, sound.clone(), Pass),
        ("does not come back from a reset", reset_method(), reset_checks(), hangs, sound, Fail),
        ("the reset does not work", reset_method(), reset_checks(), good, failing, Inconclusive),
    ];
    let others =
        Fault::TABLE.iter().map(|(kind, _)| *kind).filter(|kind| !["power_cut", "reset"].contains(kind));
    let sulks = Flaws { sulks: true, never_ready_again: true, mute_again: true, ..good };
    let dull = Mishaps { dull: true, welded: true, blind: true, ..Mishaps::default() };
    let disturbed = others.flat_map(|kind| {
        let method = || vec![at_once(example_of(kind)), pause(500)];
        let checks = || vec![recovers_to(kind, "control")];
        [
            (kind, method(), checks(), good, Mishaps::default(), Pass),
            (kind, method(), checks(), sulks, Mishaps::default(), Fail),
            (kind, method(), checks(), good, dull.clone(), Inconclusive),
        ]
    });
    let cases = cases.into_iter().chain(disturbed);
    let mut given = BTreeSet::new();
    for (name, method, expect, flaws, mishaps, verdict) in cases {
        let plan = plan(method, expect);
        let world = World::run(&plan, flaws, mishaps);
        let judgement = judge(&plan, DIGEST, &world.events);
        assert_eq!(judgement.verdict, verdict, "{name}: {judgement:#?}\n{}", world.text());
        for fault in plan.method.iter().filter_map(Step::fault) {
            given.insert((fault.kind(), verdict));
        }
    }
    for (kind, _) in Fault::TABLE {
        for verdict in [Pass, Fail, Inconclusive] {
            assert!(given.contains(&(*kind, verdict)), "no run with `{kind}` gives {verdict}");
        }
    }
}
