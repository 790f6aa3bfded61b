//! Each fault bites, says so, and is gone when it is taken back.

use super::client::{Client, V3, V5, Wish};
use super::{SECOND, World};
use brownout_core::network::{BrokerPacket, Content, Damage, MqttFault, MqttSeen, Payload};
use brownout_core::time::Duration;
use mqtt_protocol_core::mqtt::packet::Qos;

/// A broker with one device that listens for commands.
fn listening() -> (World, brownout_core::network::Conn) {
    let mut world = World::new();
    let conn = world.open(Client::new(&V5));
    world.say(conn, |c| c.subscribe("devices/7/command", Qos::AtLeastOnce));
    (world, conn)
}

fn literal(text: &str) -> Content {
    Content::Literal(Payload::from(text))
}

fn telemetry(client: &mut Client) {
    client.publish("devices/7/telemetry", "{}", Qos::AtLeastOnce, false);
}

#[test]
fn refused_with_each_code_in_both_versions() {
    for (code, five, three) in [(0x87, 0x87, 5), (0x97, 0x97, 3), (0x89, 0x89, 3), (4, 0x86, 4), (2, 0x85, 2)]
    {
        let mut world = World::new();
        world.misbehave(MqttFault::Refuse { code });
        for (wish, wanted) in [(&V5, five), (&V3, three)] {
            let conn = world.open(Client::new(wish));
            assert_eq!(world.client(conn).connack(), Some((wanted, false)));
            assert!(world.client(conn).ended.is_some());
        }
        assert_eq!(world.broker.behave(world.now, "fault"), Some(2));
        assert_eq!(world.broker.behave(world.now, "fault"), None);
        let conn = world.open(Client::new(&V5));
        assert_eq!(world.client(conn).connack(), Some((0, false)));
    }
}

#[test]
fn no_connack_and_then_nothing_at_all() {
    let mut world = World::new();
    world.misbehave(MqttFault::Withhold { packet: BrokerPacket::Connack });
    let conn = world.open(Client::new(&V5));
    assert_eq!((world.client(conn).raw.len(), world.client(conn).ended, world.times_met()), (0, None, 1));
}

#[test]
fn answers_that_never_come() {
    for packet in [BrokerPacket::Puback, BrokerPacket::Suback, BrokerPacket::Pingresp] {
        let mut world = World::new();
        let conn = world.open(Client::new(&V5));
        world.misbehave(MqttFault::Withhold { packet });
        world.say(conn, |c| c.subscribe("a", Qos::AtLeastOnce));
        world.say(conn, telemetry);
        world.say(conn, Client::ping);
        assert_eq!(world.client(conn).count(packet.word()), 0);
        assert_eq!(world.times_met(), 1, "{packet:?}");
        assert_eq!(
            ["suback", "puback", "pingresp"]
                .iter()
                .filter(|name| world.clients[&conn].count(name) == 1)
                .count(),
            2
        );
    }
}

#[test]
fn a_late_puback_is_late_by_that() {
    let mut world = World::new();
    let conn = world.open(Client::new(&V5));
    world.misbehave(MqttFault::Late { packet: Some(BrokerPacket::Puback), by: Duration::from_secs(5) });
    world.say(conn, telemetry);
    world.pass(Duration::from_millis(4999));
    assert_eq!(world.client(conn).count("puback"), 0);
    world.pass(Duration::from_millis(1));
    assert_eq!(world.client(conn).count("puback"), 1);
}

#[test]
fn a_late_connack_comes_before_all_else() {
    let (mut world, conn) = listening();
    world.cut(conn);
    world.misbehave(MqttFault::Late { packet: Some(BrokerPacket::Connack), by: SECOND });
    let message = MqttFault::Messages { topic: None, contents: vec![literal("hello")], qos: 1 };
    world.broker.misbehave(world.now, "message", message);
    let conn = world.open(Client::new(&V5));
    assert_eq!(world.client(conn).raw.len(), 0);
    world.pass(SECOND);
    assert_eq!(world.client(conn).connack(), Some((0, true)));
    assert_eq!(world.client(conn).payloads(), ["hello"]);
    assert!(!world.client(conn).broken);
}

