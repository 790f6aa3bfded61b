//! Each check on every timeline in the table of cases, and what its findings say.

mod cases;
mod controls;
mod looks;
mod network;
mod responses;
mod service;
mod trust;

use super::tape::Tape;
use super::{Check, Durable, ResetCause, Timeline};
use crate::event::{Ended, EventNo, Phase, StepOutcome};
use crate::time::Duration;
use crate::verdict::Verdict::{Fail, Inconclusive, Pass};
use crate::verdict::{Finding, Measure};
use cases::{cases, recovers_check, start};
use std::collections::BTreeSet;

fn finding(check: &Check, tape: &Tape) -> Finding {
    check.judge(&Timeline::new(&tape.events))
}

#[test]
fn every_case_is_judged_as_it_should_be() {
    let mut wrong = Vec::new();
    for case in cases() {
        let found = finding(&case.check, &case.tape);
        if (found.verdict, found.by_absence) != (case.verdict, case.by_absence) {
            wrong.push(format!("{} · {}: {found:?}", case.check.text(), case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_kind_has_a_passing_a_failing_and_an_inconclusive_timeline() {
    let have: BTreeSet<_> = cases().iter().map(|c| (c.check.kind(), c.verdict)).collect();
    for (kind, _) in Check::TABLE {
        for verdict in [Pass, Fail, Inconclusive] {
            assert!(have.contains(&(*kind, verdict)), "`{kind}` has no timeline that gives {verdict}");
        }
    }
}

#[test]
fn every_fail_and_every_pass_of_something_seen_points_at_events() {
    for case in cases() {
        let found = finding(&case.check, &case.tape);
        assert!(found.evidence.iter().all(|n| (1..=case.tape.last().0).contains(&n.0)), "{}", case.name);
        if case.verdict == Fail && !case.by_absence {
            assert!(!found.evidence.is_empty(), "{}", case.name);
        }
    }
}

#[test]
fn every_check_reads_back_as_it_is_shown() {
    for case in cases() {
        let text = case.check.text();
        let node = crate::language::parse(&text).unwrap_or_else(|e| panic!("{text}: {e:?}"));
        let mut out = crate::language::Diagnostics::new();
        let read = <Check as crate::language::Decode>::decode(&node, &mut out);
        assert_eq!(read.as_ref(), Some(&case.check), "{text}: {:?}", out.into_sorted());
    }
}

#[test]
fn every_check_that_looks_at_groups_says_whose_and_none_contradicts_itself() {
    for case in cases() {
        let check = &case.check;
        assert_eq!(check.contradiction(), None, "{}", check.text());
        let json = serde_json::to_value(check).unwrap();
        let has_groups =
            json[check.kind()].get("where").is_some_and(|w| w.as_object().is_some_and(|w| !w.is_empty()));
        assert!(!has_groups || !check.asks().is_empty(), "{}", check.text());
    }
}

#[test]
fn what_a_check_wants_read_it_can_say_and_needs_the_probe_for() {
    let samples = cases().iter().filter(|case| case.check.samples().is_some()).count();
    assert!(samples > 0);
    for case in cases() {
        if let (Check::Memory(_), sample) = (&case.check, case.check.samples()) {
            assert!(sample.is_some() && case.check.needs() == [crate::port::Port::Debug]);
        }
    }
}

#[test]
fn figures_are_named_and_measured() {
    let named: BTreeSet<_> = cases()
        .iter()
        .flat_map(|case| finding(&case.check, &case.tape).figures)
        .map(|figure| figure.name)
        .collect();
    let expected = [
        "attempts",
        "availability",
        "boots",
        "boots_of_its_own",
        "duplicated",
        "held",
        "held_for",
        "latest",
        "longest_wait",
        "lost",
        "out_of_order",
        "records",
        "shortest_wait",
        "shrinks_by",
        "time_to_answer",
        "time_to_connack",
        "time_to_degrade",
        "time_to_detect",
        "time_to_dhcp",
        "time_to_recover",
        "time_to_return",
        "time_to_tls",
    ];
    assert_eq!(named.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn a_recovery_that_nobody_could_watch_says_why() {
    let cut = || start().power_cut().ms(100);
    let torn_down = |tape: Tape, ended| tape.phase(Phase::Teardown).ms(10).run_ended(ended);
    let failed = Ended::RigFailed { why: "gone".to_owned() };
    let off = start().power_off(1).ms(50).phase(Phase::Teardown).power_on();
    for (tape, why) in [
        (cut().end(), "the method ended 100ms later, before 500ms was over"),
        (cut(), "the timeline breaks off as soon as it was undone"),
        (cut().signal("control"), "the timeline breaks off 100ms later, before 500ms was over"),
        (cut().reset(2).ms(900).end(), "the next fault struck 100ms later, before 500ms was over"),
        (torn_down(cut(), Ended::Interrupted), "the run was stopped 100ms later, before 500ms was over"),
        (torn_down(cut(), failed), "the rig failed 100ms later, before 500ms was over"),
        (off.run_ended(Ended::Interrupted), "the run was stopped before it was undone"),
    ] {
        let expected = format!("no recovery from `power_cut` could be judged (fault 1: {why})");
        assert_eq!(finding(&recovers_check(), &tape).reason, expected);
    }
}

#[test]
fn a_setting_that_was_not_known_before_the_cut_is_asked_for() {
    let check = Check::Durable(Durable { setting: "target".into() });
    let cut = |tape: Tape| tape.power_cut().ms(50).boot("power_on").ms(50);
    let asked = || cut(start().ask("target", "22.5").sent("set").ended(2, StepOutcome::CutShort));
    for (tape, reason) in [
        (
            asked().read("target", "22.5").end(),
            "`target` was never acknowledged, nor read before it was asked for, so there is nothing to compare with: \
             get or set it first",
        ),
        (
            cut(start()).read("target", "18").end(),
            "when the device restarted, `target` had been neither acknowledged nor read: get or set it first; read \
             only after that, as `18` (#19)",
        ),
        (
            asked().set("target", "20").read("target", "20").end(),
            "when the device restarted, `target` had been neither acknowledged nor read: get or set it first; \
             acknowledged only after that, as `20` (#24)",
        ),
        (
            start().set("target", "20").read("target", "20").end(),
            "the device did not restart between telling `target` and a reading; acknowledged as `20` (#9)",
        ),
    ] {
        let found = finding(&check, &tape);
        assert_eq!((found.verdict, found.reason.as_str()), (Inconclusive, reason));
    }
}

#[test]
fn recovery_is_measured_from_the_revert_and_each_time() {
    let tape = start().power_cut().ms(120).signal("ready").ms(900).power_cut().ms(340).signal("ready").end();
    let found = finding(&recovers_check(), &tape);
    let times: Vec<_> = found.figures.iter().map(|f| (f.name.as_str(), f.value)).collect();
    let ms = |n| Measure::Time(Duration::from_millis(n));
    assert_eq!(times, [("time_to_recover", ms(120)), ("time_to_recover", ms(340))]);
    assert_eq!(
        found.reason,
        "`ready` was seen after each of 2 `power_cut`, 340ms later at the latest; expected within 500ms"
    );
}

#[test]
fn a_recovery_that_could_not_be_judged_is_mentioned() {
    let tape = start().power_cut().ms(100).power_cut().ms(340).signal("ready").end();
    assert_eq!(
        finding(&recovers_check(), &tape).reason,
        "`ready` was seen after 1 `power_cut`, 340ms later; expected within 500ms; 1 could not be judged (fault 1: \
         the next fault struck 100ms later, before 500ms was over)"
    );
}

#[test]
fn a_lost_setting_says_what_was_acknowledged_and_what_was_read() {
    let check = Check::Durable(Durable { setting: "target".into() });
    let tape = start().set("target", "20").ask("target", "25").power_cut().read("target", "2\u{1b}[31m4");
    let found = finding(&check, &tape);
    assert_eq!(
        found.reason,
        "`target` was read as `2\\u{1b}[31m4` (#22), acknowledged as `20` (#9), asked for since: `25` (#10)"
    );
    assert_eq!(found.evidence, [EventNo(9), EventNo(10), EventNo(22)]);
}

#[test]
fn a_recovery_that_is_late_by_next_to_nothing_is_shown_exactly() {
    let tape = start().power_cut().ns(1).ms(500).signal("ready").end();
    assert!(finding(&recovers_check(), &tape).reason.contains("seen only after 500000.001us"));
}

#[test]
fn a_command_sent_again_before_a_boot_has_that_boot_to_itself() {
    let check = Check::ResetCause(ResetCause { after: "hang".to_owned(), is: "watchdog".to_owned() });
    let found = finding(&check, &start().sent("hang").sent("hang").boot("watchdog").end());
    assert_eq!(found.reason, "the first boot after `hang` gave the cause `watchdog`");
}

#[test]
fn a_reason_repeats_only_so_much_of_what_a_device_says() {
    let check = Check::Durable(Durable { setting: "target".into() });
    let found = finding(&check, &start().set("target", "20").read("target", &"é".repeat(5000)));
    assert!(found.reason.chars().count() < 200 && found.reason.contains("é…`"), "{}", found.reason);
}

#[test]
fn reasons_name_figures() {
    let mut shown = BTreeSet::new();
    let reasons: Vec<_> = cases()
        .iter()
        .filter(|c| shown.insert((c.check.kind(), c.verdict)))
        .map(|c| format!("{} · {}\n  {}", c.verdict, c.check.text(), finding(&c.check, &c.tape).reason))
        .collect();
    insta::assert_snapshot!(reasons.join("\n"));
}
