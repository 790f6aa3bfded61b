//! What each check says of a control run: the same run without its faults.

use super::cases::{recovers_check, start};
use super::{finding, looks, network, responses, service, trust};
use crate::check::tape::Tape;
use crate::check::{BootsAtMost, Check, Durable, During, MemoryWhen, Never, ResetCause, Seen, Timeline};
use crate::event::Phase;
use crate::verdict::Verdict::{self, Fail, Inconclusive, Pass};
use std::collections::BTreeSet;

/// A check, a run without faults, and what it says of that.
struct Control {
    check: Check,
    tape: Tape,
    says: Option<Verdict>,
}

fn control(check: Check, says: Option<Verdict>, tape: Tape) -> Control {
    Control { check, tape, says }
}

fn controls() -> Vec<Control> {
    let seen = Check::Seen(Seen { signal: "panic".into(), fields: Default::default(), at_least: 1 });
    let never = Check::Never(Never {
        signal: "panic".into(),
        fields: Default::default(),
        except: Default::default(),
    });
    let durable = Check::Durable(Durable { setting: "target".into() });
    let caused =
        |after: &str| Check::ResetCause(ResetCause { after: after.to_owned(), is: "watchdog".to_owned() });
    let beats =
        |tape: Tape| tape.beats(8, 500, "control", &[("temp", "20"), ("heater", "on"), ("mode", "normal")]);
    let degraded = || start().signal_with("control", &[("mode", "degraded")]).end();
    let safe = |modes: &[&str]| {
        modes.iter().fold(start(), |tape, mode| tape.signal_with("control", &[("mode", mode)]).ms(9)).end()
    };
    vec![
        control(seen, None, start().end()),
        control(never.clone(), Some(Pass), start().end()),
        control(never, Some(Fail), start().signal("panic").end()),
        control(recovers_check(), None, start().end()),
        control(durable.clone(), None, start().set("target", "20").read("target", "20").end()),
        control(durable, Some(Fail), start().set("target", "20").read("target", "19").end()),
        control(caused("power_cut"), None, start().end()),
        control(caused("hang"), Some(Fail), start().sent("hang").boot("pin").end()),
        control(Check::BootsAtMost(BootsAtMost { times: 1 }), Some(Fail), start().boot("a").boot("b").end()),
        control(service::storm(), Some(Pass), start().end()),
        control(service::storm(), Some(Fail), start().boot("a").boot("b").boot("c").end()),
        control(service::at("1/s", During::Fault, &[]), Some(Pass), beats(Tape::steady()).end()),
        control(service::at("1/s", During::Fault, &[]), Some(Fail), beats(Tape::steady()).ms(1100).end()),
        control(service::values(), Some(Pass), beats(Tape::steady()).end()),
        control(
            service::available(90),
            Some(Pass),
            beats(Tape::steadying().signal("control").phase(Phase::Method)).end(),
        ),
        control(service::available(90), Some(Fail), beats(Tape::steady()).ms(5000).end()),
        control(service::available(90), None, Tape::steadying()),
        control(trust::refuses(None), Some(Pass), trust::accepted(start(), 1).end()),
        control(trust::refuses(None), Some(Fail), start().end()),
        control(trust::plain(), Some(Pass), trust::accepted(start(), 1).end()),
        control(trust::only(), Some(Inconclusive), start().end()),
        control(responses::detects(), Some(Pass), start().end()),
        control(responses::detects(), Some(Fail), start().signal("alarm").end()),
        control(responses::detects(), Some(Inconclusive), Tape::blank()),
        control(responses::degrades(), Some(Pass), beats(start()).end()),
        control(responses::degrades(), Some(Fail), degraded()),
        control(responses::returns(), None, degraded()),
        control(looks::stays(Some("sensor_nack")), None, beats(start()).end()),
        control(looks::stays(Some("sensor_nack")), Some(Fail), safe(&["safe", "normal"])),
        control(looks::stays(None), Some(Pass), safe(&["safe", "safe"])),
        control(looks::log(false, 1), None, start().log("warn", "full").end()),
        control(looks::log(true, 1), Some(Fail), start().log("warn", "full").end()),
        control(looks::memory(MemoryWhen::End), None, start().memory("TARGET", 0).end()),
        control(looks::memory(MemoryWhen::Always), Some(Fail), start().memory("TARGET", 0).end()),
        control(looks::heap(false), None, start().end()),
        control(looks::heap(false), Some(Fail), start().boot("a").boot("b").end()),
        control(network::whole(), Some(Pass), start().records(1..6).end()),
        control(network::whole(), Some(Fail), start().records(1..6).records(8..9).end()),
        control(network::whole(), None, start().end()),
        control(network::backs_off(), Some(Pass), start().attempt().end()),
        control(
            network::backs_off(),
            Some(Fail),
            (0..21).fold(start(), |tape, _| tape.ms(1).attempt()).end(),
        ),
        control(network::holds(), None, start().records(1..6).end()),
        control(network::answers(), Some(Pass), start().sent("remote").answered("remote").end()),
        control(network::answers(), Some(Fail), start().sent("remote").refused("remote").end()),
    ]
}

#[test]
fn every_check_says_of_a_control_run_what_it_should() {
    for Control { check, tape, says } in controls() {
        let found = check.in_control(&Timeline::new(&tape.events));
        assert_eq!(found.as_ref().map(|f| f.verdict), says, "{}: {found:?}", check.text());
    }
}

#[test]
fn every_kind_has_a_control_run() {
    let have: BTreeSet<_> = controls().iter().map(|c| c.check.kind()).collect();
    for (kind, _) in Check::TABLE {
        assert!(have.contains(kind), "`{kind}` has no control run");
    }
}

#[test]
fn a_false_alarm_is_named_so() {
    let alarm = start().signal("alarm").ms(5).signal("alarm").end();
    let found = responses::detects().in_control(&Timeline::new(&alarm.events)).unwrap();
    assert_eq!(found.reason, "a false alarm: `alarm` was seen twice though no fault struck, first at 0.600s");
    let struck = start().signal("alarm").sensor_off(1).ms(900).sensor_back().end();
    let found = finding(&responses::detects(), &struck);
    assert_eq!(found.reason, "a false alarm: `alarm` was seen once before any fault struck, first at 0.600s");
}