#[test]
fn answers_twice_or_to_somebody_else() {
    let mut world = World::new();
    let conn = world.open(Client::new(&V5));
    world.misbehave(MqttFault::Duplicate { packet: BrokerPacket::Puback });
    world.say(conn, telemetry);
    // This client is strict: it breaks off at the second.
    assert!(world.client(conn).broken && world.times_met() == 1);

    let mut world = World::new();
    let conn = world.open(Client::new(&V3));
    world.misbehave(MqttFault::WrongId { packet: BrokerPacket::Puback });
    world.say(conn, telemetry);
    assert!(world.client(conn).raw.ends_with(&[0x40, 2, 0x40, 1]) && world.client(conn).broken);
}

#[test]
fn every_packet_can_be_malformed_in_every_way() {
    use BrokerPacket::{Connack, Disconnect, Pingresp, Puback, Publish, Suback};
    for packet in [Connack, Puback, Suback, Publish, Pingresp, Disconnect] {
        for damage in
            [Damage::Flags, Damage::Truncated, Damage::Trailing, Damage::Length, Damage::Type, Damage::Noise]
        {
            let (mut world, mut conn) = listening();
            world.misbehave(MqttFault::Malformed { packet, damage });
            if packet == Connack {
                world.cut(conn);
                conn = world.open(Client::new(&V5));
            }
            let ended = world.client(conn).ended.is_some();
            if !ended && !world.client(conn).broken {
                world.say(conn, |c| c.subscribe("b", Qos::AtLeastOnce));
            }
            if !ended && !world.client(conn).broken {
                world.say(conn, telemetry);
            }
            if !ended && !world.client(conn).broken {
                world.say(conn, Client::ping);
            }
            // Of a PUBLISH whatever follows its topic is its payload.
            let hidden = packet == Publish && damage == Damage::Trailing;
            // A client waits for the rest of a PINGRESP that says it has a body.
            let waits = packet == Pingresp && damage == Damage::Truncated;
            // The strict client knows its packets by their type only, and takes every body of a PINGRESP.
            let lenient = damage == Damage::Flags && packet != Publish;
            let client = world.client(conn);
            assert!(
                client.broken || hidden || waits || lenient || packet == Pingresp,
                "{packet:?} {damage:?}"
            );
            assert!(world.times_met() >= 1, "{packet:?} {damage:?}");
            let name = format!("{} ({})", packet.standard_name(), damage.word());
            assert!(
                world
                    .seen
                    .iter()
                    .any(|seen| matches!(seen, MqttSeen::Sent { packet, .. } if *packet == name))
            );
        }
    }
}

#[test]
fn too_large_or_not_text() {
    let (mut world, conn) = listening();
    world.misbehave(MqttFault::Oversized { length: 268_435_455 });
    assert!(world.client(conn).raw.windows(5).any(|window| window == [0x30, 0xff, 0xff, 0xff, 0x7f]));
    assert!(world.client(conn).raw.len() < 1024 * 1024 + 1000 && world.times_met() == 1);
    let before = world.client(conn).raw.len();
    world.say(conn, Client::ping);
    assert_eq!(world.client(conn).raw.len(), before, "the broker stays in the middle of it");

    let (mut world, conn) = listening();
    world.misbehave(MqttFault::InvalidUtf8);
    assert!(world.client(conn).broken && world.times_met() == 1);
}

#[test]
fn let_in_and_put_out() {
    for code in [Some(0x98), None] {
        let mut world = World::new();
        world.misbehave(MqttFault::Kick { after: SECOND, code });
        for _ in 0..3 {
            let conn = world.open(Client::new(&V5));
            assert_eq!((world.client(conn).connack().unwrap().0, world.client(conn).ended), (0, None));
            world.pass(SECOND);
            assert_eq!(world.client(conn).told(), code);
            assert!(world.client(conn).ended.is_some());
        }
        assert_eq!(world.broker.behave(world.now, "fault"), Some(3));
    }
}

#[test]
fn half_open_is_dead_for_ever_and_the_next_is_alive() {
    let (mut world, conn) = listening();
    world.misbehave(MqttFault::HalfOpen);
    let before = world.client(conn).raw.len();
    world.say(conn, Client::ping);
    world.say(conn, telemetry);
    world.pass(Duration::from_secs(100));
    assert_eq!(world.broker.behave(world.now, "fault"), Some(2));
    world.say(conn, Client::ping);
    assert_eq!((world.client(conn).raw.len(), world.client(conn).ended), (before, None));
    let next = world.open(Client::new(&V5));
    assert_eq!(world.client(next).connack(), Some((0, true)));
}

