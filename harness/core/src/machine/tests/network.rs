//! Devices on a network, and what is done while a fault is in force.

use super::world::{Flaws, Mishaps, World, networked, plan};
use super::{at, cut, flash_op, ms, outcomes, pause, set, timed_out, wait};
use crate::action::{Action, Input, Seen, Sighting};
use crate::command::{Qos, Topic};
use crate::event::{Ended, StepOutcome, What};
use crate::fault::{ButtonStuck, Fault};
use crate::machine::Machine;
use crate::names::Signal;
use crate::network::{Conn, MqttSeen, Service, TcpSeen, TlsSeen, Traffic};
use crate::plan::Plan;
use crate::step::{Publish, Send, Set, Step};
use crate::time::Instant;
use StepOutcome::{Done, Refused};

fn remote(value: &str) -> Step {
    let by = "remote".into();
    Step::Set(Set { setting: "target".into(), to: value.to_owned(), by, within: ms(500) })
}

fn send(value: &str) -> Step {
    let with = [("key", "target"), ("value", value)].map(|(word, value)| (word.to_owned(), value.to_owned()));
    Step::Send(Send { command: "remote".into(), with: with.into(), within: ms(500) })
}

/// A button that is stuck for so long, and what is done meanwhile.
fn stuck(hold: u64, meanwhile: Vec<Step>) -> Step {
    Step::Fault(Fault::ButtonStuck(ButtonStuck {
        input: "button".into(),
        pressed: true,
        hold: ms(hold),
        when: None,
        during: Vec::new(),
        meanwhile,
        within: ms(1_000),
    }))
}

fn of_kind<'w, T>(world: &'w World, pick: impl Fn(&'w What) -> Option<T>) -> Vec<T> {
    world.events.iter().filter_map(|event| pick(&event.what)).collect()
}

#[test]
fn what_a_device_publishes_is_a_signal_with_the_fields_of_its_payload() {
    let world = World::good(&networked(vec![wait("telemetry", 500), wait("telemetry", 500)]));
    assert_eq!(outcomes(&world), [(1, Done), (2, Done)]);
    let seen = of_kind(&world, |what| match what {
        What::Signal { name, fields, nth, .. } if name.as_str() == "telemetry" => {
            Some((fields["seq"].clone(), fields["mode"].clone(), *nth))
        }
        _ => None,
    });
    assert_eq!(seen[0], ("1".to_owned(), "normal".to_owned(), 1));
    assert_eq!(seen[1].0, "2");
}

#[test]
fn a_command_is_published_and_answered_by_its_own_id() {
    let world = World::good(&networked(vec![remote("22.5"), remote("99"), send("21"), send("null")]));
    assert_eq!(outcomes(&world), [(1, Done), (2, Refused), (3, Done), (4, Refused)]);
    let asked = of_kind(&world, |what| match what {
        What::Published { message, .. } => {
            Some((message.topic.clone(), message.payload.shown(), message.qos))
        }
        _ => None,
    });
    assert_eq!(asked.len(), 4);
    assert_eq!(asked[0].0, "devices/dut/command");
    assert_eq!(asked[0].2, 1);
    let ids: Vec<serde_json::Value> = asked
        .iter()
        .map(|(_, text, _)| serde_json::from_str::<serde_json::Value>(text).unwrap()["id"].clone())
        .collect();
    assert!(ids.iter().enumerate().all(|(at, id)| !ids[..at].contains(id)), "{ids:?}");
    assert_eq!(
        of_kind(&world, |what| matches!(what, What::SettingAcknowledged { .. }).then_some(())).len(),
        1
    );
    assert_eq!(of_kind(&world, |what| matches!(what, What::Answered { .. }).then_some(())).len(), 1);
    assert_eq!(of_kind(&world, |what| matches!(what, What::Refused { .. }).then_some(())).len(), 2);
    let again = World::good(&networked(vec![remote("22.5"), remote("99"), send("21"), send("null")]));
    assert_eq!(again.text(), world.text(), "ids come from the seed");
}

#[test]
fn a_command_that_nobody_answers_times_out() {
    let deaf = Flaws { deaf: true, ..Flaws::default() };
    let world = World::run(&networked(vec![remote("22.5"), pause(10)]), deaf, Mishaps::default());
    assert_eq!(outcomes(&world), [(1, timed_out(500))]);
}

#[test]
fn any_message_can_be_published() {
    let publish = Publish {
        topic: Topic("devices/{device}/command".to_owned()),
        payload: "hex:ff00".parse().unwrap(),
        qos: Qos::AtMostOnce,
        retain: true,
    };
    let world = World::good(&networked(vec![Step::Publish(publish)]));
    let asked = of_kind(&world, |what| match what {
        What::Published { message, .. } => Some(message.clone()),
        _ => None,
    });
    assert_eq!(asked.len(), 1);
    assert_eq!(
        (asked[0].topic.as_str(), asked[0].payload.0.as_slice()),
        ("devices/dut/command", &[0xff, 0][..])
    );
    assert_eq!((asked[0].qos, asked[0].retain), (0, true));
}

