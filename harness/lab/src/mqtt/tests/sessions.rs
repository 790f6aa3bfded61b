//! What a broker does when nothing goes wrong.

use super::client::{Client, V3, V5, Wish};
use super::{SECOND, World};
use crate::mqtt::{Broker, Credentials};
use brownout_core::network::{MqttSeen, Payload, Publication};
use brownout_core::time::Duration;
use mqtt_protocol_core::mqtt::packet::Qos;
use std::sync::Arc;

const QUALITIES: [Qos; 3] = [Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce];

fn secs(s: u64) -> Duration {
    Duration::from_secs(s)
}

#[test]
fn messages_of_every_quality_reach_subscribers_of_either_version() {
    for wish in [&V5, &V3] {
        for qos in QUALITIES {
            let mut world = World::new();
            let device = world.open(Client::new(wish));
            let other = world.open(Client::new(&Wish { id: "other", version: V5.version, ..*wish }));
            world.say(other, |c| c.subscribe("devices/+/telemetry", qos));
            world.say(device, |c| c.publish("devices/7/telemetry", "21.5", qos, false));
            let message = ("devices/7/telemetry".to_owned(), "21.5".to_owned(), false);
            assert_eq!(world.client(other).messages(), [message], "{qos}");
            assert!(!world.client(other).broken && !world.client(device).broken);
            assert!(
                world
                    .seen
                    .iter()
                    .any(|seen| matches!(seen, MqttSeen::Publish { qos: of, .. } if *of == qos as u8))
            );
        }
    }
}

#[test]
fn a_session_goes_on_where_it_was() {
    for wish in [&V5, &V3] {
        let mut world = World::new();
        let first = world.open(Client::new(wish));
        assert_eq!(world.client(first).connack(), Some((0, false)));
        world.say(first, |c| c.subscribe("devices/7/command", Qos::AtLeastOnce));
        world.cut(first);
        for n in 0..3 {
            let topic = "devices/7/command".to_owned();
            let message =
                Publication { topic, payload: Payload(n.to_string().into_bytes()), qos: 1, retain: false };
            world.broker.publish(world.now, &message);
        }
        world.pass(secs(600));
        // The broker is started anew meanwhile.
        let mut world = World { now: world.now, ..World::with(Broker::with(world.broker.durable().clone())) };
        let second = world.open(Client::new(wish));
        assert_eq!(world.client(second).connack(), Some((0, true)));
        assert_eq!(world.client(second).payloads(), ["0", "1", "2"]);
    }
}

#[test]
fn a_session_ends_in_time() {
    let mut world = World::new();
    let wish = Wish { expiry: 60, ..V5 };
    for (away, present) in [(59, true), (61, false)] {
        let conn = world.open(Client::new(&wish));
        world.say(conn, |c| c.subscribe("a", Qos::AtLeastOnce));
        world.cut(conn);
        world.pass(secs(away));
        let again = world.open(Client::new(&wish));
        assert_eq!(world.client(again).connack(), Some((0, present)), "{away} s");
        world.cut(again);
    }
    let clean = Wish { clean: true, ..V5 };
    let conn = world.open(Client::new(&clean));
    assert_eq!(world.client(conn).connack(), Some((0, false)));
}

#[test]
fn what_was_not_acknowledged_comes_again() {
    let mut world = World::new();
    let deaf = Wish { acknowledges: false, ..V5 };
    let first = world.open(Client::new(&deaf));
    world.say(first, |c| c.subscribe("a", Qos::AtLeastOnce));
    let message =
        Publication { topic: "a".to_owned(), payload: Payload::from("once"), qos: 1, retain: false };
    world.broker.publish(world.now, &message);
    world.settle();
    assert_eq!(world.client(first).payloads(), ["once"]);
    world.cut(first);
    let second = world.open(Client::new(&V5));
    assert_eq!(world.client(second).payloads(), ["once"]);
    // 0x3a: PUBLISH, DUP, QoS 1.
    assert!(world.client(second).raw.contains(&0x3a));
    world.cut(second);
    let third = world.open(Client::new(&V5));
    assert_eq!(world.client(third).payloads(), [""; 0]);
}

#[test]
fn only_so_many_are_under_way_as_the_client_takes() {
    let mut world = World::new();
    let slow = Wish { receive_maximum: Some(2), acknowledges: false, ..V5 };
    let conn = world.open(Client::new(&slow));
    world.say(conn, |c| c.subscribe("a", Qos::AtLeastOnce));
    for n in 0..5 {
        let payload = Payload(n.to_string().into_bytes());
        world
            .broker
            .publish(world.now, &Publication { topic: "a".to_owned(), payload, qos: 1, retain: false });
    }
    world.settle();
    assert_eq!(world.client(conn).payloads(), ["0", "1"]);
}