#[test]
fn somebody_else_comes_with_the_same_name() {
    for (again, kicked) in [(false, [true, false]), (true, [true, true])] {
        let mut world = World::new();
        world.misbehave(MqttFault::Takeover { after: SECOND, again });
        for out in kicked {
            let conn = world.open(Client::new(&V5));
            world.pass(SECOND);
            assert_eq!(world.client(conn).told(), out.then_some(0x8e));
        }
    }
}

#[test]
fn disconnected_once() {
    let (mut world, conn) = listening();
    world.misbehave(MqttFault::Disconnect { code: Some(0x8b) });
    assert_eq!((world.client(conn).told(), world.times_met()), (Some(0x8b), 1));
}

#[test]
fn sessions_are_lost() {
    let (mut world, conn) = listening();
    world.misbehave(MqttFault::SessionLost);
    assert!(world.client(conn).ended.is_some());
    let next = world.open(Client::new(&V5));
    assert_eq!((world.client(next).connack(), world.times_met()), (Some((0, false)), 1));
}

#[test]
fn garbage_is_kept_for_those_who_subscribe() {
    let mut world = World::new();
    world.misbehave(MqttFault::Retained { topic: None, content: literal("garbage") });
    let conn = world.open(Client::new(&V5));
    world.say(conn, |c| c.subscribe("devices/7/command", Qos::AtLeastOnce));
    assert_eq!(world.client(conn).payloads(), ["garbage"]);
    assert_eq!(world.times_met(), 1);
    world.cut(conn);
    let again = world.open(Client::new(&V5));
    world.say(again, |c| c.subscribe("devices/7/command", Qos::AtLeastOnce));
    assert_eq!(
        world.client(again).messages(),
        [("devices/7/command".to_owned(), "garbage".to_owned(), true)]
    );
    assert_eq!(world.broker.behave(world.now, "fault"), Some(2));
    world.say(again, |c| c.subscribe("devices/7/command", Qos::AtLeastOnce));
    assert_eq!(world.client(again).payloads().len(), 1);
}

#[test]
fn delivered_again_although_acknowledged() {
    let (mut world, conn) = listening();
    world.misbehave(MqttFault::Redeliver { times: 2 });
    let message = MqttFault::Messages { topic: None, contents: vec![literal("one")], qos: 1 };
    world.broker.misbehave(world.now, "message", message);
    world.settle();
    assert_eq!(world.client(conn).payloads(), ["one", "one", "one"]);
    assert_eq!(world.times_met(), 1);
    assert_eq!(world.broker.behave(world.now, "fault"), Some(2));
    assert_eq!(world.broker.behave(world.now, "message"), Some(1));
}