/// What signals a machine makes of traffic.
fn signals(plan: &Plan, traffic: &[Traffic]) -> Vec<(Signal, Option<String>)> {
    let mut machine = Machine::new(plan.clone(), String::new()).unwrap();
    machine.handle(Instant::ZERO, Input::Begin);
    for seen in traffic {
        let what = Seen::Traffic(seen.clone());
        machine
            .handle(Instant::ZERO, Input::Sighting(Sighting { at: Instant::ZERO, dut: "dut".into(), what }));
    }
    let mut found = Vec::new();
    while let Some(output) = machine.output() {
        if let crate::action::Output::Log(event) = output
            && let What::Signal { name, fields, .. } = event.what
        {
            found.push((name, fields.get("service").cloned()));
        }
    }
    found
}

#[test]
fn what_every_device_does_on_a_network_is_a_signal_of_its_connection() {
    let established = |conn| {
        let (version, cipher) = ("TLSv1.3".to_owned(), "TLS_AES_128_GCM_SHA256".to_owned());
        Traffic::Tls(TlsSeen::Established { conn, version, cipher, client: None })
    };
    let opened = |conn, service| Traffic::Tcp(TcpSeen::Opened { conn, service, to: String::new() });
    let connack = |code| Traffic::Mqtt(MqttSeen::Connack { conn: Conn(1), code, session_present: false });
    let traffic = [
        opened(Conn(1), Service::Broker),
        opened(Conn(2), Service::Api),
        established(Conn(2)),
        established(Conn(1)),
        connack(0x87),
        connack(0),
    ];
    let expected = [("net.tls", Some("api")), ("net.tls", Some("broker")), ("net.connack", None)];
    let expected = expected.map(|(name, service)| (Signal::from(name), service.map(str::to_owned)));
    assert_eq!(signals(&networked(Vec::new()), &traffic), expected);
}

/// When something of a fault happened, by its number.
fn when(world: &World, is: fn(&What) -> Option<u32>, fault: u32) -> Instant {
    world.events.iter().find(|event| is(&event.what) == Some(fault)).map(|event| event.at).unwrap()
}

fn injected(what: &What) -> Option<u32> {
    match what {
        What::Injected { fault } => Some(*fault),
        _ => None,
    }
}

fn reverted(what: &What) -> Option<u32> {
    match what {
        What::Reverted { fault } => Some(*fault),
        _ => None,
    }
}

#[test]
fn a_fault_lasts_until_the_steps_under_it_have_ended() {
    for (hold, steps, lasts) in [(500, 100, 500), (100, 500, 500)] {
        let world = World::good(&plan(vec![stuck(hold, vec![pause(steps), set("22")]), set("23")], vec![]));
        assert_eq!(outcomes(&world), [(2, Done), (3, Done), (1, Done), (4, Done)]);
        let lasted = when(&world, reverted, 1) - when(&world, injected, 1);
        assert!(lasted >= ms(lasts) && lasted < ms(lasts + 20), "{lasted}");
    }
}

#[test]
fn a_step_that_ends_the_method_ends_the_fault_first() {
    let world = World::good(&plan(vec![stuck(60_000, vec![wait("panic", 100), pause(1)]), pause(5)], vec![]));
    assert_eq!(outcomes(&world), [(2, timed_out(100)), (1, timed_out(100))]);
    assert!(when(&world, reverted, 1) < at(2_000), "it is not held for nothing");
    assert!(world.promised.is_empty());
    assert_eq!(world.ended(), Ended::Completed);
}

#[test]
fn a_fault_strikes_under_another_and_each_is_undone() {
    let inner = cut(Some(flash_op(1)), vec![set("22")]);
    let world = World::good(&plan(vec![stuck(2_000, vec![inner, wait("ready", 500)]), pause(1)], vec![]));
    let [outer, inner] = [1, 2].map(|fault| (when(&world, injected, fault), when(&world, reverted, fault)));
    assert!(outer.0 < inner.0 && inner.1 < outer.1, "{}", world.text());
    let bitten = of_kind(&world, |what| match what {
        What::Confirmed { fault, .. } => Some(*fault),
        _ => None,
    });
    assert_eq!(bitten, [1, 2]);
    assert!(world.promised.is_empty() && world.powered);
}

#[test]
fn a_fault_that_another_cuts_short_is_not_watched_for_ever() {
    let inner = stuck(10, vec![pause(60_000)]);
    let outer = cut(Some(super::after(crate::trigger::Milestone::Armed, 50)), vec![inner]);
    let dull = Mishaps { dull: true, ..Mishaps::default() };
    let world = World::run(&plan(vec![outer, wait("ready", 2_000)], vec![]), Flaws::default(), dull);
    assert_eq!(world.ended(), Ended::Completed);
    assert_eq!(outcomes(&world).last(), Some(&(4, Done)), "{}", world.text());
}

#[test]
fn a_fault_that_bites_late_under_long_steps_has_bitten() {
    // The instrument says nothing; the evidence comes long after the time for which the fault would have been held.
    let mut world = World::new(
        &plan(vec![stuck(10, vec![pause(5_000), pause(10)])], vec![]),
        Flaws::default(),
        Mishaps { dull: true, ..Mishaps::default() },
    );
    let touched = Seen::Touched { input: "button".into(), times: 1 };
    world.sighted(at(4_000), touched);
    world.play();
    let bitten = of_kind(&world, |what| matches!(what, What::Confirmed { fault: 1, .. }).then_some(()));
    assert_eq!(bitten.len(), 1, "{}", world.text());
    assert_eq!(world.performed.iter().filter(|action| matches!(action, Action::Release { .. })).count(), 1);
}