#[test]
fn retained_messages_wait_for_those_who_come_later() {
    let mut world = World::new();
    let device = world.open(Client::new(&V5));
    world.say(device, |c| c.publish("devices/7/state", "online", Qos::AtLeastOnce, true));
    world.say(device, |c| c.publish("devices/8/state", "online", Qos::AtLeastOnce, true));
    world.say(device, |c| c.publish("devices/8/state", "", Qos::AtLeastOnce, true));
    let late = world.open(Client::new(&Wish { id: "late", ..V3 }));
    world.say(late, |c| c.subscribe("devices/#", Qos::AtMostOnce));
    assert_eq!(world.client(late).messages(), [("devices/7/state".to_owned(), "online".to_owned(), true)]);
}

#[test]
fn a_will_is_published_when_its_client_is_gone_without_a_word() {
    let will = |delay| Wish { will: Some(("gone", "7", delay)), keep_alive: 30, ..V5 };
    let watch = |world: &mut World| {
        let conn = world.open(Client::new(&Wish { id: "watch", keep_alive: 0, ..V5 }));
        world.say(conn, |c| c.subscribe("gone", Qos::AtLeastOnce));
        conn
    };
    let mut world = World::new();
    let watcher = watch(&mut world);
    let polite = world.open(Client::new(&will(0)));
    world.say(polite, Client::farewell);
    assert_eq!(world.client(watcher).payloads(), [""; 0]);

    let silent = world.open(Client::new(&will(0)));
    world.pass(secs(44));
    assert_eq!(world.client(watcher).payloads(), [""; 0]);
    world.pass(secs(2));
    assert_eq!(world.client(watcher).payloads(), ["7"], "one and a half times the keep-alive time");
    assert_eq!(world.client(silent).told(), Some(0x8d));

    let brief = world.open(Client::new(&will(10)));
    world.cut(brief);
    world.pass(secs(9));
    let back = world.open(Client::new(&will(10)));
    world.pass(secs(5));
    assert_eq!(world.client(watcher).payloads(), ["7"], "it came back before the delay was over");
    world.cut(back);
    world.pass(secs(11));
    assert_eq!(world.client(watcher).payloads(), ["7", "7"]);
}

#[test]
fn pings_keep_a_client_alive() {
    let mut world = World::new();
    let conn = world.open(Client::new(&V3));
    for _ in 0..10 {
        world.pass(secs(30));
        world.say(conn, Client::ping);
    }
    assert_eq!((world.client(conn).count("pingresp"), world.client(conn).ended), (10, None));
}

#[test]
fn the_same_client_takes_its_session_over() {
    let mut world = World::new();
    let first = world.open(Client::new(&V5));
    let second = world.open(Client::new(&V5));
    assert_eq!(world.client(first).told(), Some(0x8e));
    assert!(world.client(first).ended.is_some());
    assert_eq!(world.client(second).connack(), Some((0, true)));
}

#[test]
fn numbers_stand_for_topics() {
    let mut world = World::new();
    let conn = world.open(Client::new(&Wish { aliases: 1, ..V5 }));
    world.say(conn, |c| c.subscribe("a/rather/long/topic", Qos::AtMostOnce));
    for _ in 0..2 {
        world.say(conn, |c| c.publish("a/rather/long/topic", "x", Qos::AtMostOnce, false));
    }
    assert_eq!(world.client(conn).payloads(), ["x", "x"]);
    let raw = String::from_utf8_lossy(&world.client(conn).raw).into_owned();
    assert_eq!(raw.matches("rather").count(), 1);
}

#[test]
fn credentials_are_checked() {
    let mut world = World::new();
    world.broker.admit(Credentials::Checked(Arc::new(|now, login| {
        let good = login.user == Some("device") && login.password == Some(b"token") && now.0 < 60_000_000_000;
        if good { Ok(()) } else { Err(0x87) }
    })));
    let with = |user| Client::new(&Wish { user, ..V5 });
    for (user, code) in [(None, 0x87), (Some(("device", "token")), 0), (Some(("device", "other")), 0x87)] {
        let conn = world.open(with(user));
        assert_eq!(world.client(conn).connack().map(|(code, _)| code), Some(code));
        assert_eq!(world.client(conn).ended.is_some(), code != 0);
    }
    world.pass(secs(61));
    let conn = world.open(with(Some(("device", "token"))));
    assert_eq!(world.client(conn).connack(), Some((0x87, false)), "the token has expired");
}

#[test]
fn who_never_says_connect_is_put_out() {
    let mut world = World::new();
    let conn = world.open(Client::new(&V5));
    let mute = {
        let mut client = Client::new(&V5);
        client.out.clear();
        world.open(client)
    };
    world.pass(SECOND);
    assert_eq!(world.client(mute).ended, None);
    world.pass(secs(30));
    assert!(world.client(mute).ended.is_some() && world.client(conn).ended.is_none());
}