#[test]
fn storms_and_floods() {
    let mut world = World::new();
    let conn = world.open(Client::new(&V5));
    world.say(conn, |c| c.subscribe("devices/+/state", Qos::AtLeastOnce));
    world.misbehave(MqttFault::WillStorm { count: 200, topic: None });
    let storm = world.client(conn).messages();
    assert_eq!(storm.len(), 200);
    assert_eq!(storm[199].0, "devices/brownout-200/state");
    assert_eq!(storm[199].1, r#"{"online":false}"#);

    // Other devices leave what this one would.
    let mut world = World::new();
    let conn = world.open(Client::new(&Wish { will: Some(("gone/1", "bye", 0)), ..V5 }));
    world.say(conn, |c| c.subscribe("gone/+", Qos::AtLeastOnce));
    world.misbehave(MqttFault::WillStorm { count: 3, topic: None });
    assert_eq!(world.client(conn).payloads(), ["bye", "bye", "bye"]);

    let (mut world, conn) = listening();
    let every = Duration::from_millis(10);
    world.misbehave(MqttFault::Flood { every, topic: None, content: literal("{n}"), qos: 0 });
    world.pass(SECOND);
    let flood = world.client(conn).payloads();
    assert_eq!((flood.len(), flood[100].as_str()), (101, "101"));
    assert_eq!(world.broker.behave(world.now, "fault"), Some(101));
    world.pass(SECOND);
    assert_eq!(world.client(conn).payloads().len(), 101);
}

#[test]
fn credentials_that_were_good() {
    let (mut world, conn) = listening();
    world.misbehave(MqttFault::CredentialsRefused { code: 0x86, kick: true });
    assert_eq!(world.client(conn).told(), Some(0x87));
    let next = world.open(Client::new(&V5));
    assert_eq!(world.client(next).connack(), Some((0x86, false)));
}

#[test]
fn messages_wait_for_the_device_and_are_met_when_it_has_them() {
    let mut world = World::new();
    let contents = vec![literal("a"), literal("b")];
    world.misbehave(MqttFault::Messages { topic: None, contents, qos: 1 });
    let conn = world.open(Client::new(&V5));
    assert_eq!(world.times_met(), 0);
    world.say(conn, |c| c.subscribe("devices/7/command", Qos::AtLeastOnce));
    assert_eq!(world.client(conn).payloads(), ["a", "b"]);
    world.broker.misbehave(world.now, "replay", MqttFault::Replay { times: 2 });
    world.settle();
    assert_eq!(world.client(conn).payloads(), ["a", "b", "b", "b"]);
    assert_eq!(world.broker.behave(world.now, "replay"), Some(2));
    assert_eq!(world.broker.behave(world.now, "fault"), Some(2));
}

#[test]
fn a_topic_with_wildcards_is_the_one_that_somebody_listens_to() {
    for (topic, found) in [("devices/+/command", true), ("#", true), ("devices/+/state", false)] {
        let (mut world, conn) = listening();
        let topic = Some(topic.to_owned());
        world.misbehave(MqttFault::Messages { topic, contents: vec![literal("x")], qos: 1 });
        let topics: Vec<_> = world.client(conn).messages().into_iter().map(|(topic, ..)| topic).collect();
        assert_eq!(topics.first().map(String::as_str), found.then_some("devices/7/command"));
    }
}

#[test]
fn a_device_without_power_gets_its_messages_when_it_is_back() {
    let (mut world, conn) = listening();
    world.cut(conn);
    world.misbehave(MqttFault::Messages { topic: None, contents: vec![literal("late")], qos: 1 });
    assert_eq!(world.times_met(), 0);
    let next = world.open(Client::new(&V5));
    assert_eq!((world.client(next).payloads(), world.times_met()), (vec!["late".to_owned()], 1));
}

/// What was told of messages that a client takes none so large of.
fn withheld(world: &World) -> Vec<(u64, u32, Option<&str>)> {
    let told = world.seen.iter().filter_map(|seen| match seen {
        MqttSeen::Withheld { bytes, limit, by, .. } => Some((*bytes, *limit, by.as_deref())),
        _ => None,
    });
    told.collect()
}

#[test]
fn what_is_larger_than_a_client_takes_is_withheld_and_told() {
    let small = Wish { packet_maximum: Some(64), ..V5 };
    let mut world = World::new();
    let conn = world.open(Client::new(&small));
    world.say(conn, |c| c.subscribe("devices/7/command", Qos::AtLeastOnce));
    // Two bytes of header, the topic, its number, and an empty list of properties, come to 24.
    let contents = vec![literal(&"x".repeat(41)), literal(&"x".repeat(40))];
    world.misbehave(MqttFault::Messages { topic: None, contents, qos: 1 });
    assert_eq!(withheld(&world), [(65, 64, Some("fault"))]);
    assert_eq!(world.client(conn).payloads(), ["x".repeat(40)]);
    assert_eq!(world.times_met(), 1, "only the one that it has");
    assert!(!world.client(conn).broken);

    // One that waited for a client which takes less than it did before.
    let (mut world, conn) = listening();
    world.cut(conn);
    world.misbehave(MqttFault::Messages { topic: None, contents: vec![literal(&"x".repeat(41))], qos: 1 });
    assert_eq!(withheld(&world), []);
    let conn = world.open(Client::new(&small));
    assert_eq!(withheld(&world), [(65, 64, Some("fault"))]);
    assert_eq!((world.client(conn).payloads().len(), world.times_met()), (0, 0));
}

#[test]
fn a_flood_that_is_withheld_does_not_flood_the_timeline() {
    let small = Wish { packet_maximum: Some(64), ..V5 };
    let mut world = World::new();
    let conn = world.open(Client::new(&small));
    world.say(conn, |c| c.subscribe("devices/7/command", Qos::AtLeastOnce));
    let every = Duration::from_millis(10);
    world.misbehave(MqttFault::Flood { every, topic: None, content: literal(&"x".repeat(100)), qos: 0 });
    world.pass(SECOND);
    assert_eq!(withheld(&world).len(), 3, "the first, the tenth, the hundredth");
    assert_eq!(world.broker.behave(world.now, "fault"), Some(0));
}
